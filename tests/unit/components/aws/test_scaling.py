"""Autoscaling of one service."""

import pulumi

from components.aws.scaling import follow_cpu
from tests.support.drive import drive


def test_tasks_follow_cpu_between_least_and_most() -> None:
    def build() -> None:
        parent = pulumi.ComponentResource("headgate:index:Parent", "parent")
        follow_cpu(
            "web-blue",
            physical_name="greenflow-production-blue",
            resource_id="service/greenflow-production/greenflow-production-blue",
            least=4,
            most=12,
            target_percent=60,
            tags={"slot": "blue"},
            parent=parent,
        )

    recorded = drive(build)
    target, policy = recorded.one("Target").inputs, recorded.one("Policy").inputs
    assert (target["minCapacity"], target["maxCapacity"], target["tags"]) == (4, 12, {"slot": "blue"})
    for key in ("serviceNamespace", "scalableDimension", "resourceId"):
        assert policy[key] == target[key]
    tracking = policy["targetTrackingScalingPolicyConfiguration"]
    assert tracking["targetValue"] == 60
    assert tracking["predefinedMetricSpecification"] == {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}
    assert tracking["scaleOutCooldown"] < tracking["scaleInCooldown"]
    assert recorded.one("Target").urn in recorded.one("Policy").dependencies
