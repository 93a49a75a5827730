"""`headgate rollback` as a user meets it: exit codes, where users are, and what to do."""

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from headgate.cli import app as apps
from headgate.cli import rollback_cmd
from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.rollback_cmd import code_of, finish, text
from headgate.lifecycle.outcome import Ended, File
from headgate.lifecycle.rolled_back import Rollback
from headgate.return_path import Choice, Target
from headgate.traffic import GivenBack
from tests.support.rollouts import DURING, OLD
from tests.support.situations import STACK, raw, write_project

DONE = Rollback(
    STACK,
    Ended.DONE,
    "rolled back: recorded: rolled-back; users: blue 100, green 0",
    reason="it's slow",
    target=Target(OLD, "recorded as live, step green-50"),
    given=GivenBack("blue", {"blue": 50, "green": 50}, {"blue": 100, "green": 0}, 1, needed=True),
    choice=Choice(7, {"headgate:step": "idle"}, kept=("headgate:capacity",), untold=("headgate:token",)),
    file=File.CHANGED,
    updated=True,
    traffic_seconds=0.84,
    seconds=41.2,
)


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cloud, no engine, no terminal."""
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "PATH": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """As the entry point does it."""
    monkeypatch.setattr(sys, "argv", ["headgate", "rollback", *arguments])
    try:
        return apps.main()
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (
            (),
            ExitCode.USAGE,
            "headgate: there is no terminal to confirm on, so nothing was changed; add --yes to go on",
        ),
        (("--yes",), ExitCode.USAGE, f"Name one with --stack; stacks with a file: {STACK}"),
        (("--yes", "--to", "3", "--traffic-only"), ExitCode.USAGE, "--to needs the history"),
        (("--yes", "--stack", STACK, "--to-slot", "green"), ExitCode.USAGE, "nobody goes back to slot 'green'"),
        (("--yes", "--stack", "other"), ExitCode.FAILED, "stack 'other' has no file"),
    ],
    ids=str,
)
def test_the_likeliest_mistakes(
    *,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: ExitCode,
    line: str,
) -> None:
    write_project(tmp_path, raw())
    assert run(monkeypatch, *arguments) == code
    said = capsys.readouterr().err
    assert line in said
    assert "Traceback" not in said


def test_nothing_answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Neither cloud nor engine: the file is changed, and it says that users are where they were."""
    write_project(tmp_path, raw(DURING, "green-50"))
    assert run(monkeypatch, "--yes", "--stack", STACK, "--json") == ExitCode.FAILED
    said = json.loads(capsys.readouterr().out)
    assert said["traffic"]["error"]
    assert not said["traffic"]["done"]
    assert (said["configuration"], said["updated"]) == ("changed", False)
    assert said["said"].startswith("pulumi does not answer, so nothing is applied yet")
    assert "headgate:step: idle" in (tmp_path / "stacks" / f"Pulumi.{STACK}.yaml").read_text()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ExitCode.ROLLED_BACK),
        ({"idle": True}, ExitCode.DONE),
        ({"ended": Ended.FAILED}, ExitCode.FAILED),
        ({"ended": Ended.FAILED, "usage": True}, ExitCode.USAGE),
        ({"ended": Ended.INTERRUPTED}, ExitCode.FAILED),
        ({"ended": Ended.DECLINED}, ExitCode.FAILED),
    ],
    ids=str,
)
def test_exit_codes(changes: dict[str, object], code: ExitCode) -> None:
    assert code_of(replace(DONE, **changes)) is code  # type: ignore[arg-type]


def test_what_is_said_when_everybody_is_back() -> None:
    lines = [line.strip() for line in text(DONE).splitlines()]
    assert lines == [
        f"{STACK}: rolled back: recorded: rolled-back; users: blue 100, green 0",
        "users: everybody is on 2026.01.28 in blue after 0.8 s",
        "configuration: as of update 7, changed headgate:step",
        "kept, though other than then: headgate:capacity; `headgate rollback --to 7` takes all of it back",
        "kept, since the history does not tell secrets: headgate:token",
        "all of it took 41 s",
        "Commit the stack file before anything else runs `pulumi up` from Git:",
        lines[-1],
    ]
    words = shlex.split(lines[-1])
    assert words[:4] == ["git", "commit", "-m", f"rollback: {STACK} to 2026.01.28"]
    assert words[4:6] == ["-m", "it's slow"]
    assert words[-2:] == ["--", f"stacks/Pulumi.{STACK}.yaml"]


def test_where_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        finish(DONE, as_json=False)
    assert ended.value.exit_code == ExitCode.ROLLED_BACK
    assert "rolled back" in capsys.readouterr().out
    left = replace(DONE, ended=Ended.FAILED, reasons=("why",), then="headgate rollback")
    with pytest.raises(CommandFailed, match="next: headgate rollback"):
        finish(left, as_json=False)


def test_a_lock_is_not_ended_by_yes_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert not rollback_cmd._may_cancel(yes=True)
    assert not rollback_cmd._may_cancel(yes=False)  # nobody can be asked here
