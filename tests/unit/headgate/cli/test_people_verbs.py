"""history, record, acknowledge and notify as a user meets them, with a real Apprise, a real inbox and real folders."""

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.cli import app as apps
from headgate.cli.errors import ExitCode
from headgate.cli.people import keeper, people_of, teller
from headgate.engine import EngineError, PulumiCli, Update
from headgate.lifecycle.outcome import Ended, File, Outcome
from headgate.lifecycle.rolled_back import Rollback
from headgate.records.store import FsspecRecords
from headgate.return_path import Target
from headgate.traffic.port import GivenBack
from tests.support import histories
from tests.support.fake_engine import FakeEngine
from tests.support.inbox import TOKEN, Inbox, inbox
from tests.support.incidents import STATE, made
from tests.support.rollouts import OLD
from tests.support.situations import STACK, raw, write_project

TEAM = "HEADGATE_NOTIFY_TEAM"
Run = Callable[..., int]


@pytest.fixture
def box() -> Iterator[Inbox]:
    with inbox() as started:
        yield started


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """As the entry point does it, in a project; no cloud, no engine."""
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "PATH": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(TEAM, raising=False)
    project(tmp_path, {"team": [TEAM], "on-call": [TEAM]})
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["headgate", *arguments])
        try:
            return apps.main()
        except SystemExit as stop:
            return int(stop.code or 0)

    return call


@dataclass
class Script:
    """A `pulumi` that tells this history and nothing else."""

    file: Path

    def tells(self, updates: Sequence[Update]) -> None:
        moment = "%Y-%m-%dT%H:%M:%S.000Z"
        told = [
            {
                "kind": each.kind,
                "result": each.result,
                "message": each.message,
                "startTime": dt.datetime.fromtimestamp(each.started, dt.UTC).strftime(moment),
                "endTime": dt.datetime.fromtimestamp(each.ended or each.started, dt.UTC).strftime(moment),
                "version": each.number,
                "config": {key: {"objectValue": value, "secret": False} for key, value in each.config.items()},
            }
            for each in updates
        ]
        self.file.with_suffix(".json").write_text(json.dumps(told))


