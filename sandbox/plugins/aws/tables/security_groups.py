"""Amazon EC2: security groups and their rules. Reference: Amazon EC2 API, version 2016-11-15."""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.plugins.aws.codecs import List, Obj
from sandbox.plugins.aws.rows import Call, Field, Row, Target, Values, Write, described, new, row
from sandbox.plugins.aws.tables.ec2 import arn_of
from sandbox.plugins.aws.tags import ec2 as tags
from sandbox.plugins.values import UNKNOWN

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
    outputs={"arn": arn_of("security-group", "GroupId"), "ownerId": "OwnerId"},
    missing=("InvalidGroup.NotFound",),
    name="name",
    name_max=255,
    tags=tags("security-group"),
)

# The blocks of a default group that are read back as they were given, and no others.
_RULE_BLOCK = Obj(
    {
        "protocol": "IpProtocol",
        "fromPort": "FromPort",
        "toPort": "ToPort",
        "cidrBlocks": ("IpRanges", List()),
        "ipv6CidrBlocks": ("Ipv6Ranges", List()),
        "securityGroups": ("UserIdGroupPairs", List()),
    }
)


def _permission(block: Any) -> Any:
    """One rule block as EC2's IpPermission."""
    if block is UNKNOWN:
        return UNKNOWN
    permission: dict[str, Any] = {"IpProtocol": block["protocol"]}
    if block["protocol"] != "-1":
        permission |= {"FromPort": block["fromPort"], "ToPort": block["toPort"]}
    ranges = {
        "IpRanges": [{"CidrIp": cidr} for cidr in block.get("cidrBlocks") or ()],
        "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in block.get("ipv6CidrBlocks") or ()],
        "UserIdGroupPairs": [{"GroupId": group} for group in block.get("securityGroups") or ()],
    }
    return permission | {name: items for name, items in ranges.items() if items}


class _Permissions(List):
    """The rule blocks of a group against its IpPermissions."""

    def from_aws(self, value: Any, template: Any) -> Any:
        return [_block(permission) for permission in value or ()]


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
        "ingress": Field(codec=_Permissions(_RULE_BLOCK), read="IpPermissions", default=[]),
        "egress": Field(codec=_Permissions(_RULE_BLOCK), read="IpPermissionsEgress", default=[]),
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
    outputs={"arn": arn_of("security-group", "GroupId"), "name": "GroupName", "ownerId": "OwnerId"},
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
        ("prefixListId", "PrefixListIds", "PrefixListId"),
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
        "prefixListId": "PrefixListId",
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


def _rule(side: str) -> Row:
    watched = frozenset(
        {
            "ipProtocol",
            "fromPort",
            "toPort",
            "cidrIpv4",
            "cidrIpv6",
            "referencedSecurityGroupId",
            "prefixListId",
            "description",
        }
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
            "prefixListId": Field(read="PrefixListId"),
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
            "arn": arn_of("security-group-rule", "SecurityGroupRuleId"),
            "securityGroupRuleId": "SecurityGroupRuleId",
        },
        missing=("InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound"),
        tags=tags("security-group-rule"),
        support="repaired",
        note="rules about groups and prefix lists keep and change their description",
    )


ROWS: tuple[Row, ...] = (_SECURITY_GROUP, _DEFAULT_SECURITY_GROUP, _rule("Ingress"), _rule("Egress"))
