"""The command as a user meets it: help, exit codes, errors without a traceback, and what it costs to start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli import app as apps
from headgate.cli.errors import CommandFailed, ExitCode
from tests.support.situations import STACK, raw, write_project

NOBODY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "PATH": ""}


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cloud, no engine, no sandbox."""
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEADGATE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """As the entry point does it."""
    monkeypatch.setattr(sys, "argv", ["headgate", *arguments])
    try:
        return apps.main()
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("status",),
        ("gate",),
        ("approve",),
        ("sandbox",),
        *(("sandbox", verb) for verb in ("up", "down", "status", "env")),
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(apps.app, [*words, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    "words", [("statsu",), ("status", "--bad"), ("sandbox", "up", "--hours", "soon")], ids=" ".join
)
def test_wrong_usage_is_2(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    assert run(monkeypatch, *words) == ExitCode.USAGE


class TestStatus:
    def test_outside_a_project(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(monkeypatch, "status") == ExitCode.FAILED
        said = capsys.readouterr().err
        assert said.startswith("headgate: no Pulumi.yaml in ")
        assert "Traceback" not in said

    def test_with_nothing_but_the_file(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "status") == ExitCode.DONE
        said = capsys.readouterr().out
        assert said.startswith(f"{STACK}  greenflow in production")
        assert "2026.02.11  slot green" in said
        assert "not reachable" in said
        assert "pulumi is not on PATH" in said

    def test_as_json(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "status", "--json", "--stack", STACK) == ExitCode.DONE
        (found,) = json.loads(capsys.readouterr().out)["stacks"]
        assert found["stack"] == STACK
        assert found["cloud"]["reachable"] is False

    def test_every_stack_where_none_is_selected(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        write_project(tmp_path, raw(), "greenflow-staging")
        assert run(monkeypatch, "status", "--json") == ExitCode.DONE
        stacks = [each["stack"] for each in json.loads(capsys.readouterr().out)["stacks"]]
        assert stacks == ["greenflow-production", "greenflow-staging"]

    def test_where_nothing_can_be_read(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "status", "--stack", "ion-staging") == ExitCode.FAILED
        captured = capsys.readouterr()
        assert "no file stacks/Pulumi.ion-staging.yaml" in " ".join(captured.out.split())
        assert "nothing could be read" in captured.err

    def test_a_clock_that_is_refused_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        monkeypatch.setenv("HEADGATE_REHEARSAL_CLOCK", "60@1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", "https://ecs.example.com")
        assert run(monkeypatch, "status") == ExitCode.DONE
        assert "HEADGATE_REHEARSAL_CLOCK" in capsys.readouterr().out


class TestStatusWatch:
    """The likeliest mistakes."""

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--watch", "--every", "soon"), "--every: found 'soon'; expected a duration such as 30s"),
            (("--watch", "--every", "0"), "--every: found '0'; expected a duration such as 30s"),
            (("--watch", "--json"), "--json shows one moment; leave --watch out, or --json"),
            (("--every", "5s"), "--every and --metrics are for --watch; add it"),
            (("--watch", "--metrics", "127.0.0.1:8000"), "expected an address such as http://127.0.0.1:8000/metrics"),
            (("--watch",), f"Name one with --stack; stacks with a file: {STACK}"),
        ],
    )
    def test_wrong_usage(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        words: tuple[str, ...],
        said: str,
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "status", *words) == ExitCode.USAGE
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert said in line


class TestApprove:
    """The likeliest mistakes; those about the step and the person are in lifecycle/test_approve.py."""

    def said(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
        code = run(monkeypatch, "approve", *words)
        return code, capsys.readouterr().err

    def test_without_who(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        code, said = self.said(monkeypatch, capsys, "green-10")
        assert code == ExitCode.USAGE
        assert "--by" in said

    def test_for_how_long(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        code, said = self.said(monkeypatch, capsys, "green-10", "--by", "a@b.example", "--for", "soon")
        assert code == ExitCode.USAGE
        assert said == "headgate: --for: found 'soon'; expected a duration such as 30s, 5m, 72h, 7d or 1h30m\n"

    def test_without_a_record(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        code, said = self.said(monkeypatch, capsys, "green-10", "--by", "a@b.example", "-s", STACK)
        assert code == ExitCode.FAILED
        assert said.startswith(f"headgate: stack {STACK}: not approved: ")
        assert "the recorded state cannot be read" in said
        assert "Traceback" not in said
        assert not (tmp_path / ".headgate").exists()

    def test_without_the_key_that_the_stack_needs(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, {**raw(), "evidence": {"signed": True}})
        code, said = self.said(monkeypatch, capsys, "green-10", "--by", "a@b.example", "-s", STACK)
        assert code == ExitCode.FAILED
        assert "HEADGATE_EVIDENCE_KEY is not set" in said

    def test_a_file_with_problems(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, {**raw(), "evidence": {"url": "https://me:secret@example.com/"}})
        code, said = self.said(monkeypatch, capsys, "green-10", "--by", "a@b.example", "-s", STACK)
        assert code == ExitCode.FAILED
        assert "headgate:evidence.url" in said
        assert "secret" not in said


class TestGate:
    def test_the_key_is_asked_for_before_anything_runs(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, {**raw(), "evidence": {"signed": True}})
        assert run(monkeypatch, "gate", "--record", "-s", STACK) == ExitCode.FAILED
        assert "HEADGATE_EVIDENCE_KEY is not set" in capsys.readouterr().err

    def test_outside_a_project(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(monkeypatch, "gate") == ExitCode.FAILED
        assert "no Pulumi.yaml" in capsys.readouterr().err

    def test_without_a_stack(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "gate") == ExitCode.USAGE
        assert f"Name one with --stack; stacks with a file: {STACK}" in capsys.readouterr().err

    def test_without_a_record(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "gate", "-s", STACK) == ExitCode.FAILED
        assert "there is no step to leave" in capsys.readouterr().err


class TestSandbox:
    def test_down(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(monkeypatch, "sandbox", "status") == ExitCode.DONE
        assert capsys.readouterr().out == "The sandbox is not up. Start it: headgate sandbox up\n"
        assert run(monkeypatch, "sandbox", "env") == ExitCode.FAILED
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == (
            "",
            "headgate: The sandbox is not up. Start it: headgate sandbox up\n",
        )

    def test_for_a_stack_without_a_file(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(monkeypatch, "sandbox", "up", "--stack", "nobody-staging") == ExitCode.FAILED
        assert "there is no stack file stacks/Pulumi.nobody-staging.yaml" in capsys.readouterr().err


def test_a_failure_carries_its_code() -> None:
    assert CommandFailed("no").code == ExitCode.FAILED
    assert CommandFailed("no", ExitCode.ROLLED_BACK).code == 4


def test_starting_imports_no_heavy_library() -> None:
    heavy = ("aiohttp", "boto3", "botocore", "moto", "pulumi", "pulumi_aws", "sandbox.manager", "yaml")
    code = f"import headgate.cli.app, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
