"""Rules for cohorts in a whole stack: each as the step asks, all of them, and none that holds users by a cookie."""

from typing import Any

import pytest

from headgate import cohorts
from headgate.state import Recorded
from policies.rollout import LISTENER_RULE
from tests.support.rule_table import FIFTY, HUNDRED, PROMOTED, TEN, UP
from tests.support.servicer import UNKNOWN, Declared, Diagnostic
from tests.unit.policies.test_stack_rules import edited, rules, says, stack


def by_cohort(at: Recorded, *, arns: bool = False, **weights: int) -> list[Declared]:
    """`stack` with the rules for cohorts, as the components declare them."""
    state = at.state
    known = {slot: f"arn:{slot}" if arns else UNKNOWN for slot in ("blue", "green")}
    made = []
    for place, rule in enumerate(cohorts.layout(state.weight)):
        to = state.candidate.slot if rule.candidate and state.candidate else state.live.slot
        groups = [{"arn": known[slot], "weight": 100 if slot == to else 0} for slot in ("blue", "green")]
        header = {"httpHeaderName": cohorts.HEADER, "values": list(rule.values)}
        inputs = {
            "priority": cohorts.FIRST_PRIORITY + place,
            "conditions": [{"httpHeader": header}],
            "actions": [{"type": "forward", "forward": {"targetGroups": groups, "stickiness": {"enabled": False}}}],
            "tags": {"headgate-role": "cohorts"},
        }
        made.append(Declared(LISTENER_RULE, f"cohorts-{place}", inputs))
    return [*stack(at, arns=arns, **weights), *made]


def urns(found: list[Diagnostic]) -> set[str]:
    return {each.urn.rpartition("::")[2] for each in found}


@pytest.mark.parametrize("arns", [False, True])
@pytest.mark.parametrize("at", [UP, TEN, FIFTY, HUNDRED, PROMOTED], ids=lambda at: at.state.step)
def test_what_the_components_declare_agrees(at: Recorded, arns: bool) -> None:
    assert says(by_cohort(at, arns=arns)) == []


TARGETS = "actions.0.forward.targetGroups"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "values of another weight": ({"conditions.0.httpHeader.values": ["0?", "1?"]}, "R-05"),
    "no values": ({"conditions.0.httpHeader.values": []}, "R-05"),
    "to live": ({f"{TARGETS}.0.weight": 100, f"{TARGETS}.1.weight": 0}, "R-05"),
    "a split of its own": ({f"{TARGETS}.0.weight": 50, f"{TARGETS}.1.weight": 50}, "R-05"),
    "another place": ({"priority": 99}, "R-05"),
    "no place": ({"priority": None}, "R-05"),
    "a cookie": ({"actions.0.forward.stickiness": {"enabled": True, "duration": 60}}, "R-27"),
    "another condition": ({"conditions": [{"pathPattern": {"values": ["/*"]}}]}, "R-29"),
    "unknown values": ({"conditions.0.httpHeader.values": UNKNOWN}, "R-29"),
    "unknown weight": ({f"{TARGETS}.0.weight": UNKNOWN}, "R-29"),
    "unknown priority": ({"priority": UNKNOWN}, "R-29"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_rule_that_is_not_as_asked(bad: str) -> None:
    changes, rule = BAD[bad]
    found = says(edited(by_cohort(FIFTY), "cohorts-0", changes))
    assert rules(found) == {rule}
    assert urns(found) == {"cohorts-0"}
    assert {each.level for each in found} == {"mandatory"}


def test_swapped_target_groups_are_found_by_their_arns() -> None:
    good = by_cohort(TEN, arns=True)
    (first,) = [each for each in good if each.name == "cohorts-0"]
    groups = first.inputs["actions"][0]["forward"]["targetGroups"]
    assert says(edited(good, "cohorts-0", {TARGETS: [groups[1], groups[0]]})) == []


def test_one_that_is_left_out_is_missed() -> None:
    found = says([each for each in by_cohort(TEN) if each.name != "cohorts-6"])
    assert rules(found) == {"R-05"}
    assert "no rule with priority 107" in found[0].message


def test_one_without_the_tag_is_found_by_what_it_looks_at() -> None:
    changes = {"tags": {}, "conditions.0.httpHeader.httpHeaderName": "X-Headgate-Cohort", f"{TARGETS}.0.weight": 1}
    assert rules(says(edited(by_cohort(TEN), "cohorts-0", changes))) == {"R-05"}


def test_a_rule_that_is_none_for_cohorts_is_not_judged() -> None:
    other = {"priority": 5, "conditions": [{"pathPattern": {"values": ["/old"]}}], "actions": []}
    assert says([*stack(TEN), Declared(LISTENER_RULE, "old", other)]) == []


def test_going_back_takes_everybody_back() -> None:
    """At weight 0 a rule that still names the candidate is refused."""
    left = edited(by_cohort(UP), "cohorts-0", {"conditions.0.httpHeader.values": ["0?"], f"{TARGETS}.0.weight": 0})
    assert rules(says(edited(left, "cohorts-0", {f"{TARGETS}.1.weight": 100}))) == {"R-05"}
