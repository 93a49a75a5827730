"""`headgate rollback` of ION with the real engine: users, record, file and service agree afterwards."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from headgate import return_path
from headgate.engine import PulumiCli
from tests.engine.ion.conftest import PRODUCTION, STAGING, Google, MakeIon, start
from tests.support.engine import Project
from tests.support.headgate_cli import Said, headgate

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

STEPS = ("canary-up", "canary-5", "ab-50", "full-100")
BAKE = 3700
LIVE = "0d5e8a1c3b7f"
CANDIDATE = f"{STAGING}-7b1c9d4e2f60"


@pytest.fixture(scope="module")
def project(make_ion: MakeIon) -> Project:
    made = make_ion(STAGING)
    made.up("--skip-preview")
    return made


def file(project: Project) -> Path:
    return project.folder / "stacks" / f"Pulumi.{project.stack}.yaml"


def at(project: Project, google: Google, place: str) -> None:
    """A rollout that was never before, at that step with its bake over, or promoted."""
    google.clear()
    last = STEPS[-1] if place == "promoted" else place
    names = STEPS[: STEPS.index(last) + 1]
    project.another_rollout(names[0])
    for name in names[1:]:
        project.ahead += BAKE
        project.step(name)
        project.up("--skip-preview")
    project.ahead += BAKE
    if place == "promoted":
        promoted = headgate(project, "promote", "--yes")
        assert promoted.code == 0, str(promoted)


def whole(project: Project, google: Google, said: Said) -> None:
    assert said.code == 4, str(said)
    assert google.split(project.stack) == {LIVE: 100}
    recorded = project.outputs()["rollout"]["proposed"]
    assert (recorded["phase"], recorded["step"]) == ("rolled-back", "idle")
    config = yaml.safe_load(file(project).read_text())["config"]
    (ran,) = PulumiCli(project.folder, project.environment()).history(project.stack, 1)
    assert return_path.differing(config, ran.config) == ()
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)


def rollback(project: Project, *options: str) -> Said:
    return headgate(project, "rollback", "--yes", *options)


@pytest.mark.parametrize("place", [*STEPS, "promoted"])
def test_from_every_place(project: Project, google: Google, place: str) -> None:
    at(project, google, place)
    said = rollback(project, "--json")
    whole(project, google, said)
    assert said.json["traffic"]["writes"] == (0 if place == "canary-up" else 1), str(said)


def test_settings_that_came_with_the_candidate_go_with_it(make_ion: MakeIon, google: Google) -> None:
    project = make_ion(PRODUCTION)
    project.up("--skip-preview")
    before = yaml.safe_load(file(project).read_text())["config"]
    project.set("headgate:service.memory", "4Gi")
    start(project)
    said = rollback(project, "--json")
    whole(project, google, said)
    assert said.json["changed_keys"] == ["headgate:service", "headgate:step"], str(said)
    assert yaml.safe_load(file(project).read_text())["config"] == before


def test_a_candidate_that_broke(project: Project, google: Google) -> None:
    """The platform calls the first update failed although it moved traffic; the second one records it."""
    at(project, google, "canary-5")
    google.ready(CANDIDATE, False)
    said = rollback(project)
    assert said.code == 4, str(said)
    google.clear()
    whole(project, google, rollback(project))


def test_after_a_killed_update_with_the_state_gone_and_its_lock(project: Project, google: Google) -> None:
    at(project, google, "canary-5")
    google.plant(service="run", operation="services.patch", mode="delay", seconds=8, moment="after")
    project.step("ab-50")
    since = google.last_call()
    with subprocess.Popen(
        ["pulumi", "up", "--yes", "--non-interactive", "--skip-preview"],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as killed:
        query = {"service": "run", "operation": "services.patch", "since": since, "wait": 60}
        assert google.http.get("calls", params=query).raise_for_status().json()
        os.killpg(killed.pid, signal.SIGKILL)
    google.clear()

    backend = Path(project.environ["PULUMI_BACKEND_URL"].removeprefix("file://"))
    away = backend.rename(backend.with_name("away"))
    try:
        gone = rollback(project, "--traffic-only")
    finally:
        if backend.exists():
            backend.rename(backend.with_name("made-meanwhile"))
        away.rename(backend)
    assert gone.code == 4, str(gone)
    assert google.split(STAGING) == {LIVE: 100}

    held = rollback(project, "--json")
    assert held.code == 1, str(held)
    assert held.json["next"] == f"headgate rollback --stack {STAGING} --cancel"
    whole(project, google, rollback(project, "--cancel"))


def test_after_somebody_changed_the_service(project: Project, google: Google) -> None:
    at(project, google, "canary-5")
    google.move_by_hand(STAGING, live=20, candidate=80)
    whole(project, google, rollback(project))
