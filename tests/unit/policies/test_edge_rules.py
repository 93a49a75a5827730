"""Rules on the edge, the firewall and names that look at several resources, and what the components declare."""

from collections.abc import Sequence
from typing import Any

import pytest

from components.aws.certificate import Certificate
from components.aws.dns import HostedZone, NameTarget, PublicName
from components.aws.edge import Edge
from components.aws.firewall import MANAGED_GROUPS, Firewall, FirewallScope
from tests.contract.rows import row
from tests.support.drive import drive
from tests.support.edge_cases import (
    ASSOCIATION,
    DISTRIBUTED,
    DISTRIBUTION,
    EDGE_CASES,
    LOG_SOURCE,
    QUERY_LOG,
    RECORD,
    WAF_LOGGING,
    WEB_ACL,
    ZONE,
)
from tests.support.mocks import UNKNOWN as MADE_UNKNOWN
from tests.support.mocks import Recorded, Secret
from tests.support.policy_cases import BALANCER
from tests.support.servicer import UNKNOWN, Declared, Pack, of

PRODUCTION, STAGING = Pack("production"), Pack("staging")


def found(resources: Sequence[Declared], policy: str) -> list[str]:
    """Names of the resources at which production's pack finds fault."""
    return [each.urn.rpartition("::")[2] for each in of(PRODUCTION.analyze_stack(resources), policy)]


# Rule, what it wants, what has to refer to it, by which input, and the output that names it.
PAIRS = [
    ("alb-waf-associated", BALANCER, ASSOCIATION, "resourceArn", "arn"),
    ("waf-logging", WEB_ACL, WAF_LOGGING, "resourceArn", "arn"),
    ("cloudfront-logging", DISTRIBUTION, LOG_SOURCE, "resourceArn", "arn"),
    ("route53-query-logging", ZONE, QUERY_LOG, "zoneId", "zoneId"),
]
each_pair = pytest.mark.parametrize(("policy", "wanted", "companion", "key", "output"), PAIRS, ids=str)


@each_pair
def test_a_reference_counts_whether_known_or_not(
    policy: str, wanted: str, companion: str, key: str, output: str
) -> None:
    new = [Declared(wanted, "it", {}), Declared(companion, "other", {key: UNKNOWN}, depends={key: ["it"]})]
    there = [Declared(wanted, "it", {output: "x-1"}), Declared(companion, "other", {key: "x-1"})]
    assert found(new, policy) == []
    assert found(there, policy) == []


@each_pair
def test_what_nothing_refers_to_is_found(policy: str, wanted: str, companion: str, key: str, output: str) -> None:
    elsewhere = [
        Declared(wanted, "it", {output: "x-1"}),
        Declared(wanted, "another", {output: "x-2"}),
        Declared(companion, "other", {key: "x-2"}),
    ]
    assert found([Declared(wanted, "it", {})], policy) == ["it"]
    assert found([Declared(wanted, "it", {}), Declared(companion, "other", {key: UNKNOWN})], policy) == ["it"]
    assert found([Declared(wanted, "it", {}), Declared(companion, "other", {})], policy) == ["it"]
    assert found(elsewhere, policy) == ["it"]
    assert found([Declared(companion, "other", {})], policy) == []
    levels = {each.level for each in of(STAGING.analyze_stack([Declared(wanted, "it", {})]), policy)}
    assert levels == {"advisory"}


@pytest.mark.parametrize(
    ("inputs", "guilty"),
    [
        ({"internal": True}, []),
        ({"internal": False}, ["it"]),
        ({"loadBalancerType": "network"}, []),
        ({"internal": UNKNOWN}, ["it"]),
        ({"loadBalancerType": UNKNOWN}, ["it"]),
    ],
)
def test_only_public_application_balancers_need_a_firewall(inputs: dict[str, Any], guilty: list[str]) -> None:
    assert found([Declared(BALANCER, "it", inputs)], "alb-waf-associated") == guilty


@pytest.mark.parametrize(
    ("config", "guilty"),
    [({"bucket": "logs.s3.amazonaws.com"}, []), ({"bucket": UNKNOWN}, []), ({"bucket": ""}, ["it"]), ({}, ["it"])],
)
def test_the_first_version_of_access_logs_counts(config: dict[str, Any], guilty: list[str]) -> None:
    assert found([Declared(DISTRIBUTION, "it", {"loggingConfig": config})], "cloudfront-logging") == guilty


def test_an_unknown_log_is_a_finding() -> None:
    assert found([Declared(DISTRIBUTION, "it", {"loggingConfig": UNKNOWN})], "cloudfront-logging") == ["it"]


