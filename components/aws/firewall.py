"""The web firewall: what reaches the edge or the balancer, and what is turned away before it costs anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import wafv2

from components._common import PlainArguments, token
from components.aws import logs

# Managed groups of AWS, in the order in which they are asked (AWS WAF guide, "AWS Managed Rules rule groups list").
MANAGED_GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)
RATE_RULE = "rate-limit"
RATE_WINDOW = 300  # seconds
DEFAULT_REQUESTS = 2000  # of one address in a window
LEAST_REQUESTS, MOST_REQUESTS = 10, 2_000_000_000  # AWS WAF API, RateBasedStatement

LOG_PREFIX = "aws-waf-logs-"  # AWS WAF delivers to names that begin so, and to no others (PutLoggingConfiguration)
NOT_LOGGED = ("authorization", "cookie")  # headers with credentials


class FirewallScope(StrEnum):
    """What a firewall stands before. Web ACLs for the edge exist in us-east-1 only."""

    EDGE = "CLOUDFRONT"
    BALANCER = "REGIONAL"


class FirewallArgs(TypedDict):
    """Arguments of `Firewall`."""

    physical_name: str
    """Name of the web ACL. Replaces it."""
    scope: FirewallScope
    """EDGE needs a provider of us-east-1. Replaces everything."""
    account_id: pulumi.Input[str]
    """The AWS account."""
    region: str
    """Region of the firewall: us-east-1 for EDGE."""
    kms_key_arn: pulumi.Input[str]
    """Key of the logs, in the same region."""
    protected_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Balancers behind a BALANCER firewall. An edge names its firewall itself."""
    requests_per_five_minutes: NotRequired[int]
    """Most requests of one client in five minutes. Default: 2000."""
    managed_groups: NotRequired[Sequence[str]]
    """AWS' managed rule groups. Default: reputation, common, known bad inputs, SQL injection."""
    counted_rules: NotRequired[Mapping[str, Sequence[str]]]
    """By group: rules that are counted and not enforced, because they hit good requests. Default: none."""
    log_retention_days: NotRequired[int]
    """Days to keep the logs. Default: 365."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    scope: FirewallScope
    protected_arns: Sequence[pulumi.Input[str]]
    requests: int
    groups: Sequence[str]
    counted: Mapping[str, Sequence[str]]
    retention_days: int


class Firewall(pulumi.ComponentResource):
    """A web ACL of managed rules and a rate limit, with its log, before the edge or the balancer.

    Creates: web ACL; log group `aws-waf-logs-…` with the permission to write to it; logging of the web ACL without
    credentials; for a balancer the association.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `scope`.
    """

    web_acl_arn: pulumi.Output[str]
    """ARN, for the edge."""
    web_acl_name: pulumi.Output[str]
    """Name, by which its metrics are found (`WebACL`)."""
    log_group_name: pulumi.Output[str]
    """Name of the log group."""

    def __init__(
        self,
        name: str,
        args: FirewallArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        guard: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """`guard`: hooks on the web ACL, for Python programs only (`safeguards.DataGuard`)."""
        super().__init__(token("Firewall"), name, {}, opts)
        settings = _resolve(name, args)
        child = pulumi.ResourceOptions(parent=self)
        physical_name = args["physical_name"]

        acl = wafv2.WebAcl(
            f"{name}-acl",
            name=physical_name,
            description=f"Firewall of {physical_name}",
            scope=settings.scope.value,
            default_action={"allow": {}},
            rules=rules(settings.groups, settings.counted, settings.requests, settings.scope),
            visibility_config=_visible(physical_name),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, hooks=guard),
        )
        group, permission = logs.delivered_log_group(
            f"{name}-log",
            path=f"{LOG_PREFIX}{physical_name}",
            service="delivery.logs.amazonaws.com",
            account_id=args["account_id"],
            region=args["region"],
            retention_days=settings.retention_days,
            kms_key_arn=args["kms_key_arn"],
            tags=args["tags"],
            parent=self,
        )
        wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[{"single_header": {"name": header}} for header in NOT_LOGGED],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        for position, arn in enumerate(settings.protected_arns):
            wafv2.WebAclAssociation(f"{name}-{position}", resource_arn=arn, web_acl_arn=acl.arn, opts=child)

        self.web_acl_arn = acl.arn
        self.web_acl_name = acl.name
        self.log_group_name = group.name
        self.register_outputs(
            {
                "web_acl_arn": self.web_acl_arn,
                "web_acl_name": self.web_acl_name,
                "log_group_name": self.log_group_name,
            }
        )


def rules(
    groups: Sequence[str], counted: Mapping[str, Sequence[str]], requests: int, scope: FirewallScope
) -> list[wafv2.WebAclRuleArgsDict]:
    """The rules by priority: the rate limit first, because it is the cheapest."""
    listed: list[wafv2.WebAclRuleArgsDict] = [
        {
            "name": RATE_RULE,
            "priority": 0,
            "action": {"block": {}},
            "statement": {"rate_based_statement": _rate(requests, scope)},
            "visibility_config": _visible(RATE_RULE),
        }
    ]
    for position, group in enumerate(groups, start=1):
        managed: wafv2.WebAclRuleStatementManagedRuleGroupStatementArgsDict = {"vendor_name": "AWS", "name": group}
        if counted.get(group):
            managed["rule_action_overrides"] = [
                {"name": rule, "action_to_use": {"count": {}}} for rule in counted[group]
            ]
        listed.append(
            {
                "name": group,
                "priority": position,
                "override_action": {"none": {}},
                "statement": {"managed_rule_group_statement": managed},
                "visibility_config": _visible(group),
            }
        )
    return listed


def _rate(requests: int, scope: FirewallScope) -> wafv2.WebAclRuleStatementRateBasedStatementArgsDict:
    if scope is FirewallScope.EDGE:
        return {"limit": requests, "evaluation_window_sec": RATE_WINDOW, "aggregate_key_type": "IP"}
    # The balancer's clients are the edge's own machines, so users are told apart by what the edge says of them.
    # A client can write that header itself when it goes round the edge, so this is the second line, not the first.
    return {
        "limit": requests,
        "evaluation_window_sec": RATE_WINDOW,
        "aggregate_key_type": "FORWARDED_IP",
        "forwarded_ip_config": {"header_name": "X-Forwarded-For", "fallback_behavior": "NO_MATCH"},
    }


def _visible(metric: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}


def _resolve(name: str, args: FirewallArgs) -> _Settings:
    plain = PlainArguments("Firewall", name)
    settings = _Settings(
        scope=plain.one_of(FirewallScope, "scope", args["scope"]),
        protected_arns=args.get("protected_arns", ()),
        requests=args.get("requests_per_five_minutes", DEFAULT_REQUESTS),
        groups=args.get("managed_groups", MANAGED_GROUPS),
        counted=args.get("counted_rules", {}),
        retention_days=args.get("log_retention_days", logs.DEFAULT_RETENTION_DAYS),
    )
    plain.name("physical_name", args["physical_name"], 64)
    plain.between("requests_per_five_minutes", settings.requests, LEAST_REQUESTS, MOST_REQUESTS, "requests")
    plain.expect(
        settings.retention_days in logs.RETENTION_DAYS,
        "log_retention_days",
        settings.retention_days,
        logs.RETENTION_EXPECTED,
    )
    plain.expect(len(set(settings.groups)) == len(settings.groups), "managed_groups", settings.groups, "each once")
    plain.expect(
        set(settings.counted) <= set(settings.groups),
        "counted_rules",
        sorted(settings.counted),
        "groups that are in `managed_groups`",
    )
    at_edge = settings.scope is FirewallScope.EDGE
    plain.expect(
        not (at_edge and settings.protected_arns),
        "protected_arns",
        "some, with scope CLOUDFRONT",
        "none",
        "Give `web_acl_arn` to the edge.",
    )
    plain.expect(
        not at_edge or args["region"] == "us-east-1",
        "region",
        args["region"],
        "us-east-1, where CloudFront's web ACLs are",
        "Pass a provider of us-east-1 and its region.",
    )
    plain.refuse()
    return settings
