"""The container definition: text that changes only when the container does."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.containers import FARGATE_MEMORY, RESERVED, Container, definitions

CONTAINER = Container(
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/api@sha256:" + "1" * 64,
    version="2026.01.28",
    slot="blue",
    port=8080,
    health_path="/api/v2/health",
    log_group="/headgate/greenflow-production/blue",
    region="us-east-1",
    stop_timeout=60,
    environment={"LOG_LEVEL": "info", "A": "1"},
    secrets={"TOKEN": "arn:token", "KEY": "arn:key"},
)
names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=8).filter(lambda name: name not in RESERVED)
mappings = st.dictionaries(names, st.text(max_size=20), max_size=5)


def only(container: Container = CONTAINER) -> dict[str, Any]:
    (definition,) = json.loads(definitions(container))
    assert isinstance(definition, dict)
    return definition


def test_hardening() -> None:
    definition = only()
    assert definition["privileged"] is False
    assert definition["readonlyRootFilesystem"] is True
    assert definition["user"] == "10001"
    assert definition["linuxParameters"] == {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}}
    assert definition["mountPoints"] == [{"sourceVolume": "scratch", "containerPath": "/tmp", "readOnly": False}]


def test_secrets_are_references_never_values() -> None:
    definition = only()
    assert definition["secrets"] == [
        {"name": "KEY", "valueFrom": "arn:key"},
        {"name": "TOKEN", "valueFrom": "arn:token"},
    ]
    assert {each["name"] for each in definition["environment"]}.isdisjoint({"KEY", "TOKEN"})


def test_version_and_slot_reach_the_application() -> None:
    environment = {each["name"]: each["value"] for each in only()["environment"]}
    assert environment == {
        "A": "1",
        "HEADGATE_SLOT": "blue",
        "HEADGATE_VERSION": "2026.01.28",
        "LOG_LEVEL": "info",
        "PORT": "8080",
    }


def test_environment_cannot_override_what_says_who_answers() -> None:
    forged = replace(CONTAINER, environment=dict.fromkeys(RESERVED, "forged"))
    assert "forged" not in definitions(forged)


def test_health_check_calls_the_application_by_default() -> None:
    check = only()["healthCheck"]
    assert check["command"][0] == "CMD-SHELL"
    assert "http://127.0.0.1:8080/api/v2/health" in check["command"][1]
    assert check["timeout"] < check["interval"]


def test_health_check_can_be_the_images_own() -> None:
    own = replace(CONTAINER, health_command=["CMD", "/healthy"])
    assert only(own)["healthCheck"]["command"] == ["CMD", "/healthy"]


def test_logs_go_to_the_slots_group_without_blocking() -> None:
    logging = only()["logConfiguration"]
    assert logging["logDriver"] == "awslogs"
    assert logging["options"]["awslogs-group"] == "/headgate/greenflow-production/blue"
    assert logging["options"]["awslogs-region"] == "us-east-1"
    assert logging["options"]["mode"] == "non-blocking"


@given(mappings, mappings)
def test_order_of_settings_does_not_make_a_new_task_definition(
    environment: dict[str, str], secrets: dict[str, str]
) -> None:
    one = replace(CONTAINER, environment=environment, secrets=secrets)
    other = replace(
        CONTAINER,
        environment=dict(reversed(environment.items())),
        secrets=dict(reversed(secrets.items())),
    )
    assert definitions(one) == definitions(other)


@given(st.text(), st.text())
def test_any_image_and_version_come_out_as_they_went_in(image: str, version: str) -> None:
    definition = only(replace(CONTAINER, image=image, version=version))
    assert definition["image"] == image
    assert {"name": "HEADGATE_VERSION", "value": version} in definition["environment"]


@pytest.mark.parametrize(
    ("cpu", "least", "most", "sizes"),
    [
        (256, 512, 2048, 3),
        (512, 1024, 4096, 4),
        (1024, 2048, 8192, 7),
        (2048, 4096, 16384, 13),
        (4096, 8192, 30720, 23),
        (8192, 16384, 61440, 12),
        (16384, 32768, 122880, 12),
    ],
)
def test_sizes_of_fargate(cpu: int, least: int, most: int, sizes: int) -> None:
    offered = FARGATE_MEMORY[cpu]
    assert (min(offered), max(offered), len(offered)) == (least, most, sizes)
