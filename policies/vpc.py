"""Rules on what every VPC has, and on how security groups are written."""

from collections.abc import Iterable, Iterator, Sequence

from policies import companions
from policies.facts import Node, Resource, in_turn
from policies.model import Finding, Level, Rule, Settings, Severity, StackRule, Where, ports
from policies.network import (
    DEFAULT_SECURITY_GROUP,
    GROUP_RULE,
    INGRESS_RULE,
    SECURITY_GROUP,
    Ingress,
    each_way_in,
)

VPC = "aws:ec2/vpc:Vpc"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

_LAST_PORT = 65_535
# What providers write when a program says nothing.
_NO_DESCRIPTION = frozenset({None, "", "Managed by Pulumi", "Managed by Terraform"})
_SAME_IN_ALL = ("protocol", "fromPort", "toPort", "cidrBlocks", "ipv6CidrBlocks", "self")


def _sees_refusals(resource: Resource, _: Settings) -> Iterable[str]:
    if resource.inputs.text("trafficType") == "ACCEPT":
        yield "trafficType must be ALL or REJECT, found ACCEPT, which leaves out what was turned away."


def _is_logged(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    for vpc in companions.without(resources, _of(resources, VPC), FLOW_LOG, "vpcId", by=("id",)):
        yield Finding(vpc.urn, "the VPC must have a flow log, found none.")


def _default_closed(resource: Resource, _: Settings) -> Iterable[str]:
    def closed(way: str) -> Iterator[str]:
        found = resource.inputs.count(way)
        if found:
            yield f"{way} must be empty, found {found} {'rule' if found == 1 else 'rules'}."

    return in_turn(closed("ingress"), closed("egress"))


def _default_declared(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    for vpc in companions.without(resources, _of(resources, VPC), DEFAULT_SECURITY_GROUP, "vpcId", by=("id",)):
        yield Finding(vpc.urn, "the VPC must have its default security group in the program, found none: it is open.")


def _of(resources: Sequence[Resource], token: str) -> Iterator[Resource]:
    return (each for each in resources if each.type == token)


def _authorized(resource: Resource, settings: Settings) -> Iterable[str]:
    allowed = sorted(settings["ports"])

    def judge(ingress: Ingress) -> Iterator[str]:
        if ingress.from_everywhere and not _within(ingress, allowed):
            place = f"{ingress.where}: " if ingress.where else ""
            known = ", ".join(map(str, allowed)) or "no port"
            yield f"{place}the whole internet must reach {known} only, found another port."

    return each_way_in(resource, judge)


def _within(ingress: Ingress, allowed: Sequence[int]) -> bool:
    """Whether every port that is opened is allowed; messages without ports (ICMP) open none."""
    opened = [port for port in (0, _LAST_PORT, *allowed) if ingress.opens(port)]
    if ingress.first is None or ingress.last is None:
        return not opened
    if not ingress.opens(int(ingress.first)):
        return True
    if set(opened) - set(allowed):
        return False
    return ingress.last - ingress.first < len(allowed) and set(range(int(ingress.first), int(ingress.last) + 1)) <= set(
        allowed
    )


def _described(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    inline = [*inputs.items("ingress"), *inputs.items("egress")] if resource.type == SECURITY_GROUP else []
    return in_turn(*(_says_what_for(node) for node in (inputs, *inline)))


def _says_what_for(node: Node) -> Iterator[str]:
    if node.text("description") in _NO_DESCRIPTION:
        yield f"{node.at('description')} must say what it is for, found nothing."


def _one_way_of_writing(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    """The provider takes out of a group with inline rules what is not among them."""
    apart: set[str] = set()
    for each in resources:
        if each.type in {INGRESS_RULE, EGRESS_RULE, GROUP_RULE}:
            value = each.inputs.node("securityGroupId").value
            apart |= {*each.depends.get("securityGroupId", ()), *((value,) if isinstance(value, str) else ())}
    for group in resources:
        if group.type != SECURITY_GROUP or not any(group.inputs.has(way) for way in ("ingress", "egress")):
            continue
        identity = group.inputs.node("id").value
        if group.urn in apart or identity in apart:
            yield Finding(group.urn, "ingress and egress must not be set beside rules of their own, found both.")


_INGRESS_READS = (
    *(f"ingress.{name}" for name in (*_SAME_IN_ALL, "securityGroups")),
    *_SAME_IN_ALL,
    "type",
    "sourceSecurityGroupId",
    "ipProtocol",
    "cidrIpv4",
    "cidrIpv6",
    "referencedSecurityGroupId",
)

RULES = (
    Rule(
        id="vpc-flow-logs-see-refusals",
        row="1",
        title="Flow logs hold what was turned away",
        description="Checks whether flow logs record refused traffic, without which a scan of the network is not seen.",
        types=frozenset({FLOW_LOG}),
        reads=("trafficType",),
        check=_sees_refusals,
        remedy="Set trafficType to ALL.",
        severity=Severity.MEDIUM,
        source="FSBP EC2.6",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="vpc-default-sg-closed",
        row="2",
        title="The default security group lets nothing through",
        description="Checks whether the default security group has no rule, so that what names no group is cut off.",
        types=frozenset({DEFAULT_SECURITY_GROUP}),
        reads=("ingress", "egress"),
        check=_default_closed,
        remedy="Leave ingress and egress empty, and give what needs access a group of its own.",
        severity=Severity.HIGH,
        source="FSBP EC2.2",
    ),
    Rule(
        id="sg-open-ingress-authorized-ports",
        row="5",
        title="The internet reaches the service's ports only",
        description="Checks whether security groups are open to the whole internet on listed ports only.",
        types=frozenset({SECURITY_GROUP, DEFAULT_SECURITY_GROUP, GROUP_RULE, INGRESS_RULE}),
        reads=_INGRESS_READS,
        check=_authorized,
        defers=frozenset({"ingress", "cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"}),
        remedy="Name the address range that needs the port, or list the port if users are meant to reach it.",
        severity=Severity.HIGH,
        source="FSBP EC2.18",
        settings={"ports": ports((443, 80), "Ports that the whole internet may reach.")},
    ),
    Rule(
        id="sg-rules-described",
        row="7",
        title="Security groups say what they are for",
        description="Checks whether security groups and their rules have a description.",
        types=frozenset({SECURITY_GROUP, GROUP_RULE, INGRESS_RULE, EGRESS_RULE}),
        reads=("description", "ingress.description", "egress.description"),
        check=_described,
        remedy="Write who reaches what, and why.",
        severity=Severity.LOW,
        source="CKV_AWS_23",
        level=Level.ADVISORY,
    ),
)

STACK_RULES = (
    StackRule(
        id="vpc-flow-logs-enabled",
        row="1",
        title="Traffic of a VPC is logged",
        description="Checks whether every VPC has a flow log.",
        types=frozenset({VPC, FLOW_LOG}),
        reads=("vpcId",),
        check=_is_logged,
        remedy="Use the Network component, or add a FlowLog with this vpcId.",
        severity=Severity.MEDIUM,
        source="FSBP EC2.6",
        where=Where.PRODUCTION,
    ),
    StackRule(
        id="vpc-default-sg-declared",
        row="2",
        title="The default security group is in the program",
        description="Checks whether the default security group of every VPC is declared, because AWS makes it open.",
        types=frozenset({VPC, DEFAULT_SECURITY_GROUP}),
        reads=("vpcId",),
        check=_default_declared,
        remedy="Use the Network component, or add a DefaultSecurityGroup without rules.",
        severity=Severity.HIGH,
        source="FSBP EC2.2",
    ),
    StackRule(
        id="sg-no-inline-and-standalone-rules",
        row="8",
        title="A security group's rules are written in one way",
        description="Checks whether no security group has rules both inline and apart: one takes the other out.",
        types=frozenset({SECURITY_GROUP, GROUP_RULE, INGRESS_RULE, EGRESS_RULE}),
        reads=("ingress", "egress", "securityGroupId"),
        check=_one_way_of_writing,
        remedy="Move the inline rules to SecurityGroupIngressRule and SecurityGroupEgressRule.",
        severity=Severity.HIGH,
        source="project (AWSGuard security-group-no-rule-management-conflicts)",
    ),
)
