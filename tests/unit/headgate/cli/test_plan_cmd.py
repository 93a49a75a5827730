"""`headgate plan` on the committed stack files: no engine, no cloud."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli.app import app
from tests.support import stack_files


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["plan", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stack_files.STACKS.parent)


def test_every_step_is_a_line_and_the_sum_is_said() -> None:
    text = " ".join(run("--stack", "greenflow-production").split())
    assert "4 steps, at least 50m to promotion" in text
    assert "6 tasks outside a rollout, 12 at most" in text
    assert "green-50 50 % 10m 6 6 +6 1.0 readiness drift" in text
    assert "promoted 100 % 3d 6 6 +6 432.0" in text


def test_windows_and_elastic_capacity_are_said() -> None:
    text = run("--stack", "ion-production")
    assert "A rollout starts mon tue wed thu 14:00 UTC for 2h." in text
    assert "the platform adds others by load" in text


@pytest.mark.parametrize("stack", ["greenflow-staging", "greenflow-production", "ion-staging", "ion-production"])
def test_json_has_the_same_figures(stack: str) -> None:
    found = json.loads(run("--stack", stack, "--json"))
    assert found["stack"] == stack
    assert found["steps"][-1]["step"] == "promoted"
    total = sum(step["extra_task_hours"] for step in found["steps"])
    assert found["extra_task_hours"] == pytest.approx(total, abs=0.01)


def test_a_file_that_cannot_be_used_is_said_with_every_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: headgate\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.x-production.yaml").write_text("config:\n  headgate:system: x\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["plan", "--stack", "x-production"])
    assert result.exit_code != 0
    assert "headgate:system: found 'x'; expected one of: greenflow, ion" in str(result.exception)
