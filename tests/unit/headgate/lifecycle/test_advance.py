"""The next step, and all that are left."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.cli.operating import run_gates
from headgate.engine import Run
from headgate.lifecycle.advance import LOOK, advance
from headgate.lifecycle.outcome import Ended, Outcome
from tests.support.fake_stack import NO, FakeStack, failed

At = Callable[[str], FakeStack]
ION = "ion-staging"


def refused(stack: FakeStack, outcome: Outcome, ended: Ended, said: str, then: str = "") -> None:
    assert (outcome.ended, outcome.then) == (ended, then)
    assert said in outcome.said
    assert stack.operator.calls == []


@pytest.mark.parametrize("system", ["greenflow-staging", ION])
def test_every_step_of_a_plan(tmp_path: Path, system: str) -> None:
    stack = FakeStack(tmp_path, system)
    for step in stack.settings().plan.steps:
        stack.clock.time += 3600
        outcome = advance(stack.edges(), step.name)
        assert outcome.ended is Ended.DONE, outcome
        assert (stack.state.step, stack.state.weight) == (step.name, step.weight)


class TestLikelyMistakes:
    def test_a_step_that_is_not_the_next(self, at: At) -> None:
        stack = at("green-up")
        outcome = advance(stack.edges(), "green-100")
        refused(
            stack, outcome, Ended.FAILED, "the next step is green-10, not green-100", "headgate advance --to green-10"
        )

    def test_a_step_that_is_not_in_the_plan(self, at: At) -> None:
        stack = at("green-up")
        outcome = advance(stack.edges(), "green-11")
        refused(stack, outcome, Ended.FAILED, "the plan has no step 'green-11'", "headgate advance --to green-10")

    def test_after_the_last_step(self, at: At) -> None:
        stack = at("green-100")
        outcome = advance(stack.edges())
        refused(stack, outcome, Ended.FAILED, "green-100 is the last step of the plan", "headgate promote")

    def test_after_the_promotion(self, at: At) -> None:
        stack = at("promoted")
        refused(stack, advance(stack.edges()), Ended.FAILED, "2026.02.11 is promoted", "headgate retire")

    def test_after_it_was_taken_back(self, at: At) -> None:
        stack = at("back")
        refused(
            stack, advance(stack.edges()), Ended.HELD, "taken back and is not taken up again (R-13)", "headgate start"
        )

    def test_without_a_candidate(self, stack: FakeStack) -> None:
        stack.operator.set_values(stack.stack, {}, ["headgate:release.candidate"])
        stack.up()
        stack.operator.calls.clear()
        outcome = advance(stack.edges())
        then = "headgate start --image NAME@sha256:... --version LABEL"
        refused(stack, outcome, Ended.FAILED, "there is no candidate in the stack file", then)

    def test_a_file_that_asks_for_another_step(self, at: At) -> None:
        stack = at("green-up")
        stack.operator.set_values(stack.stack, {"headgate:step": "green-50"})
        stack.operator.calls.clear()
        outcome = advance(stack.edges())
        refused(stack, outcome, Ended.HELD, "asks for another step", "pulumi config set headgate:step green-up")

    def test_a_file_that_is_not_valid(self, at: At) -> None:
        stack = at("green-up")
        stack.operator.set_values(stack.stack, {"headgate:owner": "", "headgate:step": "x"})
        stack.operator.calls.clear()
        outcome = advance(stack.edges())
        refused(stack, outcome, Ended.FAILED, "it cannot be told where the rollout is")
        assert any("headgate:owner" in reason for reason in outcome.reasons)

    def test_the_record_cannot_be_read(self, at: At) -> None:
        stack = at("green-up")
        stack.engine.broken = "no backend"
        outcome = advance(stack.edges())
        refused(stack, outcome, Ended.FAILED, "it cannot be told where the rollout is")
        assert any("no backend" in reason for reason in outcome.reasons)

    def test_before_the_first_deployment(self, stack: FakeStack) -> None:
        stack.engine.outputs_of[stack.stack] = {}
        outcome = advance(stack.edges())
        refused(stack, outcome, Ended.FAILED, "it cannot be told where the rollout is")
        assert outcome.reasons == ("nothing is deployed yet; the first update is `pulumi up` at step idle",)


class TestAuto:
    @pytest.mark.parametrize("system", ["greenflow-staging", ION])
    def test_to_the_last_step_and_asked_once(self, tmp_path: Path, system: str) -> None:
        stack = FakeStack(tmp_path, system)
        stack.clock.time += 60
        names = stack.settings().plan.step_names
        began = stack.clock.time
        outcome = advance(stack.edges(), auto=True)
        assert (outcome.ended, outcome.taken, outcome.then) == (Ended.DONE, names, "headgate promote")
        assert stack.state.step == names[-1]
        bakes = [step.bake for step in stack.settings().plan.steps[:-1]]
        assert stack.clock.time - began == sum(bakes)
        (proposal,) = stack.proposals
        assert proposal.lines[-1] == f"then on, step by step, to {names[-1]}"
        assert [line for line in stack.said.lines if line.endswith(" s")] == [
            f"{name} bakes {bake} s" for name, bake in zip(names, bakes, strict=False)
        ]

    def test_to_a_step_and_no_further(self, stack: FakeStack) -> None:
        outcome = advance(stack.edges(), "green-10", auto=True)
        assert (outcome.ended, outcome.taken, outcome.then) == (
            Ended.DONE,
            ("green-up", "green-10"),
            "headgate advance",
        )
        assert stack.state.step == "green-10"

    def test_a_step_that_lies_behind(self, at: At) -> None:
        stack = at("green-10")
        outcome = advance(stack.edges(), "green-up", auto=True)
        refused(
            stack, outcome, Ended.FAILED, "the next step is green-50, not green-up", "headgate advance --to green-50"
        )

    def test_it_ends_at_the_first_hold_and_tells_people(self, at: At) -> None:
        stack = at("green-up")

        def loses_its_tasks() -> Run:
            done = stack.up()
            stack.traffic.live = replace(stack.traffic.live, healthy={"blue": 2, "green": 0})
            return done

        stack.operator.ups = [loses_its_tasks]
        outcome = advance(stack.edges(), auto=True)
        assert (outcome.ended, outcome.taken, outcome.then) == (Ended.HELD, ("green-10",), "headgate advance --auto")
        assert any("readiness" in reason for reason in outcome.reasons)
        assert stack.state.step == "green-10"
        assert [each.ended for each in stack.sent] == [Ended.DONE, Ended.HELD]

    def test_ctrl_c_during_a_bake_leaves_the_step(self, at: At) -> None:
        stack = at("green-up")

        def interrupt(seconds: float) -> None:
            stack.clock.time += 20
            if stack.clock.time > stack.state.entered_at + 15:
                raise KeyboardInterrupt

        outcome = advance(replace(stack.edges(), sleep=interrupt), auto=True)
        assert (outcome.ended, outcome.taken) == (Ended.INTERRUPTED, ("green-10",))
        assert outcome.said == (
            "interrupted while green-10 bakes, 10s left; the rollout stays there; nothing was changed"
        )
        assert stack.values["headgate:step"] == stack.state.step == "green-10"

    def test_somebody_takes_traffic_back_during_a_bake(self, tmp_path: Path) -> None:
        stack = FakeStack(tmp_path, ION)
        stack.clock.time += 60

        def given_back(seconds: float) -> None:
            stack.clock.time += seconds
            if stack.state.step == "canary-5":
                live, candidate = stack.state.live.slot, stack.settings().release.candidate
                assert candidate is not None
                stack.traffic.live = replace(stack.traffic.live, split={live: 100, candidate.slot: 0})

        outcome = advance(replace(stack.edges(), sleep=given_back), auto=True)
        assert (outcome.ended, outcome.then) == (Ended.HELD, "headgate status")
        assert "users no longer go where step canary-5 says" in outcome.said
        assert stack.clock.time - stack.state.entered_at <= LOOK

    def test_somebody_goes_back_to_idle_during_a_bake(self, tmp_path: Path) -> None:
        stack = FakeStack(tmp_path, ION)
        stack.clock.time += 60

        def back(seconds: float) -> None:
            stack.clock.time += seconds
            if stack.state.step == "canary-up":
                stack.operator.set_values(stack.stack, {"headgate:step": "idle"})
                stack.up()

        outcome = advance(replace(stack.edges(), sleep=back), auto=True)
        assert outcome.ended is Ended.HELD
        assert "somebody else moved the rollout to idle" in outcome.said

    def test_what_cannot_be_read_during_a_bake_is_judged_after_it(self, tmp_path: Path) -> None:
        stack = FakeStack(tmp_path, ION)
        stack.clock.time += 60

        def away(seconds: float) -> None:
            stack.clock.time += seconds
            baking = stack.clock.time - stack.state.entered_at < 200
            stack.traffic.unreachable = "timed out" if baking else ""

        outcome = advance(replace(stack.edges(), sleep=away), "canary-5", auto=True)
        assert (outcome.ended, stack.state.step) == (Ended.DONE, "canary-5")

    def test_nobody_agrees(self, at: At) -> None:
        stack = at("green-up")
        stack.answer = NO
        outcome = advance(stack.edges(), auto=True)
        assert (outcome.ended, outcome.taken, stack.state.step) == (Ended.DECLINED, (), "green-up")

    def test_a_failed_update_ends_it(self, at: At) -> None:
        stack = at("green-up")
        stack.operator.ups = [stack.up, failed("no such plugin")]
        outcome = advance(stack.edges(), auto=True)
        assert (outcome.ended, outcome.taken, outcome.reasons) == (Ended.FAILED, ("green-10",), ("no such plugin",))
        assert stack.values["headgate:step"] == "green-10"

    def test_it_never_promotes(self, at: At) -> None:
        stack = at("green-100")
        outcome = advance(stack.edges(), auto=True)
        assert (outcome.ended, outcome.then) == (Ended.FAILED, "headgate promote")
        assert stack.operator.calls == []


class TestGatesThatRunBeforehand:
    @pytest.fixture
    def asked(self, at: At, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
        """At green-up, which is left only when a command of the team agrees."""
        stack = at("green-up")
        monkeypatch.chdir(stack.folder)
        steps = stack.values["headgate:plan"]["steps"]
        steps[0]["gates"] = [*steps[0]["gates"], "command:check"]
        stack.operator.set_values(
            stack.stack, {"headgate:plan.steps": steps, "headgate:commands": {"check": {"run": ["true"]}}}
        )
        assert stack.up().code == 0
        stack.operator.calls.clear()
        stack.gate = run_gates
        return stack

    def test_they_are_run_and_what_they_found_is_recorded(self, asked: FakeStack) -> None:
        outcome = advance(asked.edges())
        assert outcome.ended is Ended.DONE, outcome
        assert list((asked.folder / ".headgate" / "evidence").rglob("*.json"))

    def test_one_that_fails_holds_it(self, asked: FakeStack) -> None:
        asked.operator.set_values(asked.stack, {"headgate:commands": {"check": {"run": ["false"]}}})
        text = asked.text
        outcome = advance(asked.edges())
        assert outcome.ended is Ended.HELD
        assert any("command:check" in reason and "failed" in reason for reason in outcome.reasons)
        assert asked.text == text

    def test_they_are_not_run_while_something_else_holds_it(self, asked: FakeStack) -> None:
        asked.traffic.live = replace(asked.traffic.live, healthy={"blue": 2, "green": 0})
        asked.gate = lambda _: ("it was run",)
        outcome = advance(asked.edges())
        assert outcome.ended is Ended.HELD
        assert "it was run" not in outcome.reasons

    def test_what_could_not_be_recorded_holds_it(self, asked: FakeStack) -> None:
        asked.gate = lambda _: ("no key",)
        outcome = advance(asked.edges())
        assert (outcome.ended, outcome.reasons) == (Ended.HELD, ("no key",))
