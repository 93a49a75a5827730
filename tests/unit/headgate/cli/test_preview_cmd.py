"""The likeliest mistakes with `headgate preview`: one clear line each, and the engine is not even started."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli.app import app
from headgate.cli.errors import CommandFailed, ExitCode
from tests.support.situations import STACK, raw, write_project


def failure(*arguments: str) -> CommandFailed:
    result = CliRunner().invoke(app, ["preview", *arguments])
    assert isinstance(result.exception, CommandFailed), result.output
    return result.exception


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)


def test_outside_of_a_project() -> None:
    said = failure("--stack", STACK)
    assert (said.code, "run the command inside the project" in str(said)) == (ExitCode.FAILED, True)


def test_a_stack_without_a_file(tmp_path: Path) -> None:
    write_project(tmp_path, raw())
    said = str(failure("--stack", "greenflow-stagin"))
    assert "stack 'greenflow-stagin' has no file" in said
    assert STACK in said


def test_two_forms_at_once() -> None:
    assert failure("--json", "--markdown").code is ExitCode.USAGE


def test_a_schema_that_cannot_be_read(tmp_path: Path) -> None:
    write_project(tmp_path, {**raw(), "migration": {"schema": "eight", "reads": {"1": "9-8"}}})
    said = str(failure("--stack", STACK)).splitlines()
    assert [line.strip().partition(": found")[0] for line in said[1:]] == [
        "headgate:migration.schema",
        "headgate:migration.reads.1",
    ]


def test_no_engine(tmp_path: Path) -> None:
    write_project(tmp_path, raw())
    assert "pulumi is not on PATH" in str(failure("--stack", STACK))
