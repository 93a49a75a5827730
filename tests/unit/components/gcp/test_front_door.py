"""The front door: HTTPS in, through the firewall, to the service and nothing else."""

from typing import Any

import pytest

from components.gcp.front_door import FrontDoor, FrontDoorArgs, certificate_name
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: FrontDoorArgs = {
    "physical_name": "ion-production",
    "location": "us-central1",
    "service_name": "ion-production",
    "domain": "ion.example.com",
    "labels": {"a": "b"},
}
TESTED: dict[str, Any] = {"candidate_domain": "candidate.ion.example.com", "test_client_cidrs": ["10.0.0.0/8"]}


def door(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: FrontDoor("door", args))


def test_from_the_address_to_the_service() -> None:
    recorded = door()
    rule = recorded.one("GlobalForwardingRule", "door-traffic").inputs
    assert (rule["ipAddress"], rule["portRange"], rule["target"]) == ("door-address-id", "443", "door-https-id")
    proxy = recorded.one("TargetHttpsProxy").inputs
    assert proxy["urlMap"] == "door-routes-id"
    assert proxy["sslCertificates"] == ["door-certificate-id"]
    assert proxy["sslPolicy"] == "door-tls-id"
    assert recorded.one("URLMap", "door-routes").inputs["defaultService"] == "door-backend-id"
    backend = recorded.one("BackendService").inputs
    assert backend["backends"] == [{"group": "door-backend-id"}]
    assert recorded.one("RegionNetworkEndpointGroup").inputs["cloudRun"] == {"service": "ion-production"}


def test_no_request_gets_around_the_firewall() -> None:
    recorded = door(**TESTED)
    walls = {each.name: each.inputs["securityPolicy"] for each in recorded.of_type("BackendService")}
    assert walls == {"door-backend": "door-firewall-id", "door-candidate": "door-candidate-firewall-id"}


def test_http_is_sent_to_https() -> None:
    recorded = door()
    rule = recorded.one("GlobalForwardingRule", "door-redirect").inputs
    assert (rule["portRange"], rule["target"], rule["ipAddress"]) == ("80", "door-redirect-id", "door-address-id")
    assert recorded.one("TargetHttpProxy").inputs["urlMap"] == "door-redirect-id"
    redirect = recorded.one("URLMap", "door-redirect").inputs
    assert redirect["defaultUrlRedirect"] == {
        "httpsRedirect": True,
        "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
        "stripQuery": False,
    }
    assert "defaultService" not in redirect


def test_answers_carry_security_headers() -> None:
    headers = door().one("BackendService").inputs["customResponseHeaders"]
    assert {header.partition(":")[0] for header in headers} == {
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Referrer-Policy",
        "Content-Security-Policy",
    }


def test_serverless_backends_are_declared_as_google_takes_them() -> None:
    """Load balancing documentation, "Serverless network endpoint groups": limitations of such a backend."""
    inputs = door().one("BackendService").inputs
    assert inputs.keys().isdisjoint({"healthChecks", "timeoutSec", "portName", "connectionDrainingTimeoutSec"})
    assert inputs["backends"][0].keys() == {"group"}


def test_the_candidate_has_a_host_of_its_own_when_asked_for() -> None:
    recorded = door(**TESTED)
    assert recorded.one("RegionNetworkEndpointGroup", "door-candidate").inputs["cloudRun"] == {
        "service": "ion-production",
        "tag": "candidate",
    }
    routes = recorded.one("URLMap", "door-routes").inputs
    assert routes["hostRules"] == [{"hosts": ["candidate.ion.example.com"], "pathMatcher": "candidate"}]
    assert routes["pathMatchers"] == [{"name": "candidate", "defaultService": "door-candidate-id"}]
    backend = recorded.one("BackendService", "door-candidate").inputs
    assert backend["securityPolicy"] == "door-candidate-firewall-id"
    rules = recorded.one("SecurityPolicy", "door-candidate-firewall").inputs["rules"]
    assert [rule["action"] for rule in rules] == ["allow", "deny(403)"]
    assert recorded.one("ManagedSslCertificate").inputs["managed"] == {
        "domains": ["ion.example.com", "candidate.ion.example.com"]
    }


def test_without_it_only_users_host_exists() -> None:
    recorded = door()
    assert recorded.one("URLMap", "door-routes").inputs["hostRules"] == []
    assert [each.name for each in recorded.of_type("BackendService")] == ["door-backend"]


def test_another_domain_is_another_certificate_made_before_the_old_one_goes() -> None:
    one, other = (certificate_name("ion", [domain]) for domain in ("a.example.com", "b.example.com"))
    assert one != other
    assert certificate_name("ion", ["a.example.com"]) == one
    assert certificate_name("ion", ["x.a", "y.a"]) == certificate_name("ion", ["y.a", "x.a"])
    assert len(certificate_name("i" * 50, ["a.example.com"])) <= 63


def test_adaptive_protection_can_be_left_out() -> None:
    assert "adaptiveProtectionConfig" not in door(adaptive_protection=False).one("SecurityPolicy").inputs


def test_names_in_google() -> None:
    recorded = door(**TESTED)
    names: dict[str, set[str]] = {}
    for each in recorded.custom():
        names.setdefault(each.type, set()).add(each.inputs["name"])
        assert len(each.inputs["name"]) <= 63
    for kind, found in names.items():
        assert len(found) == len(recorded.of_type(kind)), kind


def test_outputs() -> None:
    assert door().outputs_of("FrontDoor") == {
        "address": "203.0.113.9",
        "url": "https://ion.example.com",
        "backend_name": "ion-production",
        "firewall_name": "ion-production",
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"domain": "Ion.example.com"}, "domain: found 'Ion.example.com'"),
        ({"domain": "localhost"}, "domain: found 'localhost'"),
        ({"requests_per_minute": 1}, "requests_per_minute: found 1; expected a whole number from 10 to 10000"),
        ({"candidate_domain": "c.example.com"}, "candidate_domain, test_client_cidrs: found 'one without the other'"),
        ({"test_client_cidrs": ["10.0.0.0/8"]}, "candidate_domain, test_client_cidrs"),
        ({**TESTED, "candidate_domain": "ion.example.com"}, "candidate_domain: found 'ion.example.com'"),
        ({**TESTED, "test_client_cidrs": ["0.0.0.0/0"]}, r"test_client_cidrs\[0\]: found '0.0.0.0/0'"),
        ({**TESTED, "test_client_cidrs": ["office"]}, r"test_client_cidrs\[0\]: found 'office'"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"FrontDoor 'door': {message}"):
        door(**more)
