"""The certificate: requested, or named."""

from typing import Any

import pytest

from components.aws.certificate import Certificate
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/1"


def certificate(**args: Any) -> Recorded:
    given: Any = {"tags": {}, **args}
    return drive(lambda: Certificate("cert", given))


def test_a_requested_certificate() -> None:
    recorded = certificate(domain_name="api.example.com", subject_alternative_names=["www.example.com"])
    made = recorded.one("Certificate")
    assert made.inputs["domainName"] == "api.example.com"
    assert made.inputs["subjectAlternativeNames"] == ["www.example.com"]
    assert recorded.outputs_of("Certificate") == {
        "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/cert-certificate",
        "certificate": made.urn,
    }


def test_alternative_names_are_left_out_when_there_are_none() -> None:
    assert "subjectAlternativeNames" not in certificate(domain_name="api.example.com").one("Certificate").inputs


def test_an_existing_certificate_is_only_passed_on() -> None:
    recorded = certificate(existing_certificate_arn=ARN)
    assert recorded.of_type("Certificate") == []
    assert recorded.outputs_of("Certificate") == {"certificate_arn": ARN}


@pytest.mark.parametrize(
    ("args", "found"), [({}, "neither"), ({"domain_name": "a.example", "existing_certificate_arn": ARN}, "both")]
)
def test_exactly_one_source(args: dict[str, str], found: str) -> None:
    message = f"domain_name, existing_certificate_arn: found '{found}'; expected exactly one of the two"
    with pytest.raises(ValueError, match=message):
        certificate(**args)
