"""Repairs of Application Auto Scaling. Reference: Application Auto Scaling API, version 2016-02-06."""

import json
from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeScalableTarget
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from sandbox.aws.refusals import Refusal
from sandbox.aws.repairs import Original, around


@around(ApplicationAutoScalingResponse, "register_scalable_target")
def a_new_target_keeps_its_tags(original: Original, response: ApplicationAutoScalingResponse) -> Any:
    """moto drops the tags; AWS keeps those of the first registration (RegisterScalableTarget)."""
    answer = original()
    target = _target(response, json.loads(answer)["ScalableTargetARN"])
    if not hasattr(target, "tags"):
        setattr(target, "tags", dict(response._get_param("Tags") or {}))  # noqa: B010 - not an attribute of moto's
    return answer


@around(ApplicationAutoScalingResponse, "tag_resource")
def a_target_can_be_tagged(_: Original, response: ApplicationAutoScalingResponse) -> Any:
    """moto has no TagResource."""
    _tags(response).update(response._get_param("Tags"))
    return "{}"


@around(ApplicationAutoScalingResponse, "untag_resource")
def a_tag_can_be_taken_away(_: Original, response: ApplicationAutoScalingResponse) -> Any:
    """moto has no UntagResource."""
    tags = _tags(response)
    for key in response._get_param("TagKeys"):
        tags.pop(key, None)
    return "{}"


@around(ApplicationAutoScalingResponse, "list_tags_for_resource")
def tags_can_be_listed(_: Original, response: ApplicationAutoScalingResponse) -> Any:
    """moto has no ListTagsForResource."""
    return json.dumps({"Tags": _tags(response)})


@around(ApplicationAutoscalingBackend, "deregister_scalable_target")
def a_missing_target_is_named(
    original: Original, backend: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str
) -> Any:
    """moto calls it a ValidationException; AWS an ObjectNotFoundException (DeregisterScalableTarget)."""
    if r_id not in backend.targets.get(dimension, {}):
        raise Refusal("ObjectNotFoundException", f"No scalable target found for {namespace}, {r_id}, {dimension}")
    return original(namespace, r_id, dimension)


@around(ApplicationAutoscalingBackend, "delete_scaling_policy")
def a_missing_policy_is_named(
    original: Original, backend: ApplicationAutoscalingBackend, policy_name: str, *given: Any, **more: Any
) -> Any:
    """As for a missing target (DeleteScalingPolicy)."""
    if not any(policy.policy_name == policy_name for policy in backend.policies.values()):
        raise Refusal("ObjectNotFoundException", f"No scaling policy found with the name {policy_name}")
    return original(policy_name, *given, **more)


def _tags(response: ApplicationAutoScalingResponse) -> dict[str, str]:
    tags: dict[str, str] = getattr(_target(response, response._get_param("ResourceARN")), "tags", {})
    return tags


def _target(response: ApplicationAutoScalingResponse, arn: str) -> FakeScalableTarget:
    backend: ApplicationAutoscalingBackend = response.applicationautoscaling_backend
    for targets in backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                return target
    raise Refusal("ResourceNotFoundException", f"No scalable target with the ARN {arn}")
