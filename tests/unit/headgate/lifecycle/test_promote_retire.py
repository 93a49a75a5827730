"""The end of a rollout: the candidate is live, and later its predecessor goes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.engine import Run
from headgate.lifecycle.advance import advance
from headgate.lifecycle.outcome import Ended
from headgate.lifecycle.promote import promote
from headgate.lifecycle.retire import retire
from headgate.state import Phase
from tests.support.fake_stack import FakeStack, failed

At = Callable[[str], FakeStack]


@pytest.mark.parametrize("system", ["greenflow-staging", "ion-staging"])
def test_the_whole_end(tmp_path: Path, system: str) -> None:
    stack = FakeStack(tmp_path, system)
    stack.clock.time += 60
    before = stack.values["headgate:release"]
    assert advance(stack.edges(), auto=True).ended is Ended.DONE
    stack.clock.time += 3600
    split = dict(stack.traffic.live.split)

    outcome = promote(stack.edges())
    assert outcome.ended is Ended.DONE, outcome
    assert stack.state.phase is Phase.PROMOTED
    assert stack.values["headgate:release"] == {"live": before["candidate"], "standby": before["live"]}
    assert stack.values["headgate:step"] == "idle"
    assert stack.traffic.live.split == split

    stack.clock.time += 72 * 3600
    outcome = retire(stack.edges())
    assert outcome.ended is Ended.DONE, outcome
    assert stack.state.phase is Phase.IDLE
    assert stack.values["headgate:release"] == {"live": before["candidate"]}


def test_the_rollouts_id_goes_with_the_candidate(at: At) -> None:
    stack = at("green-100")
    stack.operator.set_values(stack.stack, {"headgate:release.rollout": "2026.02.11"})
    assert promote(stack.edges()).ended is Ended.DONE
    assert "rollout" not in stack.values["headgate:release"]


class TestLikelyMistakesOfPromote:
    def test_before_the_last_step(self, at: At) -> None:
        stack = at("green-10")
        outcome = promote(stack.edges())
        assert (outcome.ended, outcome.then) == (Ended.HELD, "headgate advance")
        assert outcome.said.startswith("the rollout is at green-10, and promotion comes after the last step, green-100")
        assert stack.operator.calls == []

    def test_before_the_last_step_has_baked(self, at: At) -> None:
        stack = at("green-100")
        stack.clock.time = stack.state.entered_at + 10
        outcome = promote(stack.edges())
        assert outcome.ended is Ended.HELD
        assert outcome.reasons[0].startswith("bake: 10s of 1m (R-06")

    def test_twice(self, at: At) -> None:
        outcome = promote(at("promoted").edges())
        assert (outcome.ended, outcome.then) == (Ended.FAILED, "headgate retire")
        assert outcome.said.startswith("2026.02.11 is promoted already")

    def test_without_a_rollout(self, stack: FakeStack) -> None:
        outcome = promote(stack.edges())
        assert (outcome.ended, outcome.then) == (Ended.FAILED, "headgate start")


def test_a_promotion_goes_on_after_an_update_that_ended_half_way(at: At) -> None:
    stack = at("green-100")

    def half_way() -> Run:
        stack.touch("service-blue", {"desiredCount": 2})
        return failed("timed out")

    stack.operator.ups = [half_way, stack.up]
    assert promote(stack.edges()).then == "headgate promote"
    outcome = promote(stack.edges())
    assert outcome.ended is Ended.DONE, outcome
    assert stack.state.phase is Phase.PROMOTED


class TestLikelyMistakesOfRetire:
    def test_too_early(self, at: At) -> None:
        stack = at("promoted")
        outcome = retire(stack.edges())
        assert outcome.ended is Ended.HELD
        assert outcome.said.startswith("2026.01.28 is kept as the way back for another 2d23h (R-16)")
        assert stack.operator.calls == []

    def test_during_a_rollout(self, at: At) -> None:
        outcome = retire(at("green-10").edges())
        assert (outcome.ended, outcome.then) == (Ended.FAILED, "headgate status")
        assert outcome.said.startswith("rollout 2026.02.11 is under way at green-10")

    def test_nothing_to_retire(self, stack: FakeStack) -> None:
        outcome = retire(stack.edges())
        assert outcome.said == "there is no standby; nothing was changed"


def test_a_stack_file_that_cannot_be_read(at: At) -> None:
    stack = at("green-100")
    edges = stack.edges()

    class Unreadable:
        def values(self) -> dict[str, object]:
            raise OSError("permission denied")

        def text(self) -> str:
            raise OSError("permission denied")

        def put_back(self, text: str) -> None: ...

    outcome = promote(replace(edges, file=Unreadable()))
    assert (outcome.ended, outcome.reasons) == (Ended.FAILED, ("permission denied",))
    assert stack.state.step == "green-100"
