"""What really is left behind by the engine, and that the command that is named mends it."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from headgate.cli import project as projects
from headgate.doctor.findings import Finding, Kind, examine
from headgate.doctor.gather import Doctor
from headgate.engine import PulumiCli
from headgate.settings import Settings
from headgate.traffic import TrafficPort
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import MINUTE, live
from tests.support.situations import STACK, output, raw, walk, write_project

pytestmark = pytest.mark.engine

RECORD = walk()["green-10"]
PROGRAM = """
import json, os, time
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
class Slow(ResourceProvider):
    def create(self, props):
        open(os.environ["BEGUN"], "w").close()
        time.sleep(120)
        return CreateResult("slow")
class Thing(Resource):
    pass
if os.environ.get("BEGUN"):
    Thing(Slow(), "slow", {})
pulumi.export("rollout", json.load(open("rollout.json")))
"""


class Project:
    """A project of one resource, with a backend of its own and a record as in the middle of a rollout."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder / "project"
        self.state = folder / "state"
        self.state.mkdir()
        write_project(self.folder, raw(step="green-10"))
        (self.folder / "__main__.py").write_text(PROGRAM)
        (self.folder / "rollout.json").write_text(json.dumps(output(RECORD)))
        self.environ = {**environ, "PULUMI_BACKEND_URL": f"file://{self.state}"}
        self.run(f"pulumi stack init {STACK}")

    def run(self, command: str) -> None:
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    def up(self) -> None:
        self.run(f"pulumi up --yes --non-interactive --skip-preview --stack {STACK}")

    def findings(self, **environ: str) -> list[Finding]:
        here = {**self.environ, **environ}
        engine = PulumiCli(self.folder, here)
        traffic = FakeTraffic(live(RECORD.proposed))

        def port(_settings: Settings, _values: Mapping[str, object]) -> TrafficPort:
            return traffic

        look = Doctor(projects.find(self.folder), engine, engine, port, here).look
        return list(examine(look(STACK, RECORD.proposed.entered_at + MINUTE)))

    def kinds(self, **environ: str) -> list[Kind]:
        return [each.kind for each in self.findings(**environ)]

    def killed(self) -> None:
        """An update that is killed while it creates something."""
        begun = self.folder / "begun"
        command = ["pulumi", "up", "--yes", "--non-interactive", "--skip-preview", "--stack", STACK]
        with subprocess.Popen(
            command, cwd=self.folder, env={**self.environ, "BEGUN": str(begun)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
        ) as update:  # fmt: skip
            deadline = time.monotonic() + 90
            while not begun.exists() and update.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            there = begun.exists()
            if update.poll() is None:
                os.killpg(update.pid, signal.SIGKILL)
        assert there, "the update did not come to its resource"


@pytest.fixture
def project(engine_environment: dict[str, str], tmp_path: Path) -> Project:
    return Project(tmp_path, engine_environment)


def test_nothing_then_what_a_killed_update_leaves(project: Project) -> None:
    project.up()
    assert project.kinds() == []

    project.killed()
    locked, interrupted = project.findings()
    assert (locked.kind, interrupted.kind) == (Kind.LOCKED, Kind.INTERRUPTED)
    assert "that process has ended" in locked.found
    assert "creating slow" in interrupted.found
    assert interrupted.mend == f"pulumi refresh --stack {STACK}"

    project.run(locked.mend)
    assert project.kinds() == [Kind.INTERRUPTED]
    # On a terminal the command asks what became of it; this is the answer "it was not made".
    project.run(f"{interrupted.mend} --yes --non-interactive --clear-pending-creates")
    assert project.kinds() == []


def test_a_checkpoint_that_was_cut_off(project: Project) -> None:
    project.up()
    checkpoint = project.state / f".pulumi/stacks/headgate/{STACK}.json"
    whole = checkpoint.read_text()
    checkpoint.write_text(whole[: len(whole) // 2])
    (found,) = project.findings()
    assert found.kind is Kind.CHECKPOINT_UNREADABLE
    project.run(found.mend)
    assert Kind.CHECKPOINT_UNREADABLE not in project.kinds()
    project.up()
    assert project.kinds() == []


def test_the_file_is_ahead_of_the_stack(project: Project) -> None:
    project.up()
    project.run(f"pulumi config set headgate:step green-50 --stack {STACK}")
    found = next(each for each in project.findings() if each.kind is Kind.CONFIGURATION_DIFFERS)
    assert found.found.endswith(" in headgate:step")
    project.run(f"pulumi config refresh --force --stack {STACK}")
    assert project.kinds() == []


def test_what_is_missing_around_it(project: Project, tmp_path: Path) -> None:
    project.up()
    assert project.kinds(PULUMI_BACKEND_URL=f"file://{tmp_path}/nowhere") == [Kind.BACKEND_UNREACHABLE]
    assert project.kinds(PULUMI_HOME=str(tmp_path / "home")) == [Kind.PLUGIN_MISSING]
    assert project.kinds(PATH="/nowhere") == [Kind.ENGINE_MISSING]
    (tmp_path / "empty").mkdir()
    assert project.kinds(PULUMI_BACKEND_URL=f"file://{tmp_path}/empty") == [Kind.NOT_CREATED]


def test_the_command(project: Project) -> None:
    """Without a cloud, and with a lock: exit code 1, each finding with its command, no traceback."""
    project.up()
    done = subprocess.run(
        ["headgate", "doctor", "--json", "--stack", STACK],
        cwd=project.folder,
        env={**project.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "x",
             "AWS_SECRET_ACCESS_KEY": "x"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    (found,) = json.loads(done.stdout)["findings"]
    assert found["kind"] == Kind.CLOUD_UNREACHABLE
    assert shlex.split(found["mend"])
