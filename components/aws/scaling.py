"""How the number of a service's tasks follows its load."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import appautoscaling

OUT_COOLDOWN = 60  # seconds
IN_COOLDOWN = 300  # seconds: giving capacity back is never urgent


def follow_cpu(
    name: str,
    *,
    physical_name: str,
    resource_id: pulumi.Input[str],
    least: int,
    most: int,
    target_percent: int,
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> None:
    """Keeps the average CPU of the ECS service `resource_id` (`service/<cluster>/<service>`) at `target_percent`.

    Creates the scalable target `<name>` with `least` to `most` tasks and its policy `<name>-cpu`, children of `parent`.
    """
    target = appautoscaling.Target(
        name,
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=resource_id,
        min_capacity=least,
        max_capacity=most,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    appautoscaling.Policy(
        f"{name}-cpu",
        name=f"{physical_name}-cpu",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
            "target_value": target_percent,
            "scale_out_cooldown": OUT_COOLDOWN,
            "scale_in_cooldown": IN_COOLDOWN,
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )
