"""The rollout as a resource: what it registers, and the guard that judges it without any policy pack."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.rollout import TYPE, Rollout, RolloutRefused, judge, refuse
from headgate import transition
from headgate.plan import IDLE
from headgate.problems import Violation
from headgate.report import Report
from headgate.state import Unreadable
from headgate.transition import Transition
from tests.support.drive import drive, run
from tests.support.hooks import UNKNOWN_WIRE, ask, secret
from tests.support.mocks import Recorded, Recorder, Registered
from tests.support.rollouts import DURING, MINUTE, Change, bootstrap, change, replan, walk

GUARD = "rollout-guard"
STEPS = walk()


def inputs(made: Change) -> dict[str, Any]:
    """A change as the program hands it to the component."""
    return transition.to_dict(Transition(made.previous, made.proposed, made.plan, made.report))


def sent(made: Change) -> dict[str, Any]:
    """The same without what is None: the component leaves it out."""
    return {key: value for key, value in inputs(made).items() if value is not None}


def advance(step: str = "green-50", after: str = "green-10", **more: Any) -> Change:
    return change(STEPS[after], step, **more)


def rollout(args: Mapping[str, Any], now: int, *, preview: bool = False) -> Recorded:
    given: Any = args
    return drive(lambda: Rollout("rollout", given, now=lambda: now), preview=preview)


def guard(now: int) -> pulumi.ResourceHook:
    """The guard of a rollout that is judged at `now`."""
    return rollout(inputs(bootstrap()), now).hooks[GUARD]


def refused(made: Change, **overridden: Any) -> str:
    """What the guard says to the change, with some inputs replaced; fails when it lets it through."""
    with pytest.raises(RolloutRefused) as error:
        ask(guard(made.now), {**sent(made), **overridden})
    return str(error.value)


class TestResource:
    def registered(self, made: Change, *, preview: bool = False) -> Registered:
        return rollout(inputs(made), made.now, preview=preview).one(TYPE)

    @pytest.mark.parametrize("preview", [True, False])
    def test_the_transition_is_its_inputs(self, preview: bool) -> None:
        made = advance()
        registered = self.registered(made, preview=preview)
        assert transition.read(registered.inputs) == Transition(made.previous, made.proposed, made.plan, made.report)
        assert set(registered.inputs) == {"previous", "proposed", "plan", "report"}

    def test_a_bootstrap_has_no_previous(self) -> None:
        assert set(self.registered(bootstrap()).inputs) == {"proposed", "plan", "report"}

    def test_an_unreadable_record_is_said(self) -> None:
        made = replace(bootstrap(), previous=Unreadable("it has no 'plan'"))
        assert self.registered(made).inputs["unreadable"] == "it has no 'plan'"

    def test_it_is_a_component_without_resources_in_a_cloud(self) -> None:
        recorded = rollout(inputs(advance()), advance().now)
        assert [each.type for each in recorded.resources] == [TYPE]
        assert list(recorded.custom()) == []

    def test_the_guard_is_asked_before_a_create_and_before_an_update(self) -> None:
        hooks = self.registered(advance()).hooks
        assert hooks == {"before_create": (GUARD,), "before_update": (GUARD,)}

    def test_the_guard_is_asked_in_previews_too_and_its_errors_count(self) -> None:
        options = rollout(inputs(advance()), advance().now).hooks[GUARD].opts
        assert options is not None
        assert options.on_dry_run
        assert not options.ignore_errors

    def test_options_of_the_caller_are_kept(self) -> None:
        made = advance()
        given: Any = inputs(made)
        recorder = Recorder(preview=False)
        options = pulumi.ResourceOptions(protect=True)
        run(lambda: Rollout("rollout", given, options, now=lambda: made.now), recorder)
        registered = recorder.recorded.one(TYPE)
        assert registered.protect is True
        assert registered.hooks["before_update"] == (GUARD,)

    def test_the_time_is_asked_when_the_guard_judges_and_not_before(self) -> None:
        made, times = advance(), list[int]()

        def now() -> int:
            times.append(made.now)
            return made.now

        given: Any = inputs(made)
        recorded = drive(lambda: Rollout("rollout", given, now=now))
        assert times == []
        ask(recorded.hooks[GUARD], sent(made))
        assert times == [made.now]


class TestGuard:
    @pytest.mark.parametrize(
        ("before", "step"), [("before", "green-up"), ("green-up", "green-10"), ("green-50", "green-100")]
    )
    def test_the_next_step_passes(self, before: str, step: str) -> None:
        made = change(STEPS[before], step, DURING)
        assert ask(guard(made.now), sent(made)) is None  # type: ignore[func-returns-value]

    @pytest.mark.parametrize("step", ["green-up", "green-10", "green-50", "green-100"])
    def test_back_to_idle_passes_at_once_and_without_any_gate(self, step: str) -> None:
        made = change(STEPS[step], IDLE, wait=1, report=Report(error="the cloud is down"))
        assert ask(guard(made.now), sent(made)) is None  # type: ignore[func-returns-value]

    def test_a_bootstrap_passes(self) -> None:
        made = bootstrap()
        assert ask(guard(made.now), sent(made)) is None  # type: ignore[func-returns-value]

    def test_a_skipped_step_is_refused_with_rule_finding_and_remedy(self) -> None:
        message = refused(advance("green-100"))
        assert message.startswith("the rollout guard refuses this change:\n")
        assert "R-03 rollout-no-step-skip: Steps are taken one at a time; after 'green-10' comes 'green-50'." in message
        assert "Found: 'green-10' -> 'green-100'." in message
        assert "Do: Set headgate:step to the next step, or to idle to go back." in message

    def test_everything_that_is_wrong_is_said_at_once(self) -> None:
        made = advance("green-100", wait=MINUTE, report=Report())
        rules = {line.split()[0] for line in refused(made).splitlines()[1:]}
        assert rules == {"R-03", "R-04", "R-06", "R-07"}

    def test_a_loosened_plan_is_refused(self) -> None:
        looser = replan(bakes=[MINUTE] * 4)
        assert "R-15" in refused(advance(plan=looser))

    @pytest.mark.parametrize("key", ["proposed", "plan"])
    def test_a_missing_input_is_refused(self, key: str) -> None:
        made = advance()
        without = {name: value for name, value in sent(made).items() if name != key}
        with pytest.raises(RolloutRefused, match=f"R-29 .*it has no '{key}'"):
            ask(guard(made.now), without)

    @pytest.mark.parametrize("given", [None, {}])
    def test_no_inputs_at_all_are_refused(self, given: Mapping[str, Any] | None) -> None:
        with pytest.raises(RolloutRefused, match="R-29"):
            ask(guard(0), given)

    def test_a_missing_previous_is_no_way_around_the_rules(self) -> None:
        """Without a record nothing but idle passes while a balancer exists."""
        made = advance()
        without = {name: value for name, value in sent(made).items() if name != "previous"}
        with pytest.raises(RolloutRefused, match="R-29"):
            ask(guard(made.now), without)

    def test_a_missing_report_is_a_report_without_results(self) -> None:
        made = advance()
        without = {name: value for name, value in sent(made).items() if name != "report"}
        with pytest.raises(RolloutRefused, match="R-07"):
            ask(guard(made.now), without)

    @pytest.mark.parametrize("key", ["previous", "proposed", "plan", "report"])
    @pytest.mark.parametrize("kind", ["unknown", "secret", "text", "list"])
    def test_a_value_that_cannot_be_read_is_refused(self, key: str, kind: str) -> None:
        made = advance()
        values = {"unknown": UNKNOWN_WIRE, "secret": secret(sent(made)[key]), "text": "x", "list": [1]}
        message = refused(made, **{key: values[kind]})
        assert "R-29" in message
        assert len(message) < 1000

    @pytest.mark.parametrize("value", [UNKNOWN_WIRE, "10", None, 10.5, True])
    def test_a_weight_that_is_no_whole_number_is_refused(self, value: object) -> None:
        made = advance()
        proposed = {**sent(made)["proposed"], "weight": value}
        assert "R-29" in refused(made, proposed=proposed)

    @pytest.mark.parametrize("key", ["previous", "proposed", "plan", "report"])
    def test_an_unreadable_value_stops_a_rollback_only_because_nobody_can_tell_that_it_is_one(self, key: str) -> None:
        made = change(STEPS["green-10"], IDLE, wait=1)
        assert "R-29" in refused(made, **{key: UNKNOWN_WIRE})

    def test_an_unreadable_record_lets_idle_through(self) -> None:
        back = change(STEPS["green-10"], IDLE, wait=1)
        made = replace(back, previous=Unreadable("it has no 'plan'"), proposed=bootstrap().proposed)
        assert ask(guard(made.now), sent(made)) is None  # type: ignore[func-returns-value]

    def test_a_clock_that_is_behind_the_transition_is_refused(self) -> None:
        made = advance()
        with pytest.raises(RolloutRefused, match="R-14"):
            ask(guard(made.now - 1), sent(made))

    def test_a_transition_that_is_passed_on_later_is_judged_as_it_was(self) -> None:
        """A second update without a change has the same answer days later."""
        made = advance()
        assert ask(guard(made.now + 30 * 86_400), sent(made)) is None  # type: ignore[func-returns-value]


class TestJudge:
    def test_it_is_the_check_of_the_core(self) -> None:
        made = advance("green-100")
        expected = transition.check(made.previous, made.proposed, made.plan, made.now, made.report)
        assert expected
        assert judge(inputs(made), made.now) == expected

    def test_nothing_to_judge_is_a_violation(self) -> None:
        nothing: Any = None
        (violation,) = judge(nothing, 0)
        assert violation.rule.startswith("R-29")


class TestRefuse:
    def test_no_violation_raises_nothing(self) -> None:
        refuse(())

    def test_every_violation_is_in_the_message_and_kept(self) -> None:
        violations = (Violation("R-01 x", "One.", "a.", "Do a."), Violation("R-02 y", "Two.", "b.", "Do b."))
        with pytest.raises(RolloutRefused) as error:
            refuse(violations)
        assert error.value.violations == violations
        assert str(error.value).splitlines() == [
            "the rollout guard refuses this change:",
            "  R-01 x: One. Found: a. Do: Do a.",
            "  R-02 y: Two. Found: b. Do: Do b.",
        ]

    def test_pulumi_shows_it_without_a_traceback(self) -> None:
        assert issubclass(RolloutRefused, pulumi.RunError)
