"""Amazon ElastiCache. Reference: Amazon ElastiCache API, version 2015-02-02."""

from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.codecs import List, Lower, Obj, Version
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tags import by_arn
from sandbox.plugins.values import UNKNOWN

_TAGS = by_arn("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource", "TagList", resource="ResourceName")
_DESCRIPTION = "Managed by Pulumi"


def _change_subnet_group(target: Target) -> Iterator[Call]:
    yield Call(
        "ModifyCacheSubnetGroup",
        {
            "CacheSubnetGroupName": target.id,
            "CacheSubnetGroupDescription": target.inputs.get("description", _DESCRIPTION),
            "SubnetIds": target.inputs["subnetIds"],
        },
    )


_SUBNET_GROUP = row(
    "aws:elasticache/subnetGroup:SubnetGroup",
    "elasticache",
    {
        "name": new("CacheSubnetGroupName", Lower()),
        "description": Field("CacheSubnetGroupDescription", default=_DESCRIPTION),
        "subnetIds": Field("SubnetIds", List(), read="Subnets[].SubnetIdentifier"),
    },
    create="CreateCacheSubnetGroup",
    made="CacheSubnetGroup",
    also=lambda t: {} if "description" in t.inputs else {"CacheSubnetGroupDescription": _DESCRIPTION},
    identity=lambda found, _: found["CacheSubnetGroupName"],
    find=described("DescribeCacheSubnetGroups", lambda t: {"CacheSubnetGroupName": t.id}, "CacheSubnetGroups[0]"),
    writes=(Write(frozenset({"description", "subnetIds"}), _change_subnet_group, on_create=False),),
    delete=lambda t: [Call("DeleteCacheSubnetGroup", {"CacheSubnetGroupName": t.id})],
    outputs={"arn": "ARN", "vpcId": "VpcId"},
    missing=("CacheSubnetGroupNotFoundFault", "CacheSubnetGroupNotFound"),
    name="name",
    tags=_TAGS,
    support="repaired",
    note="can be changed and deleted",
)


def _set_parameters(target: Target) -> Iterator[Call]:
    wanted, old = target.inputs["parameters"], target.old.get("parameters") or []
    if wanted is UNKNOWN:
        return
    values = [
        {"ParameterName": parameter["name"], "ParameterValue": parameter["value"]}
        for parameter in wanted
        if parameter not in old
    ]
    if values:
        yield Call(
            "ModifyCacheParameterGroup",
            {"CacheParameterGroupName": target.id, "ParameterNameValues": values},
        )


_PARAMETER_GROUP = row(
    "aws:elasticache/parameterGroup:ParameterGroup",
    "elasticache",
    {
        "name": new("CacheParameterGroupName", Lower()),
        "family": new("CacheParameterGroupFamily"),
        "description": new("Description"),
        "parameters": Field(
            codec=List(Obj({"name": "ParameterName", "value": "ParameterValue"}), key="name"),
            read="ParameterNameValues",
        ),
    },
    create="CreateCacheParameterGroup",
    made="CacheParameterGroup",
    also=lambda t: {} if "description" in t.inputs else {"Description": _DESCRIPTION},
    identity=lambda found, _: found["CacheParameterGroupName"],
    find=described(
        "DescribeCacheParameterGroups",
        lambda t: {"CacheParameterGroupName": t.id},
        "CacheParameterGroups[0]",
    ),
    writes=(Write(frozenset({"parameters"}), _set_parameters),),
    delete=lambda t: [Call("DeleteCacheParameterGroup", {"CacheParameterGroupName": t.id})],
    outputs={"arn": "ARN"},
    missing=("CacheParameterGroupNotFound",),
    name="name",
    tags=_TAGS,
    support="record-only",
)

_AUTHENTICATION = Obj({"type": "Type", "passwords": ("Passwords", List())})


_USER = row(
    "aws:elasticache/user:User",
    "elasticache",
    {
        "userId": new("UserId"),
        "userName": new("UserName"),
        "engine": Field("Engine", Lower()),
        "accessString": Field("AccessString"),
        # Read back as a count and a type in other words; nobody changes it but the program.
        "authenticationMode": Field("AuthenticationMode", _AUTHENTICATION, read=None, secret=True),
        "noPasswordRequired": Field("NoPasswordRequired", read=None, default=False),
    },
    create="CreateUser",
    made="@",
    identity=lambda found, _: found["UserId"],
    find=described("DescribeUsers", lambda t: {"UserId": t.id}, "Users[0]"),
    update="ModifyUser",
    key=lambda t: {"UserId": t.id},
    delete=lambda t: [Call("DeleteUser", {"UserId": t.id})],
    outputs={"arn": "ARN"},
    missing=("UserNotFound",),
    tags=_TAGS,
    support="repaired",
    note="can be changed",
)


def _change_members(target: Target) -> Iterator[Call]:
    new_, old = target.inputs["userIds"], target.old.get("userIds") or []
    params = {
        "UserIdsToAdd": [user for user in new_ if user not in old],
        "UserIdsToRemove": [user for user in old if user not in new_],
    }
    given = {member: users for member, users in params.items() if users}
    if given:
        yield Call("ModifyUserGroup", {"UserGroupId": target.id, **given})


_USER_GROUP = row(
    "aws:elasticache/userGroup:UserGroup",
    "elasticache",
    {
        "userGroupId": new("UserGroupId"),
        "engine": new("Engine", Lower()),
        "userIds": Field("UserIds", List(), updates=False, default=[]),
    },
    create="CreateUserGroup",
    made="@",
    identity=lambda found, _: found["UserGroupId"],
    find=described("DescribeUserGroups", lambda t: {"UserGroupId": t.id}, "UserGroups[0]"),
    writes=(Write(frozenset({"userIds"}), _change_members, on_create=False),),
    delete=lambda t: [Call("DeleteUserGroup", {"UserGroupId": t.id})],
    outputs={"arn": "ARN"},
    missing=("UserGroupNotFound",),
    tags=_TAGS,
    support="record-only",
)


