"""The firewall: its rules in order, whom it counts, where its log goes."""

import json
from typing import Any

import pytest

from components.aws.firewall import MANAGED_GROUPS, Firewall, FirewallScope
from tests.contract.rows import KEY_ARN, row
from tests.support.drive import drive
from tests.support.mocks import Recorded

BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/greenflow/1"


def firewall(**more: Any) -> Recorded:
    return drive(row(Firewall).build(**more))


def rules(**more: Any) -> list[dict[str, Any]]:
    return list(firewall(**more).one("WebAcl").inputs["rules"])


def test_the_rate_limit_comes_first_and_then_every_managed_group() -> None:
    found = rules()
    assert [each["name"] for each in found] == ["rate-limit", *MANAGED_GROUPS]
    assert [each["priority"] for each in found] == list(range(5))
    assert found[0]["action"] == {"block": {}}
    for each in found[1:]:
        assert each["overrideAction"] == {"none": {}}
        assert each["statement"]["managedRuleGroupStatement"] == {"vendorName": "AWS", "name": each["name"]}
    for each in found:
        assert each["visibilityConfig"]["cloudwatchMetricsEnabled"] is True
        assert each["visibilityConfig"]["metricName"] == each["name"]


def test_the_edge_counts_addresses_and_the_balancer_whom_the_edge_speaks_for() -> None:
    at_edge = rules()[0]["statement"]["rateBasedStatement"]
    behind = rules(scope=FirewallScope.BALANCER, requests_per_five_minutes=500)[0]["statement"]["rateBasedStatement"]

    assert at_edge == {"limit": 2000, "evaluationWindowSec": 300, "aggregateKeyType": "IP"}
    assert behind["limit"] == 500
    assert behind["aggregateKeyType"] == "FORWARDED_IP"
    assert behind["forwardedIpConfig"] == {"headerName": "X-Forwarded-For", "fallbackBehavior": "NO_MATCH"}


def test_a_rule_that_hits_good_requests_can_be_counted_only() -> None:
    group = "AWSManagedRulesCommonRuleSet"
    found = {each["name"]: each for each in rules(counted_rules={group: ["SizeRestrictions_BODY"]})}

    statement = found[group]["statement"]["managedRuleGroupStatement"]
    assert statement["ruleActionOverrides"] == [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    assert found[group]["overrideAction"] == {"none": {}}


def test_balancers_are_associated_and_an_edge_is_not() -> None:
    behind = firewall(scope=FirewallScope.BALANCER, protected_arns=[BALANCER])
    association = behind.one("WebAclAssociation").inputs

    assert behind.one("WebAcl").inputs["scope"] == "REGIONAL"
    assert association["resourceArn"] == BALANCER
    assert association["webAclArn"].endswith("/unit-acl")
    assert firewall().of_type("WebAclAssociation") == []
    assert firewall().one("WebAcl").inputs["scope"] == "CLOUDFRONT"


def test_the_log_has_the_name_that_aws_asks_for_and_no_credentials() -> None:
    recorded = firewall()
    group = recorded.one("LogGroup").inputs
    logging = recorded.one("WebAclLoggingConfiguration")
    permission = recorded.one("LogResourcePolicy")
    (statement,) = json.loads(permission.inputs["policyDocument"])["Statement"]

    assert group["name"] == "aws-waf-logs-greenflow-production"
    assert (group["retentionInDays"], group["kmsKeyId"]) == (365, KEY_ARN)
    assert {each["singleHeader"]["name"] for each in logging.inputs["redactedFields"]} == {"authorization", "cookie"}
    assert permission.urn in logging.dependencies
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert statement["Resource"] == [
        "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-greenflow-production:*"
    ]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"scope": "GLOBAL"}, "scope: found 'GLOBAL'"),
        ({"region": "eu-west-1"}, "us-east-1, where CloudFront's web ACLs are"),
        ({"protected_arns": [BALANCER]}, "Give `web_acl_arn` to the edge"),
        ({"requests_per_five_minutes": 9}, "from 10 to"),
        ({"managed_groups": ["a", "a"]}, "each once"),
        ({"counted_rules": {"Other": ["x"]}}, "groups that are in `managed_groups`"),
        ({"log_retention_days": 2}, "log_retention_days: found 2"),
    ],
)
def test_what_is_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        firewall(**args)


def test_a_balancer_may_be_anywhere() -> None:
    assert firewall(scope=FirewallScope.BALANCER, region="eu-west-1").one("WebAcl")
