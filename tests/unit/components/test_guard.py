"""The guard on the traffic carrier, with a listener as the carrier: it must declare what the transition asks for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pytest

from components.aws import declared
from components.guard import CarrierGuard
from components.rollout import RolloutRefused
from headgate import cohorts, transition
from headgate.plan import IDLE
from headgate.problems import Violation
from headgate.report import Report
from headgate.transition import Transition
from tests.support.drive import drive
from tests.support.hooks import UNKNOWN_WIRE, ask, secret
from tests.support.mocks import Recorded
from tests.support.rollouts import AFTER, DURING, MINUTE, Change, bootstrap, change, walk

SLOTS = ("blue", "green")
CREATE, UPDATE = "traffic-carrier-create", "traffic-carrier-update"
STEPS = walk()
TO_50 = change(STEPS["green-10"], "green-50")


def as_dict(made: Change) -> dict[str, Any]:
    return transition.to_dict(Transition(made.previous, made.proposed, made.plan, made.report))


def listener(blue: object, green: object, *, stickiness: object = None) -> dict[str, Any]:
    """Inputs of a traffic listener, as the provider gets them. Without `stickiness` (seconds) it is off."""
    held = {"enabled": stickiness is not None, "duration": stickiness or 1}
    groups = [{"arn": "arn:…:targetgroup/blue", "weight": blue}, {"arn": "arn:…:targetgroup/green", "weight": green}]
    return {
        "port": 443,
        "defaultActions": [{"type": "forward", "forward": {"targetGroups": groups, "stickiness": held}}],
    }


class Guarded:
    """A guard and the hooks it registered."""

    def __init__(
        self, made: Change, *, exists: Callable[[], bool] = lambda: True, record: Mapping[str, Any] | None = None
    ) -> None:
        """`record` replaces the transition that the guard is given."""
        guards: list[CarrierGuard] = []
        change = as_dict(made) if record is None else record
        self.recorded: Recorded = drive(
            lambda: guards.append(
                CarrierGuard("traffic", change, declared.listener(SLOTS), lambda: made.now, exists),
            )
        )
        (self.guard,) = guards

    def update(self, inputs: Mapping[str, Any] | None) -> bool:
        """Asks before an update; returns whether a write was noted."""
        ask(self.recorded.hooks[UPDATE], inputs, "balancer-traffic")
        return self.guard.written

    def create(self, inputs: Mapping[str, Any] | None) -> bool:
        """Asks before a create; returns whether a write was noted."""
        ask(self.recorded.hooks[CREATE], inputs, "balancer-traffic")
        return self.guard.written

    def refused(self, inputs: Mapping[str, Any] | None, *, create: bool = False) -> str:
        """Why a write is refused; fails when it is not, or when it is noted as let through."""
        with pytest.raises(RolloutRefused) as error:
            self.create(inputs) if create else self.update(inputs)
        assert not self.guard.written
        return str(error.value)


def rules(message: str) -> set[str]:
    return {line.split()[0] for line in message.splitlines()[1:]}


class TestUpdate:
    @pytest.mark.parametrize(
        ("made", "blue", "green", "stickiness"),
        [
            (change(STEPS["before"], "green-up", DURING), 100, 0, None),
            (change(STEPS["green-up"], "green-10"), 90, 10, 300),
            (TO_50, 50, 50, 300),
            (TO_50, 50, 50, None),
            (change(STEPS["green-50"], "green-100"), 0, 100, None),
            (change(STEPS["green-100"], IDLE, AFTER), 0, 100, None),
            (change(STEPS["green-50"], IDLE, wait=1, report=Report(error="down")), 100, 0, None),
        ],
        ids=["start", "to 10", "to 50", "to 50, not sticky", "to 100", "promotion", "back"],
    )
    def test_the_split_that_is_asked_for_passes_and_is_noted_as_written(
        self, made: Change, blue: int, green: int, stickiness: int | None
    ) -> None:
        assert Guarded(made).update(listener(blue, green, stickiness=stickiness)) is True

    def test_nothing_is_noted_as_written_before_a_write(self) -> None:
        assert Guarded(TO_50).guard.written is False

    @pytest.mark.parametrize(("blue", "green"), [(90, 10), (100, 0), (0, 100), (49, 51)])
    def test_another_split_is_refused(self, blue: int, green: int) -> None:
        message = Guarded(TO_50).refused(listener(blue, green))
        assert rules(message) == {"R-05"}
        assert "At step 'green-50' the traffic carrier must route blue 50, green 50." in message

    @pytest.mark.parametrize(("blue", "green"), [(50, 60), (1, 1), (0, 0), (150, -50), (49.5, 50.5)])
    def test_weights_that_are_no_whole_per_cents_of_100_are_refused(self, blue: object, green: object) -> None:
        assert "R-02" in rules(Guarded(TO_50).refused(listener(blue, green)))

    @pytest.mark.parametrize("weight", [None, "50", True, UNKNOWN_WIRE])
    def test_a_weight_that_is_no_number_is_refused(self, weight: object) -> None:
        assert "R-02" in rules(Guarded(TO_50).refused(listener(50, weight)))

    def test_one_target_group_alone_is_refused(self) -> None:
        inputs = listener(100, 0)
        del inputs["defaultActions"][0]["forward"]["targetGroups"][1]
        made = change(STEPS["before"], "green-up", DURING)
        message = Guarded(made).refused(inputs)
        assert "the traffic listener must forward to exactly two target groups" in message

    def test_a_third_target_group_is_refused(self) -> None:
        inputs = listener(50, 50)
        inputs["defaultActions"][0]["forward"]["targetGroups"].append({"arn": "arn:…:other", "weight": 0})
        assert "exactly two target groups" in Guarded(TO_50).refused(inputs)

    def test_stickiness_longer_than_the_bake_is_refused(self) -> None:
        """The bake of green-50 is ten minutes."""
        assert Guarded(TO_50).update(listener(50, 50, stickiness=10 * MINUTE)) is True
        assert rules(Guarded(TO_50).refused(listener(50, 50, stickiness=10 * MINUTE + 1))) == {"R-27"}

    @pytest.mark.parametrize(
        ("made", "blue", "green"),
        [(change(STEPS["green-50"], "green-100"), 0, 100), (change(STEPS["green-50"], IDLE, wait=1), 100, 0)],
        ids=["at 100", "back"],
    )
    def test_stickiness_is_refused_where_one_version_has_everything(self, made: Change, blue: int, green: int) -> None:
        assert rules(Guarded(made).refused(listener(blue, green, stickiness=1))) == {"R-27"}

    def test_the_transition_is_judged_here_too(self) -> None:
        """So that a program that forgets the rollout component is held by the same rules."""
        skipped = change(STEPS["green-10"], "green-100")
        assert rules(Guarded(skipped).refused(listener(0, 100))) == {"R-03", "R-04"}

    def test_everything_wrong_is_said_at_once(self) -> None:
        early = change(STEPS["green-10"], "green-50", wait=MINUTE)
        assert rules(Guarded(early).refused(listener(60, 60, stickiness=3600))) == {"R-06", "R-02", "R-05", "R-27"}

    @pytest.mark.parametrize(
        "inputs",
        [
            None,
            {},
            {"defaultActions": []},
            {"defaultActions": UNKNOWN_WIRE},
            {"defaultActions": [UNKNOWN_WIRE]},
            {"defaultActions": [{"type": "fixed-response", "fixedResponse": {"statusCode": "503"}}]},
            {"defaultActions": [{"type": "forward", "targetGroupArn": "arn:…:blue"}]},
            {"defaultActions": [{"type": "forward", "forward": {"stickiness": {"enabled": False}}}]},
            {"defaultActions": [{"type": "forward", "forward": {"targetGroups": UNKNOWN_WIRE}}]},
            {"defaultActions": secret([{"type": "forward", "forward": {"targetGroups": []}}])},
        ],
        ids=[
            "no inputs", "empty", "no action", "unknown actions", "unknown action", "fixed response", "short form",
            "no groups", "unknown groups", "secret",
        ],
    )  # fmt: skip
    def test_an_action_that_cannot_be_judged_is_refused(self, inputs: Mapping[str, Any] | None) -> None:
        message = Guarded(TO_50).refused(inputs)
        assert rules(message) & {"R-29", "R-02"}
        assert len(message) < 1500

    def test_a_secret_weight_is_refused(self) -> None:
        """A secret anywhere makes the whole property one; nobody can tell what is in it."""
        assert rules(Guarded(TO_50).refused(listener(secret(50), 50))) == {"R-29"}

    def test_numbers_arrive_as_floats(self) -> None:
        assert Guarded(TO_50).update(listener(50.0, 50.0, stickiness=300.0)) is True


class TestCreate:
    def test_the_first_deployment_passes_without_a_look_at_the_cloud(self) -> None:
        asked: list[bool] = []

        def exists() -> bool:
            asked.append(True)
            return True

        assert Guarded(bootstrap(), exists=exists).create(listener(100, 0)) is True
        assert asked == []

    def test_a_create_while_the_listener_exists_is_a_replacement_and_refused(self) -> None:
        message = Guarded(TO_50).refused(listener(50, 50), create=True)
        assert rules(message) == {"R-29"}
        assert "'balancer-traffic' is changed in place, never replaced" in message

    def test_also_when_traffic_is_given_back(self) -> None:
        back = change(STEPS["green-50"], IDLE, wait=1)
        assert "never replaced" in Guarded(back).refused(listener(100, 0), create=True)

    def test_a_listener_that_somebody_deleted_is_made_again(self) -> None:
        assert Guarded(TO_50, exists=lambda: False).create(listener(50, 50)) is True

    def test_it_is_judged_like_an_update(self) -> None:
        assert rules(Guarded(TO_50, exists=lambda: False).refused(listener(90, 10), create=True)) == {"R-05"}

    def test_a_cloud_that_cannot_say_whether_it_exists_is_no_yes(self) -> None:
        def exists() -> bool:
            raise TimeoutError("timed out")

        guarded = Guarded(TO_50, exists=exists)
        with pytest.raises(TimeoutError):
            guarded.create(listener(50, 50))
        assert guarded.guard.written is False


def rule(place: int, values: Sequence[str], green: object, **more: Any) -> dict[str, Any]:
    """Inputs of a rule for cohorts, as the provider gets them."""
    blue = 100 - green if isinstance(green, int) else 0
    groups = [{"arn": "arn:…:targetgroup/blue", "weight": blue}, {"arn": "arn:…:targetgroup/green", "weight": green}]
    forward = {"targetGroups": groups, "stickiness": {"enabled": False, "duration": 1}}
    header = {"httpHeaderName": cohorts.HEADER, "values": list(values), "__defaults": []}
    return {
        "priority": cohorts.FIRST_PRIORITY + place,
        "conditions": [{"httpHeader": header, "__defaults": []}],
        "actions": [{"type": "forward", "forward": forward}],
        **more,
    }


class GuardedRule(Guarded):
    """A guard and the hook of what stands beside the carrier."""

    def __init__(self, made: Change) -> None:
        super().__init__(made)
        self.hooks = drive(lambda: self.guard.beside("cohorts", declared.cohort_rule(SLOTS))).hooks

    def update(self, inputs: Mapping[str, Any] | None) -> bool:
        ask(self.hooks["cohorts-beside"], inputs, "balancer-cohorts-0")
        return self.guard.written


class TestCohortRules:
    @pytest.mark.parametrize(
        ("made", "green"),
        [(change(STEPS["before"], "green-up", DURING), 0), (change(STEPS["green-up"], "green-10"), 10), (TO_50, 50),
         (change(STEPS["green-50"], "green-100"), 100),
         (change(STEPS["green-50"], IDLE, wait=1, report=Report(error="down")), 0)],
        ids=["start", "to 10", "to 50", "to 100", "back"],
    )  # fmt: skip
    def test_those_of_the_step_pass_and_are_noted_as_written(self, made: Change, green: int) -> None:
        for place, each in enumerate(cohorts.layout(green)):
            assert GuardedRule(made).update(rule(place, each.values, 100 if each.candidate else 0)) is True

    def test_all_are_the_former_candidate_s_after_a_promotion(self) -> None:
        made = change(STEPS["green-100"], IDLE, AFTER)
        assert GuardedRule(made).update(rule(6, [cohorts.EVERYBODY], 100)) is True
        assert rules(GuardedRule(made).refused(rule(6, [cohorts.EVERYBODY], 0))) == {"R-05"}

    @pytest.mark.parametrize(
        ("inputs", "found"),
        [
            (rule(0, ["0?", "1?"], 100), {"R-05"}),
            (rule(0, ["0?", "1?", "2?"], 0), {"R-05"}),
            (rule(0, ["0?", "1?", "2?"], 50), {"R-05"}),
            (rule(7, ["0?", "1?", "2?"], 100), {"R-05"}),
            (rule(-1, ["0?", "1?", "2?"], 100), {"R-05"}),
            (rule(0, ["0?", "1?", "2?"], "x"), {"R-02", "R-05"}),
            (rule(0, ["0?", "1?", "2?"], 100, actions=[]), {"R-29"}),
            (rule(0, ["0?", "1?", "2?"], 100, priority=None), {"R-29"}),
            (rule(0, ["0?", "1?", "2?"], 100, conditions=[{"pathPattern": {"values": ["/*"]}}]), {"R-29"}),
            (rule(0, ["0?", "1?", "2?"], 100, conditions=UNKNOWN_WIRE), {"R-29"}),
            ({}, {"R-29"}),
        ],
        ids=["values", "slot", "split", "one too many", "before the first", "weight", "no action", "no priority",
             "other condition", "unknown", "empty"],
    )  # fmt: skip
    def test_others_are_refused(self, inputs: Mapping[str, Any], found: set[str]) -> None:
        assert rules(GuardedRule(TO_50).refused(inputs)) == found

    def test_a_cookie_is_refused(self) -> None:
        inputs = rule(0, ["0?", "1?", "2?"], 100)
        inputs["actions"][0]["forward"]["stickiness"] = {"enabled": True, "duration": 60}
        assert rules(GuardedRule(TO_50).refused(inputs)) == {"R-27"}

    def test_they_may_be_made_while_the_listener_exists(self) -> None:
        binding = drive_binding(TO_50)
        assert [hook.name for hook in binding.before_create or [] if isinstance(hook, pulumi.ResourceHook)] == [
            "cohorts-beside"
        ]


def drive_binding(made: Change) -> pulumi.ResourceHookBinding:
    found: list[pulumi.ResourceHookBinding] = []
    guard = Guarded(made).guard
    drive(lambda: found.append(guard.beside("cohorts", declared.cohort_rule(SLOTS))))
    return found[0]


class TestUnchanged:
    """What says which user is in which cohort."""

    def ask(self, made: Change) -> None:
        guard = Guarded(made).guard
        hooks = drive(lambda: guard.unchanged("function")).hooks
        ask(hooks["function-unchanged"], {"code": "x"}, "function")

    @pytest.mark.parametrize(
        "made",
        [bootstrap(), change(STEPS["before"], "green-up", DURING), change(STEPS["green-100"], IDLE, AFTER),
         change(STEPS["green-50"], IDLE, wait=1)],
        ids=["first", "start", "promotion", "back"],
    )  # fmt: skip
    def test_may_be_written_outside_a_rollout_and_on_the_way_back(self, made: Change) -> None:
        self.ask(made)

    @pytest.mark.parametrize("made", [TO_50, change(STEPS["green-10"], "green-10")], ids=["advance", "stay"])
    def test_may_not_during_a_rollout(self, made: Change) -> None:
        with pytest.raises(RolloutRefused, match=r"R-15 .*users change their version.*step 'green-(10|50)'"):
            self.ask(made)


class TestBinding:
    def test_creates_and_updates_are_bound_in_previews_too(self) -> None:
        guarded = Guarded(TO_50)
        assert set(guarded.recorded.hooks) == {CREATE, UPDATE}
        for hook in guarded.recorded.hooks.values():
            assert isinstance(hook.opts, pulumi.ResourceHookOptions)
            assert hook.opts.on_dry_run
            assert not hook.opts.ignore_errors
        binding = guarded.guard.binding
        assert [hook.name for hook in binding.before_create or [] if isinstance(hook, pulumi.ResourceHook)] == [CREATE]
        assert [hook.name for hook in binding.before_update or [] if isinstance(hook, pulumi.ResourceHook)] == [UPDATE]


class TestDeclared:
    def test_a_transition_that_cannot_be_read_is_a_violation(self) -> None:
        message = Guarded(TO_50, record={"proposed": "damaged"}).refused(listener(50, 50))
        assert rules(message) == {"R-29"}
        assert "the transition is not known" in message  # said by the carrier's own guard, besides the rollout's

    def test_the_carrier_is_judged_by_what_is_given_for_its_kind(self) -> None:
        """The guard knows no kind of carrier: it hands over inputs and transition, and refuses what comes back."""
        seen: list[tuple[Mapping[str, Any], Transition]] = []
        found = Violation("R-05 x", "Must.", "Found.", "Do.")

        def judge(inputs: Mapping[str, Any], change: Transition) -> tuple[Violation, ...]:
            seen.append((inputs, change))
            return (found,)

        recorded = drive(lambda: CarrierGuard("traffic", as_dict(TO_50), judge, lambda: TO_50.now, lambda: True))
        with pytest.raises(RolloutRefused) as error:
            ask(recorded.hooks[UPDATE], {"anything": 1})
        assert error.value.violations == (found,)
        assert seen == [({"anything": 1}, Transition(TO_50.previous, TO_50.proposed, TO_50.plan, TO_50.report))]

    def test_slots_are_in_the_order_of_the_target_groups(self) -> None:
        made = change(STEPS["green-up"], "green-10")
        to_10 = Transition(made.previous, made.proposed, made.plan, made.report)
        assert declared.listener(SLOTS)(listener(90, 10), to_10) == ()
        found = declared.listener(("green", "blue"))(listener(90, 10), to_10)
        assert [each.rule[:4] for each in found] == ["R-05"]
