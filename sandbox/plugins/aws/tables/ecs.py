"""Amazon ECS. Reference: Amazon ECS API, version 2014-11-13."""

from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.codecs import ArnOrName, JsonValue, List, Obj, choice
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, described, new, row
from sandbox.plugins.aws.tags import by_arn

_TAGS = by_arn(
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "tags",
    resource="resourceArn",
    tags="tags",
    keys="tagKeys",
    member="tags",
    names=("key", "value"),
)

_CLUSTER = row(
    "aws:ecs/cluster:Cluster",
    "ecs",
    {
        "name": new("clusterName"),
        "settings": Field("settings", List(Obj({"name": "name", "value": "value"}), key="name")),
        "configuration": Field(
            "configuration",
            Obj(
                {
                    "executeCommandConfiguration": (
                        "executeCommandConfiguration",
                        Obj({"kmsKeyId": "kmsKeyId", "logging": "logging"}),
                    )
                }
            ),
        ),
    },
    create="CreateCluster",
    made="cluster",
    identity=lambda found, _: found["clusterArn"],
    find=described(
        "DescribeClusters",
        lambda t: {"clusters": [t.id], "include": ["SETTINGS", "CONFIGURATIONS"]},
        "clusters[0]",
        gone=lambda found: found["status"] == "INACTIVE",
    ),
    update="UpdateCluster",
    key=lambda t: {"cluster": t.id},
    delete=lambda t: [Call("DeleteCluster", {"cluster": t.id})],
    outputs={"arn": "clusterArn"},
    missing=("ClusterNotFoundException",),
    name="name",
    tags=_TAGS,
    support="repaired",
    note="not deletable while services are active",
)

_TASK_DEFINITION = row(
    "aws:ecs/taskDefinition:TaskDefinition",
    "ecs",
    {
        "family": new("family"),
        "cpu": new("cpu"),
        "memory": new("memory"),
        "networkMode": new("networkMode"),
        "requiresCompatibilities": new("requiresCompatibilities", List()),
        "executionRoleArn": new("executionRoleArn"),
        "taskRoleArn": new("taskRoleArn"),
        "containerDefinitions": new("containerDefinitions", JsonValue()),
        "runtimePlatform": new(
            "runtimePlatform",
            Obj({"operatingSystemFamily": "operatingSystemFamily", "cpuArchitecture": "cpuArchitecture"}),
        ),
        "volumes": new("volumes", List(Obj({"name": "name"}), key="name")),
        # Says what a delete does; AWS knows nothing of it.
        "skipDestroy": Field(read=None, default=False),
    },
    create="RegisterTaskDefinition",
    made="taskDefinition",
    # As the official provider: the family; which revision is meant is in the ARN.
    identity=lambda found, _: found["family"],
    find=described(
        "DescribeTaskDefinition",
        lambda t: {"taskDefinition": t.known("arn") or t.id},
        "taskDefinition",
        gone=lambda found: found["status"] == "INACTIVE",
    ),
    delete=lambda t: (
        [] if t.known("skipDestroy") else [Call("DeregisterTaskDefinition", {"taskDefinition": t.known("arn")})]
    ),
    outputs={
        "arn": "taskDefinitionArn",
        "arnWithoutRevision": lambda found, _: found["taskDefinitionArn"].rsplit(":", 1)[0],
        "revision": "revision",
    },
    missing=("TaskDefinitionNotFoundException", "ClientException"),
    tags=_TAGS,
)


def _find_service(cloud: Cloud, target: Target) -> Any:
    cluster = target.known("cluster") or "default"
    services = cloud("DescribeServices", cluster=cluster, services=[target.id])["services"]
    if not services or services[0]["status"] in {"INACTIVE", "DRAINING"}:
        return None
    return services[0]


def _stop_and_delete(target: Target) -> Iterator[Call]:
    """As the official provider: down to no task first, then away, by force for what is left."""
    which = {"cluster": target.known("cluster") or "default", "service": target.id}
    harmless = ("ServiceNotActiveException", "ServiceNotFoundException")
    yield Call("UpdateService", {**which, "desiredCount": 0}, harmless)
    yield Call("DeleteService", {**which, "force": True}, harmless)


_AWSVPC = Obj(
    {
        "subnets": ("subnets", List()),
        "securityGroups": ("securityGroups", List()),
        "assignPublicIp": ("assignPublicIp", choice(ENABLED=True, DISABLED=False)),
    }
)
_TARGETS = Obj(
    {
        "targetGroupArn": "targetGroupArn",
        "containerName": "containerName",
        "containerPort": "containerPort",
    }
)

_SERVICE = row(
    "aws:ecs/service:Service",
    "ecs",
    {
        "name": new("serviceName"),
        "cluster": new("cluster", ArnOrName(), read="clusterArn"),
        "taskDefinition": Field("taskDefinition", ArnOrName()),
        "desiredCount": Field("desiredCount", default=0),
        "launchType": new("launchType"),
        "platformVersion": Field("platformVersion", default="LATEST"),
        "schedulingStrategy": new("schedulingStrategy"),
        "networkConfiguration": Field("networkConfiguration.awsvpcConfiguration", _AWSVPC),
        "loadBalancers": Field("loadBalancers", List(_TARGETS, key="targetGroupArn"), default=[]),
        "deploymentCircuitBreaker": Field(
            "deploymentConfiguration.deploymentCircuitBreaker",
            Obj({"enable": "enable", "rollback": "rollback"}),
            default={"enable": False, "rollback": False},
        ),
        "deploymentController": new("deploymentController", Obj({"type": "type"})),
        "deploymentMinimumHealthyPercent": Field("deploymentConfiguration.minimumHealthyPercent", default=100),
        "deploymentMaximumPercent": Field("deploymentConfiguration.maximumPercent", default=200),
        "healthCheckGracePeriodSeconds": Field("healthCheckGracePeriodSeconds", default=0),
        "enableExecuteCommand": Field("enableExecuteCommand", default=False),
        "enableEcsManagedTags": Field("enableECSManagedTags", default=False),
        "propagateTags": Field("propagateTags", default="NONE"),
        "availabilityZoneRebalancing": Field("availabilityZoneRebalancing", default="DISABLED"),
        "forceNewDeployment": Field(read=None, default=False),
        # Every deployment of the sandbox is steady at once.
        "waitForSteadyState": Field(read=None, default=False),
    },
    create="CreateService",
    made="service",
    identity=lambda found, _: found["serviceArn"],
    find=_find_service,
    update="UpdateService",
    key=lambda t: {"cluster": t.known("cluster") or "default", "service": t.id},
    # Within one nested parameter, what is not sent again is lost.
    always=frozenset(
        {
            "deploymentCircuitBreaker",
            "deploymentMinimumHealthyPercent",
            "deploymentMaximumPercent",
            "desiredCount",
            "taskDefinition",
        }
    ),
    delete=_stop_and_delete,
    outputs={"arn": "serviceArn"},
    missing=("ServiceNotFoundException", "ClusterNotFoundException", "ServiceNotActiveException"),
    name="name",
    tags=_TAGS,
    support="repaired",
    note="deployments complete at once with the new task definition; names are unique",
)

ROWS: tuple[Row, ...] = (_CLUSTER, _TASK_DEFINITION, _SERVICE)
