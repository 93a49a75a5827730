"""The service: both slots always there, a step changes one slot's image and the tasks."""

import json
from typing import Any

import pulumi
import pytest

from components._common import Slot
from components.aws.blue_green_service import (
    BlueGreenService,
    BlueGreenServiceArgs,
    ContainerInsights,
    SlotArgs,
    log_path,
)
from tests.support.drive import drive
from tests.support.mocks import UNKNOWN, Recorded

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:greenflow/KEY-a1b2c3"


def slot_args(**more: Any) -> SlotArgs:
    args: Any = {
        "image": f"{REGISTRY}/greenflow-api@sha256:{'1' * 64}",
        "version": "2026.01.28",
        "tasks": 4,
        "max_tasks": 12,
        "target_group_arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1",
        **more,
    }
    slot: SlotArgs = args
    return slot


ARGS: BlueGreenServiceArgs = {
    "physical_name": "greenflow-production",
    "account_id": "123456789012",
    "region": "us-east-1",
    "subnet_ids": ["subnet-4", "subnet-5", "subnet-6"],
    "security_group_id": "sg-tasks",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "slots": {"blue": slot_args(), "green": slot_args(tasks=0)},
    "tags": {"service": "greenflow"},
}


def service(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: BlueGreenService("web", args), preview=preview)


def container(recorded: Recorded, slot: str) -> dict[str, Any]:
    (definition,) = json.loads(recorded.one("TaskDefinition", f"web-{slot}").inputs["containerDefinitions"])
    assert isinstance(definition, dict)
    return definition


def test_both_slots_are_complete_also_when_one_is_empty() -> None:
    recorded = service()
    for kind in ("TaskDefinition", "Service", "LogGroup", "Target"):
        assert [each.name for each in recorded.of_type(kind)] == ["web-blue", "web-green"], kind


def test_a_step_that_adds_tasks_changes_the_slots_service_and_scaling_only() -> None:
    before = service()
    after = service(slots={"blue": slot_args(), "green": slot_args(tasks=2)})
    assert before.changed(after) == {("Service", "web-green"), ("Target", "web-green")}


def test_a_new_image_touches_its_own_slot_only() -> None:
    candidate = slot_args(tasks=0, image=f"{REGISTRY}/greenflow-api@sha256:{'2' * 64}", version="2026.02.11")
    after = service(slots={"blue": slot_args(), "green": candidate})
    assert service().changed(after) == {("TaskDefinition", "web-green")}


def test_an_empty_slot_keeps_its_ceiling_and_may_stay_empty() -> None:
    recorded = service()
    assert recorded.one("Service", "web-green").inputs["desiredCount"] == 0
    target = recorded.one("Target", "web-green").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (0, 12)


def test_tasks_are_known_in_the_first_preview() -> None:
    recorded = service(preview=True)
    assert recorded.one("Service", "web-blue").inputs["desiredCount"] == 4
    assert recorded.one("Target", "web-blue").inputs["minCapacity"] == 4


def test_image_is_known_in_the_first_preview_when_all_settings_are() -> None:
    recorded = service(preview=True, secrets={"KEY": SECRET}, environment={"LOG_LEVEL": "info"})
    assert container(recorded, "blue")["image"].endswith("1" * 64)


def test_a_setting_not_known_yet_hides_the_definition_until_the_update() -> None:
    def build() -> None:
        upstream = pulumi.CustomResource("aws:rds/instance:Instance", "upstream", {"address": None})
        address: Any = upstream.id
        BlueGreenService("web", {**ARGS, "environment": {"DATABASE_HOST": address}})

    assert drive(build, preview=True).one("TaskDefinition", "web-blue").inputs["containerDefinitions"] is UNKNOWN
    assert "upstream-id" in drive(build).one("TaskDefinition", "web-blue").inputs["containerDefinitions"]


def test_an_image_by_tag_is_left_to_the_rule_that_answers_for_it() -> None:
    recorded = service(slots={"blue": slot_args(image=f"{REGISTRY}/greenflow-api:latest"), "green": slot_args()})
    assert container(recorded, "blue")["image"] == f"{REGISTRY}/greenflow-api:latest"


def test_version_slot_settings_and_secrets_reach_the_container() -> None:
    recorded = service(secrets={"KEY": SECRET}, environment={"LOG_LEVEL": "info"})
    green = container(recorded, "green")
    assert {"name": "HEADGATE_SLOT", "value": "green"} in green["environment"]
    assert {"name": "HEADGATE_VERSION", "value": "2026.01.28"} in green["environment"]
    assert {"name": "LOG_LEVEL", "value": "info"} in green["environment"]
    assert green["secrets"] == [{"name": "KEY", "valueFrom": SECRET}]


def test_service_is_private_and_behind_its_target_group() -> None:
    inputs = service().one("Service", "web-blue").inputs
    assert inputs["networkConfiguration"] == {
        "subnets": ["subnet-4", "subnet-5", "subnet-6"],
        "securityGroups": ["sg-tasks"],
        "assignPublicIp": False,
    }
    assert inputs["loadBalancers"] == [
        {"targetGroupArn": slot_args()["target_group_arn"], "containerName": "api", "containerPort": 8080}
    ]


