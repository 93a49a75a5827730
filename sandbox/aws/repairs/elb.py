"""Repairs of Elastic Load Balancing v2. Reference: Elastic Load Balancing API, version 2015-12-01."""

from typing import Any

from moto.ecs.models import ecs_backends
from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError, ValidationError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus

from sandbox.aws.health import BOOK, TargetHealth
from sandbox.aws.repairs import Original, around

# API reference, TargetGroupTuple: "Weight: The weight. The range is 0 to 999."
_WEIGHTS = range(1000)


@around(ELBv2Backend, "delete_load_balancer")
def deletion_protection_is_enforced(original: Original, backend: ELBv2Backend, arn: str) -> Any:
    """moto deletes a protected balancer; AWS refuses (DeleteLoadBalancer, OperationNotPermitted)."""
    balancer = backend.load_balancers.get(arn)
    if balancer is not None and str(balancer.attrs.get("deletion_protection.enabled")).lower() == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    return original(arn)


@around(ELBv2Backend, "create_listener")
def a_listener_is_checked_as_a_whole(original: Original, backend: ELBv2Backend, **given: Any) -> Any:
    """moto looks a port up among ARNs, so never finds a duplicate, and takes HTTPS without a certificate
    or with one that does not exist; AWS refuses all three (CreateListener: DuplicateListener,
    ValidationError, CertificateNotFound)."""
    balancer = backend.load_balancers.get(given["load_balancer_arn"])
    if balancer is not None:
        if any(str(listener.port) == str(given["port"]) for listener in balancer.listeners.values()):
            raise DuplicateListenerError
        if given["protocol"] == "HTTPS":
            _certificate_must_exist(backend, given["certificate"])
    _weights_must_be_in_range(given["actions"])
    return original(**given)


@around(ELBv2Backend, "modify_listener")
def a_changed_listener_is_checked(original: Original, backend: ELBv2Backend, arn: str, *given: Any) -> Any:
    """moto checks neither the target groups, nor the weights, nor the port of a changed listener; AWS does
    (ModifyListener: TargetGroupNotFound, ValidationError, DuplicateListener)."""
    port, *_, actions = given
    listener = backend.describe_listeners(None, [arn])[0]
    siblings = backend.load_balancers[listener.load_balancer_arn].listeners.values()
    if port is not None and any(s.arn != arn and str(s.port) == str(port) for s in siblings):
        raise DuplicateListenerError
    _weights_must_be_in_range(actions or [])
    from moto.elbv2.models import FakeAction

    backend._validate_actions([FakeAction(dict(action)) for action in actions or []])
    return original(arn, *given)


@around(ELBv2Backend, "create_rule")
def weights_of_a_rule_are_checked(original: Original, backend: ELBv2Backend, **given: Any) -> Any:
    """moto takes any weight; AWS takes 0 to 999 (TargetGroupTuple)."""
    _weights_must_be_in_range(given["actions"])
    return original(**given)


@around(ELBv2Backend, "modify_rule")
def weights_of_a_changed_rule_are_checked(
    original: Original, backend: ELBv2Backend, rule_arn: str, conditions: Any, actions: Any
) -> Any:
    """As for a new rule."""
    _weights_must_be_in_range(actions or [])
    return original(rule_arn, conditions, actions)


@around(ELBv2Backend, "describe_target_health")
def services_register_their_tasks(
    original: Original, backend: ELBv2Backend, target_group_arn: str, targets: Any
) -> Any:
    """moto's ECS registers no task with a target group; AWS registers one address per running task
    (Amazon ECS developer guide, service load balancing). Each is healthy unless told otherwise."""
    known = original(target_group_arn, targets)
    group = backend.target_groups[target_group_arn]
    told = BOOK.target(target_group_arn, group.name)
    if not known and not targets:
        known = [
            FakeHealthStatus(address, str(port), group.health_check_port, "healthy")
            for address, port in _tasks_behind(backend, target_group_arn)
        ]
    return known if told is None else [_as_told(status, told) for status in known]


def _tasks_behind(backend: ELBv2Backend, target_group_arn: str) -> list[tuple[str, int]]:
    """Address and port of every running task of the services that serve a target group."""
    found: list[tuple[str, int]] = []
    services = ecs_backends[backend.account_id][backend.region_name].services.values()
    for service in services:
        for balancer in service.load_balancers or []:
            if service.status == "ACTIVE" and balancer.get("targetGroupArn") == target_group_arn:
                start = len(found)
                found += [
                    (f"10.0.{start // 250}.{(start + n) % 250 + 4}", balancer["containerPort"])
                    for n in range(service.running_count)
                ]
    return found


def _as_told(status: FakeHealthStatus, told: TargetHealth) -> FakeHealthStatus:
    status.status, status.reason, status.description = told.state, told.reason, told.description
    return status


def _certificate_must_exist(backend: ELBv2Backend, certificate: str | None) -> None:
    if not certificate:
        raise ValidationError("A certificate must be specified for HTTPS listeners")
    if not backend._certificate_exists(certificate_arn=certificate):
        raise ELBClientError("CertificateNotFound", f"Certificate '{certificate}' not found")


def _weights_must_be_in_range(actions: list[dict[str, Any]]) -> None:
    for action in actions:
        for group in action.get("ForwardConfig", {}).get("TargetGroups", []):
            if int(group.get("Weight", 1)) not in _WEIGHTS:
                raise ValidationError(
                    f"Target group weight '{group['Weight']}' must be between {_WEIGHTS.start} and {_WEIGHTS.stop - 1}"
                )
