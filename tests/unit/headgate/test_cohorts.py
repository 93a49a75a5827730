"""The weight as header rules: exactly the share, within the limits of a balancer, and nobody goes back as it rises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import cohorts
from headgate.assignment import COHORTS, cohort_text
from headgate.cohorts import EVERYBODY, NOBODY, RULES, TENS, Rule

# Quotas of an Application Load Balancer, a rule: condition values and match evaluations 5 each, wildcards 5 (6 in
# newer tables); comparison strings of one condition: 3 (user guide, "Quotas" and "Listener rules").
MOST_VALUES, MOST_WILDCARDS, MOST_PER_CONDITION = 5, 5, 3

WEIGHTS = st.integers(0, COHORTS)
EVERY = [cohort_text(number) for number in range(COHORTS)]


def on_candidate(layout: tuple[Rule, ...]) -> set[str]:
    """The cohorts whose first matching rule is the candidate's."""
    first = {
        text: next(rule for rule in layout if any(cohorts.matches(value, text) for value in rule.values))
        for text in EVERY
    }
    return {text for text, rule in first.items() if rule.candidate}


@pytest.mark.parametrize(
    ("weight", "patterns"),
    [
        (0, ()),
        (1, ("00",)),
        (10, ("0?",)),
        (37, ("0?", "1?", "2?", "30", "31", "32", "33", "34", "35", "36")),
        (50, ("0?", "1?", "2?", "3?", "4?")),
        (100, (EVERYBODY,)),
    ],
)
def test_patterns(weight: int, patterns: tuple[str, ...]) -> None:
    assert cohorts.patterns(weight) == patterns


@given(WEIGHTS)
def test_the_share_of_cohorts_is_the_weight_exactly_and_they_are_the_lowest(weight: int) -> None:
    below = set(EVERY[:weight])
    assert {text for text in EVERY if any(cohorts.matches(each, text) for each in cohorts.patterns(weight))} == below
    assert on_candidate(cohorts.layout(weight)) == below


@given(WEIGHTS)
def test_no_rule_is_beyond_a_limit(weight: int) -> None:
    layout = cohorts.layout(weight)
    assert len(layout) == RULES + 1, "the same rules at every weight"
    for rule in layout:
        assert 1 <= len(rule.values) <= min(MOST_VALUES, MOST_PER_CONDITION)
        assert sum(value.count("?") + value.count("*") for value in rule.values) <= MOST_WILDCARDS
        assert all(0 < len(value) <= 128 for value in rule.values)


@given(WEIGHTS)
def test_the_rules_hold_the_patterns_and_nothing_else(weight: int) -> None:
    held = [value for values in cohorts.rules(weight) for value in values if value != NOBODY]
    assert held == ([f"{ten}?" for ten in range(9)] if weight == COHORTS else [*cohorts.patterns(weight)])


@given(WEIGHTS, WEIGHTS)
def test_nobody_goes_back_while_the_weight_rises(one: int, other: int) -> None:
    lower, higher = sorted((one, other))
    assert on_candidate(cohorts.layout(lower)) <= on_candidate(cohorts.layout(higher))


@given(WEIGHTS, WEIGHTS, st.data())
def test_nor_between_two_writes(one: int, other: int, data: st.DataObject) -> None:
    """In the order of the components: the rest and the tens in any order, then the single cohorts in any order."""
    lower, higher = sorted((one, other))
    rules, after = [*cohorts.layout(lower)], cohorts.layout(higher)
    first = data.draw(st.permutations([*range(TENS), RULES]))
    then = data.draw(st.permutations(range(TENS, RULES)))
    reached = on_candidate(tuple(rules))
    for position in (*first, *then):
        rules[position] = after[position]
        assert reached <= on_candidate(tuple(rules))
        reached = on_candidate(tuple(rules))
    assert reached == on_candidate(after)


@given(WEIGHTS, st.permutations(range(RULES + 1)))
def test_on_the_way_back_nobody_is_moved_to_the_candidate_whatever_the_order(weight: int, order: list[int]) -> None:
    rules, after = [*cohorts.layout(weight)], cohorts.layout(0)
    left = on_candidate(tuple(rules))
    for position in order:
        rules[position] = after[position]
        assert on_candidate(tuple(rules)) <= left
        left = on_candidate(tuple(rules))
    assert left == set()


@given(st.permutations(range(RULES + 1)))
def test_a_promotion_moves_nobody_whatever_the_order(order: list[int]) -> None:
    """The candidate becomes live: what was its by 100 % is live's by 0 %."""

    def slots(layout: tuple[Rule, ...], live: str, candidate: str) -> list[tuple[Rule, str]]:
        return [(rule, candidate if rule.candidate else live) for rule in layout]

    rules, after = slots(cohorts.layout(100), "blue", "green"), slots(cohorts.layout(0), "green", "blue")
    for position in order:
        rules[position] = after[position]
        reached = tuple(Rule(rule.values, slot == "green") for rule, slot in rules)
        assert on_candidate(reached) == set(EVERY)


def test_at_0_no_rule_is_the_candidate_s() -> None:
    assert [rule.candidate for rule in cohorts.layout(0)] == [False] * (RULES + 1)
    assert cohorts.rules(0) == ((NOBODY,),) * RULES


def test_nobody_is_no_cohort() -> None:
    assert not any(cohorts.matches(NOBODY, text) for text in EVERY)
    assert all(cohorts.matches(EVERYBODY, text) for text in EVERY)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [("0?", "07", True), ("0?", "0", False), ("0?", "007", False), ("1.", "12", False), ("*", "", True),
     ("A*", "abc", True), ("[0]", "0", False)],
)  # fmt: skip
def test_wildcards(pattern: str, text: str, fits: bool) -> None:
    assert cohorts.matches(pattern, text) is fits


@pytest.mark.parametrize("weight", [-1, 101, True])
def test_a_weight_that_is_none(weight: int) -> None:
    for ask in (cohorts.patterns, cohorts.rules, cohorts.layout):
        with pytest.raises(ValueError, match="whole number from 0 to 100"):
            ask(weight)
