"""Rules on ECS services: where their tasks run, and how a deployment of them goes."""

from collections.abc import Iterable

from policies.facts import Resource, must_be, must_not_be_true
from policies.model import Rule, Settings, Severity, Where, number

SERVICE = "aws:ecs/service:Service"
TASK_SET = "aws:ecs/taskSet:TaskSet"

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


RULES = (
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
