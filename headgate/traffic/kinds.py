"""What the types of resources of both clouds are for in a rollout: the list that policies and `preview` judge by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from headgate.changes import ROLLOUT, Kinds, Role
from headgate.traffic.alarms import ALARMS, weakened

ROLE_TAG, TRAFFIC_ROLES = "headgate-role", ("traffic", "cohorts")

DATA = frozenset(
    {
        "aws:backup/vault:Vault",
        "aws:dynamodb/table:Table",
        "aws:ecr/repository:Repository",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:kms/key:Key",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
        "gcp:artifactregistry/repository:Repository",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:secretmanager/secret:Secret",
    }
)
"""Hold data, or the key to it: neither deleted nor replaced (R-19)."""

# What serves the data while versions change. Registries and buckets are not among it: a release writes to them.
TIER = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:elasticache/parameterGroup:ParameterGroup",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:elasticache/subnetGroup:SubnetGroup",
        "aws:elasticache/user:User",
        "aws:elasticache/userGroup:UserGroup",
        "aws:rds/cluster:Cluster",
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        "aws:rds/instance:Instance",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/proxy:Proxy",
        "aws:rds/subnetGroup:SubnetGroup",
        "gcp:alloydb/cluster:Cluster",
        "gcp:alloydb/instance:Instance",
        "gcp:redis/instance:Instance",
        "gcp:spanner/instance:Instance",
        "gcp:sql/databaseInstance:DatabaseInstance",
    }
)

_CARRIERS = frozenset(
    {"aws:lb/listener:Listener", "aws:lb/listenerRule:ListenerRule", "gcp:cloudrunv2/service:Service"}
)
_CAPACITY = frozenset({"aws:ecs/service:Service", "aws:appautoscaling/target:Target"})
# What an alarm travels through, what sees from outside, and what gives traffic back by itself.
_RETURN = frozenset(
    {
        "aws:cloudwatch/eventPermission:EventPermission",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "aws:lambda/function:Function",
        "aws:lambda/permission:Permission",
        "aws:scheduler/schedule:Schedule",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "gcp:cloudfunctionsv2/function:Function",
        "gcp:cloudscheduler/job:Job",
        "gcp:logging/metric:Metric",
        "gcp:monitoring/notificationChannel:NotificationChannel",
        "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
    }
)
_MUTE = frozenset({"aws:cloudwatch/alarmMuteRule:AlarmMuteRule", "gcp:monitoring/snooze:Snooze"})
_RECORD = frozenset({ROLLOUT, "pulumi:pulumi:Stack"})

_BY_ROLE: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.DATA: DATA,
        Role.TIER: TIER,
        Role.CARRIER: _CARRIERS,
        Role.CAPACITY: _CAPACITY,
        Role.ALARM: ALARMS,
        Role.RETURN: _RETURN | ALARMS,
        Role.MUTE: _MUTE,
        Role.RECORD: _RECORD,
    }
)


def _carries(inputs: Mapping[str, Any]) -> bool:
    """A resource says of itself, in a tag or a label, that it carries the traffic of a rollout."""
    for key in ("tags", "labels"):
        described = inputs.get(key)
        if isinstance(described, Mapping) and described.get(ROLE_TAG) in TRAFFIC_ROLES:
            return True
    return False


KINDS = Kinds(
    roles={
        token: frozenset(role for role, tokens in _BY_ROLE.items() if token in tokens)
        for token in frozenset().union(*_BY_ROLE.values())
    },
    shares=frozenset({"defaultActions", "actions", "conditions", "traffics"}),
    counts=frozenset({"desiredCount", "minCapacity"}),
    labels=frozenset({"tags", "tagsAll", "labels", "effectiveLabels", "pulumiLabels", "userLabels"}),
    watching=frozenset({"headgate:index:Guardian"}),
    carries=_carries,
    weakened=weakened,
)
