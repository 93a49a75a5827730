"""Amazon EC2: networks. Reference: Amazon EC2 API, version 2016-11-15."""

from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Values, Write, described, new, row
from sandbox.plugins.aws.tags import ec2 as tags


def arn_of(kind: str, member: str) -> Any:
    """The output `arn` of a resource of EC2, whose answers hold none. kind: as the ARN spells it."""

    def arn(found: Values, target: Target) -> str:
        owner = found.get("OwnerId") or target.account
        return f"arn:aws:ec2:{target.region}:{owner}:{kind}/{found[member]}"

    return arn


def _flag(operation: str, table: dict[str, str], key: str) -> Write:
    """Attributes that take one call each, as `{"Value": …}`."""

    def calls(target: Target) -> Iterator[Call]:
        for name, member in table.items():
            value = target.inputs.get(name)
            if value is not None and value != target.old.get(name):
                yield Call(operation, {key: target.id, member: {"Value": value}})

    return Write(frozenset(table), calls)


def _vpc_attributes(cloud: Cloud, target: Target, found: dict[str, Any]) -> dict[str, Any]:
    identity = found["VpcId"]
    more = {}
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        member = name[0].upper() + name[1:]
        answer = cloud("DescribeVpcAttribute", VpcId=identity, Attribute=name)
        more[member] = answer[member]["Value"]
    groups = cloud(
        "DescribeSecurityGroups",
        Filters=[{"Name": "vpc-id", "Values": [identity]}, {"Name": "group-name", "Values": ["default"]}],
    )["SecurityGroups"]
    tables = cloud(
        "DescribeRouteTables",
        Filters=[{"Name": "vpc-id", "Values": [identity]}, {"Name": "association.main", "Values": ["true"]}],
    )["RouteTables"]
    more["DefaultGroup"] = groups[0]["GroupId"] if groups else None
    more["MainTable"] = tables[0]["RouteTableId"] if tables else None
    return more


