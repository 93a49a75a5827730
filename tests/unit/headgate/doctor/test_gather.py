"""What the doctor looks at on this machine, with real files; the engine is a script that answers."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from headgate.cli import project as projects
from headgate.doctor.facts import Facts, Lock, Pack, Secrets
from headgate.doctor.gather import Doctor
from headgate.engine import Run
from headgate.settings import Settings
from headgate.traffic import TrafficPort
from tests.support.fake_engine import FakeEngine, FakeOperator
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import MINUTE, live
from tests.support.situations import STACK, output, raw, walk, write_project

WALK = walk()
NOW = WALK["green-10"].proposed.entered_at + 2 * MINUTE

ENGINE = """#!{python}
import json, sys
answers = {{"version": "v3.259.0", "whoami": '{{"user": "me", "url": "{url}"}}', "plugin": '{plugins}'}}
answer = answers.get(sys.argv[1])
if answer is None or answer.startswith("!"):
    sys.exit("error: " + (answer or "?")[1:])
print(answer)
"""


class Bench:
    """A project, and an engine of which every answer can be another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.url = f"file://{self.state}"
        self.plugins = json.dumps([{"name": "aws", "kind": "resource", "version": "1.0.0"}])
        self.environ: dict[str, str] = {"PATH": str(folder / "bin"), "PULUMI_CONFIG_PASSPHRASE": ""}
        self.engine = FakeEngine({STACK: {"rollout": output(WALK["green-10"])}})
        self.operator = FakeOperator(folder)
        self.traffic = FakeTraffic(live(WALK["green-10"].proposed))
        self.state.mkdir()
        (folder / "bin").mkdir()
        write_project(folder, raw(step="green-10"))

    def look(self, *, refresh: bool = False, **environ: str) -> Facts:
        script = self.folder / "bin" / "pulumi"
        script.write_text(ENGINE.format(python=sys.executable, url=self.url, plugins=self.plugins))
        script.chmod(0o755)
        found = projects.find(self.folder)
        doctor = Doctor(found, self.engine, self.operator, self._port, {**self.environ, **environ})
        return doctor.look(STACK, NOW, refresh=refresh)

    def _port(self, _settings: Settings, _values: Mapping[str, object]) -> TrafficPort:
        return self.traffic

    def lock(self, **said: object) -> None:
        folder = self.state / ".pulumi/locks/organization/headgate" / STACK
        folder.mkdir(parents=True, exist_ok=True)
        content = {"pid": 1, "username": "me", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00.5Z", **said}
        (folder / f"{len(list(folder.iterdir()))}.json").write_text(json.dumps(content))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_is_there(bench: Bench) -> None:
    facts = bench.look()
    assert facts.engine.version.value == "v3.259.0"
    assert facts.engine.wanted == metadata.version("pulumi")
    assert facts.engine.acquires
    assert [each.version for each in facts.engine.plugins.value or ()] == ["1.0.0"]
    assert [(each.name, each.version) for each in facts.engine.needs] == [("aws", metadata.version("pulumi-aws"))]
    assert facts.backend.value == bench.url
    assert facts.situation.as_asked is True
    assert facts.locks.value == ()
    assert facts.evidence.value is True
    assert (facts.drifted.value, facts.drifted.error) == (None, "")


def test_pulumi_is_not_there(bench: Bench) -> None:
    facts = bench.look(PATH="/nowhere")
    assert facts.engine.version.error == facts.backend.error == "pulumi is not on PATH"
    assert facts.locks.error == ""


def test_a_backend_that_answers_no_json(bench: Bench) -> None:
    bench.plugins = "<html>"
    assert "did not answer with JSON" in bench.look().engine.plugins.error


class TestLocks:
    def test_of_a_process_that_has_ended_of_one_that_runs_and_of_another_machine(self, bench: Bench) -> None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        bench.lock(hostname=socket.gethostname(), pid=ended.pid)
        bench.lock(hostname=socket.gethostname(), pid=os.getpid())
        bench.lock()
        locks = bench.look().locks.value or ()
        assert [each.alive for each in locks] == [False, True, None]
        assert locks[2] == Lock("me@elsewhere (pid 1)", "2026-01-01T00:00:00", None)

    def test_that_cannot_be_understood_is_a_lock(self, bench: Bench) -> None:
        bench.lock(pid=None)
        (lock,) = bench.look().locks.value or ()
        assert "cannot be told" in lock.holder

    def test_of_another_stack(self, bench: Bench) -> None:
        bench.lock()
        folder = bench.state / ".pulumi/locks/organization/headgate"
        (folder / STACK).rename(folder / "another")
        assert bench.look().locks.value == ()

    def test_where_only_pulumi_can_read(self, bench: Bench) -> None:
        bench.url = "box://me:hunter2@bucket?key=hunter2"
        said = bench.look().locks.error
        assert said.startswith("box://bucket/.pulumi/locks/")
        assert "hunter2" not in said

    def test_of_a_hosted_backend(self, bench: Bench) -> None:
        bench.url = "https://app.example.com/me"
        facts = bench.look()
        assert (facts.locks.value, facts.locks.error, facts.backup) == (None, "", "")


@pytest.mark.parametrize("form", ["json", "json.gz"])
def test_the_checkpoint_before(bench: Bench, form: str) -> None:
    backup = bench.state / f".pulumi/stacks/headgate/{STACK}.{form}.bak"
    backup.parent.mkdir(parents=True)
    backup.write_text("{}")
    assert bench.look().backup == str(backup)


class TestSecrets:
    def of(self, bench: Bench, file: str = "", **environ: str) -> Secrets:
        del bench.environ["PULUMI_CONFIG_PASSPHRASE"]
        path = bench.folder / "stacks" / f"Pulumi.{STACK}.yaml"
        path.write_text(path.read_text() + file)
        return bench.look(**environ).secrets

    def test_without_a_passphrase(self, bench: Bench) -> None:
        assert self.of(bench) == Secrets(by_passphrase=True, given=False)

    def test_an_empty_one_is_one(self, bench: Bench) -> None:
        assert self.of(bench, PULUMI_CONFIG_PASSPHRASE="") == Secrets(by_passphrase=True, given=True)

    def test_in_a_file(self, bench: Bench, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("x")
        assert self.of(bench, PULUMI_CONFIG_PASSPHRASE_FILE=str(tmp_path / "key")).given

    def test_in_a_file_that_is_not_there(self, bench: Bench, tmp_path: Path) -> None:
        found = self.of(bench, PULUMI_CONFIG_PASSPHRASE_FILE=str(tmp_path / "key"))
        assert not found.given
        assert "No such file" in found.error

    def test_by_another_provider(self, bench: Bench) -> None:
        assert not self.of(bench, "secretsprovider: keys://alias/x\n").by_passphrase

    def test_of_a_hosted_backend(self, bench: Bench) -> None:
        bench.url = "https://app.example.com/me"
        assert not self.of(bench).by_passphrase

    def test_where_the_backend_is_not_known(self, bench: Bench) -> None:
        assert not self.of(bench, PATH="/nowhere").by_passphrase


class TestPack:
    def test_none(self, bench: Bench) -> None:
        assert bench.look().pack == Pack("")

    def test_there(self, bench: Bench) -> None:
        executable = bench.folder / "bin" / "pulumi"
        assert bench.look(PULUMI_OPTION_POLICY_PACK=f"bin/pulumi,{executable}").pack.error == ""

    @pytest.mark.parametrize(
        ("path", "said"),
        [("nowhere", "is not there"), ("Pulumi.yaml", "may not be executed"), ("stacks", "has no PulumiPolicy.yaml")],
    )
    def test_unusable(self, bench: Bench, path: str, said: str) -> None:
        assert said in bench.look(PULUMI_OPTION_POLICY_PACK=path).pack.error


def test_credentials_are_missing(bench: Bench) -> None:
    bench.traffic.unreachable = "there are no credentials. Sign in (aws sso login, or aws configure)."
    assert bench.look().sign_in == "aws sso login"
    bench.traffic.unreachable = "timed out"
    assert bench.look().sign_in == ""


def test_the_store_cannot_be_read(bench: Bench) -> None:
    (bench.folder / ".headgate").write_text("a file where a folder should be")
    assert ".headgate/evidence cannot be read" in bench.look().evidence.error


def test_a_file_that_cannot_be_used(bench: Bench) -> None:
    write_project(bench.folder, {**raw(), "step": 7})
    facts = bench.look()
    assert facts.situation.settings is None
    assert (facts.evidence.value, facts.evidence.error) == (None, "")
    (bench.folder / "stacks" / f"Pulumi.{STACK}.yaml").write_text("config: [")
    assert "cannot be read" in bench.look().values.error


class TestRefresh:
    def test_a_preview_that_fails(self, bench: Bench) -> None:
        bench.operator.previews = [Run(255, "", "error: no such thing\n")]
        assert bench.look(refresh=True).drifted.error == "no such thing"
        assert bench.operator.calls == ["preview --refresh"]

    def test_a_preview_with_changes(self, bench: Bench) -> None:
        samples = Path(__file__).parents[1] / "samples"
        bench.operator.previews = [Run(0, (samples / "greenflow-advance.jsonl").read_text(), "")]
        facts = bench.look(refresh=True)
        assert any("(update)" in each for each in facts.drifted.value or ())
        assert facts.judged
        bench.operator.previews = [Run(0, (samples / "greenflow-nothing.jsonl").read_text(), "")]
        assert bench.look(refresh=True).drifted.value == ()

    def test_without_an_engine(self, bench: Bench) -> None:
        bench.look(refresh=True, PATH="/nowhere")
        assert bench.operator.calls == []
