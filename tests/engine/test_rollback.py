"""`headgate rollback` with the real engine, from every place: users, record, file and balancer agree afterwards."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from headgate import return_path
from headgate.engine import PulumiCli
from tests.engine.conftest import PRODUCTION, STAGING, Cloud, MakeProject
from tests.support.engine import Project
from tests.support.headgate_cli import Said, headgate

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

STEPS = ("green-up", "green-10", "green-50", "green-100")
BAKE = 120


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    made = make_project(STAGING)
    made.up("--skip-preview")
    return made


def file(project: Project) -> Path:
    return project.folder / "stacks" / f"Pulumi.{project.stack}.yaml"


def at(project: Project, cloud: Cloud, place: str) -> None:
    """A rollout that was never before, at that step with its bake over, or promoted."""
    cloud.clear()
    last = STEPS[-1] if place == "promoted" else place
    names = STEPS[: STEPS.index(last) + 1]
    project.another_rollout(names[0])
    for name in names[1:]:
        project.ahead += BAKE
        project.step(name)
        project.up("--skip-preview")
    project.ahead += BAKE
    if place == "promoted":
        project.ahead += 3600
        promoted = headgate(project, "promote", "--yes")
        assert promoted.code == 0, str(promoted)
        assert cloud.weights(STAGING) == {"blue": 0, "green": 100}


def whole(project: Project, cloud: Cloud, said: Said) -> None:
    assert said.code == 4, str(said)
    assert cloud.weights(project.stack) == {"blue": 100, "green": 0}
    recorded = project.outputs()["rollout"]["proposed"]
    assert (recorded["phase"], recorded["step"], recorded["live"]["slot"]) == ("rolled-back", "idle", "blue")
    config = yaml.safe_load(file(project).read_text())["config"]
    (ran,) = PulumiCli(project.folder, project.environment()).history(project.stack, 1)
    assert return_path.differing(config, ran.config) == ()
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)


def rollback(project: Project, *options: str) -> Said:
    return headgate(project, "rollback", "--yes", *options)


@pytest.mark.parametrize("place", [*STEPS, "promoted"])
def test_from_every_place(project: Project, cloud: Cloud, place: str) -> None:
    at(project, cloud, place)
    said = rollback(project, "--json", "--reason", "error rate")
    whole(project, cloud, said)
    assert said.json["traffic"]["done"], str(said)
    assert said.json["traffic"]["writes"] == (0 if place == "green-up" else 1)
    assert said.json["from_update"], str(said)
    assert "headgate:release" in file(project).read_text()


def test_once_more_after_traffic_only_with_the_state_gone(project: Project, cloud: Cloud) -> None:
    at(project, cloud, "green-10")
    text = file(project).read_text()
    backend = Path(project.environ["PULUMI_BACKEND_URL"].removeprefix("file://"))
    away = backend.rename(backend.with_name("away"))
    try:
        gone = rollback(project, "--traffic-only", "--json")
        more = rollback(project, "--json")
    finally:
        if backend.exists():
            backend.rename(backend.with_name("made-meanwhile"))
        away.rename(backend)
    assert gone.code == 4, str(gone)
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}
    assert file(project).read_text() == text.replace("headgate:step: green-10", "headgate:step: idle")
    assert more.code == 1, str(more)
    assert more.json["traffic"]["done"], str(more)

    # A plain `pulumi up` sends nobody away again.
    project.up("--skip-preview")
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}
    assert project.recorded_step() == "idle"
    whole(project, cloud, rollback(project))


def test_promoted_and_the_state_gone(project: Project, cloud: Cloud) -> None:
    at(project, cloud, "promoted")
    backend = Path(project.environ["PULUMI_BACKEND_URL"].removeprefix("file://"))
    away = backend.rename(backend.with_name("away"))
    try:
        gone = rollback(project, "--traffic-only", "--json")
    finally:
        if backend.exists():
            backend.rename(backend.with_name("made-meanwhile-too"))
        away.rename(backend)
    assert gone.code == 4, str(gone)
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}
    whole(project, cloud, rollback(project))


def test_after_an_update_that_failed(project: Project, cloud: Cloud) -> None:
    at(project, cloud, "green-10")
    cloud.plant(service="elbv2", operation="ModifyListener", mode="refuse", status=403, message="planted")
    project.step("green-50")
    failed = project.up("--skip-preview", check=False)
    assert failed.code != 0, str(failed)
    cloud.clear()
    whole(project, cloud, rollback(project))


def test_after_a_killed_update_and_its_lock(project: Project, cloud: Cloud) -> None:
    at(project, cloud, "green-10")
    cloud.plant(service="elbv2", operation="ModifyListener", mode="delay", seconds=8, moment="after")
    project.step("green-50")
    since = cloud.last_call()
    with subprocess.Popen(
        ["pulumi", "up", "--yes", "--non-interactive", "--skip-preview"],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as killed:
        cloud.await_call("elbv2", "ModifyListener", since)
        os.killpg(killed.pid, signal.SIGKILL)
    cloud.clear()
    held = rollback(project, "--json")
    assert held.code == 1, str(held)
    assert held.json["next"] == f"headgate rollback --stack {STAGING} --cancel"
    assert held.json["traffic"]["done"], str(held)
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}
    whole(project, cloud, rollback(project, "--cancel"))


def test_after_somebody_changed_the_balancer(project: Project, cloud: Cloud) -> None:
    at(project, cloud, "green-10")
    cloud.move_by_hand(STAGING, 20, 80)
    whole(project, cloud, rollback(project))


def test_with_cohorts(make_project: MakeProject, cloud: Cloud) -> None:
    """The give-back changes one rule and the listener; the update that follows writes both as declared."""
    project = make_project(PRODUCTION)
    project.up("--skip-preview")
    project.advance("green-up", 60)
    project.advance("green-10", 300)
    said = rollback(project, "--json")
    whole(project, cloud, said)
    assert said.json["traffic"]["writes"] == 2, str(said)

    # Somebody else's change to them, at a step where the engine has nothing to write.
    project.another_rollout("green-up")
    cloud.move_by_hand(PRODUCTION, 40, 60)
    whole(project, cloud, rollback(project))
