"""`headgate status --watch`, without a clock and without a terminal of its own."""

import io
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from headgate.cli.situation import Situation
from headgate.cli.status_figures import Figures, Measured, Subject
from headgate.cli.status_watch import Watch, run
from headgate.cli.status_watch_text import held
from headgate.clock import Clock, RehearsalClock, SystemClock
from headgate.traffic.port import Reading
from tests.support.fake_engine import FakeEngine
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import MINUTE, live
from tests.support.situations import STACK, raw, walk, write_project
from tests.unit.headgate.cli.test_app import NOBODY
from tests.unit.headgate.cli.test_situation import look

WALK = walk()
BOTH = Measured("the sandbox's router", 60, {"blue": Figures(1350, 0.148, 41.4), "green": Figures(150, 0, 55)})


@dataclass
class Given:
    """A source that gives the same again and again."""

    measured: Measured = BOTH
    asked: list[Subject] = field(default_factory=list)

    def read(self, about: Subject) -> Measured:
        self.asked.append(about)
        return self.measured


def watched(
    situations: Sequence[Situation], source: Given | None = None, *, terminal: bool = False, clock: Clock | None = None,
    width: int = 100, encoding: str = "utf-8",
) -> str:  # fmt: skip
    """What is shown while these situations follow each other; then somebody presses Ctrl-C."""
    left = list(situations)
    turns: list[float] = []

    def sleep(seconds: float) -> None:
        assert seconds == 2
        turns.append(seconds)
        if not left:
            raise KeyboardInterrupt

    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    screen = Console(
        file=stream, highlight=False, width=width, height=60, force_terminal=terminal, color_system=None, _environ={}
    )
    seen: Callable[[], tuple[Situation, Clock]] = lambda: (left.pop(0), clock or SystemClock())  # noqa: E731
    run(Watch(seen, source or Given(), sleep, lambda: 1_767_225_600 + 2 * len(turns)), screen, 2)
    assert len(turns) == len(situations)
    stream.flush()
    stream.seek(0)
    return stream.read()


def row(shown: str, label: str) -> str:
    lines = [line for line in shown.splitlines() if line.startswith(f"  {label} ")]
    return " ".join(lines[-1].split()).removeprefix(label).strip()


def test_the_picture(tmp_path: Path) -> None:
    source = Given()
    shown = watched([look(tmp_path)], source)
    assert shown.splitlines()[0] == "greenflow-production  00:00:00 UTC"
    assert row(shown, "rollout") == "rolling out 2026.02.11"
    assert row(shown, "step") == "2/4 green-10, for 2m"
    assert row(shown, "weight") == "asked 10 %, observed 10 % ✓"
    assert row(shown, "bake") == "█████████░░░░░░░░░░░░░░░ 3m left of 5m"
    assert row(shown, "version") == "2026.01.28 2026.02.11"
    assert row(shown, "users") == "90 % 10 %"
    assert row(shown, "healthy") == "6/6 3/3"
    assert row(shown, "requests") == "1350 150"
    assert row(shown, "errors") == "0.15 % 0.00 %"
    assert row(shown, "p95") == "41 ms 55 ms"
    assert row(shown, "measured") == "the last 60 s, by the sandbox's router"
    assert row(shown, "next") == "step green-50, 50 %: held"
    assert "✗ bake: 2m of 5m" in shown
    assert "✓ readiness, drift" in shown
    assert "\x1b" not in shown
    (subject,) = source.asked
    assert [each.slot for each in subject.versions] == ["blue", "green"]


@pytest.mark.parametrize(("width", "encoding"), [(80, "utf-8"), (100, "ascii"), (60, "ascii")])
def test_where_there_is_less_room(tmp_path: Path, width: int, encoding: str) -> None:
    shown = watched([look(tmp_path)], width=width, encoding=encoding)
    assert all(len(line) <= width for line in shown.splitlines())
    assert "green-50, 50 %: held" in shown


def test_without_a_source(tmp_path: Path) -> None:
    shown = watched([look(tmp_path)], Given(Measured()))
    assert row(shown, "requests") == "not measured not measured"
    assert row(shown, "measured") == "nothing: no address of metrics is known (--metrics)"


