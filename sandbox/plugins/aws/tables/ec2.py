"""Amazon EC2: networks. Reference: Amazon EC2 API, version 2016-11-15."""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.plugins.aws.codecs import Codec, List, Obj
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Values, Write, described, new, row
from sandbox.plugins.aws.tags import ec2 as tags
from sandbox.plugins.values import UNKNOWN


def _arn(kind: str, member: str) -> Any:
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
        "arn": _arn("vpc", "VpcId"),
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
        "arn": _arn("subnet", "SubnetId"),
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
    outputs={"arn": _arn("internet-gateway", "InternetGatewayId"), "ownerId": "OwnerId"},
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
        "arn": _arn("elastic-ip", "AllocationId"),
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
    outputs={"arn": _arn("route-table", "RouteTableId"), "ownerId": "OwnerId"},
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

_ALL_TRAFFIC = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def _without_egress(target: Target) -> Iterator[Call]:
    """AWS gives a new group a rule that lets everything out; the official provider takes it away."""
    yield Call(
        "RevokeSecurityGroupEgress",
        {"GroupId": target.id, "IpPermissions": [_ALL_TRAFFIC]},
        harmless=("InvalidPermission.NotFound",),
    )


_SECURITY_GROUP = row(
    "aws:ec2/securityGroup:SecurityGroup",
    "ec2",
    {
        "vpcId": new("VpcId"),
        "name": new("GroupName"),
        "description": new("Description"),
    },
    create="CreateSecurityGroup",
    made="@",
    # AWS requires a description; this is the official provider's.
    also=lambda t: {} if "description" in t.inputs else {"Description": "Managed by Pulumi"},
    identity=lambda found, _: found["GroupId"],
    find=described("DescribeSecurityGroups", lambda t: {"GroupIds": [t.id]}, "SecurityGroups[0]"),
    writes=(Write(frozenset({"name"}), _without_egress, on_update=False),),
    delete=lambda t: [Call("DeleteSecurityGroup", {"GroupId": t.id})],
    outputs={"arn": _arn("security-group", "GroupId"), "ownerId": "OwnerId"},
    missing=("InvalidGroup.NotFound",),
    name="name",
    name_max=255,
    tags=tags("security-group"),
)

_RULE_BLOCK = Obj(
    {
        "protocol": "IpProtocol",
        "fromPort": "FromPort",
        "toPort": "ToPort",
        "cidrBlocks": ("IpRanges", List()),
        "description": "Description",
        "self": "Self",
        "securityGroups": "Groups",
        "ipv6CidrBlocks": "Ipv6Ranges",
        "prefixListIds": "PrefixListIds",
    }
)


def _permission(block: Values) -> Any:
    """One rule block of a security group as EC2's IpPermission."""
    if block is UNKNOWN:
        return UNKNOWN
    text = {"Description": block["description"]} if block.get("description") else {}
    permission: dict[str, Any] = {"IpProtocol": block["protocol"]}
    if block.get("protocol") != "-1":
        permission |= {"FromPort": block["fromPort"], "ToPort": block["toPort"]}
    ranges = {
        "IpRanges": [{"CidrIp": cidr, **text} for cidr in block.get("cidrBlocks") or ()],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **text} for cidr in block.get("ipv6CidrBlocks") or ()],
        "UserIdGroupPairs": [{"GroupId": group, **text} for group in block.get("securityGroups") or ()],
        "PrefixListIds": [{"PrefixListId": name, **text} for name in block.get("prefixListIds") or ()],
    }
    return permission | {name: items for name, items in ranges.items() if items}


class _Permissions(Codec):
    """The rule blocks of a group against its IpPermissions."""

    def from_aws(self, value: Any, template: Any) -> Any:
        return [_block(permission) for permission in value or ()]

    def problems(self, path: str, value: Any) -> list[str]:
        return List(_RULE_BLOCK).problems(path, value)


def _block(permission: Values) -> dict[str, Any]:
    cidrs = [r["CidrIp"] for r in permission.get("IpRanges", ())]
    cidrs6 = [r["CidrIpv6"] for r in permission.get("Ipv6Ranges", ())]
    groups = [p["GroupId"] for p in permission.get("UserIdGroupPairs", ())]
    block = {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0),
        "toPort": permission.get("ToPort", 0),
        "cidrBlocks": cidrs,
        "ipv6CidrBlocks": cidrs6,
        "securityGroups": groups,
    }
    return {key: value for key, value in block.items() if value not in (None, [])}


