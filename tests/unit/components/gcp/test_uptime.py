"""The check from outside."""

from typing import Any

import pytest

from components.gcp.uptime import UptimeCheck, UptimeCheckArgs
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: UptimeCheckArgs = {
    "physical_name": "ion-production",
    "project": "acme-ion",
    "host": "ion.example.com",
    "labels": {"a": "b"},
}


def check(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: UptimeCheck("uptime", args))


def test_over_tls_with_the_certificate_validated_from_four_continents() -> None:
    inputs = check().one("UptimeCheckConfig").inputs
    assert inputs["httpCheck"] == {
        "path": "/api/v2/phase4/health",
        "port": 443,
        "requestMethod": "GET",
        "useSsl": True,
        "validateSsl": True,
        "acceptedResponseStatusCodes": [{"statusClass": "STATUS_CLASS_2XX"}],
    }
    assert inputs["selectedRegions"] == ["USA_IOWA", "EUROPE", "ASIA_PACIFIC", "SOUTH_AMERICA"]
    assert (inputs["period"], inputs["timeout"]) == ("60s", "10s")
    assert inputs["monitoredResource"] == {
        "type": "uptime_url",
        "labels": {"project_id": "acme-ion", "host": "ion.example.com"},
    }


def test_as_monitorings_agent_for_a_service_that_is_not_public() -> None:
    inputs = check(authenticated=True).one("UptimeCheckConfig").inputs
    assert inputs["httpCheck"]["serviceAgentAuthentication"] == {"type": "OIDC_TOKEN"}


def test_output_is_the_id_that_alerts_filter_by() -> None:
    assert check().outputs_of("UptimeCheck") == {"check_id": "uptime-https-check"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"path": "health"}, "path: found 'health'"),
        ({"host": "https://ion.example.com/"}, "host: found 'https://ion.example.com/'; expected a host name"),
        ({"regions": ["EUROPE", "USA_IOWA"]}, "regions: found .*; expected at least 3 regions"),
        ({"regions": ["EUROPE", "EUROPE", "EUROPE"]}, "regions: found .*; expected at least 3 regions"),
        ({"regions": ["EUROPE", "USA_IOWA", "MOON"]}, "regions: found 'MOON'; expected one of USA_OREGON"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"UptimeCheck 'uptime': {message}"):
        check(**more)
