"""The edge around `pulumi` with the real one, on a program of one resource: what `headgate.engine.cli` relies on."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from headgate.engine import EngineError, PulumiCli, Secret

pytestmark = pytest.mark.engine

PROGRAM = """
import os, signal, time
import pulumi
signal.signal(signal.SIGINT, signal.SIG_DFL)
config = pulumi.Config()
class Thing(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("headgate:index:Thing", "thing", {"step": config.get("step")})
        self.register_outputs({})
Thing()
if os.environ.get("SLOW"):
    print("begun", flush=True)
    time.sleep(60)
pulumi.export("step", config.get("step"))
"""
FILE = """\
# who answers for it
config:
  headgate:release:
    # what users get
    live: {version: "2.6.0", slot: blue}
    candidate: {version: "1.10", slot: green}
  headgate:step: idle # the line a phase changes
  headgate:plan:
    steps:
      - {name: up, weight: 0, gates: [readiness, drift]}
      - {name: all, weight: 100, gates: []}
"""
STACK = "dev"


@pytest.fixture
def environ(engine_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A project with one stack and a backend of its own, without the policy pack."""
    state, project = tmp_path / "state", tmp_path / "project"
    state.mkdir()
    (project / "stacks").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: headgate\nruntime: python\nstackConfigDir: stacks\n")
    (project / "__main__.py").write_text(PROGRAM)
    (project / "stacks" / f"Pulumi.{STACK}.yaml").write_text(FILE)
    environ = {**engine_environment, "PULUMI_BACKEND_URL": f"file://{state}"}
    del environ["PULUMI_OPTION_POLICY_PACK"]
    return environ


@pytest.fixture
def engine(environ: dict[str, str], tmp_path: Path) -> PulumiCli:
    made = PulumiCli(tmp_path / "project", environ, lambda _: None)
    made._read("stack", "init", STACK)
    return made


def text(tmp_path: Path) -> str:
    """The stack file, without the line that an encrypted value needs."""
    lines = (tmp_path / "project" / "stacks" / f"Pulumi.{STACK}.yaml").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("encryptionsalt:"))


def test_values_are_written_and_the_rest_of_the_file_stays(engine: PulumiCli, tmp_path: Path) -> None:
    engine.set_values(STACK, {"headgate:step": "up", "headgate:plan.steps[1].weight": 50})
    assert text(tmp_path) == FILE.replace("step: idle", "step: up").replace("weight: 100", "weight: 50")

    engine.set_values(STACK, {"headgate:step": "idle", "headgate:plan.steps[1].weight": 100})
    assert text(tmp_path) == FILE


def test_a_promotion_is_written(engine: PulumiCli, tmp_path: Path) -> None:
    live = {"version": "1.10", "slot": "green"}
    standby = {"version": "2.6.0", "slot": "blue"}
    engine.set_values(
        STACK,
        {"headgate:release.live": live, "headgate:release.standby": standby},
        ["headgate:release.candidate"],
    )
    written = text(tmp_path)
    assert '    # what users get\n    live: {version: "1.10", slot: green}\n' in written
    assert "candidate" not in written
    assert "version: 2.6.0" in written


def test_an_update_by_a_saved_plan_and_what_is_known_afterwards(engine: PulumiCli, tmp_path: Path) -> None:
    engine.set_values(STACK, {"headgate:step": "up", "headgate:new": "007"})
    plan = tmp_path / "plan.json"
    preview = engine.preview(STACK, plan=plan)
    events = [json.loads(line) for line in preview.output.splitlines()]
    assert preview.code == 0, preview.errors
    assert any("resourcePreEvent" in event for event in events)

    lines: list[str] = []
    first = engine.up(STACK, plan=plan, message="first", on_line=lines.append)
    assert (first.code, first.interrupted) == (0, False), first
    assert any("created" in line for line in lines)
    assert engine.output(STACK, "step") == "up"

    engine.set_values(STACK, {"headgate:step": "all"})
    violated = engine.up(STACK, plan=plan, message="another than planned")
    assert violated.code == 1
    assert "violates plan" in violated.output

    newest, oldest = engine.history(STACK)
    assert (newest.number, newest.result, newest.message) == (2, "failed", "another than planned")
    assert (oldest.number, oldest.result, oldest.message) == (1, "succeeded", "first")
    assert oldest.config["headgate:step"] == "up"
    assert oldest.config["headgate:new"] == "007"
    assert [each.number for each in engine.history(STACK, 1)] == [2]
    assert engine.deployment(STACK)["deployment"]["resources"]


def test_a_secret_is_known_as_one_and_not_told(engine: PulumiCli, tmp_path: Path) -> None:
    engine._read("config", "set", "--secret", "--stack", STACK, "headgate:token", "hunter2")
    assert engine.up(STACK, message="with a secret").code == 0
    assert engine.history(STACK)[0].config["headgate:token"] == Secret()
    engine.set_values(STACK, {"headgate:step": "up"})
    assert "hunter2" not in text(tmp_path)
    assert "secure: v1:" in text(tmp_path)


def test_an_interrupted_update_ends_and_leaves_no_lock(
    environ: dict[str, str], engine: PulumiCli, tmp_path: Path
) -> None:
    told: list[str] = []

    def interrupt(line: str) -> None:
        if "begun" in line and not told:
            told.append(line)
            os.kill(os.getpid(), signal.SIGINT)

    slow = PulumiCli(tmp_path / "project", {**environ, "SLOW": "1"}, lambda _: None)
    run = slow.up(STACK, message="slow", on_line=interrupt)
    assert run.interrupted
    assert run.code != 0
    assert engine.history(STACK)[0].result == "failed"
    assert engine.up(STACK, message="again").code == 0


def test_a_killed_update_leaves_a_lock_which_cancel_takes_away(
    environ: dict[str, str], engine: PulumiCli, tmp_path: Path
) -> None:
    command = ["pulumi", "up", "--yes", "--non-interactive", "--skip-preview", "--stack", STACK]
    with subprocess.Popen(
        command,
        cwd=tmp_path / "project",
        env={**environ, "SLOW": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    ) as killed:
        assert killed.stdout is not None
        assert any("begun" in line for line in killed.stdout)
        os.killpg(killed.pid, signal.SIGKILL)
    held = engine.up(STACK, message="held")
    assert held.code != 0
    assert "currently locked" in held.errors
    assert engine.cancel(STACK).code == 0
    assert engine.up(STACK, message="again").code == 0


def test_a_stack_that_is_not_there(engine: PulumiCli) -> None:
    with pytest.raises(EngineError, match="no stack named 'none' found"):
        engine.output("none", "step")
    with pytest.raises(EngineError, match="no stack named 'none' found"):
        engine.set_values("none", {"headgate:step": "x"})
