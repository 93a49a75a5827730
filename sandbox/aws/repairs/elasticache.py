"""Repairs of Amazon ElastiCache. Reference: Amazon ElastiCache API, version 2015-02-02."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.exceptions import CacheSubnetGroupNotFound, ReplicationGroupNotFound, UserNotFound
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from sandbox.aws.refusals import Refusal
from sandbox.aws.repairs import Original, around

# What ModifyReplicationGroup takes and moto ignores: the parameter, and moto's attribute.
_MODIFIABLE = {
    "EngineVersion": "engine_version",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "SecurityGroupIds": "security_group_ids",
    "SnapshotWindow": "snapshot_window",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "TransitEncryptionMode": "transit_encryption_mode",
}


@around(ReplicationGroup, "_set_node_members_clusters_disabled")
def every_asked_node_is_a_member(original: Original, _: ReplicationGroup, **given: Any) -> Any:
    """moto overwrites NumCacheClusters with 1; AWS makes that many members
    (CreateReplicationGroup: one primary, the others replicas)."""
    replicas = given["replicas_per_node_group"] or given["num_cache_clusters"] - 1
    return original(**{**given, "replicas_per_node_group": replicas})


@around(ElastiCacheResponse, "modify_replication_group")
def a_changed_group_takes_every_change(original: Original, response: ElastiCacheResponse) -> Any:
    """moto takes six of the parameters and drops the others without a word; AWS takes them all
    (ModifyReplicationGroup)."""
    answer = original()
    group: ReplicationGroup = answer.result["ReplicationGroup"]
    for parameter, attribute in _MODIFIABLE.items():
        given = response._get_param(parameter)
        if given is not None:
            setattr(group, attribute, given)
    upgrade = response._get_bool_param("AutoMinorVersionUpgrade")
    if upgrade is not None:
        group.auto_minor_version_upgrade = upgrade
    joining = response._get_param("UserGroupIdsToAdd") or []
    leaving = response._get_param("UserGroupIdsToRemove") or []
    group.user_group_ids = [g for g in group.user_group_ids if g not in leaving] + list(joining)
    return answer


@around(ElastiCacheBackend, "delete_replication_group")
def a_deleted_group_is_gone(original: Original, backend: ElastiCacheBackend, **given: Any) -> Any:
    """moto keeps a deleted group for ever as "deleting", so its name cannot be used again; AWS removes it
    in the end (DeleteReplicationGroup)."""
    group = original(**given)
    backend.replication_groups.pop(given["replication_group_id"], None)
    return group


@around(ElastiCacheResponse, "describe_cache_clusters")
def members_are_clusters(original: Original, response: ElastiCacheResponse) -> Any:
    """moto's replication groups have member names but no clusters; AWS describes each member
    (DescribeCacheClusters), which is the only place for engine version, subnet group and security groups."""
    asked = response._get_param("CacheClusterId")
    backend = response.elasticache_backend
    members = {
        name: _cluster_of(group, name)
        for group in backend.replication_groups.values()
        for name in group.member_clusters
    }
    if asked in members:
        return ActionResult({"CacheClusters": [members[asked]]})
    answer = original()
    if not asked:
        answer.result["CacheClusters"] = [*answer.result["CacheClusters"], *members.values()]
    return answer


@around(ElastiCacheBackend, "list_tags_for_resource")
def every_kind_has_tags(original: Original, backend: ElastiCacheBackend, arn: str) -> Any:
    """moto refuses the ARNs of the kinds it does not have; AWS lists the tags of parameter groups and user
    groups too (ListTagsForResource)."""
    if any(f":{kind}:" in arn for kind in ("parametergroup", "usergroup")):
        return backend.tagging_service.list_tags_for_resource(arn)
    return original(arn)


@around(ElastiCacheResponse, "modify_cache_subnet_group")
def a_subnet_group_can_change(_: Original, response: ElastiCacheResponse) -> Any:
    """moto has no ModifyCacheSubnetGroup."""
    backend = response.elasticache_backend
    name = response._get_param("CacheSubnetGroupName")
    group = _subnet_group(backend, name)
    description = response._get_param("CacheSubnetGroupDescription") or group.cache_subnet_group_description
    subnets = response._get_param("SubnetIds") or group.subnet_ids
    tags = backend.tagging_service.list_tags_for_resource(group.arn)["Tags"]
    del backend.cache_subnet_groups[name]
    changed = backend.create_cache_subnet_group(name, description, subnets, tags)
    return ActionResult({"CacheSubnetGroup": changed})


@around(ElastiCacheResponse, "delete_cache_subnet_group")
def a_subnet_group_can_go(_: Original, response: ElastiCacheResponse) -> Any:
    """moto has no DeleteCacheSubnetGroup. AWS refuses while a cache uses it (CacheSubnetGroupInUse)."""
    backend = response.elasticache_backend
    name = response._get_param("CacheSubnetGroupName")
    group = _subnet_group(backend, name)
    users = [r.replication_group_id for r in backend.replication_groups.values() if r.cache_subnet_group_name == name]
    if users:
        raise Refusal("CacheSubnetGroupInUse", f"Cache subnet group {name} is in use by {', '.join(users)}.")
    del backend.cache_subnet_groups[group.cache_subnet_group_name]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    return EmptyResult()


@around(ElastiCacheResponse, "modify_user")
def a_user_can_change(_: Original, response: ElastiCacheResponse) -> Any:
    """moto has no ModifyUser."""
    backend = response.elasticache_backend
    name = response._get_param("UserId")
    if name not in backend.users:
        raise UserNotFound(name)
    user = backend.users[name]
    access = response._get_param("AccessString")
    if access is not None:
        user.access_string = access
    passwords = response._get_param("Passwords") or (response._get_param("AuthenticationMode") or {}).get("Passwords")
    if passwords:
        user.passwords = list(passwords)
    return ActionResult(user)


@around(ElastiCacheBackend, "delete_user")
def a_deleted_user_is_gone(original: Original, backend: ElastiCacheBackend, user_id: str) -> Any:
    """moto keeps a deleted user as "deleting" until it is next listed; AWS removes it (DeleteUser)."""
    user = original(user_id)
    backend.users.pop(user_id, None)
    return user


@around(ElastiCacheResponse, "increase_replica_count")
def replicas_can_be_added(_: Original, response: ElastiCacheResponse) -> Any:
    """moto has no IncreaseReplicaCount."""
    return _with_replicas(response)


@around(ElastiCacheResponse, "decrease_replica_count")
def replicas_can_be_removed(_: Original, response: ElastiCacheResponse) -> Any:
    """moto has no DecreaseReplicaCount."""
    return _with_replicas(response)


def _with_replicas(response: ElastiCacheResponse) -> Any:
    name = response._get_param("ReplicationGroupId")
    if name not in response.elasticache_backend.replication_groups:
        raise ReplicationGroupNotFound(name)
    group = response.elasticache_backend.replication_groups[name]
    count = response._get_int_param("NewReplicaCount") or 0
    group.member_clusters = [f"{name}-{number:0>3}" for number in range(1, count + 2)]
    return ActionResult({"ReplicationGroup": group})


def _subnet_group(backend: ElastiCacheBackend, name: str) -> Any:
    if name not in backend.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(name)
    return backend.cache_subnet_groups[name]


def _cluster_of(group: ReplicationGroup, name: str) -> dict[str, Any]:
    """The shape CacheCluster of one member."""
    return {
        "CacheClusterId": name,
        "CacheClusterStatus": group.status,
        "ReplicationGroupId": group.replication_group_id,
        "CacheNodeType": group.cache_node_type,
        "NumCacheNodes": 1,
        "Engine": group.engine,
        "EngineVersion": group.engine_version,
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "CacheParameterGroup": {
            "CacheParameterGroupName": group.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
        },
        "SecurityGroups": [
            {"SecurityGroupId": identity, "Status": "active"} for identity in group.security_group_ids or []
        ],
        "PreferredMaintenanceWindow": group.preferred_maintenance_window,
        "AutoMinorVersionUpgrade": group.auto_minor_version_upgrade,
        "SnapshotRetentionLimit": group.snapshot_retention_limit,
        "SnapshotWindow": group.snapshot_window,
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
    }
