"""Rules on AWS WAF: what must stand before users, and what must not be taken away from it."""

from collections.abc import Iterable, Iterator, Sequence

from policies import companions
from policies.facts import Node, Resource, Unreadable, in_turn, must_be
from policies.load_balancer import LOAD_BALANCER
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number, texts, unreadable

WEB_ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"

_REQUIRED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)


def _guards(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if inputs.has("ruleJson"):
        yield "the rules must be under rules, found ruleJson."
        return
    rules = inputs.items("rules")
    yield from in_turn(
        _managed_groups(rules, settings["requiredGroups"]),
        _rate_limit(rules, settings["maximumRequests"]),
        must_be(inputs.node("visibilityConfig"), "cloudwatchMetricsEnabled", True),
        *(must_be(each.node("visibilityConfig"), "cloudwatchMetricsEnabled", True) for each in rules),
    )


def _managed_groups(rules: Sequence[Node], required: Sequence[str]) -> Iterator[str]:
    """A group that only counts is as good as removed."""
    enforced: set[str] = set()
    counted: set[str] = set()
    for rule in rules:
        group = rule.node("statement").node("managedRuleGroupStatement")
        name = group.text("name") if group.value is not None else None
        if name is not None and group.text("vendorName") == "AWS":
            (counted if rule.node("overrideAction").has("count") else enforced).add(name)
    for name in required:
        if name in enforced:
            continue
        state = "one that only counts" if name in counted else "none"
        yield f"rules must have the managed group {name} of AWS, found {state}."


def _rate_limit(rules: Sequence[Node], most: int) -> Iterator[str]:
    limits = [
        rate.number("limit")
        for rule in rules
        if (rate := rule.node("statement").node("rateBasedStatement")).value is not None
        and rule.node("action").has("block")
    ]
    if not limits:
        yield "rules must have a rate-based rule that blocks, found none."
    elif not any(limit is not None and limit <= most for limit in limits):
        yield f"the rate-based rule must block after at most {most} requests, found a higher limit."


def _public_balancers_are_guarded(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    public: list[Resource] = []
    for each in resources:
        if each.type != LOAD_BALANCER:
            continue
        try:
            is_application = (each.inputs.text("loadBalancerType") or "application") == "application"
            if is_application and not each.inputs.flag("internal"):
                public.append(each)
        except Unreadable as error:
            yield from (Finding(each.urn, unreadable(part)) for part in error.all)
    for each in companions.without(resources, public, ASSOCIATION, "resourceArn", by=("arn",)):
        yield Finding(each.urn, "a WebAclAssociation must refer to the public balancer, found none.")


def _is_logged(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    acls = [each for each in resources if each.type == WEB_ACL]
    for each in companions.without(resources, acls, LOGGING, "resourceArn", by=("arn",)):
        yield Finding(each.urn, "a WebAclLoggingConfiguration must refer to the web ACL, found none.")


RULES = (
    Rule(
        id="waf-has-rules-and-metrics",
        row="78",
        title="The firewall keeps its rules",
        description="Checks whether web ACLs enforce AWS' managed groups and a rate limit, and count what they do.",
        types=frozenset({WEB_ACL}),
        reads=(
            "rules.name",
            "rules.action.block",
            "rules.overrideAction.count",
            "rules.statement.managedRuleGroupStatement.name",
            "rules.statement.managedRuleGroupStatement.vendorName",
            "rules.statement.rateBasedStatement.limit",
            "rules.visibilityConfig.cloudwatchMetricsEnabled",
            "ruleJson",
            "visibilityConfig.cloudwatchMetricsEnabled",
        ),
        check=_guards,
        remedy=(
            "Put the rule back (managed_groups of the Firewall). Where one rule of a group hits good requests, name it "
            "in counted_rules and watch its metric; to give up a whole group, ask for an exemption with an end."
        ),
        severity=Severity.HIGH,
        source="FSBP WAF.10, WAF.12",
        where=Where.PRODUCTION,
        settings={
            "requiredGroups": texts(_REQUIRED, "Managed groups of AWS that every web ACL enforces."),
            "maximumRequests": number(
                10_000, "Most requests of one client in the window of the rate-based rule.", minimum=10
            ),
        },
    ),
)

STACK_RULES = (
    StackRule(
        id="alb-waf-associated",
        row="16",
        title="Public balancers are behind a firewall",
        description="Checks whether every public application load balancer has a web ACL.",
        types=frozenset({LOAD_BALANCER, ASSOCIATION}),
        reads=("internal", "loadBalancerType", "resourceArn"),
        check=_public_balancers_are_guarded,
        remedy="Add the balancer to protected_arns of a Firewall with scope BALANCER.",
        severity=Severity.HIGH,
        source="SH ELB.16",
        where=Where.PRODUCTION,
    ),
    StackRule(
        id="waf-logging",
        row="79",
        title="The firewall logs what it does",
        description="Checks whether every web ACL has a log.",
        types=frozenset({WEB_ACL, LOGGING}),
        reads=("resourceArn",),
        check=_is_logged,
        remedy="Add a WebAclLoggingConfiguration to a log group whose name begins with aws-waf-logs-.",
        severity=Severity.MEDIUM,
        source="SH WAF.11",
        where=Where.PRODUCTION,
    ),
)
