"""The network: who can reach whom is decided here and in the security groups, nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NotRequired, TypedDict, cast

import pulumi
from pulumi_aws import ec2

from components._common import PlainArguments, token
from components.aws.endpoints import interface_endpoints, s3_gateway
from components.aws.flow_logs import flow_log
from components.aws.logs import DEFAULT_RETENTION_DAYS, RETENTION_DAYS, RETENTION_EXPECTED
from components.aws.subnets import MAX_ZONES, ZoneSubnets, divide


class NatGateways(StrEnum):
    """How many NAT gateways carry the traffic that leaves the application subnets."""

    ONE_PER_ZONE = "one-per-zone"
    """The loss of a zone takes no other zone's way out with it: production."""
    SINGLE = "single"
    """One gateway, in the first zone, for all: cheaper, and enough for staging."""


class NetworkArgs(TypedDict):
    """Arguments of `Network`."""

    physical_name: str
    """Name of the flow logs' group. Replaces the group."""
    account_id: pulumi.Input[str]
    """The account; the role of the flow logs is usable on its behalf only."""
    region: str
    """Region of the VPC and of the endpoints in it."""
    kms_key_arn: pulumi.Input[str]
    """Key of the flow logs."""
    cidr: str
    """IPv4 range of the VPC, /16 to /24. Replaces everything."""
    availability_zones: Sequence[str]
    """Zone names, 2 to 4. Append only: another order gives zones other ranges, which replaces subnets."""
    nat_gateways: NotRequired[NatGateways]
    """Default: one per zone. Changed in place: routes move, then gateways go."""
    interface_endpoints: NotRequired[bool]
    """Ways to ECR, Secrets Manager and the logs that need no NAT gateway, at a price per hour. Default: false."""
    log_retention_days: NotRequired[int]
    """Days to keep flow logs. Default: 365."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    cidr: str
    zones: tuple[ZoneSubnets, ...]
    nat_gateways: NatGateways
    log_days: int
    tags: Mapping[str, pulumi.Input[str]]


class Network(pulumi.ComponentResource):
    """A VPC in which only the balancer is reachable from the internet and data has no way out.

    Creates: VPC, closed default security group, internet gateway; per zone a public subnet, an application
    subnet and a data subnet with their route tables; NAT gateways with fixed addresses; gateway endpoint of S3;
    flow log with its log group and role; interface endpoints with their security group, if asked for.

    Changes during a rollout: nothing.

    Replaces on: `cidr`; the order of `availability_zones`; `physical_name` (flow logs only).
    """

    vpc_id: pulumi.Output[str]
    """The VPC."""
    public_subnet_ids: list[pulumi.Output[str]]
    """One per zone, for the balancer only. Known once the subnet has its route to the internet."""
    app_subnet_ids: list[pulumi.Output[str]]
    """One per zone, for tasks. Known once the subnet has its route to a NAT gateway."""
    data_subnet_ids: list[pulumi.Output[str]]
    """One per zone, for data. No route leads out of the VPC."""
    nat_public_ips: list[pulumi.Output[str]]
    """Addresses from which the application subnets reach the internet, and this VPC's own public balancer."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Network"), name, {}, opts)
        settings = _resolve(name, args)
        self._tags = settings.tags

        vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=settings.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        internet = ec2.InternetGateway(
            f"{name}-internet",
            vpc_id=vpc.id,
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

        public_table = self._route_table("public", vpc)
        public_route = ec2.Route(
            f"{name}-public-internet",
            route_table_id=public_table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        public = [self._subnet("public", zone.zone, zone.public, vpc) for zone in settings.zones]
        # A subnet id is handed out by the association, so nothing is placed in a subnet before it has its
        # routes.
        self.public_subnet_ids = [
            self._associate("public", zone.zone, subnet, public_table, public_route)
            for zone, subnet in zip(settings.zones, public, strict=True)
        ]

        gateways, addresses = self._nat_gateways(settings, public, internet)
        self.nat_public_ips = [address.public_ip for address in addresses]
        self.app_subnet_ids = []
        app_tables = []
        for position, zone in enumerate(settings.zones):
            table = self._route_table(f"app-{zone.zone}", vpc)
            app_tables.append(table)
            route = ec2.Route(
                f"{name}-app-{zone.zone}-nat",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways[position % len(gateways)].id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            subnet = self._subnet("app", zone.zone, zone.app, vpc)
            self.app_subnet_ids.append(self._associate("app", zone.zone, subnet, table, route))

        data_table = self._route_table("data", vpc)
        self.data_subnet_ids = []
        for zone in settings.zones:
            subnet = self._subnet("data", zone.zone, zone.data, vpc)
            self._associate("data", zone.zone, subnet, data_table)
            self.data_subnet_ids.append(subnet.id)

        flow_log(
            name,
            vpc_id=vpc.id,
            physical_name=args["physical_name"],
            account_id=args["account_id"],
            region=args["region"],
            kms_key_arn=args["kms_key_arn"],
            retention_days=settings.log_days,
            tags=settings.tags,
            parent=self,
        )
        s3_gateway(
            name,
            region=args["region"],
            vpc_id=vpc.id,
            route_table_ids=[table.id for table in app_tables],
            tags=settings.tags,
            parent=self,
        )
        if args.get("interface_endpoints", False):
            interface_endpoints(
                name,
                region=args["region"],
                vpc_id=vpc.id,
                vpc_cidr=settings.cidr,
                subnet_ids=self.app_subnet_ids,
                tags=settings.tags,
                parent=self,
            )

        self.vpc_id = vpc.id
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "app_subnet_ids": self.app_subnet_ids,
                "data_subnet_ids": self.data_subnet_ids,
                "nat_public_ips": self.nat_public_ips,
            }
        )

    def _route_table(self, role: str, vpc: ec2.Vpc) -> ec2.RouteTable:
        return ec2.RouteTable(
            f"{self.pulumi_resource_name}-{role}",
            vpc_id=vpc.id,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _subnet(self, tier: str, zone: str, cidr: str, vpc: ec2.Vpc) -> ec2.Subnet:
        return ec2.Subnet(
            f"{self.pulumi_resource_name}-{tier}-{zone}",
            vpc_id=vpc.id,
            cidr_block=cidr,
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _associate(
        self, tier: str, zone: str, subnet: ec2.Subnet, table: ec2.RouteTable, *routes: ec2.Route
    ) -> pulumi.Output[str]:
        association = ec2.RouteTableAssociation(
            f"{self.pulumi_resource_name}-{tier}-{zone}",
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(routes)),
        )
        # Optional in the SDK only because an association may name a gateway instead of a subnet.
        return cast("pulumi.Output[str]", association.subnet_id)

    def _nat_gateways(
        self, settings: _Settings, public: list[ec2.Subnet], internet: ec2.InternetGateway
    ) -> tuple[list[ec2.NatGateway], list[ec2.Eip]]:
        count = len(public) if settings.nat_gateways is NatGateways.ONE_PER_ZONE else 1
        gateways, addresses = [], []
        for zone, subnet in list(zip(settings.zones, public, strict=True))[:count]:
            address = ec2.Eip(
                f"{self.pulumi_resource_name}-nat-{zone.zone}",
                domain="vpc",
                tags=self._tags,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
            )
            gateway = ec2.NatGateway(
                f"{self.pulumi_resource_name}-nat-{zone.zone}",
                allocation_id=address.id,
                subnet_id=subnet.id,
                tags=self._tags,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
            )
            addresses.append(address)
            gateways.append(gateway)
        return gateways, addresses


def _resolve(name: str, args: NetworkArgs) -> _Settings:
    plain = PlainArguments("Network", name)
    names = tuple(args["availability_zones"])
    plain.expect(
        2 <= len(names) <= MAX_ZONES and len(set(names)) == len(names),
        "availability_zones",
        list(names),
        f"2 to {MAX_ZONES} different zones",
        "Name three for production: a balancer, a database and a cache each need at least two.",
    )
    nat_gateways = plain.one_of(NatGateways, "nat_gateways", args.get("nat_gateways", NatGateways.ONE_PER_ZONE))
    log_days = args.get("log_retention_days", DEFAULT_RETENTION_DAYS)
    plain.name("physical_name", args["physical_name"])
    plain.expect(log_days in RETENTION_DAYS, "log_retention_days", log_days, RETENTION_EXPECTED)
    zones: tuple[ZoneSubnets, ...] = ()
    try:
        zones = divide(args["cidr"], names[:MAX_ZONES])
    except ValueError as error:
        plain.expect(False, "cidr", args["cidr"], "an IPv4 network of /16 to /24", f"{error}.".capitalize())
    plain.refuse()
    return _Settings(cidr=args["cidr"], zones=zones, nat_gateways=nat_gateways, log_days=log_days, tags=args["tags"])