@pytest.mark.parametrize(("vpcs", "guilty"), [([{"vpcId": "vpc-1"}], []), ([], ["it"]), (UNKNOWN, ["it"])])
def test_only_public_zones_need_a_query_log(vpcs: Any, guilty: list[str]) -> None:
    assert found([Declared(ZONE, "it", {"vpcs": vpcs})], "route53-query-logging") == guilty


@pytest.mark.parametrize("group", MANAGED_GROUPS)
def test_a_rule_taken_from_the_firewall_is_refused_and_says_what_to_do_instead(group: str) -> None:
    kept = [each for each in MANAGED_GROUPS if each != group]
    acl = drive(row(Firewall).build(managed_groups=kept)).one("WebAcl")
    declared = Declared(WEB_ACL, "acl", dict(acl.inputs))

    (said,) = of(PRODUCTION.analyze(declared), "waf-has-rules-and-metrics")
    assert said.level == "mandatory"
    assert f"rules must have the managed group {group} of AWS, found none." in said.message
    assert "Put the rule back (managed_groups of the Firewall)." in said.message
    assert "counted_rules" in said.message
    assert "exemption" in said.message
    assert {each.level for each in of(STAGING.analyze(declared), "waf-has-rules-and-metrics")} == {"advisory"}


def declared(recorded: Recorded) -> list[Declared]:
    """What a component registers, as the engine hands it to the pack."""
    names = {each.urn: f"{each.type}/{each.name}" for each in recorded.custom()}
    return [
        Declared(
            each.type,
            names[each.urn],
            {key: plain(value) for key, value in each.inputs.items()},
            depends={
                key: [names[urn] for urn in urns if urn in names] for key, urns in each.property_dependencies.items()
            },
            provider={"region": "us-east-1"},
        )
        for each in recorded.custom()
    ]


def plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return plain(value.value)
    if value is MADE_UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


BUILDS = {
    "edge": row(Edge).build(),
    "edge with everything": row(Edge).build(
        cors_origins=["https://app.example.com"], viewer_request_function_arn="arn:x", origin_secret="canary"
    ),
    "firewall": row(Firewall).build(),
    "firewall of a balancer": row(Firewall).build(scope=FirewallScope.BALANCER, protected_arns=["arn:lb"]),
    "zone": row(HostedZone).build(),
    "name": row(PublicName).build(health_check_path="/"),
    "name of a balancer": row(PublicName).build(
        target=NameTarget.BALANCER, target_domain="b", target_zone_id="Z35SXDOTRQ7X7K"
    ),
    "certificate": row(Certificate).build(zone_id="Z1"),
}


# The key that a component is given is declared by the stack.
OF_WHOLE_STACKS = {"kms-key-declared"}


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("name", BUILDS)
def test_what_the_components_declare_passes_in_production(name: str, preview: bool) -> None:
    said = PRODUCTION.run(declared(drive(BUILDS[name], preview=preview)))
    faults = [each for each in said if not each.deferred and each.policy not in OF_WHOLE_STACKS]
    assert [f"{each.policy}: {each.message}" for each in faults] == []


def test_a_name_is_judged_at_preview_where_its_zone_is_known() -> None:
    known = {"aliases": [{"name": UNKNOWN, "zoneId": "Z35SXDOTRQ7X7K", "evaluateTargetHealth": False}]}
    waiting = {"aliases": [{"name": UNKNOWN, "zoneId": UNKNOWN, "evaluateTargetHealth": False}]}
    assert [
        each.deferred for each in of(PRODUCTION.analyze(Declared(RECORD, "it", known)), "route53-alias-health")
    ] == [False]
    assert [
        each.deferred for each in of(PRODUCTION.analyze(Declared(RECORD, "it", waiting)), "route53-alias-health")
    ] == [True]


def test_every_fault_is_told_although_one_value_is_not_known() -> None:
    bad = {**DISTRIBUTED, "orderedCacheBehaviors": [{"viewerProtocolPolicy": "allow-all"}]}
    bad["defaultCacheBehavior"] = {"viewerProtocolPolicy": UNKNOWN}
    said = of(PRODUCTION.analyze(Declared(DISTRIBUTION, "it", bad)), "cloudfront-https-viewer")
    assert len(said) == 2


def test_every_row_of_the_catalogue_on_the_edge_is_there() -> None:
    rows = {tag.removeprefix("row:") for policy in PRODUCTION.info.policies for tag in policy.tags}
    assert {"16", *map(str, range(72, 83))} <= rows
    assert {case.rule for case in EDGE_CASES} <= {policy.name for policy in PRODUCTION.info.policies}