_VPC = row(
    "aws:ec2/vpc:Vpc",
    "ec2",
    {
        "cidrBlock": new("CidrBlock"),
        "enableDnsHostnames": Field(read="EnableDnsHostnames", default=False),
        "enableDnsSupport": Field(read="EnableDnsSupport", default=True),
    },
    create="CreateVpc",
    made="Vpc",
    identity=lambda found, _: found["VpcId"],
    find=described("DescribeVpcs", lambda t: {"VpcIds": [t.id]}, "Vpcs[0]", more=_vpc_attributes),
    writes=(
        _flag(
            "ModifyVpcAttribute",
            {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"},
            "VpcId",
        ),
    ),
    delete=lambda t: [Call("DeleteVpc", {"VpcId": t.id})],
    outputs={
        "arn": arn_of("vpc", "VpcId"),
        "ownerId": "OwnerId",
        "defaultSecurityGroupId": "DefaultGroup",
        "mainRouteTableId": "MainTable",
        "defaultRouteTableId": "MainTable",
    },
    missing=("InvalidVpcID.NotFound",),
    tags=tags("vpc"),
)

_SUBNET = row(
    "aws:ec2/subnet:Subnet",
    "ec2",
    {
        "vpcId": new("VpcId"),
        "cidrBlock": new("CidrBlock"),
        "availabilityZone": new("AvailabilityZone"),
        "mapPublicIpOnLaunch": Field(read="MapPublicIpOnLaunch", default=False),
    },
    create="CreateSubnet",
    made="Subnet",
    identity=lambda found, _: found["SubnetId"],
    find=described("DescribeSubnets", lambda t: {"SubnetIds": [t.id]}, "Subnets[0]"),
    writes=(_flag("ModifySubnetAttribute", {"mapPublicIpOnLaunch": "MapPublicIpOnLaunch"}, "SubnetId"),),
    delete=lambda t: [Call("DeleteSubnet", {"SubnetId": t.id})],
    outputs={
        "arn": arn_of("subnet", "SubnetId"),
        "ownerId": "OwnerId",
        "availabilityZoneId": "AvailabilityZoneId",
    },
    missing=("InvalidSubnetID.NotFound",),
    tags=tags("subnet"),
)


def _attach(target: Target) -> Iterator[Call]:
    old, wanted = target.old.get("vpcId"), target.inputs.get("vpcId")
    if old:
        yield Call("DetachInternetGateway", {"InternetGatewayId": target.id, "VpcId": old})
    if wanted:
        yield Call("AttachInternetGateway", {"InternetGatewayId": target.id, "VpcId": wanted})


def _detach_and_delete(target: Target) -> Iterator[Call]:
    attached = target.known("vpcId")
    if attached:
        yield Call(
            "DetachInternetGateway",
            {"InternetGatewayId": target.id, "VpcId": attached},
            harmless=("Gateway.NotAttached",),
        )
    yield Call("DeleteInternetGateway", {"InternetGatewayId": target.id})


_INTERNET_GATEWAY = row(
    "aws:ec2/internetGateway:InternetGateway",
    "ec2",
    {"vpcId": Field(read="Attachments[0].VpcId", default="")},
    create="CreateInternetGateway",
    made="InternetGateway",
    identity=lambda found, _: found["InternetGatewayId"],
    find=described("DescribeInternetGateways", lambda t: {"InternetGatewayIds": [t.id]}, "InternetGateways[0]"),
    writes=(Write(frozenset({"vpcId"}), _attach),),
    delete=_detach_and_delete,
    outputs={"arn": arn_of("internet-gateway", "InternetGatewayId"), "ownerId": "OwnerId"},
    missing=("InvalidInternetGatewayID.NotFound",),
    tags=tags("internet-gateway"),
)

_EIP = row(
    "aws:ec2/eip:Eip",
    "ec2",
    {"domain": new("Domain")},
    create="AllocateAddress",
    made="@",
    identity=lambda found, _: found["AllocationId"],
    find=described("DescribeAddresses", lambda t: {"AllocationIds": [t.id]}, "Addresses[0]"),
    delete=lambda t: [Call("ReleaseAddress", {"AllocationId": t.id})],
    outputs={
        "arn": arn_of("elastic-ip", "AllocationId"),
        "allocationId": "AllocationId",
        "publicIp": "PublicIp",
        "associationId": "AssociationId",
    },
    missing=("InvalidAllocationID.NotFound",),
    tags=tags("elastic-ip"),
)

_NAT_GATEWAY = row(
    "aws:ec2/natGateway:NatGateway",
    "ec2",
    {
        "allocationId": new("AllocationId", read="NatGatewayAddresses[0].AllocationId"),
        "subnetId": new("SubnetId"),
        "connectivityType": new("ConnectivityType"),
    },
    create="CreateNatGateway",
    made="NatGateway",
    identity=lambda found, _: found["NatGatewayId"],
    find=described(
        "DescribeNatGateways",
        lambda t: {"NatGatewayIds": [t.id]},
        "NatGateways[0]",
        # A deleted gateway is listed for about an hour (DescribeNatGateways).
        gone=lambda found: found["State"] in {"deleted", "deleting"},
    ),
    delete=lambda t: [Call("DeleteNatGateway", {"NatGatewayId": t.id})],
    outputs={
        "publicIp": "NatGatewayAddresses[0].PublicIp",
        "privateIp": "NatGatewayAddresses[0].PrivateIp",
        "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
    },
    missing=("NatGatewayNotFound",),
    tags=tags("natgateway"),
)

_ROUTE_TABLE = row(
    "aws:ec2/routeTable:RouteTable",
    "ec2",
    {"vpcId": new("VpcId")},
    create="CreateRouteTable",
    made="RouteTable",
    identity=lambda found, _: found["RouteTableId"],
    find=described("DescribeRouteTables", lambda t: {"RouteTableIds": [t.id]}, "RouteTables[0]"),
    delete=lambda t: [Call("DeleteRouteTable", {"RouteTableId": t.id})],
    outputs={"arn": arn_of("route-table", "RouteTableId"), "ownerId": "OwnerId"},
    missing=("InvalidRouteTableID.NotFound",),
    tags=tags("route-table"),
)


def _find_route(cloud: Cloud, target: Target) -> Any:
    table = target.known("routeTableId")
    tables = cloud("DescribeRouteTables", RouteTableIds=[table])["RouteTables"]
    destination = target.known("destinationCidrBlock")
    for found in tables[0]["Routes"] if tables else ():
        if found.get("DestinationCidrBlock") == destination:
            return {**found, "RouteTableId": table}
    return None


def _replace_route(target: Target) -> Iterator[Call]:
    members = {"gatewayId": "GatewayId", "natGatewayId": "NatGatewayId"}
    given = {member: target.inputs[name] for name, member in members.items() if target.inputs.get(name)}
    yield Call(
        "ReplaceRoute",
        {
            "RouteTableId": target.inputs["routeTableId"],
            "DestinationCidrBlock": target.inputs["destinationCidrBlock"],
            **given,
        },
    )


_ROUTE = row(
    "aws:ec2/route:Route",
    "ec2",
    {
        "routeTableId": new("RouteTableId"),
        "destinationCidrBlock": new("DestinationCidrBlock"),
        "gatewayId": Field("GatewayId", default=""),
        "natGatewayId": Field("NatGatewayId", default=""),
    },
    create="CreateRoute",
    made="@",
    identity=lambda _, t: f"r-{t.inputs['routeTableId']}-{t.inputs['destinationCidrBlock']}",
    find=_find_route,
    writes=(Write(frozenset({"gatewayId", "natGatewayId"}), _replace_route, on_create=False),),
    delete=lambda t: [
        Call(
            "DeleteRoute",
            {"RouteTableId": t.known("routeTableId"), "DestinationCidrBlock": t.known("destinationCidrBlock")},
        )
    ],
    outputs={"state": "State", "origin": "Origin"},
    missing=("InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"),
)


def _find_association(cloud: Cloud, target: Target) -> Any:
    filters = [{"Name": "association.route-table-association-id", "Values": [target.id]}]
    for table in cloud("DescribeRouteTables", Filters=filters)["RouteTables"]:
        for association in table["Associations"]:
            if association["RouteTableAssociationId"] == target.id:
                return association
    return None


_ROUTE_TABLE_ASSOCIATION = row(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "ec2",
    {
        "subnetId": new("SubnetId"),
        # The official provider replaces the association in place and takes a new id; a provider of
        # Pulumi cannot change an id in an update, so here a new association is made.
        "routeTableId": new("RouteTableId"),
    },
    create="AssociateRouteTable",
    made="@",
    identity=lambda found, _: found["AssociationId"],
    find=_find_association,
    delete=lambda t: [Call("DisassociateRouteTable", {"AssociationId": t.id})],
    missing=("InvalidAssociationID.NotFound",),
)

ROWS: tuple[Row, ...] = (
    _VPC,
    _SUBNET,
    _INTERNET_GATEWAY,
    _EIP,
    _NAT_GATEWAY,
    _ROUTE_TABLE,
    _ROUTE,
    _ROUTE_TABLE_ASSOCIATION,
)
