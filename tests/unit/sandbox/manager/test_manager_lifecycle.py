"""What is told and done about a sandbox without starting one."""

import io
import json
import os
import time
from pathlib import Path

import pytest

from sandbox.manager import parts, record
from sandbox.manager.engine import forget_salts
from sandbox.manager.errors import SandboxError
from sandbox.manager.layout import Layout
from sandbox.manager.lifecycle import Condition, down, explain, last_lines, status, up
from sandbox.manager.processes import Identity, start_mark
from sandbox.manager.record import Record
from toolchain.progress import PlainProgress

LIVING = Identity(os.getpid(), start_mark(os.getpid()) or "")
DEAD = Identity(2**22 + 1, "boot:1")
URLS = {"aws": "http://127.0.0.1:1", "google": "g", "traffic": "u", "test": "t", "http": "h", "run": "r"}
PLAYED = {"greenflow": "greenflow-production", "ion": "ion-production"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A checkout with two stack files, and a work folder in it."""
    (tmp_path / "stacks").mkdir()
    for stack in ("greenflow-production", "greenflow-staging"):
        (tmp_path / "stacks" / f"Pulumi.{stack}.yaml").write_text("config:\n  headgate:step: idle\n")
    return Layout(tmp_path / ".headgate", tmp_path)


@pytest.fixture
def progress() -> PlainProgress:
    return PlainProgress(io.StringIO())


def started(layout: Layout, *, ago: int = 60, **dead: Identity) -> Record:
    processes = {name: dead.get(name, LIVING) for name in parts.SPOKEN}
    made = Record(int(time.time()) - ago, 3600.0, PLAYED, "/bin", processes, URLS)
    record.write(layout.record, made)
    return made


class TestStatus:
    def test_down(self, layout: Layout) -> None:
        found = status(layout)
        assert found.condition is Condition.DOWN
        with pytest.raises(SandboxError, match=r"The sandbox is not up\. Start it: headgate sandbox up"):
            _ = found.usable

    def test_running(self, layout: Layout) -> None:
        made = started(layout)
        found = status(layout)
        assert found.condition is Condition.RUNNING
        assert found.usable == made

    def test_the_cloud_has_crashed(self, layout: Layout) -> None:
        started(layout, cloud=DEAD, watch=DEAD)
        layout.logs.mkdir()
        layout.log("cloud").write_text("one\n\nMemoryError\n")
        found = status(layout)
        assert found.condition is Condition.CRASHED
        assert [dead.name for dead in found.dead] == ["cloud", "watch"]
        said = explain(found)
        assert "the emulated AWS has ended" in said
        assert "    MemoryError\n" in said
        assert said.endswith("headgate sandbox down, then headgate sandbox up")

    def test_either_cloud_is_lost_when_it_ends(self, layout: Layout) -> None:
        started(layout, google=DEAD)
        said = explain(status(layout))
        assert "the emulated Google has ended" in said
        assert said.endswith("headgate sandbox down, then headgate sandbox up")

    def test_the_router_has_crashed_and_the_cloud_is_kept(self, layout: Layout) -> None:
        started(layout, router=DEAD)
        said = explain(status(layout))
        assert "the router that plays the load balancer has ended" in said
        assert "(nothing)" in said
        assert said.endswith("headgate sandbox up (the emulated clouds and the state are kept)")

    def test_its_lifetime_is_over(self, layout: Layout) -> None:
        started(layout, ago=3700, **dict.fromkeys(parts.SPOKEN, DEAD))
        found = status(layout)
        assert found.condition is Condition.ENDED
        assert "its lifetime of 1 h is over" in explain(found)

    def test_a_pid_that_somebody_else_has_now_is_not_ours(self, layout: Layout) -> None:
        started(layout, cloud=Identity(os.getpid(), "another boot:1"))
        assert status(layout).condition is Condition.CRASHED

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 2, "processes": 1}'])
    def test_a_record_that_cannot_be_read(self, layout: Layout, text: str) -> None:
        layout.home.mkdir()
        layout.record.write_text(text)
        with pytest.raises(SandboxError, match=r"sandbox\.json cannot be read .* remove the file"):
            status(layout)


class TestDown:
    def test_nothing_is_up(self, layout: Layout, progress: PlainProgress) -> None:
        assert down(layout, progress) == (False, [])

    def test_everything_of_the_sandbox_goes_but_the_logs(self, layout: Layout, progress: PlainProgress) -> None:
        started(layout, **dict.fromkeys(parts.SPOKEN, DEAD))
        for folder in (layout.state, layout.pulumi_home, layout.logs, layout.ready):
            folder.mkdir()
            (folder / "file").write_text("")
        layout.requests.write_text("")
        layout.backends.write_text("{}")
        assert down(layout, progress) == (True, [])
        assert sorted(path.name for path in layout.home.iterdir()) == ["logs", "sandbox.lock"]

    def test_the_state_can_be_kept(self, layout: Layout, progress: PlainProgress) -> None:
        layout.state.mkdir(parents=True)
        down(layout, progress, keep_state=True)
        assert layout.state.exists()

    def test_nobody_elses_process_is_ended(self, layout: Layout, progress: PlainProgress) -> None:
        other = Identity(os.getpid(), "another boot:1")
        started(layout, **dict.fromkeys(parts.SPOKEN, other))
        layout.apps.write_text(json.dumps({"apps": [{"pid": os.getpid(), "started": "another boot:1"}]}))
        assert down(layout, progress)[0]


class TestUp:
    def test_for_a_stack_without_a_file(self, layout: Layout, progress: PlainProgress) -> None:
        with pytest.raises(
            SandboxError, match=r"no stack file stacks/Pulumi\.ion\.yaml; stacks with a file: greenflow-"
        ):
            up(layout, progress, stack="ion")

    def test_for_another_stack_of_the_same_system(self) -> None:
        made = Record(0, 3600.0, PLAYED, "/bin", {}, URLS)
        parts.refuse_another(made, "ion-production")
        with pytest.raises(SandboxError, match=r"runs for stack 'ion-production', not 'ion-staging'\. End it first"):
            parts.refuse_another(made, "ion-staging")


class TestParts:
    def test_a_router_is_started_again_where_it_was(self, layout: Layout) -> None:
        urls = {**URLS, "traffic": "http://127.0.0.1:4", "test": "http://127.0.0.1:5", "http": "http://127.0.0.1:6"}
        made = Record(0, 3600.0, PLAYED, "/bin", {}, {**urls, "run": "http://127.0.0.1:7"})
        assert {"--port=4", "--test-port=5", "--http-port=6"} <= set(parts.arguments("router", layout, made))
        assert {"--port=7", "--service=ion-production"} <= set(parts.arguments("run-router", layout, made))

    def test_every_process_has_a_name_a_stage_and_its_addresses(self) -> None:
        staged = [name for stage in parts.STAGES for name in stage]
        assert sorted(staged) == sorted(parts.SPOKEN) == sorted(parts.URLS)

    def test_a_stack_is_played_instead_of_its_systems_default(self) -> None:
        assert parts.stacks("ion-staging") == {"greenflow": "greenflow-production", "ion": "ion-staging"}

    def test_addresses(self) -> None:
        assert [line.split()[-1] for line in parts.addresses(URLS)[:2]] == ["http://127.0.0.1:1", "g"]


class TestSalts:
    SALT = "v1:abc=:v1:d+/="

    def state(self, layout: Layout) -> None:
        stacks = layout.state / ".pulumi" / "stacks" / "headgate"
        stacks.mkdir(parents=True)
        secrets = {"type": "passphrase", "state": {"salt": self.SALT}}
        (stacks / "greenflow-production.json").write_text(json.dumps({"secrets_providers": secrets}))

    def test_the_sandbox_takes_its_own_out_again(self, layout: Layout) -> None:
        self.state(layout)
        file = layout.stack_files / "Pulumi.greenflow-production.yaml"
        before = file.read_text()
        file.write_text(f"{before}encryptionsalt: {self.SALT}\n")
        assert forget_salts(layout) == [file]
        assert file.read_text() == before
        assert forget_salts(layout) == []

    def test_anybody_elses_stays(self, layout: Layout) -> None:
        self.state(layout)
        file = layout.stack_files / "Pulumi.greenflow-production.yaml"
        file.write_text(f"encryptionsalt: v1:other\n{file.read_text()}")
        before = file.read_text()
        assert forget_salts(layout) == []
        assert file.read_text() == before


def test_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log) == ()
    log.write_text("1\n2\n\n3\n\n")
    assert last_lines(log, 2) == ("2", "3")
