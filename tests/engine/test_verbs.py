"""GreenFlow's rollout by `headgate` alone, with the real engine, the pack, and updates held to the preview's plan."""

from pathlib import Path

import pytest
import yaml

from tests.engine.conftest import STAGING, Cloud, MakeProject
from tests.support.engine import Project
from tests.support.headgate_cli import headgate

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/greenflow-api@sha256:{'c' * 64}"


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    made = make_project(STAGING)
    made.up("--skip-preview")
    made.ahead += 120
    return made


def file(project: Project) -> Path:
    return project.folder / "stacks" / f"Pulumi.{STAGING}.yaml"


def test_a_rollout_by_verbs(project: Project, cloud: Cloud) -> None:
    begun = headgate(project, "start", "--image", IMAGE, "--version", "2026.03.01", "--yes", "--json")
    assert begun.code == 0, str(begun)
    assert begun.json["after"]["rollout"] == "2026.03.01"
    assert "not held to" not in begun.err, begun.err

    for step, weight in (("green-10", 10), ("green-50", 50), ("green-100", 100)):
        project.ahead += 180
        moved = headgate(project, "advance", "--to", step, "--yes", "--json")
        assert moved.code == 0, str(moved)
        assert moved.json["observed"] == {"blue": 100 - weight, "green": weight}
        assert cloud.weights(STAGING) == {"blue": 100 - weight, "green": weight}
        assert project.recorded_step() == step

    project.ahead += 300
    promoted = headgate(project, "promote", "--yes")
    assert promoted.code == 0, str(promoted)
    assert cloud.weights(STAGING) == {"blue": 0, "green": 100}
    release = yaml.safe_load(file(project).read_text())["config"]["headgate:release"]
    assert release["live"] == {"version": "2026.03.01", "slot": "green", "image": IMAGE}
    assert release["standby"]["slot"] == "blue"
    assert "candidate" not in release

    project.ahead += 60
    text = file(project).read_text()
    early = headgate(project, "retire", "--yes")
    assert early.code == 3, str(early)
    assert file(project).read_text() == text
    project.ahead += 73 * 3600
    retired = headgate(project, "retire", "--yes")
    assert retired.code == 0, str(retired)
    assert project.outputs()["rollout"]["proposed"]["phase"] == "idle"

    project.ahead += 60
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)