def _first_member(cloud: Cloud, target: Target, found: dict[str, Any]) -> dict[str, Any]:
    """Engine version, subnet group and security groups are told by the members only."""
    members = found.get("MemberClusters") or []
    if not members:
        return {}
    return {"Member": cloud("DescribeCacheClusters", CacheClusterId=members[0])["CacheClusters"][0]}


def _delete_group(target: Target) -> list[Call]:
    snapshot = target.known("finalSnapshotIdentifier")
    more = {"FinalSnapshotIdentifier": snapshot} if snapshot else {}
    return [Call("DeleteReplicationGroup", {"ReplicationGroupId": target.id, **more})]


def _change_user_groups(target: Target) -> Iterator[Call]:
    new_, old = target.inputs["userGroupIds"], target.old.get("userGroupIds") or []
    params = {
        "UserGroupIdsToAdd": [group for group in new_ if group not in old],
        "UserGroupIdsToRemove": [group for group in old if group not in new_],
    }
    given = {member: groups for member, groups in params.items() if groups}
    if given:
        yield Call("ModifyReplicationGroup", {"ReplicationGroupId": target.id, "ApplyImmediately": True, **given})


def _change_replicas(target: Target) -> Iterator[Call]:
    count, before = target.inputs["numCacheClusters"], target.old.get("numCacheClusters") or 1
    operation = "IncreaseReplicaCount" if count > before else "DecreaseReplicaCount"
    yield Call(
        operation,
        {"ReplicationGroupId": target.id, "NewReplicaCount": count - 1, "ApplyImmediately": True},
    )


_REPLICATION_GROUP = row(
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "elasticache",
    {
        "replicationGroupId": new("ReplicationGroupId"),
        "description": Field("ReplicationGroupDescription", read="Description"),
        "engine": Field("Engine", Lower(), read="Member.Engine", updates=False),
        "engineVersion": Field("EngineVersion", Version(), read="Member.EngineVersion"),
        "nodeType": Field("CacheNodeType"),
        "numCacheClusters": Field("NumCacheClusters", read="length(MemberClusters)", updates=False),
        "automaticFailoverEnabled": Field(
            "AutomaticFailoverEnabled",
            read="contains(['enabled', 'enabling'], AutomaticFailover)",
            default=False,
        ),
        "multiAzEnabled": Field("MultiAZEnabled", read="MultiAZ == 'enabled'", default=False),
        "atRestEncryptionEnabled": new("AtRestEncryptionEnabled"),
        "kmsKeyId": new("KmsKeyId"),
        "transitEncryptionEnabled": new("TransitEncryptionEnabled"),
        "transitEncryptionMode": Field("TransitEncryptionMode"),
        "userGroupIds": Field("UserGroupIds", List(), updates=False, default=[]),
        "subnetGroupName": new("CacheSubnetGroupName", Lower(), read="Member.CacheSubnetGroupName"),
        "securityGroupIds": Field("SecurityGroupIds", List(), read="Member.SecurityGroups[].SecurityGroupId"),
        "parameterGroupName": Field(
            "CacheParameterGroupName", Lower(), read="Member.CacheParameterGroup.CacheParameterGroupName"
        ),
        "snapshotRetentionLimit": Field("SnapshotRetentionLimit", default=0),
        "snapshotWindow": Field("SnapshotWindow"),
        "maintenanceWindow": Field("PreferredMaintenanceWindow", Lower(), read="Member.PreferredMaintenanceWindow"),
        "autoMinorVersionUpgrade": Field("AutoMinorVersionUpgrade", default=True),
        "port": new("Port", read="NodeGroups[0].PrimaryEndpoint.Port"),
        # How a change or a delete is done; ElastiCache keeps neither.
        "applyImmediately": Field(read=None, default=False),
        "finalSnapshotIdentifier": Field(read=None, default=None),
    },
    create="CreateReplicationGroup",
    made="ReplicationGroup",
    identity=lambda found, _: found["ReplicationGroupId"],
    find=described(
        "DescribeReplicationGroups",
        lambda t: {"ReplicationGroupId": t.id},
        "ReplicationGroups[0]",
        gone=lambda found: found["Status"] == "deleting",
        more=_first_member,
    ),
    update="ModifyReplicationGroup",
    key=lambda t: {
        "ReplicationGroupId": t.id,
        "ApplyImmediately": bool(t.inputs.get("applyImmediately")),
    },
    writes=(
        Write(frozenset({"userGroupIds"}), _change_user_groups, on_create=False),
        Write(frozenset({"numCacheClusters"}), _change_replicas, on_create=False),
    ),
    delete=_delete_group,
    outputs={
        "arn": "ARN",
        "primaryEndpointAddress": "NodeGroups[0].PrimaryEndpoint.Address",
        "readerEndpointAddress": "NodeGroups[0].ReaderEndpoint.Address",
        "configurationEndpointAddress": "ConfigurationEndpoint.Address",
        "memberClusters": "MemberClusters",
        "engineVersionActual": "Member.EngineVersion",
        "clusterEnabled": "ClusterEnabled",
    },
    missing=("ReplicationGroupNotFoundFault",),
    tags=_TAGS,
    support="repaired",
    note="as many members as asked for; members are described; the name is free after a delete",
)

ROWS: tuple[Row, ...] = (_SUBNET_GROUP, _PARAMETER_GROUP, _USER, _USER_GROUP, _REPLICATION_GROUP)
