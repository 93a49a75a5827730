"""Writes that do not arrive, and updates that are killed: what is recorded is what the balancer does."""

import os
import signal
import subprocess
import time

import pytest

from tests.engine.conftest import STAGING, Cloud, MakeProject
from tests.support.engine import Project

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def bootstrapped(make_project: MakeProject) -> Project:
    project = make_project(STAGING)
    project.up("--skip-preview")
    return project


@pytest.fixture
def project(bootstrapped: Project, cloud: Cloud) -> Project:
    """At the first step of a rollout of its own, its bake over."""
    cloud.clear()
    bootstrapped.another_rollout("green-up")
    return bootstrapped


def test_a_write_that_the_balancer_ignores_fails_the_update_and_the_next_repairs_it(
    project: Project, cloud: Cloud
) -> None:
    cloud.plant(service="elbv2", operation="ModifyListener", mode="ignore")
    project.step("green-10")
    failed = project.up("--skip-preview", check=False)
    assert failed.code != 0, str(failed)
    assert "asked blue 90, green 10, observed blue 100, green 0" in failed.output, str(failed)
    assert "Traceback" not in failed.output, str(failed)
    assert project.recorded_step() == "green-up"

    repaired = project.up("--skip-preview")
    assert repaired.code == 0
    assert project.recorded_step() == "green-10"
    assert cloud.weights(STAGING) == {"blue": 90, "green": 10}


def test_a_write_that_the_balancer_refuses_fails_the_update_and_the_next_repairs_it(
    project: Project, cloud: Cloud
) -> None:
    cloud.plant(service="elbv2", operation="ModifyListener", mode="refuse")
    project.step("green-10")
    failed = project.up("--skip-preview", check=False)
    assert failed.code != 0
    assert "OperationNotPermitted" in failed.output, str(failed)
    assert project.recorded_step() == "green-up"
    project.up("--skip-preview")
    assert project.recorded_step() == "green-10"
    assert cloud.weights(STAGING) == {"blue": 90, "green": 10}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_update_killed_at_the_listener_converges_on_the_next(project: Project, cloud: Cloud, moment: str) -> None:
    since = cloud.last_call()
    cloud.plant(service="elbv2", operation="ModifyListener", mode="delay", seconds=5, moment=moment)
    project.step("green-10")
    killed = subprocess.Popen(
        ["pulumi", "up", "--yes", "--non-interactive", "--skip-preview"],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    cloud.await_call("elbv2", "ModifyListener", since)
    if moment == "after":
        deadline = time.monotonic() + 60
        while cloud.weights(STAGING) != {"blue": 90, "green": 10}:
            assert time.monotonic() < deadline, "the change was not applied"
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    cloud.clear()

    again = project.up("--skip-preview", check=False)
    if again.code != 0 and "currently locked" in again.output:
        project.pulumi("cancel", "--yes", check=True)
        again = project.up("--skip-preview", check=False)
    assert again.code == 0, str(again)
    assert project.recorded_step() == "green-10"
    assert cloud.weights(STAGING) == {"blue": 90, "green": 10}
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)


def test_a_rollback_passes_while_the_cloud_refuses_to_be_read_before_it(project: Project, cloud: Cloud) -> None:
    project.step("green-10")
    project.up("--skip-preview")
    cloud.plant(service="ecs", operation="DescribeServices", mode="refuse", times=None)
    project.step("idle")
    back = project.up("--skip-preview", check=False)
    cloud.clear()
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}, str(back)
