"""Rules on ECS clusters and services: where tasks run, how many, and how a deployment of them goes."""

from collections.abc import Iterable

from policies.facts import Resource, must_be, must_not_be_true
from policies.model import Rule, Setting, Settings, Severity, Where, number

SERVICE = "aws:ecs/service:Service"
TASK_SET = "aws:ecs/taskSet:TaskSet"
CLUSTER = "aws:ecs/cluster:Cluster"
SCALABLE = "aws:appautoscaling/target:Target"

LATEST = "LATEST"
INSIGHTS = "containerInsights"

DEFAULT_MINIMUM_HEALTHY = 100  # per cent, of a replica service (Amazon ECS API, DeploymentConfiguration)


def _no_public_ip(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_not_be_true(resource.inputs.node("networkConfiguration"), "assignPublicIp")


def _deployment_guarded(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if (inputs.node("deploymentController").text("type") or "ECS") != "ECS":
        return
    breaker = inputs.node("deploymentCircuitBreaker")
    for key in ("enable", "rollback"):
        yield from must_be(breaker, key, True)
    healthy = inputs.number("deploymentMinimumHealthyPercent")
    percent = DEFAULT_MINIMUM_HEALTHY if healthy is None else healthy
    least = settings["minimumHealthyPercent"]
    if percent < least:
        yield f"deploymentMinimumHealthyPercent must be at least {least}, found {percent:g}."


def _current_platform(resource: Resource, settings: Settings) -> Iterable[str]:
    version = resource.inputs.text("platformVersion") or LATEST
    least = settings["minimumVersion"]
    if version != LATEST and _numbers(version) < _numbers(least):
        yield f"platformVersion must be {LATEST} or at least {least}, found an older one."


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _insights(resource: Resource, _: Settings) -> Iterable[str]:
    for setting in resource.inputs.items("settings"):
        if setting.text("name") == INSIGHTS:
            if setting.text("value") not in {"enabled", "enhanced"}:
                yield f"{setting.path}.value of {INSIGHTS} must be enabled or enhanced, found another value."
            return
    yield f"settings must hold {INSIGHTS}, found no such setting."


def _nobody_inside(resource: Resource, _: Settings) -> Iterable[str]:
    if resource.type == SERVICE:
        yield from must_not_be_true(resource.inputs, "enableExecuteCommand")
        return
    sessions = resource.inputs.node("configuration").node("executeCommandConfiguration")
    if sessions.value is None:
        return
    if not sessions.has("kmsKeyId"):
        yield f"{sessions.at('kmsKeyId')} must be set where commands may be run, found nothing."
    if sessions.text("logging") == "NONE":
        yield f"{sessions.at('logging')} must not be NONE, found NONE: nobody could tell what was done."


def _room(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if (inputs.text("serviceNamespace") or "ecs") != "ecs":
        return
    least, most = inputs.number("minCapacity") or 0, inputs.number("maxCapacity") or 0
    wanted = settings["minimumTasks"]
    if 0 < least < wanted:
        yield f"minCapacity must be 0 (an empty slot) or at least {wanted}, found {least:g}."
    if most < max(wanted, least * 2):
        yield f"maxCapacity must be at least twice minCapacity, and {wanted}; found {most:g} with {least:g}."


def _waits(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "waitForSteadyState", True)


RULES = (
    Rule(
        id="ecs-fargate-platform-latest",
        row="20",
        title="Tasks run on a current platform",
        description="Checks whether tasks run on the latest version of Fargate's platform, or a recent one.",
        types=frozenset({SERVICE}),
        reads=("platformVersion",),
        check=_current_platform,
        remedy="Leave platformVersion out.",
        severity=Severity.MEDIUM,
        source="FSBP ECS.10",
        settings={"minimumVersion": Setting("1.4.0", {"type": "string"}, "Oldest version of the platform.")},
    ),
    Rule(
        id="ecs-cluster-container-insights",
        row="21",
        title="Clusters are watched",
        description="Checks whether Container Insights watch a cluster.",
        types=frozenset({CLUSTER}),
        reads=("settings.name", "settings.value"),
        check=_insights,
        remedy="Add the setting containerInsights with the value enhanced.",
        severity=Severity.MEDIUM,
        source="FSBP ECS.12",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="ecs-exec-off-in-prod",
        row="22",
        title="Nobody goes into a running task",
        description="Checks whether no command can be run in tasks; elsewhere, sessions are encrypted and recorded.",
        types=frozenset({SERVICE, CLUSTER}),
        reads=(
            "enableExecuteCommand",
            "configuration.executeCommandConfiguration.kmsKeyId",
            "configuration.executeCommandConfiguration.logging",
        ),
        check=_nobody_inside,
        remedy="Leave enableExecuteCommand out; what is needed to find a fault belongs in logs and metrics.",
        severity=Severity.MEDIUM,
        source="CKV_AWS_223, CKV_AWS_224",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="ecs-min-capacity",
        row="32",
        title="Services have tasks to lose and room to grow",
        description="Checks whether autoscaling keeps enough tasks, or none in an empty slot, and may double them.",
        types=frozenset({SCALABLE}),
        reads=("serviceNamespace", "minCapacity", "maxCapacity"),
        check=_room,
        remedy="Raise headgate:capacity: minimum_tasks to 2, maximum_tasks to twice tasks.",
        severity=Severity.HIGH,
        source="project (Well-Architected, reliability)",
        where=Where.PRODUCTION,
        settings={"minimumTasks": number(2, "Least tasks of a slot that has any.", minimum=1)},
    ),
    Rule(
        id="ecs-service-waits",
        row="-",
        title="An update succeeds when its tasks run",
        description="Checks whether an update waits until the tasks of a service are steady.",
        types=frozenset({SERVICE}),
        reads=("waitForSteadyState",),
        check=_waits,
        remedy="Set waitForSteadyState to true; else traffic may follow before the tasks can take it.",
        severity=Severity.HIGH,
        source="project",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="ecs-service-no-public-ip",
        row="19",
        title="Tasks have no public addresses",
        description="Checks whether tasks run without public addresses.",
        types=frozenset({SERVICE, TASK_SET}),
        reads=("networkConfiguration.assignPublicIp",),
        check=_no_public_ip,
        remedy="Set networkConfiguration.assignPublicIp to false and run the tasks in private subnets.",
        severity=Severity.HIGH,
        source="FSBP ECS.2, ECS.16",
    ),
    Rule(
        id="ecs-deployment-guard",
        row="31",
        title="Failed deployments of a service are taken back",
        description="Checks whether ECS itself takes back a deployment whose tasks do not become healthy.",
        types=frozenset({SERVICE}),
        reads=(
            "deploymentController.type",
            "deploymentCircuitBreaker.enable",
            "deploymentCircuitBreaker.rollback",
            "deploymentMinimumHealthyPercent",
        ),
        check=_deployment_guarded,
        remedy="Enable deploymentCircuitBreaker with rollback, and keep all tasks healthy during a deployment.",
        severity=Severity.HIGH,
        source="project (Well-Architected, reliability)",
        where=Where.PRODUCTION,
        settings={"minimumHealthyPercent": number(100, "Least per cent of tasks that stay healthy.")},
    ),
)
