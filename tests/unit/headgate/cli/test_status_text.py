"""What people read."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from headgate.cli.situation import Situation
from headgate.cli.status_text import Marks, show
from headgate.clock import Clock, RehearsalClock, SystemClock
from headgate.report import Live
from headgate.traffic.port import Reading
from tests.support.fake_engine import FakeEngine
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import MINUTE, image, live
from tests.support.situations import walk
from tests.unit.headgate.cli.test_situation import UPDATE, look

WALK = walk()
REAL_NOW = UPDATE.started + 12 * MINUTE


def text(found: Situation, clock: Clock | None = None, *, width: int = 100, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    shown = show([found], clock or SystemClock(), REAL_NOW, Console(file=stream, highlight=False, width=width))
    shown.encode(encoding)
    assert all(len(line) <= width and line == line.rstrip() for line in shown.splitlines())
    assert "\x1b" not in shown
    return shown


def row(shown: str, label: str) -> str:
    """The line with this label, without it."""
    (line,) = [line for line in shown.splitlines() if line.startswith(f"  {label} ")]
    return line.strip().removeprefix(label).strip()


def flowing(shown: str) -> str:
    """Without the line breaks, for what may be longer than a line."""
    return " ".join(shown.split())


def test_during_a_rollout(tmp_path: Path) -> None:
    shown = text(look(tmp_path))
    assert shown.splitlines()[0] == "greenflow-production  greenflow in production"
    assert row(shown, "phase") == "rolling out 2026.02.11"
    assert row(shown, "step") == "2/4 green-10, 10 %, for 2m"
    assert row(shown, "plan") == "✓ green-up 0 %   ▶ green-10 10 %   · green-50 50 %"
    assert row(shown, "asked") == "blue 90, green 10 (per cent of users)"
    assert row(shown, "observed") == "blue 90, green 10 ✓"
    assert row(shown, "live") == "2026.01.28  slot blue  aaaaaaaaaaaa  6/6 healthy"
    assert row(shown, "candidate") == "2026.02.11  slot green  bbbbbbbbbbbb  3/3 healthy"
    assert row(shown, "bake") == "█████████░░░░░░░░░░░░░░░ 3m left of 5m"
    assert row(shown, "next") == "step green-50, 50 % to the candidate: held"
    assert "✓ gate readiness passed" in shown
    assert "✗ R-06 rollout-bake-elapsed: 2m so far (needs: Step 'green-10' must bake 5m before the next)" in flowing(
        shown
    )
    assert row(shown, "last update") == "update succeeded, 12m ago: green-10"
    assert row(shown, "cloud") == "reachable ✓"


def test_a_step_that_may_go_says_how(tmp_path: Path) -> None:
    shown = text(look(tmp_path, after=10 * MINUTE))
    assert row(shown, "next") == "step green-50, 50 % to the candidate: may go"
    assert "pulumi config set headgate:step green-50 && pulumi up" in shown
    assert row(shown, "bake").endswith("5m over")


def test_asked_is_not_observed(tmp_path: Path) -> None:
    shown = text(look(tmp_path, traffic=FakeTraffic(live(WALK["before"].proposed))))
    assert "≠ the balancer does not route what is recorded" in shown.splitlines()[0]
    assert row(shown, "observed") == "≠ blue 100"
    assert "✗ gate drift failed: the balancer routes blue 100 (needs blue 90, green 10)" in shown


def test_a_slot_runs_another_image_and_is_not_steady(tmp_path: Path) -> None:
    seen = live(WALK["green-10"].proposed)
    images = {**seen.images, "green": image("c")}
    reading = Reading(True, seen.split, {"blue": 6, "green": 1}, seen.desired, images, unsteady={"green": "1 of 3 run"})
    shown = flowing(text(look(tmp_path, traffic=FakeTraffic(reading))))
    assert "2026.02.11 slot green bbbbbbbbbbbb 1/3 healthy 1 of 3 run ≠ deployed is cccccccccccc" in shown


def test_the_rehearsal_clock_is_told(tmp_path: Path) -> None:
    shown = text(look(tmp_path), RehearsalClock(60, 1_767_225_600))
    assert row(shown, "clock") == "rehearsal: time passes 60 times as fast"
    assert row(shown, "bake").endswith("3m left of 5m (3 s at 60 times the speed)")


def test_before_the_first_deployment(tmp_path: Path) -> None:
    shown = text(look(tmp_path, None))
    assert row(shown, "phase") == "not deployed yet"
    assert row(shown, "step") == "idle is asked for"
    assert row(shown, "observed") == "there is no balancer"
    assert row(shown, "next") == "first deployment, step idle: may go"
    assert "\n  bake" not in shown


def test_no_rollout_under_way(tmp_path: Path) -> None:
    release = {"live": {"version": "2026.01.28", "slot": "blue", "image": image("a")}}
    shown = text(look(tmp_path, WALK["before"], release=release))
    assert row(shown, "phase") == "idle, no rollout under way"
    assert row(shown, "candidate") == "none"
    assert row(shown, "next") == "name headgate:release.candidate in the stack file to start a rollout"


def test_after_promotion_the_standby_is_kept(tmp_path: Path) -> None:
    last = WALK["promoted"]
    state = last.proposed
    release = {
        "live": {"version": state.live.version, "slot": "green", "image": state.live.image},
        "standby": {"version": "2026.01.28", "slot": "blue", "image": image("a")},
    }
    shown = text(look(tmp_path, last, release=release, after=3600))
    assert row(shown, "phase") == "promoted 2026.02.11; standby kept for another 2d23h"
    assert row(shown, "standby").startswith("2026.01.28  slot blue")
    assert row(shown, "next") == "retire the standby: held"


def test_the_cloud_is_away(tmp_path: Path) -> None:
    shown = text(look(tmp_path, traffic=FakeTraffic(unreachable="nobody listens on [::1]:1")))
    assert row(shown, "observed") == "not known: the cloud could not be read"
    assert row(shown, "cloud") == "✗ not reachable: nobody listens on [::1]:1"
    assert row(shown, "asked") == "blue 90, green 10 (per cent of users)"


def test_the_record_is_away(tmp_path: Path) -> None:
    shown = text(look(tmp_path, engine=FakeEngine(broken="no backend")))
    assert row(shown, "phase") == "not known"
    assert row(shown, "problem") == "✗ the recorded state cannot be read: no backend"
    assert row(shown, "live").startswith("2026.01.28")


def test_the_balancer_has_gone(tmp_path: Path) -> None:
    assert row(text(look(tmp_path, traffic=FakeTraffic(Live(exists=False)))), "observed") == "✗ there is no balancer"


def test_plain_ascii_where_the_output_carries_no_more(tmp_path: Path) -> None:
    shown = text(look(tmp_path), encoding="ascii")
    assert row(shown, "plan").startswith("ok green-up 0 %   > green-10 10 %   - green-50")
    assert row(shown, "bake").startswith("#########......")


@pytest.mark.parametrize("width", [80, 90, 100])
def test_steps_are_never_broken_in_two(tmp_path: Path, width: int) -> None:
    shown = text(look(tmp_path), width=width)
    assert "green-100 100 %" in shown


def test_what_others_wrote_is_shown_as_it_is(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert found.update is not None
    message = replace(found.update, result="failed", message="[red]boom[/red]\nsecond line")
    assert row(text(replace(found, update=message)), "last update") == "update failed, 12m ago: [red]boom[/red]"


def test_marks_of_an_unknown_encoding_are_ascii() -> None:
    assert Marks.of("no-such-encoding") == Marks.of("ascii")
