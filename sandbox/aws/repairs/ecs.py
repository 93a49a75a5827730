"""Repairs of Amazon ECS. Reference: Amazon ECS API, version 2014-11-13."""

from typing import Any

from moto.core.utils import utcnow
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api._internal import mock_random

from sandbox.aws.health import BOOK, ServiceHealth
from sandbox.aws.refusals import Refusal
from sandbox.aws.repairs import Original, around

# What CreateService takes and moto drops, and the attribute moto's serialiser looks for.
_KEPT = {
    "deploymentConfiguration": "deployment_configuration",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "enableExecuteCommand": "enable_execute_command",
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
}


@around(EC2ContainerServiceResponse, "create_service")
def a_new_service_keeps_what_was_asked(original: Original, response: EC2ContainerServiceResponse) -> Any:
    """moto drops the deployment configuration (circuit breaker, bounds), the grace period and the flags;
    AWS keeps and returns them (CreateService, Service)."""
    answer = original()
    service = answer.result["service"]
    for member, attribute in _KEPT.items():
        given = response._get_param(member)
        if given is not None:
            setattr(service, attribute, given)
    return answer


@around(EC2ContainerServiceBackend, "create_service")
def a_new_service_starts_its_tasks(
    original: Original, backend: EC2ContainerServiceBackend, cluster: str, name: str, *rest: Any, **more: Any
) -> Any:
    """moto silently replaces a service of the same name and never starts a task; AWS refuses the second
    create (InvalidParameterException) and brings the service to its desired count."""
    key = f"{backend._get_cluster(cluster).name}:{name}"
    if key in backend.services and backend.services[key].status == "ACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    service = original(cluster, name, *rest, **more)
    _settle(backend, service)
    return service


@around(EC2ContainerServiceBackend, "update_service")
def a_changed_service_deploys(
    original: Original, backend: EC2ContainerServiceBackend, properties: dict[str, Any]
) -> Any:
    """moto changes the service but makes no deployment; AWS makes a new PRIMARY deployment for a new task
    definition (UpdateService) and names it by its full ARN."""
    asked = properties.get("task_definition")
    arn = backend.describe_task_definition(asked).arn if asked else None
    service = original(properties)
    if arn and service.deployments and service.deployments[0]["taskDefinition"] != arn:
        service.deployments = [_deployment_of(service.deployments[0], arn)]
    if arn:
        service.task_definition = arn
    _settle(backend, service)
    return service


@around(EC2ContainerServiceBackend, "describe_services")
def services_are_settled(original: Original, backend: EC2ContainerServiceBackend, *given: Any) -> Any:
    """moto leaves deployments IN_PROGRESS for ever; AWS completes them. A test may tell otherwise."""
    found, failures = original(*given)
    for service in found:
        if service.status == "ACTIVE":
            _settle(backend, service)
    return found, failures


@around(EC2ContainerServiceBackend, "delete_service")
def a_deleted_service_runs_nothing(original: Original, backend: EC2ContainerServiceBackend, *given: Any) -> Any:
    """moto keeps the running count of a deleted service; AWS stops its tasks (DeleteService)."""
    service = original(*given)
    service.desired_count = service.running_count = service.pending_count = 0
    service.deployments = []
    return service


@around(EC2ContainerServiceBackend, "delete_cluster")
def a_cluster_in_use_is_not_deleted(original: Original, backend: EC2ContainerServiceBackend, name: str) -> Any:
    """moto deletes a cluster with active services; AWS refuses (DeleteCluster,
    ClusterContainsServicesException)."""
    cluster = backend._get_cluster(name)
    if any(s.cluster_arn == cluster.arn and s.status == "ACTIVE" for s in backend.services.values()):
        raise Refusal("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    return original(name)


def _deployment_of(previous: dict[str, Any], task_definition: str) -> dict[str, Any]:
    now = utcnow()
    return {
        **previous,
        "id": f"ecs-svc/{mock_random.randint(0, 32**12)}",
        "taskDefinition": task_definition,
        "createdAt": now,
        "updatedAt": now,
    }


def _settle(backend: EC2ContainerServiceBackend, service: Service) -> None:
    """Bring tasks and rollout to where they would be by now, or to what was told by hand."""
    told = BOOK.service(service.arn, service.name) or ServiceHealth()
    running = service.desired_count if told.running is None else told.running
    service.running_count = running
    service.pending_count = max(service.desired_count - running, 0)
    for deployment in service.deployments[:1]:
        deployment |= {
            "desiredCount": service.desired_count,
            "runningCount": running,
            "pendingCount": service.pending_count,
            "rolloutState": told.rollout_state,
            "rolloutStateReason": f"ECS deployment {deployment['id']} {_REASONS[told.rollout_state]}.",
        }
    _recount(backend, service.cluster_name)


_REASONS = {"COMPLETED": "completed", "IN_PROGRESS": "in progress", "FAILED": "failed"}


def _recount(backend: EC2ContainerServiceBackend, cluster_name: str) -> None:
    """moto adds and subtracts what services run, which goes wrong once a repair sets it: count anew."""
    cluster = backend._get_cluster(cluster_name)
    active = [s for s in backend.services.values() if s.cluster_arn == cluster.arn and s.status == "ACTIVE"]
    cluster.running_tasks_count = sum(service.running_count for service in active)
    cluster.pending_tasks_count = sum(service.pending_count for service in active)
