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


def test_validation_makes_a_record_for_each_host_and_waits() -> None:
    recorded = certificate(
        domain_name="api.example.com",
        subject_alternative_names=["origin.api.example.com", "*.api.example.com"],
        zone_id="Z1",
    )
    records = recorded.of_type("Record")
    validation = recorded.one("CertificateValidation").inputs

    assert {each.name for each in records} == {"cert-validation-0", "cert-validation-1"}
    by_name = {each.name: each.inputs for each in records}
    assert by_name["cert-validation-0"]["name"] == "_1.api.example.com"
    assert by_name["cert-validation-1"]["records"] == ["_2.acm-validations.aws."]
    assert {(each["zoneId"], each["type"], each["ttl"]) for each in by_name.values()} == {("Z1", "CNAME", 300)}
    names = ["cert-validation-0.example.com", "cert-validation-1.example.com"]
    assert validation["validationRecordFqdns"] == names
    outputs = recorded.outputs_of("Certificate")
    assert outputs["certificate_arn"] == validation["certificateArn"]
    assert outputs["validation_record_names"] == names


def test_a_certificate_of_the_same_hosts_elsewhere_only_waits() -> None:
    recorded = certificate(domain_name="api.example.com", validation_record_names=["_1.api.example.com"])
    assert recorded.of_type("Record") == []
    assert recorded.one("CertificateValidation").inputs["validationRecordFqdns"] == ["_1.api.example.com"]
    assert "validation_record_names" not in recorded.outputs_of("Certificate")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"domain_name": "a.example", "zone_id": "Z1", "validation_record_names": ["x"]}, "made once"),
        ({"existing_certificate_arn": ARN, "zone_id": "Z1"}, "no validation, as it is issued already"),
        ({"existing_certificate_arn": ARN, "validation_record_names": ["x"]}, "no validation"),
    ],
)
def test_validation_has_one_source(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certificate(**args)
