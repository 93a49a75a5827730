"""Rules on subnets and security groups."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from policies.facts import Node, Resource, in_turn, must_not_be_true
from policies.model import Rule, Settings, Severity, ports

SUBNET = "aws:ec2/subnet:Subnet"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

# As EC2 names and numbers them; the rules of these protocols hold types of messages where others hold ports.
_WITHOUT_PORTS = frozenset({"icmp", "icmpv6", "1", "58"})
_EVERYTHING = frozenset({"-1", "all"})


@dataclass(frozen=True)
class Ingress:
    """One way into a security group. `where`: its place in the inputs. Port bounds are None when every port is open."""

    where: str
    protocol: str
    first: float | None
    last: float | None
    cidrs: tuple[str, ...]
    names_source: bool

    def opens(self, port: int) -> bool:
        """Whether this lets traffic to `port` in."""
        if self.protocol in _EVERYTHING:
            return True
        if self.protocol in _WITHOUT_PORTS:
            return False
        return self.first is None or self.last is None or self.first <= port <= self.last

    @property
    def from_everywhere(self) -> bool:
        return any(_is_everywhere(cidr) for cidr in self.cidrs)


def _is_everywhere(cidr: str) -> bool:
    try:
        return ipaddress.ip_network(cidr, strict=False).prefixlen == 0
    except ValueError:
        return True  # what is no address range cannot be told from one that means everything


def each_way_in(resource: Resource, judge: Callable[[Ingress], Iterable[str]]) -> Iterator[str]:
    """What `judge` finds on every ingress that `resource` declares, whichever of the four types it is."""
    inputs = resource.inputs
    if resource.type in (INGRESS_RULE, GROUP_RULE):
        return _read_and_judge(resource.type, inputs, judge)
    return in_turn(*(_read_and_judge(resource.type, entry, judge) for entry in inputs.items("ingress")))


def _read_and_judge(token: str, node: Node, judge: Callable[[Ingress], Iterable[str]]) -> Iterator[str]:
    if token == INGRESS_RULE:
        cidrs = (node.text("cidrIpv4"), node.text("cidrIpv6"))
        named = node.has("referencedSecurityGroupId")
        yield from judge(_ingress(node, "ipProtocol", tuple(cidr for cidr in cidrs if cidr), named))
    elif token == GROUP_RULE:
        if node.text("type") != "egress":
            named = node.has("sourceSecurityGroupId") or bool(node.flag("self"))
            yield from judge(_ingress(node, "protocol", _cidrs(node), named))
    else:
        named = node.count("securityGroups") > 0 or bool(node.flag("self"))
        yield from judge(_ingress(node, "protocol", _cidrs(node), named))


def _ingress(node: Node, protocol: str, cidrs: tuple[str, ...], names_source: bool) -> Ingress:
    return Ingress(
        where=node.path,
        protocol=str(node.get(protocol) or "-1").lower(),
        first=node.number("fromPort"),
        last=node.number("toPort"),
        cidrs=cidrs,
        names_source=names_source,
    )


def _cidrs(node: Node) -> tuple[str, ...]:
    return (*node.texts("cidrBlocks"), *node.texts("ipv6CidrBlocks"))


def _place(ingress: Ingress) -> str:
    return f"{ingress.where}: " if ingress.where else ""


def _no_auto_public_ip(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_not_be_true(resource.inputs, "mapPublicIpOnLaunch")


def _no_open_sensitive_ports(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(ingress: Ingress) -> Iterator[str]:
        if not ingress.from_everywhere:
            return
        opened = [str(port) for port in settings["ports"] if ingress.opens(port)]
        if ingress.protocol in _EVERYTHING:
            yield f"{_place(ingress)}the whole internet must not get in by every protocol, found protocol -1."
        elif opened:
            yield f"{_place(ingress)}the whole internet must not reach port {', '.join(opened)}, found it open."

    return each_way_in(resource, judge)


def _data_tier_source_is_group(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(ingress: Ingress) -> Iterator[str]:
        opened = [str(port) for port in settings["ports"] if ingress.opens(port)]
        if opened and (ingress.cidrs or not ingress.names_source):
            found = "an address range" if ingress.cidrs else "no security group"
            yield f"{_place(ingress)}the source of port {', '.join(opened)} must be a security group, found {found}."

    return each_way_in(resource, judge)


_INGRESS_READS = (
    "ingress.protocol",
    "ingress.fromPort",
    "ingress.toPort",
    "ingress.cidrBlocks",
    "ingress.ipv6CidrBlocks",
    "ingress.securityGroups",
    "ingress.self",
    "self",
    "type",
    "protocol",
    "fromPort",
    "toPort",
    "cidrBlocks",
    "ipv6CidrBlocks",
    "sourceSecurityGroupId",
    "ipProtocol",
    "cidrIpv4",
    "cidrIpv6",
    "referencedSecurityGroupId",
)
# An address may be that of a gateway which does not exist yet; it is judged before the rule is created.
_ADDRESSES = frozenset({"ingress", "cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"})

RULES = (
    Rule(
        id="subnet-no-auto-public-ip",
        row="3",
        title="Subnets give no public addresses",
        description="Checks whether subnets leave network interfaces without a public address.",
        types=frozenset({SUBNET}),
        reads=("mapPublicIpOnLaunch",),
        check=_no_auto_public_ip,
        remedy="Leave mapPublicIpOnLaunch out; balancers and NAT gateways need no automatic addresses.",
        severity=Severity.HIGH,
        source="FSBP EC2.15",
    ),
    Rule(
        id="sg-no-open-sensitive-ports",
        row="4",
        title="Administration and data ports are closed to the internet",
        description="Checks whether no security group lets the whole internet reach administration or data ports.",
        types=frozenset({SECURITY_GROUP, DEFAULT_SECURITY_GROUP, GROUP_RULE, INGRESS_RULE}),
        reads=_INGRESS_READS,
        check=_no_open_sensitive_ports,
        defers=_ADDRESSES,
        remedy="Name the security group or the address range that needs the port.",
        severity=Severity.CRITICAL,
        source="FSBP EC2.19",
        settings={"ports": ports((22, 3389, 5432, 6379, 3306), "Ports that the internet may never reach.")},
    ),
    Rule(
        id="sg-data-tier-source-is-sg",
        row="6",
        title="Data ports are opened to security groups only",
        description="Checks whether database and cache ports are reachable from named security groups only.",
        types=frozenset({SECURITY_GROUP, DEFAULT_SECURITY_GROUP, GROUP_RULE, INGRESS_RULE}),
        reads=_INGRESS_READS,
        check=_data_tier_source_is_group,
        defers=_ADDRESSES,
        remedy="Use referencedSecurityGroupId with the group of the service.",
        severity=Severity.HIGH,
        source="project (EC2.19)",
        settings={"ports": ports((5432, 6379), "Ports of the data tier: PostgreSQL and Redis.")},
    ),
)
