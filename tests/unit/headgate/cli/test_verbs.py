"""The verbs that change a stack, as a user meets them: exit codes, one clear line, nothing asked of nobody."""

import json
import sys
from pathlib import Path

import pytest

from headgate.cli import app as apps
from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.operating import edges_of, finish, text
from headgate.lifecycle.outcome import Ended, File, Outcome
from tests.support.situations import STACK, raw, write_project

VERBS = ("start", "advance", "promote", "retire")
HELD = Outcome("advance", STACK, Ended.HELD, "held; nothing was changed", ("bake: 1m of 5m",), then="headgate status")


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cloud, no engine, no terminal."""
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "PATH": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """As the entry point does it."""
    monkeypatch.setattr(sys, "argv", ["headgate", *arguments])
    try:
        return apps.main()
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize("verb", VERBS)
class TestEveryVerb:
    def test_where_nobody_can_be_asked(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
    ) -> None:
        assert run(monkeypatch, verb) == ExitCode.USAGE
        said = capsys.readouterr().err
        assert said == "headgate: there is no terminal to confirm on, so nothing was changed; add --yes to go on\n"

    def test_outside_a_project(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
    ) -> None:
        assert run(monkeypatch, verb, "--yes") == ExitCode.FAILED
        assert capsys.readouterr().err.startswith("headgate: no Pulumi.yaml in ")

    def test_without_a_stack(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: str
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, verb, "--yes") == ExitCode.USAGE
        assert f"Name one with --stack; stacks with a file: {STACK}" in capsys.readouterr().err

    def test_without_an_engine(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: str
    ) -> None:
        write_project(tmp_path, raw())
        before = (tmp_path / "stacks" / f"Pulumi.{STACK}.yaml").read_text()
        assert run(monkeypatch, verb, "--yes", "--stack", STACK) == ExitCode.FAILED
        said = capsys.readouterr().err
        assert "nothing was changed" in said
        assert "pulumi is not on PATH" in said
        assert "Traceback" not in said
        assert (tmp_path / "stacks" / f"Pulumi.{STACK}.yaml").read_text() == before

    def test_as_json(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: str
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, verb, "--yes", "--json", "--stack", STACK) == ExitCode.FAILED
        said = json.loads(capsys.readouterr().out)
        assert (said["verb"], said["ended"], said["configuration"]) == (verb, "failed", "unchanged")


@pytest.mark.parametrize("words", [("--image", "a@sha256:b"), ("--version", "1"), ("--slot", "green")], ids=" ".join)
def test_half_a_candidate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(monkeypatch, "start", "--yes", *words) == ExitCode.USAGE
    assert "--image and --version go together" in capsys.readouterr().err


def test_ctrl_c_outside_a_change(tmp_path: Path) -> None:
    write_project(tmp_path, raw())
    with pytest.raises(CommandFailed, match="interrupted; nothing was changed"):  # noqa: SIM117
        with edges_of(STACK, tmp_path, {}, yes=True):
            raise KeyboardInterrupt


class TestFinish:
    def test_what_holds_it_and_what_is_next(self) -> None:
        assert text(HELD) == (f"{STACK}: held; nothing was changed\n  - bake: 1m of 5m\n  next: headgate status")

    @pytest.mark.parametrize(
        ("ended", "code"),
        [
            (Ended.HELD, ExitCode.HELD),
            (Ended.FAILED, ExitCode.FAILED),
            (Ended.DECLINED, ExitCode.FAILED),
            (Ended.INTERRUPTED, ExitCode.FAILED),
        ],
    )
    def test_exit_codes(self, ended: Ended, code: ExitCode) -> None:
        with pytest.raises(CommandFailed) as caught:
            finish(Outcome("advance", STACK, ended, "x"), as_json=False)
        assert caught.value.code is code

    def test_what_is_done_goes_to_stdout(self, capsys: pytest.CaptureFixture[str]) -> None:
        finish(Outcome("advance", STACK, Ended.DONE, "done", file=File.CHANGED, told=("mail: sent",)), as_json=False)
        assert capsys.readouterr().out == f"{STACK}: done\n  mail: sent\n"
