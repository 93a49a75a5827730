"""`headgate doctor` as a user meets it, and its likeliest mistakes."""

import json
import re
from pathlib import Path

import pytest

from headgate.cli.doctor_cmd import text
from headgate.cli.errors import ExitCode
from headgate.doctor.findings import Finding, Kind
from tests.support.situations import STACK, raw, write_project
from tests.unit.headgate.cli.test_app import NOBODY, run

ROOT = Path(__file__).resolve().parents[4]
RUNBOOK = ROOT / "docs" / "runbooks" / "recover.md"


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    for name in ("PULUMI_OPTION_POLICY_PACK", "HEADGATE_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_an_engine_and_a_cloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_project(tmp_path, raw())
    assert run(monkeypatch, "doctor", "--json", "-s", STACK) == ExitCode.FAILED
    captured = capsys.readouterr()
    assert captured.err == ""
    kinds = [each["kind"] for each in json.loads(captured.out)["findings"]]
    assert kinds == [Kind.ENGINE_MISSING, Kind.CLOUD_UNREACHABLE, Kind.PACK_MISSING]


class TestMistakes:
    def test_outside_a_project(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(monkeypatch, "doctor") == ExitCode.FAILED
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("headgate: no Pulumi.yaml in ")

    def test_without_a_stack(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "doctor") == ExitCode.USAGE
        (line,) = capsys.readouterr().err.splitlines()
        assert f"Name one with --stack; stacks with a file: {STACK}" in line

    def test_a_stack_without_a_file(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        write_project(tmp_path, raw())
        assert run(monkeypatch, "doctor", "-s", "ion-staging", "--json") == ExitCode.FAILED
        findings = json.loads(capsys.readouterr().out)["findings"]
        (found,) = [each for each in findings if each["kind"] == Kind.CONFIGURATION_UNUSABLE]
        assert found["found"].endswith(f"has no file stacks/Pulumi.ion-staging.yaml; stacks with a file: {STACK}")


def test_what_people_read() -> None:
    long = "word " * 40
    command = "pulumi import " + "x" * 120
    found = [Finding(Kind.DRIFT, long, "It means something.", command), Finding(Kind.LOCKED, "a\nb", "c", "d")]
    shown = text(STACK, found, refresh=True)
    assert shown.splitlines()[0] == f"{STACK}: 2 things need a hand"
    assert f"\n   $ {command}\n" in shown
    assert all(len(line) <= 100 for line in shown.splitlines() if not line.startswith("   $"))
    assert "\n2. locked: a b\n   c\n   $ d" in shown


def test_nothing_found_says_what_was_not_looked_for() -> None:
    assert text(STACK, (), refresh=True) == f"{STACK}: nothing needs a hand."
    assert "--refresh" in text(STACK, (), refresh=False)


def test_the_runbook_has_every_kind() -> None:
    named = re.findall(r"(?m)^\| `([a-z-]+)` \|", RUNBOOK.read_text())
    assert sorted(named) == sorted(Kind)
