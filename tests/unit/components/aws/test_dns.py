"""Names: the zone with its query log, and the records that point to the edge and to the balancer."""

import json
from typing import Any

import pytest

from components.aws.dns import EDGE_ZONE_ID, HostedZone, NameTarget, PublicName
from components.aws.host_names import is_host_name
from tests.contract.rows import KEY_ARN, row
from tests.support.drive import drive
from tests.support.mocks import Recorded

BEHIND = {"target": NameTarget.BALANCER, "target_domain": "b.elb.amazonaws.com", "target_zone_id": "Z35SXDOTRQ7X7K"}


def zone(**more: Any) -> Recorded:
    return drive(row(HostedZone).build(**more))


def name(**more: Any) -> Recorded:
    return drive(row(PublicName).build(**more))


def test_a_zone_logs_what_it_is_asked() -> None:
    recorded = zone()
    group, log = recorded.one("LogGroup"), recorded.one("QueryLog")
    (statement,) = json.loads(recorded.one("LogResourcePolicy").inputs["policyDocument"])["Statement"]

    assert recorded.one("Zone").inputs["name"] == "example.com"
    assert recorded.one("Zone").inputs["forceDestroy"] is False
    assert group.inputs["name"] == "/aws/route53/example.com"
    assert group.inputs["kmsKeyId"] == KEY_ARN
    assert log.inputs["zoneId"] == "unit-zone-zone-id"
    assert recorded.one("LogResourcePolicy").urn in log.dependencies
    assert statement["Principal"] == {"Service": "route53.amazonaws.com"}
    assert recorded.one("LogResourcePolicy").inputs["policyName"] == "aws-route53-example.com"
    assert recorded.outputs_of("HostedZone")["name_servers"] == ["ns-1.example.net", "ns-2.example.net"]


def test_an_existing_zone_is_only_passed_on() -> None:
    given: Any = {"existing_zone_id": "Z9", "account_id": "1", "kms_key_arn": KEY_ARN, "tags": {}}
    recorded = drive(lambda: HostedZone("unit", given))
    assert list(recorded.custom()) == []
    assert recorded.outputs_of("HostedZone") == {"zone_id": "Z9"}


def test_a_name_of_the_edge_has_both_families_and_no_health_to_evaluate() -> None:
    records = name().of_type("Record")
    assert {each.inputs["type"] for each in records} == {"A", "AAAA"}
    for each in records:
        (alias,) = each.inputs["aliases"]
        assert alias == {"name": "d1.cloudfront.net", "zoneId": EDGE_ZONE_ID, "evaluateTargetHealth": False}
        assert "allowOverwrite" not in each.inputs


def test_a_name_of_the_balancer_follows_its_health() -> None:
    (alias,) = name(**BEHIND).one("Record").inputs["aliases"]
    assert alias == {"name": "b.elb.amazonaws.com", "zoneId": "Z35SXDOTRQ7X7K", "evaluateTargetHealth": True}


def test_a_name_can_be_watched_from_outside() -> None:
    recorded = name(health_check_path="/api/v2/health")
    check = recorded.one("HealthCheck").inputs

    assert (check["type"], check["fqdn"], check["port"]) == ("HTTPS", "api.example.com", 443)
    assert (check["resourcePath"], check["enableSni"]) == ("/api/v2/health", True)
    assert recorded.outputs_of("PublicName")["health_check_id"] == "unit-check-id"
    assert name().of_type("HealthCheck") == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"existing_zone_id": "Z1"}, "found 'both'"),
        ({"domain_name": "example"}, "domain_name: found 'example'"),
        ({"log_retention_days": 2}, "log_retention_days: found 2"),
    ],
)
def test_what_a_zone_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        zone(**args)


def test_a_zone_needs_a_source() -> None:
    given: Any = {"account_id": "1", "kms_key_arn": KEY_ARN, "tags": {}}
    with pytest.raises(ValueError, match="found 'neither'"):
        drive(lambda: HostedZone("unit", given))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"host_name": "API"}, "host_name: found 'API'"),
        ({"target": "bucket"}, "target: found 'bucket'"),
        ({"target_zone_id": "Z1"}, "one for a balancer, none for an edge"),
        ({**BEHIND, "target_zone_id": None}, "one for a balancer, none for an edge"),
        ({"health_check_path": "health"}, "a path that starts with /"),
    ],
)
def test_what_a_name_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        name(**args)


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("api.example.com", True),
        ("a.b", False),
        ("a.bc", True),
        ("example.com.", False),
        ("-a.example.com", False),
        ("a_b.example.com", False),
        (f"{'a' * 64}.example.com", False),
        (f"{'a' * 63}.example.com", True),
        (f"{'a.' * 126}com", False),
        ("api.example.c0m", True),
        ("10.0.0.1", False),
    ],
)
def test_host_names(text: str, fine: bool) -> None:
    assert is_host_name(text) is fine