@pytest.fixture
def engine(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Script:
    """The history of a rollout at green-50."""
    script = Script(tmp_path / "bin" / "pulumi")
    script.file.parent.mkdir()
    script.file.write_text('#!/bin/sh\nif [ "$1 $2" = "stack history" ]; then cat "$0.json"; else exit 1; fi\n')
    script.file.chmod(0o755)
    script.tells(histories.history(histories.STUMBLED))
    monkeypatch.setenv("PATH", f"{script.file.parent}:/usr/bin:/bin")
    return script


def project(folder: Path, notify: object) -> None:
    write_project(folder, {**raw(), "notify": notify})


def store(folder: Path) -> FsspecRecords:
    return FsspecRecords(".headgate/evidence", STACK, folder)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Everything that was printed; never a token in it."""
    out, err = capsys.readouterr()
    assert TOKEN not in out + err
    assert "Traceback" not in out + err
    return str(out + err)


@pytest.mark.parametrize(
    "verb", [("history",), ("record",), ("acknowledge", "--by", "anna"), ("notify", "test"), ("notify", "escalate")],
    ids=" ".join,
)  # fmt: skip
class TestEveryVerb:
    def test_outside_a_project(
        self, run: Run, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...],
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        (tmp_path / "Pulumi.yaml").unlink()
        assert run(*verb) == ExitCode.FAILED
        assert "no Pulumi.yaml in " in said(capsys)

    def test_without_a_stack(self, run: Run, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
        assert run(*verb) == ExitCode.USAGE
        assert f"Name one with --stack; stacks with a file: {STACK}" in said(capsys)

    def test_a_stack_without_a_file(self, run: Run, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
        assert run(*verb, "--stack", "greenflow-test") == ExitCode.FAILED
        assert "stack 'greenflow-test' has no file" in said(capsys)


class TestHistory:
    def test_what_happened(self, run: Run, engine: Script, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        store(tmp_path).put_incident(made())
        assert run("history", "--stack", STACK) == ExitCode.DONE
        text = said(capsys)
        assert f"{STACK}: 5 updates" in text
        assert "blue 50, green 50" in text
        assert f"incident {made().id}: major" in text
        assert "NOT acknowledged" in text

    def test_as_json(self, run: Run, engine: Script, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("history", "--stack", STACK, "--json", "--limit", "2") == ExitCode.DONE
        plain = json.loads(said(capsys))
        assert [(each["number"], each["result"], each["move"]) for each in plain["updates"]] == [
            (5, "succeeded", "advance"), (4, "failed", "advance"),
        ]  # fmt: skip
        assert (plain["incidents"], plain["problems"]) == ([], [])

    def test_no_engine(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("history", "--stack", STACK) == ExitCode.FAILED
        assert "pulumi is not on PATH" in said(capsys)

    def test_no_limit(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("history", "--stack", STACK, "--limit", "0") == ExitCode.USAGE

    def test_a_stack_that_was_never_deployed(
        self, run: Run, engine: Script, capsys: pytest.CaptureFixture[str]
    ) -> None:
        engine.tells(())
        assert run("history", "--stack", STACK) == ExitCode.DONE
        assert "no update yet" in said(capsys)


class TestRecord:
    def test_of_the_newest_rollout(self, run: Run, engine: Script, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("record", "--stack", STACK) == ExitCode.DONE
        assert said(capsys).startswith(f"# Rollout 2026.02.11 of {STACK}\n")

    def test_of_an_incident_with_what_people_added(
        self, run: Run, engine: Script, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        store(tmp_path).put_incident(made())
        assert run("acknowledge", "--by", "anna", "--cause", "a pool", "--stack", STACK) == ExitCode.DONE
        said(capsys)
        for words in ((made().id,), ("--incident",), ("2026.02.11", "--incident")):
            assert run("record", *words, "--stack", STACK) == ExitCode.DONE
            assert "## Cause\n\n- a pool\n" in said(capsys)
        assert run("record", "--incident", "--stack", STACK, "--json") == ExitCode.DONE
        plain = json.loads(said(capsys))
        assert (plain["cause"], plain["acknowledged"][0]["by"]) == ("a pool", "anna")

    def test_into_a_file(self, run: Run, engine: Script, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        file = tmp_path / "record.md"
        assert run("record", "--stack", STACK, "--to", str(file)) == ExitCode.DONE
        assert said(capsys) == f"written to {file}\n"
        before = file.read_text()
        assert run("record", "--stack", STACK, "--to", str(file)) == ExitCode.USAGE
        assert "exists, and may hold what people wrote" in said(capsys)
        assert file.read_text() == before
        assert run("record", "--stack", STACK, "--to", str(tmp_path / "no" / "x.md")) == ExitCode.FAILED
        assert "cannot be written" in said(capsys)

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (("2031",), f"{STACK} has no rollout '2031'; rollouts of its history: 2026.02.11"),
            (("--incident",), f"no incident of {STACK} is recorded"),
            (("2026.02.11", "--incident"), f"no incident of rollout '2026.02.11' of {STACK} is recorded"),
        ],
    )
    def test_what_is_not_there(
        self, run: Run, engine: Script, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], line: str
    ) -> None:
        assert run("record", *words, "--stack", STACK) == ExitCode.FAILED
        assert line in said(capsys)


class TestAcknowledge:
    def test_the_team_is_told_the_first_time(
        self, run: Run, box: Inbox, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(TEAM, box.url)
        store(tmp_path).put_incident(made())
        assert run("acknowledge", "--by", "anna", "--stack", STACK) == ExitCode.DONE
        assert f"told team ({TEAM})" in said(capsys)
        assert run("acknowledge", made().id, "--by", "ben", "--stack", STACK) == ExitCode.DONE
        assert box.titles == [f"[{STACK}] acknowledged by anna: {made().id}"]

    @pytest.mark.parametrize(
        ("words", "code", "line"),
        [
            (("--by", "anna"), ExitCode.FAILED, f"{STACK} has no incident; a rollback makes one"),
            (("--by", " "), ExitCode.USAGE, "--by: found ' '"),
            (("--by", "anna", "--severity", "huge"), ExitCode.USAGE, "--severity: found 'huge'"),
            ((), ExitCode.USAGE, "--by"),
        ],
    )
    def test_mistakes(
        self, run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: ExitCode, line: str
    ) -> None:
        assert run("acknowledge", "--stack", STACK, *words) == code
        assert line in said(capsys)


class TestNotify:
    def test_a_trial(
        self, run: Run, box: Inbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(TEAM, box.url)
        assert run("notify", "test", "--stack", STACK, "--tier", "on-call") == ExitCode.DONE
        assert said(capsys) == f"{STACK}:\n  told on-call ({TEAM})\n"
        assert box.titles == [f"[{STACK}] test message"]
        box.status = 500
        assert run("notify", "test", "--stack", STACK) == ExitCode.FAILED
        assert f"NOT told: team ({TEAM}): the service answered 500" in said(capsys)

    @pytest.mark.parametrize(
        ("notify", "words", "expected"),
        [
            ({"team": [TEAM]}, (), (ExitCode.FAILED, f"NOT told: team ({TEAM}): the variable is not set")),
            ({"team": [TEAM]}, ("--tier", "boss"), (ExitCode.USAGE, "--tier: found 'boss'; expected one of: team, ")),
            ({"team": [TEAM]}, ("--tier", "leads"), (ExitCode.FAILED, "headgate:notify names nobody for leads")),
            (None, (), (ExitCode.FAILED, "headgate:notify names nobody, so nobody is told")),
            ({"team": [f"slack://{TOKEN}/b/c"]}, (), (ExitCode.FAILED, "headgate:notify.team: found 'a hidden value'")),
        ],
    )
    def test_mistakes(
        self, run: Run, capsys: pytest.CaptureFixture[str], notify: object, words: tuple[str, ...],
        expected: tuple[ExitCode, str],
    ) -> None:  # fmt: skip
        project(Path.cwd(), notify)
        code, line = expected
        assert run("notify", "test", "--stack", STACK, *words) == code
        assert line in said(capsys)

    def test_escalation(
        self, run: Run, box: Inbox, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(TEAM, box.url)
        assert run("notify", "escalate", "--stack", STACK) == ExitCode.DONE
        assert said(capsys) == f"{STACK}: no incident is open\n"
        store(tmp_path).put_incident(made())  # long ago: every tier is due, and two have nobody
        assert run("notify", "escalate", "--stack", STACK) == ExitCode.FAILED
        text = said(capsys)
        assert f"tier 1: told team ({TEAM})" in text
        assert "tier 2: NOT told: headgate:notify names nobody for leads" in text
        assert run("notify", "escalate", "--stack", STACK) == ExitCode.FAILED
        assert "tier 1" not in said(capsys)
        assert len(box.received) == 1

    def test_a_store_that_cannot_be_read(self, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        write_project(tmp_path, {**raw(), "evidence": {"url": "nowhere://x"}})
        assert run("notify", "escalate", "--stack", STACK) == ExitCode.FAILED
        assert "nowhere://x cannot be read" in said(capsys)


class TestTelling:
    OUTCOME = Outcome("advance", STACK, Ended.DONE, "at green-10", after=STATE, file=File.CHANGED)

    def test_a_change_is_told(self, run: Run, box: Inbox, tmp_path: Path) -> None:
        tell = teller(
            STACK, FakeEngine(), tmp_path, {TEAM: box.url, "HEADGATE_ACTOR": "anna", "HEADGATE_LINK": "https://ci/1"}
        )
        assert tell(self.OUTCOME) == (f"told team ({TEAM})",)
        body = box.received[0]["message"]
        assert body.startswith("Who: anna\n")
        assert "Bake: 5m at green-10" in body
        assert "Link: https://ci/1" in body

    def test_a_link_with_a_password_is_left_out(self, run: Run, tmp_path: Path) -> None:
        people = people_of(STACK, tmp_path, {"HEADGATE_LINK": f"https://u:{TOKEN}@ci/1"})
        assert people.facts.link == ""

    def test_what_fails_is_said_and_nothing_is_raised(self, run: Run, box: Inbox, tmp_path: Path) -> None:
        box.status = 500
        assert teller(STACK, FakeEngine(), tmp_path, {TEAM: box.url})(self.OUTCOME) == (
            f"NOT told: team ({TEAM}): the service answered 500",
        )
        (tmp_path / "stacks" / f"Pulumi.{STACK}.yaml").write_text("config: [")
        (line,) = teller(STACK, FakeEngine(), tmp_path, {TEAM: box.url})(self.OUTCOME)
        assert line.startswith("NOT told: the stack file cannot be read: ")

    def test_nobody_named_is_nobody_told(self, run: Run, tmp_path: Path) -> None:
        project(tmp_path, None)
        assert teller(STACK, FakeEngine(), tmp_path, {})(self.OUTCOME) == ()

    def test_the_end_of_a_rollout_is_recorded(self, run: Run, tmp_path: Path) -> None:
        project(tmp_path, None)
        engine = FakeEngine(past={STACK: histories.history(histories.PROMOTED)})
        promoted = Outcome("promote", STACK, Ended.DONE, "promoted", file=File.CHANGED)
        (line,) = teller(STACK, engine, tmp_path, {})(promoted)
        assert Path(line.removeprefix("record of the rollout: ")).read_text().count("green-100") > 1

    def test_a_rollback_is_recorded(self, run: Run, tmp_path: Path) -> None:
        engine = FakeEngine(past={STACK: histories.history(histories.TAKEN_BACK)})
        given = GivenBack("blue", {"blue": 90, "green": 10}, {"blue": 100}, 1, True)
        result = Rollback(
            STACK,
            Ended.DONE,
            "rolled back",
            "errors",
            Target(OLD, "live"),
            given,
            before=STATE,
            began=STATE.entered_at + 60,
        )
        lines = keeper(STACK, engine, tmp_path, {"HEADGATE_ACTOR": "anna"})(result)
        assert [line.split(" ")[0] for line in lines] == ["incident", "whoever", "record"]
        assert store(tmp_path).cases().cases[0].incident.by == "anna"


def test_the_engine_is_not_given_addresses(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nenv > "$0.env"\nexit 1\n')
    program.chmod(0o755)
    cli = PulumiCli(tmp_path, {"PATH": f"{program.parent}:/usr/bin:/bin", TEAM: f"slack://{TOKEN}", "KEPT": "1"})
    with pytest.raises(EngineError):
        cli.selected()
    seen = Path(f"{program}.env").read_text()
    assert "KEPT=1" in seen
    assert TOKEN not in seen