def test_a_source_that_does_not_answer(tmp_path: Path) -> None:
    shown = watched([look(tmp_path)], Given(Measured(problems=("http://127.0.0.1:1/m: no answer within 2 s",))))
    assert row(shown, "p95") == "not measured not measured"
    assert row(shown, "metrics") == "✗ http://127.0.0.1:1/m: no answer within 2 s"


def test_a_rehearsal_says_how_long_it_really_takes(tmp_path: Path) -> None:
    shown = watched([look(tmp_path)], clock=RehearsalClock(60, 0))
    assert row(shown, "bake").endswith("3m left of 5m (3 s at 60 times the speed)")


def test_in_a_pipe_a_block_is_printed_when_more_than_the_time_changes(tmp_path: Path) -> None:
    seconds = [look(tmp_path, after=2 * MINUTE + number) for number in range(3)]
    shown = watched([*seconds, look(tmp_path, after=10 * MINUTE)])
    assert shown.count("greenflow-production") == 2
    assert row(shown, "next") == "step green-50, 50 %: may go"
    assert "\n\ngreenflow-production  00:00:06 UTC\n" in shown


def test_cloud_and_backend_go_away_and_come_back(tmp_path: Path) -> None:
    dead = look(tmp_path, traffic=FakeTraffic(unreachable="timed out"), engine=FakeEngine(broken="connection refused"))
    shown = watched([look(tmp_path), dead, look(tmp_path)])
    first, second, third = shown.split("\n\ngreenflow-production")
    assert "not readable: timed out" in second
    assert "the recorded state cannot be read: connection refused" in second
    assert row(second, "rollout") == "not known"
    assert row(second, "users") == "not known not known"
    assert first.splitlines()[1:] == third.splitlines()[1:]


def test_a_terminal_is_repainted_and_keeps_the_last_picture(tmp_path: Path) -> None:
    shown = watched([look(tmp_path), look(tmp_path, after=3 * MINUTE)], terminal=True)
    assert shown.count("3m left of 5m") == 1
    last = shown[shown.rindex("greenflow-production") :]
    assert "2m left of 5m" in last
    assert "every 2s; Ctrl-C ends" in last
    assert last.endswith("\x1b[?25h"), "the cursor is back"


def test_ctrl_c_before_the_first_picture(tmp_path: Path) -> None:
    def interrupted() -> tuple[Situation, Clock]:
        raise KeyboardInterrupt

    stream = io.StringIO()
    run(Watch(interrupted, Given(), lambda _: None, lambda: 0.0), Console(file=stream), 2)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("name", [*WALK, None])
def test_every_state_has_a_picture(tmp_path: Path, name: str | None) -> None:
    shown = watched([look(tmp_path, WALK[name] if name else None)])
    assert row(shown, "rollout")
    assert ("kept for another" in shown) is (name == "promoted")


def test_the_split_is_another(tmp_path: Path) -> None:
    shown = watched([look(tmp_path, traffic=FakeTraffic(live(WALK["before"].proposed)))])
    assert row(shown, "weight") == "asked 10 %, observed 0 % ≠"
    assert "✗ gate drift: the balancer routes blue 100 (needs blue 90, green 10)" in shown


def test_what_holds(tmp_path: Path) -> None:
    assert held(look(tmp_path)) == ("bake: 2m of 5m",)
    assert held(look(tmp_path, after=10 * MINUTE)) == ()
    unhealthy = Reading(True, {"blue": 90, "green": 10}, {"blue": 6, "green": 0}, {"blue": 6, "green": 3})
    lines = held(look(tmp_path, traffic=FakeTraffic(unhealthy), after=10 * MINUTE))
    assert any(line.startswith("gate readiness: ") for line in lines)


def test_the_command_ends_with_0_on_ctrl_c(tmp_path: Path) -> None:
    """The whole of it, in a pipe, with neither an engine nor a cloud."""
    write_project(tmp_path, raw())
    command = [sys.executable, "-m", "headgate.cli.app", "status", "--watch", "--stack", STACK]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**NOBODY, "HOME": str(tmp_path)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stderr is not None
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest, errors = running.stdout.read(), running.stderr.read()
    assert (running.returncode, errors) == (0, "")
    assert first.startswith(STACK)
    assert "pulumi is not on PATH" in rest
