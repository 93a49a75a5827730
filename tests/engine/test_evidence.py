"""A step that needs an approval, under the real engine: held without, refused when forged, taken with a real one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.evidence import Evidence
from headgate.evidence.record import from_json, sealed, to_json
from tests.engine.conftest import STAGING, Cloud, MakeProject
from tests.support.engine import TIMEOUT, Project

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def at_green_10(make_project: MakeProject) -> Project:
    """At 10 %, its bake over; the plan asks for an approval before the next step."""
    project = make_project(STAGING)
    project.pulumi("config", "set", "--path", "headgate:plan.steps[1].gates[0]", "readiness", check=True)
    project.pulumi("config", "set", "--path", "headgate:plan.steps[1].gates[1]", "approval", check=True)
    project.up("--skip-preview")
    project.advance("green-up", 30)
    project.advance("green-10", 60)
    project.ahead += 300
    return project


def headgate(project: Project, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "headgate.cli.app", *words],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def records(project: Project) -> list[Path]:
    return sorted((project.folder / ".headgate/evidence").rglob("*.json"))


def forge(file: Path, **fields: object) -> Evidence:
    """A record as somebody writes it who knows how digests are made."""
    made = {**json.loads(file.read_text()), **fields, "digest": "", "signature": ""}
    return sealed(from_json(json.dumps(made)), None)


def test_an_approval_lets_the_step_be_left(at_green_10: Project, cloud: Cloud) -> None:
    project = at_green_10
    project.step("green-50")

    held = project.up("--skip-preview", check=False)
    assert held.code != 0
    assert "R-07" in held.output
    assert "there is no evidence for step green-10 (run: headgate approve green-10" in " ".join(held.output.split())
    assert cloud.weights(STAGING) == {"blue": 90, "green": 10}

    wrong = headgate(project, "approve", "green-50", "--by", "bert@example.com", "--stack", STAGING)
    assert (wrong.returncode, records(project)) == (1, [])
    assert "approve green-10, which lets it go on to green-50" in wrong.stderr

    given = headgate(project, "approve", "green-10", "--by", "bert@example.com", "--for", "1h", "--stack", STAGING)
    assert given.returncode == 0, given.stderr
    (file,) = records(project)
    text = file.read_text()

    file.write_text(text.replace("bert@example.com", "carl@example.com"))
    edited = project.up("--skip-preview", check=False)
    assert edited.code != 0
    assert "its digest is not that of its content" in " ".join(edited.output.split())

    file.write_text(to_json(forge(file, candidateImage="another@sha256:" + "0" * 64)))
    foreign = project.up("--skip-preview", check=False)
    assert foreign.code != 0
    assert "it is about candidate image" in " ".join(foreign.output.split())
    assert cloud.weights(STAGING) == {"blue": 90, "green": 10}

    file.write_text(text)
    project.up("--skip-preview")
    assert cloud.weights(STAGING) == {"blue": 50, "green": 50}
    (result,) = (each for each in project.outputs()["rollout"]["report"]["results"] if each["gate"] == "approval")
    assert result["reasons"][0].startswith("approved by bert@example.com until ")

    file.unlink()
    unchanged = project.up("--skip-preview")
    assert "unchanged" in unchanged.output
    project.step("idle")
    project.up("--skip-preview")
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}