def _default_group_rules(target: Target) -> Iterable[Call]:
    """Take away the rules AWS gave or an earlier run left, then give those asked for."""
    sides = (("ingress", "Ingress", "IpPermissions"), ("egress", "Egress", "IpPermissionsEgress"))
    for name, side, member in sides:
        standing = target.found.get(member) or [_permission(block) for block in target.old.get(name) or ()]
        if standing:
            yield Call(
                f"RevokeSecurityGroup{side}",
                {"GroupId": target.id, "IpPermissions": standing},
                harmless=("InvalidPermission.NotFound",),
            )
        wanted = target.inputs.get(name)
        if wanted:
            permissions = UNKNOWN if wanted is UNKNOWN else [_permission(block) for block in wanted]
            yield Call(f"AuthorizeSecurityGroup{side}", {"GroupId": target.id, "IpPermissions": permissions})


_DEFAULT_SECURITY_GROUP = row(
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "ec2",
    {
        "vpcId": new(None, read="VpcId"),
        "ingress": Field(codec=_Permissions(), read="IpPermissions", default=[]),
        "egress": Field(codec=_Permissions(), read="IpPermissionsEgress", default=[]),
    },
    # The group exists with its network: it is adopted, not created, and left behind when released.
    create="DescribeSecurityGroups",
    made="SecurityGroups[0]",
    also=lambda t: {
        "Filters": [
            {"Name": "vpc-id", "Values": [t.inputs["vpcId"]]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    },
    identity=lambda found, _: found["GroupId"],
    find=described("DescribeSecurityGroups", lambda t: {"GroupIds": [t.id]}, "SecurityGroups[0]"),
    writes=(Write(frozenset({"vpcId", "ingress", "egress"}), _default_group_rules),),
    delete=lambda t: [],
    outputs={"arn": _arn("security-group", "GroupId"), "name": "GroupName", "ownerId": "OwnerId"},
    missing=("InvalidGroup.NotFound",),
    tags=tags("security-group", on_create=False),
)


def _rule_permission(inputs: Values) -> dict[str, Any]:
    """The IpPermission of a rule resource."""
    text = {"Description": inputs["description"]} if inputs.get("description") else {}
    permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"]}
    for name, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if name in inputs:
            permission[member] = inputs[name]
    for name, member, inner in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if inputs.get(name):
            permission[member] = [{inner: inputs[name], **text}]
    return permission


def _modify_rule(target: Target) -> Iterator[Call]:
    members = {
        "ipProtocol": "IpProtocol",
        "fromPort": "FromPort",
        "toPort": "ToPort",
        "cidrIpv4": "CidrIpv4",
        "cidrIpv6": "CidrIpv6",
        "referencedSecurityGroupId": "ReferencedGroupId",
        "description": "Description",
    }
    rule = {member: target.inputs[name] for name, member in members.items() if target.inputs.get(name) is not None}
    yield Call(
        "ModifySecurityGroupRules",
        {
            "GroupId": target.inputs["securityGroupId"],
            "SecurityGroupRules": [{"SecurityGroupRuleId": target.id, "SecurityGroupRule": rule}],
        },
    )


def _rule(side: str, kind: str) -> Row:
    watched = frozenset(
        {"ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "description"}
    )
    return row(
        f"aws:vpc/securityGroup{side}Rule:SecurityGroup{side}Rule",
        "ec2",
        {
            "securityGroupId": new("GroupId"),
            "ipProtocol": Field(read="IpProtocol"),
            "fromPort": Field(read="FromPort"),
            "toPort": Field(read="ToPort"),
            "cidrIpv4": Field(read="CidrIpv4"),
            "cidrIpv6": Field(read="CidrIpv6"),
            "referencedSecurityGroupId": Field(read="ReferencedGroupInfo.GroupId"),
            "description": Field(read="Description", default=""),
        },
        create=f"AuthorizeSecurityGroup{side}",
        made="SecurityGroupRules[0]",
        also=lambda t: {"IpPermissions": [_rule_permission(t.inputs)]},
        identity=lambda found, _: found["SecurityGroupRuleId"],
        find=described(
            "DescribeSecurityGroupRules", lambda t: {"SecurityGroupRuleIds": [t.id]}, "SecurityGroupRules[0]"
        ),
        writes=(Write(watched, _modify_rule, on_create=False),),
        delete=lambda t: [
            Call(
                f"RevokeSecurityGroup{side}",
                {"GroupId": t.known("securityGroupId"), "SecurityGroupRuleIds": [t.id]},
            )
        ],
        outputs={
            "arn": _arn("security-group-rule", "SecurityGroupRuleId"),
            "securityGroupRuleId": "SecurityGroupRuleId",
        },
        missing=("InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound"),
        tags=tags("security-group-rule"),
        note=kind,
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
    _SECURITY_GROUP,
    _DEFAULT_SECURITY_GROUP,
    _rule("Ingress", ""),
    _rule("Egress", ""),
)
