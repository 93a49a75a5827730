"""The way of every change, and every place where it may end early: what is left, and that the outcome says so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.engine import EngineError, Run
from headgate.lifecycle.advance import advance
from headgate.lifecycle.outcome import Ended, File, Outcome
from tests.support.fake_stack import NO, FakeStack, failed

At = Callable[[str], FakeStack]
LOCKED = "error: the stack is currently locked by 1 lock(s)."


@pytest.fixture
def stack(at: At) -> FakeStack:
    """At green-up, its bake over."""
    return at("green-up")


def untouched(stack: FakeStack, text: str, outcome: Outcome) -> None:
    """Stack and file are as before, and the outcome says so."""
    assert stack.text == text
    assert stack.state.step == "green-up"
    assert "nothing was changed" in outcome.said
    assert not outcome.applied
    assert stack.sent == []


def test_a_change_is_judged_written_previewed_agreed_to_applied_read_back_and_told(
    stack: FakeStack, tmp_path: Path
) -> None:
    outcome = advance(stack.edges(plans=tmp_path))
    assert outcome.ended is Ended.DONE, outcome
    assert stack.operator.calls == ["set_values", "preview", "up --plan"]
    assert stack.operator.messages == ["advance: green-10"]
    (proposal,) = stack.proposals
    assert proposal.lines[:2] == (
        "step green-up -> green-10 of rollout 2026.02.11",
        "users: blue 100, green 0 -> blue 90, green 10",
    )
    assert (outcome.file, outcome.observed) == (File.CHANGED, {"blue": 90, "green": 10})
    assert stack.state.step == stack.values["headgate:step"] == "green-10"
    assert stack.sent == [replace(outcome, told=())]


def test_held_before_anything_is_written(stack: FakeStack) -> None:
    text, stack.clock.time = stack.text, stack.state.entered_at + 10
    outcome = advance(stack.edges())
    assert outcome.ended is Ended.HELD
    assert outcome.reasons[0].startswith("bake: 10s of 30s (R-06")
    assert stack.operator.calls == []
    untouched(stack, text, outcome)


def test_held_by_a_gate(stack: FakeStack) -> None:
    text, stack.traffic.live = stack.text, replace(stack.traffic.live, healthy={"blue": 2, "green": 0})
    outcome = advance(stack.edges())
    assert outcome.ended is Ended.HELD
    assert any("readiness" in reason and "failed" in reason for reason in outcome.reasons)
    untouched(stack, text, outcome)


def test_held_by_the_preview(stack: FakeStack) -> None:
    text = stack.text

    def somebody_was_faster() -> Run:
        stack.clock.time = stack.state.entered_at + 10
        return stack.preview()

    stack.operator.previews = [somebody_was_faster]
    outcome = advance(stack.edges())
    assert (outcome.ended, outcome.file) == (Ended.HELD, File.PUT_BACK)
    assert outcome.reasons[0].startswith("R-06 rollout-bake-elapsed: ")
    assert stack.operator.calls == ["set_values", "preview"]
    untouched(stack, text, outcome)


def test_the_preview_fails(stack: FakeStack) -> None:
    text, stack.operator.previews = stack.text, [Run(1, "", "error: could not load plugin\n")]
    outcome = advance(stack.edges())
    assert (outcome.ended, outcome.file, outcome.reasons) == (Ended.FAILED, File.PUT_BACK, ("could not load plugin",))
    untouched(stack, text, outcome)


def test_nobody_agrees(stack: FakeStack) -> None:
    text, stack.answer = stack.text, NO
    outcome = advance(stack.edges())
    assert (outcome.ended, outcome.file) == (Ended.DECLINED, File.PUT_BACK)
    untouched(stack, text, outcome)


@pytest.mark.parametrize("where", ["at the prompt", "in the preview", "in a reading"])
def test_ctrl_c_before_the_update(stack: FakeStack, where: str) -> None:
    text, edges = stack.text, stack.edges()
    if where == "at the prompt":
        stack.answer = KeyboardInterrupt()
    elif where == "in the preview":
        stack.operator.previews = [Run(1, "", "", interrupted=True)]
    else:
        edges = replace(edges, look=_breaks(stack, 2, KeyboardInterrupt()))
    outcome = advance(edges)
    assert outcome.ended is Ended.INTERRUPTED
    untouched(stack, text, outcome)


def _breaks(stack: FakeStack, call: int, error: BaseException) -> Callable[..., object]:
    """Looks, and raises at that call."""
    calls = 0

    def look(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call:
            raise error
        return stack.look(*arguments)  # type: ignore[arg-type]

    return look


@pytest.mark.parametrize("interrupted", [True, False])
def test_an_update_that_changed_nothing(stack: FakeStack, interrupted: bool) -> None:
    text, stack.operator.ups = stack.text, [failed("update canceled", "no such plugin", interrupted=interrupted)]
    outcome = advance(stack.edges())
    assert outcome.ended is (Ended.INTERRUPTED if interrupted else Ended.FAILED)
    assert outcome.file is File.PUT_BACK
    assert outcome.reasons == ("no such plugin",)
    untouched(stack, text, outcome)


def test_a_locked_stack_names_the_command_that_mends(stack: FakeStack) -> None:
    text, stack.operator.ups = stack.text, [Run(1, "", f"{LOCKED}\n")]
    outcome = advance(stack.edges())
    assert outcome.then == "headgate doctor"
    assert outcome.reasons == (LOCKED.removeprefix("error: "),)
    untouched(stack, text, outcome)


@pytest.mark.parametrize("interrupted", [True, False])
@pytest.mark.parametrize("what", ["a resource", "the split", "the record"])
def test_an_update_that_ended_half_way_keeps_the_file(stack: FakeStack, interrupted: bool, what: str) -> None:
    def half_way() -> Run:
        if what == "a resource":
            stack.touch("service-green", {"desiredCount": 2})
        elif what == "the split":
            stack.traffic.live = replace(stack.traffic.live, split={"blue": 90, "green": 10})
        else:
            stack.up()
        return failed("the service did not become steady", interrupted=interrupted)

    stack.operator.ups = [half_way]
    outcome = advance(stack.edges())
    assert outcome.ended is (Ended.INTERRUPTED if interrupted else Ended.FAILED)
    assert outcome.file is File.CHANGED
    assert stack.values["headgate:step"] == "green-10"
    assert "part of it may be applied; the stack file keeps what was asked for" in outcome.said
    assert "recorded: step green-" in outcome.said
    assert outcome.then == ("pulumi up" if what == "the record" else "headgate advance")
    assert len(stack.sent) == 1


@pytest.mark.parametrize("split", [{"blue": 100, "green": 0}, {"blue": 90, "green": 10}])
def test_the_same_verb_goes_on_after_an_update_that_ended_half_way(stack: FakeStack, split: dict[str, int]) -> None:
    def half_way() -> Run:
        stack.touch("service-green", {"desiredCount": 2})
        stack.traffic.live = replace(stack.traffic.live, split=split)
        return failed("timed out")

    stack.operator.ups = [half_way, stack.up]
    assert advance(stack.edges()).ended is Ended.FAILED
    outcome = advance(stack.edges())
    assert outcome.ended is Ended.DONE
    assert stack.state.step == "green-10"


def test_pending_operations_are_no_proof_that_nothing_changed(stack: FakeStack) -> None:
    def pending() -> Run:
        stack.engine.deployments[stack.stack]["deployment"]["pending_operations"] = [{"type": "creating"}]
        return failed("killed")

    stack.operator.ups = [pending]
    assert advance(stack.edges()).file is File.CHANGED


def test_ctrl_c_while_the_update_is_read_back(stack: FakeStack) -> None:
    outcome = advance(replace(stack.edges(), look=_breaks(stack, 3, KeyboardInterrupt())))  # type: ignore[arg-type]
    assert (outcome.ended, outcome.file, outcome.then) == (Ended.INTERRUPTED, File.CHANGED, "headgate status")
    assert "was not read back" in outcome.said


def test_the_split_cannot_be_read_back(stack: FakeStack) -> None:
    def away() -> Run:
        done = stack.up()
        stack.traffic.unreachable = "timed out"
        return done

    stack.operator.ups = [away]
    outcome = advance(stack.edges())
    assert (outcome.ended, outcome.file, outcome.reasons) == (Ended.FAILED, File.CHANGED, ("timed out",))
    assert outcome.said == "applied and recorded; the split could not be read back"


def test_users_do_not_go_where_they_should(stack: FakeStack) -> None:
    def moved() -> Run:
        done = stack.up()
        stack.traffic.live = replace(stack.traffic.live, split={"blue": 50, "green": 50})
        return done

    stack.operator.ups = [moved]
    outcome = advance(stack.edges())
    assert outcome.ended is Ended.FAILED
    assert "users: blue 50, green 50" in outcome.said


def test_an_update_that_ends_well_and_records_nothing_is_no_success(stack: FakeStack) -> None:
    stack.operator.ups = [Run(0, "", "")]
    outcome = advance(stack.edges())
    assert outcome.ended is Ended.FAILED
    assert "the record is another" in outcome.said


def test_pulumi_cannot_be_run(stack: FakeStack) -> None:
    text, stack.operator.broken = stack.text, "pulumi is not on PATH"
    outcome = advance(stack.edges())
    assert (outcome.ended, outcome.reasons) == (Ended.FAILED, ("pulumi is not on PATH",))
    untouched(stack, text, outcome)


def test_the_backend_goes_away_during_the_update(stack: FakeStack) -> None:
    def goes() -> Run:
        raise EngineError("no backend")

    stack.operator.ups = [goes]
    outcome = advance(stack.edges())
    assert (outcome.ended, outcome.file, outcome.then) == (Ended.FAILED, File.CHANGED, "headgate doctor")


def test_a_file_that_somebody_else_changed_meanwhile_is_left_alone(stack: FakeStack) -> None:
    def changed() -> Run:
        stack.path.write_text(stack.text + "# mine\n")
        return Run(1, "", "error: no")

    stack.operator.previews = [changed]
    outcome = advance(stack.edges())
    assert outcome.ended is Ended.FAILED
    assert "Somebody changed its file meanwhile" in outcome.said
    assert stack.text.endswith("# mine\n")
    assert stack.state.step == "green-up"


def test_a_plan_that_cannot_be_understood_holds_nobody(stack: FakeStack, tmp_path: Path) -> None:
    stack.operator.plan = "{}"
    outcome = advance(stack.edges(plans=tmp_path))
    assert outcome.ended is Ended.DONE
    assert any("not held to the preview's plan" in line for line in stack.said.lines)
