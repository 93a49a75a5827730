"""The rules for cohorts: always the same resources, and written so that nobody is sent back while the weight rises."""

import itertools
from typing import Any

import pulumi
import pytest

from components._common import Slot
from components.aws.load_balancer import LoadBalancer
from headgate import cohorts
from tests.support.drive import drive
from tests.support.mocks import Recorded, Registered
from tests.unit.components.aws.test_load_balancer import ARGS

WEIGHTS = (0, 1, 10, 37, 50, 99, 100)
GROUPS = {"blue": "edge-blue", "green": "edge-green"}


def balancer(weight: int, candidate: Slot = Slot.GREEN, **more: Any) -> Recorded:
    live = "blue" if candidate is Slot.GREEN else "green"
    args: Any = {**ARGS, "weights": {live: 100 - weight, candidate.value: weight}, "test_slot": candidate}
    return drive(lambda: LoadBalancer("edge", {**args, "cohorts": True, **more}))


def rules(recorded: Recorded) -> list[Registered]:
    return sorted(recorded.of_type("ListenerRule"), key=lambda rule: int(rule.inputs["priority"]))


def routed(rule: Registered) -> tuple[tuple[str, ...], str]:
    """What a rule matches, and the slot it sends that to."""
    (condition,), (action,) = rule.inputs["conditions"], rule.inputs["actions"]
    assert condition["httpHeader"]["httpHeaderName"] == "x-headgate-cohort"
    groups = action["forward"]["targetGroups"]
    assert [GROUPS[slot] in group["arn"] for slot, group in zip(GROUPS, groups, strict=True)] == [True, True]
    (to,) = [slot for slot, group in zip(GROUPS, groups, strict=True) if group["weight"] == 100]
    assert sum(group["weight"] for group in groups) == 100
    assert action["forward"]["stickiness"]["enabled"] is False
    return tuple(condition["httpHeader"]["values"]), to


def test_without_cohorts_there_are_none() -> None:
    assert rules(balancer(10, cohorts=False)) == []


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("candidate", [*Slot])
def test_they_are_those_of_the_weight(weight: int, candidate: Slot) -> None:
    live = "blue" if candidate is Slot.GREEN else "green"
    expected = [(rule.values, candidate.value if rule.candidate else live) for rule in cohorts.layout(weight)]
    assert [routed(rule) for rule in rules(balancer(weight, candidate))] == expected


@pytest.mark.parametrize(("before", "after"), [*itertools.pairwise(WEIGHTS), (50, 0), (100, 0)])
def test_a_step_changes_rules_and_never_which_there_are(before: int, after: int) -> None:
    changed = balancer(before).changed(balancer(after))  # fails unless both have the same resources
    assert {kind for kind, _ in changed} <= {"Listener", "ListenerRule"}
    priorities = [[rule.inputs["priority"] for rule in rules(balancer(weight))] for weight in (before, after)]
    assert priorities[0] == priorities[1] == [*range(101, 101 + cohorts.RULES + 1)]


def test_they_follow_the_listener_and_single_cohorts_follow_the_tens() -> None:
    made = balancer(37)
    listener = made.one("Listener", "edge-traffic").urn
    every = rules(made)
    tens = {rule.urn for rule in every[: cohorts.TENS]}
    for place, rule in enumerate(every):
        assert listener in rule.dependencies
        assert tens <= rule.dependencies if cohorts.TENS <= place < cohorts.RULES else not tens & rule.dependencies


def test_hooks_go_to_every_rule() -> None:
    def build() -> None:
        hook = pulumi.ResourceHook("rules", lambda _args: None)
        args: Any = {**ARGS, "cohorts": True}
        LoadBalancer("edge", args, rule_hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]))

    bound = {"before_create": ("rules",), "before_update": ("rules",)}
    assert all(rule.hooks == bound for rule in rules(drive(build)))


def test_what_is_settled_knows_the_listener_and_every_rule() -> None:
    assert len(balancer(10).outputs_of("LoadBalancer")["settled"]) == 1 + cohorts.RULES + 1
    assert len(balancer(10, cohorts=False).outputs_of("LoadBalancer")["settled"]) == 1


def test_they_say_what_they_are() -> None:
    for rule in rules(balancer(10)):
        assert rule.inputs["tags"] == {"service": "greenflow", "headgate-role": "cohorts"}
