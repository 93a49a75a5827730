"""The main job on Cloud Run: every step forward, back from every one, promotion, and the next rollout."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.ion.conftest import PRODUCTION, STEPS, Google, MakeIon, start, until_window
from tests.support.engine import Project

pytestmark = pytest.mark.engine

LIVE, CANDIDATE, THIRD = "0d5e8a1c3b7f", "7b1c9d4e2f60", "c" * 12
IMAGE = f"us-central1-docker.pkg.dev/{PRODUCTION}/{PRODUCTION}/ion-api"


@pytest.fixture(scope="module")
def project(make_ion: MakeIon) -> Project:
    bootstrapped = make_ion(PRODUCTION)
    bootstrapped.up()
    return bootstrapped


def file_of(project: Project) -> Path:
    return project.folder / "stacks" / f"Pulumi.{PRODUCTION}.yaml"


def release(project: Project, **versions: Any) -> None:
    """Writes headgate:release as a whole, and step idle."""
    config = yaml.safe_load(file_of(project).read_text())
    config["config"]["headgate:release"] = versions
    config["config"]["headgate:step"] = "idle"
    file_of(project).write_text(yaml.safe_dump(config))


def versions(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file_of(project).read_text())["config"]["headgate:release"]
    return found


def walk(project: Project, google: Google, until: str) -> None:
    """From idle to the step `until`, each seen in the API."""
    for position, (name, weight, after) in enumerate(STEPS):
        if position == 0:
            start(project)
        else:
            project.ahead += after + 60
            project.step(name)
            project.up("--skip-preview")
        assert project.recorded_step() == name
        assert google.served(PRODUCTION) == {"live": 100 - weight, "candidate": weight}
        if name == until:
            return


def test_a_bootstrap_serves_the_live_version_by_name_and_makes_nothing_else(project: Project, google: Google) -> None:
    service = google.service(PRODUCTION)
    assert service["traffic"] == [
        {
            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
            "revision": f"{PRODUCTION}-{LIVE}",
            "percent": 100,
            "tag": "live",
        }
    ]
    assert google.revisions(PRODUCTION) == {LIVE}
    again = project.up()
    assert " updated" not in again.output, str(again)
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)


def test_a_rollout_starts_in_its_window_only(project: Project) -> None:
    ahead = project.ahead
    project.step("canary-up")
    project.ahead = until_window(ahead) + 3 * 3600
    for run in (project.preview(), project.up("--skip-preview", check=False)):
        assert run.code != 0
        assert "R-28" in run.output, str(run)
        assert "14:00 UTC for 2h" in run.output, str(run)
    project.ahead = ahead
    project.step("idle")
    assert project.recorded_step() == "idle"


def test_forward_through_every_step_and_back_from_each(project: Project, google: Google) -> None:
    for position, (last, _, _) in enumerate(STEPS):
        project.set("headgate:release.rollout", f"walk-{position}")
        walk(project, google, last)
        assert google.revisions(PRODUCTION) == {LIVE, CANDIDATE}
        # Back inside the bake and outside every window.
        before = google.last_call()
        project.step("idle")
        project.up("--skip-preview")
        assert project.recorded_step() == "idle", f"back from {last}"
        assert google.split(PRODUCTION) == {LIVE: 100}
        (write,) = google.writes(before)
        assert write["body"]["template"]["revision"] == f"{PRODUCTION}-{CANDIDATE}", (
            "a rollback must leave the template"
        )
        assert google.revisions(PRODUCTION) == {LIVE, CANDIDATE}
    project.restore_configuration()


def test_promotion_the_way_back_and_the_next_rollout(project: Project, google: Google) -> None:
    project.set("headgate:release.rollout", "promoted")
    walk(project, google, "full-100")
    named = versions(project)
    project.ahead += 2 * 3600
    release(project, live=named["candidate"], standby=named["live"])
    project.up("--skip-preview")
    assert project.outputs()["rollout"]["proposed"]["phase"] == "promoted"
    assert google.split(PRODUCTION) == {CANDIDATE: 100}
    assert google.served(PRODUCTION) == {"live": 100, "standby": 0}

    release(project, live=named["live"], candidate=named["candidate"], rollout="promoted")
    project.up("--skip-preview")
    assert project.outputs()["rollout"]["proposed"]["phase"] == "rolled-back"
    assert google.split(PRODUCTION) == {LIVE: 100}

    # Promoted once more, kept for the retention, and then the next version.
    release(project, live=named["live"], candidate=named["candidate"], rollout="second")
    walk(project, google, "full-100")
    project.ahead += 2 * 3600
    release(project, live=named["candidate"], standby=named["live"])
    project.up("--skip-preview")
    project.ahead += 72 * 3600 + 60
    third = {"version": "2.8.0", "image": f"{IMAGE}@sha256:{'c' * 64}"}
    release(project, live=named["candidate"], candidate=third)
    project.up("--skip-preview")
    assert google.revisions(PRODUCTION) == {LIVE, CANDIDATE}, "a candidate that is only named must not be made"
    walk(project, google, "canary-5")
    assert google.split(PRODUCTION) == {CANDIDATE: 95, THIRD: 5}
    project.step("idle")
    project.up("--skip-preview")
    assert google.split(PRODUCTION) == {CANDIDATE: 100}