def test_names_in_aws() -> None:
    recorded = service()
    assert recorded.one("Cluster").inputs["name"] == "greenflow-production"
    assert recorded.one("Service", "web-green").inputs["name"] == "greenflow-production-green"
    assert recorded.one("TaskDefinition", "web-green").inputs["family"] == "greenflow-production-green"
    target = recorded.one("Target", "web-green").inputs
    assert target["resourceId"] == "service/greenflow-production/greenflow-production-green"


def test_container_logs_where_the_log_group_is() -> None:
    recorded = service()
    for slot in ("blue", "green"):
        path = recorded.one("LogGroup", f"web-{slot}").inputs["name"]
        assert path == f"/headgate/greenflow-production/{slot}"
        assert container(recorded, slot)["logConfiguration"]["options"]["awslogs-group"] == path


def test_services_wait_for_what_their_tasks_need_and_for_what_the_caller_names() -> None:
    def build() -> None:
        listener = pulumi.CustomResource("aws:lb/listener:Listener", "traffic", {})
        permission: Any = {"actions": ["elasticache:Connect"], "resources": ["arn:user"]}
        BlueGreenService("web", {**ARGS, "task_permissions": [permission]}, services_depend_on=[listener])

    recorded = drive(build)
    for slot in ("blue", "green"):
        waits_for = {urn.split("$")[-1] for urn in recorded.one("Service", f"web-{slot}").dependencies}
        assert {
            "aws:lb/listener:Listener::traffic",
            "aws:iam/rolePolicy:RolePolicy::web-execution",
            "aws:iam/rolePolicy:RolePolicy::web-task",
            f"aws:cloudwatch/logGroup:LogGroup::web-{slot}",
        } <= {urn.removeprefix("urn:pulumi:stack::project::") for urn in waits_for}


def test_the_application_may_do_nothing_unless_asked() -> None:
    recorded = service()
    assert [each.name for each in recorded.of_type("RolePolicy")] == ["web-execution"]
    task, execution = (recorded.one("Role", f"web-{each}") for each in ("task", "execution"))
    definition = recorded.one("TaskDefinition", "web-blue").inputs
    assert definition["taskRoleArn"].endswith(task.name)
    assert definition["executionRoleArn"].endswith(execution.name)


def test_permissions_of_the_application() -> None:
    recorded = service(
        task_permissions=[
            {"actions": ["elasticache:Connect"], "resources": ["arn:group", "arn:user"]},
            {"actions": ["s3:GetObject"], "resources": ["arn:bucket/*"]},
        ]
    )
    statements = json.loads(recorded.one("RolePolicy", "web-task").inputs["policy"])["Statement"]
    assert [(each["Action"], each["Resource"]) for each in statements] == [
        (["elasticache:Connect"], ["arn:group", "arn:user"]),
        (["s3:GetObject"], ["arn:bucket/*"]),
    ]


def test_insights_can_be_turned_down() -> None:
    recorded = service(container_insights=ContainerInsights.DISABLED)
    assert recorded.one("Cluster").inputs["settings"] == [{"name": "containerInsights", "value": "disabled"}]


def test_outputs_name_each_slot() -> None:
    recorded = service()
    outputs = recorded.outputs_of("BlueGreenService")
    assert outputs["cluster_name"] == "greenflow-production"
    assert outputs["service_names"] == {
        "blue": "greenflow-production-blue",
        "green": "greenflow-production-green",
    }
    assert outputs["services"]["green"] == recorded.one("Service", "web-green").urn


def test_log_path() -> None:
    assert log_path("greenflow-staging", Slot.GREEN) == "/headgate/greenflow-staging/green"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Green"}, "physical_name: found 'Green'"),
        ({"cpu": 500}, r"cpu: found 500; expected one of \[256, 512"),
        ({"memory_mib": 512}, "memory_mib: found 512; expected with cpu 512 one of 1024, 2048, 3072, 4096"),
        ({"cpu_architecture": "sparc"}, "cpu_architecture: found 'sparc'; expected one of X86_64, ARM64"),
        ({"container_port": 70000}, "container_port: found 70000"),
        ({"stop_timeout_seconds": 121}, "stop_timeout_seconds: found 121; expected .* 2 to 120 seconds"),
        ({"cpu_target_percent": 100}, "cpu_target_percent: found 100"),
        ({"log_retention_days": 31}, "log_retention_days: found 31; expected a number of days CloudWatch Logs accepts"),
        ({"container_insights": "much"}, "container_insights: found 'much'"),
        ({"subnet_ids": ["subnet-4"]}, "subnet_ids: found 1"),
        ({"slots": {"blue": slot_args(tasks=13), "green": slot_args()}}, r"slots.blue.tasks: found 13; .* which is 12"),
        ({"slots": {"blue": slot_args(), "green": slot_args(tasks=-1)}}, "slots.green.tasks: found -1"),
        ({"slots": {"blue": slot_args(), "green": slot_args(tasks=0, max_tasks=0)}}, "slots.green.tasks: found 0"),
        ({"environment": {"HEADGATE_SLOT": "red"}}, "environment, secrets: found 'HEADGATE_SLOT'"),
        ({"secrets": {"PORT": SECRET}}, "environment, secrets: found 'PORT'"),
        ({"environment": {"KEY": "1"}, "secrets": {"KEY": SECRET}}, "found 'KEY'; expected a name in one of the two"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"BlueGreenService 'web': (.|\n)*{message}"):
        service(**more)
