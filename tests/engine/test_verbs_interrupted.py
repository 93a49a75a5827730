"""Ctrl-C in the middle of an update by `headgate advance`: it says what is left, and the same verb goes on."""

import json
import signal
import subprocess

import pytest
import yaml

from tests.engine.conftest import STAGING, Cloud, MakeProject
from tests.support.engine import TIMEOUT, Project
from tests.support.headgate_cli import headgate

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    """At green-up, its bake over."""
    made = make_project(STAGING)
    made.up("--skip-preview")
    made.advance("green-up", 60)
    made.ahead += 120
    return made


def asked(project: Project) -> str:
    """The step that the stack file asks for."""
    text = (project.folder / "stacks" / f"Pulumi.{STAGING}.yaml").read_text()
    return str(yaml.safe_load(text)["config"]["headgate:step"])


def advance_and_interrupt(
    project: Project, cloud: Cloud, service: str, operation: str
) -> tuple[int, dict[str, object]]:
    """Ctrl-C as soon as that call has begun."""
    since = cloud.last_call()
    with (project.folder / "stderr").open("w") as stderr:
        running = subprocess.Popen(
            ["headgate", "advance", "--yes", "--json", "--stack", STAGING],
            cwd=project.folder,
            env=project.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        with running:
            cloud.await_call(service, operation, since)
            running.send_signal(signal.SIGINT)
            out, _ = running.communicate(timeout=TIMEOUT)
    return running.returncode, json.loads(out)


def test_ctrl_c_while_the_split_is_written(project: Project, cloud: Cloud) -> None:
    cloud.plant(service="elbv2", operation="ModifyListener", mode="delay", seconds=5, moment="before")
    code, said = advance_and_interrupt(project, cloud, "elbv2", "ModifyListener")
    weights = cloud.weights(STAGING)
    assert "pulumi is told to end what it is doing" in (project.folder / "stderr").read_text()
    assert said["observed"] == weights, said
    if code == 0:  # the listener was the last that counted, and the update ended well
        assert asked(project) == project.recorded_step() == "green-10"
        return
    assert (code, said["ended"]) == (1, "interrupted"), said
    assert said["configuration"] == "changed"
    assert asked(project) == "green-10"
    assert said["next"] == "headgate advance"

    project.ahead += 180
    again = headgate(project, "advance", "--to", "green-10", "--yes")
    assert again.code == 0, str(again)
    assert asked(project) == project.recorded_step() == "green-10"
    assert cloud.weights(STAGING) == {"blue": 90, "green": 10}
