"""The rules on the traffic carrier as it is declared."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import carrier, cohorts
from headgate.carrier import Entry
from headgate.problems import RuleId
from headgate.state import Created, State
from tests.support.rule_table import AT

TEN, FIFTY, HUNDRED = (AT[name].state for name in ("green-10", "green-50", "green-100"))
IDLE, PROMOTED = AT["before"].state, AT["promoted"].state
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
)


class TestCohortRules:
    @pytest.mark.parametrize("state", [IDLE, TEN, FIFTY, HUNDRED, PROMOTED], ids=lambda state: state.step)
    def test_those_of_the_state_pass(self, state: State) -> None:
        for place, rule in enumerate(cohorts.layout(state.weight)):
            to = state.candidate.slot if rule.candidate and state.candidate else state.live.slot
            assert carrier.check_cohort_rule(place, rule.values, {to: 100.0, "other": 0}, state) == ()

    @pytest.mark.parametrize(
        ("place", "values", "split", "said"),
        [
            (0, ["0?"], {"green": 100}, "rule 0 for cohorts must send 0?, 1?, 2? to green."),
            (0, ["0?", "1?", "2?"], {"blue": 100}, "rule 0 for cohorts must send"),
            (6, ["??"], {"green": 100}, "rule 6 for cohorts must send ?? to blue."),
            (5, ["nobody"], {"green": 100}, "rule 5 for cohorts must send nobody to blue."),
            (7, ["??"], {"blue": 100}, "There are 7 rules for cohorts"),
            (None, ["??"], {"blue": 100}, "There are 7 rules for cohorts"),
            (0.5, ["??"], {"blue": 100}, "There are 7 rules for cohorts"),
        ],
    )
    def test_others_are_blocked(self, place: object, values: list[str], split: dict[str, int], said: str) -> None:
        (violation,) = carrier.check_cohort_rule(place, values, split, FIFTY)
        assert violation.rule == RuleId.WEIGHT_MATCHES_PLAN
        assert said in violation.must

    @given(anything, st.lists(anything, max_size=3), st.dictionaries(st.text(max_size=3), anything, max_size=2))
    def test_anything_gets_an_answer(self, place: object, values: list[object], split: dict[str, object]) -> None:
        assert carrier.check_cohort_rule(place, values, split, FIFTY)

    def test_a_cookie_is_blocked(self) -> None:
        assert [each.rule for each in carrier.check_cohort_cookie(True)] == [RuleId.STICKINESS_BOUNDED]
        assert carrier.check_cohort_cookie(False) == carrier.check_cohort_cookie(None) == ()


class TestWeights:
    @pytest.mark.parametrize("weights", [[90, 10], [90.0, 10.0], [0, 100], [100, 0], [75, 25]])
    def test_passes(self, weights: Sequence[object]) -> None:
        assert carrier.check_weights(weights, carrier=True) == ()

    @pytest.mark.parametrize(
        ("weights", "found"),
        [
            ([90, 20], "weights 90/20."),
            ([1, 1], "weights 1/1."),
            ([99, 0], "weights 99/0."),
            ([None, 100], "weights none/100."),
            ([True, 99], "weights True/99."),
            ([-1, 101], "weights -1/101."),
            ([99.5, 0.5], "weights 99.5/0.5."),
            (["90", "10"], "weights 90/10."),
            ([math.nan, 100], "weights nan/100."),
            ([math.inf, 0], "weights inf/0."),
            ([[100], 0], "weights [100]/0."),
            ([100], "weights 100."),
            ([50, 25, 25], "weights 50/25/25."),
        ],
    )
    def test_blocked(self, weights: Sequence[object], found: str) -> None:
        (violation,) = carrier.check_weights(weights, carrier=True)
        assert violation.rule == RuleId.WEIGHTS_SUM_100
        assert violation.found == found

    def test_no_groups_break_the_sum_and_the_number_of_groups(self) -> None:
        assert [one.found for one in carrier.check_weights([], carrier=True)] == ["weights none."] * 2

    def test_another_listener_may_have_one_group(self) -> None:
        assert carrier.check_weights([100], carrier=False) == ()
        assert len(carrier.check_weights([None], carrier=False)) == 1
        assert len(carrier.check_weights([50], carrier=False)) == 1

    @given(st.integers(0, 100))
    def test_every_split_of_100_passes(self, weight: int) -> None:
        assert carrier.check_weights([100 - weight, float(weight)], carrier=True) == ()

    @given(st.lists(anything, max_size=4), st.booleans())
    def test_total(self, weights: list[object], is_carrier: bool) -> None:
        found = carrier.check_weights(weights, carrier=is_carrier)
        if not found:
            assert sum(weights) == 100  # type: ignore[arg-type]
            assert all(0 <= weight <= 100 for weight in weights)  # type: ignore[operator]


class TestSplit:
    @pytest.mark.parametrize(
        ("split", "state"),
        [
            ({"blue": 90, "green": 10}, TEN),
            ({"blue": 90.0, "green": 10.0}, TEN),
            ({"blue": 0, "green": 100}, HUNDRED),
            ({"green": 100}, HUNDRED),
            ({"blue": 100, "green": 0}, IDLE),
            ({"green": 100, "blue": 0}, PROMOTED),
        ],
    )
    def test_passes(self, split: Mapping[str, object], state: State) -> None:
        assert carrier.check_split(split, state) == ()

    @pytest.mark.parametrize(
        ("split", "state", "found"),
        [
            ({"blue": 50, "green": 50}, TEN, "blue 50, green 50."),
            ({"blue": 10, "green": 90}, TEN, "blue 10, green 90."),
            ({"blue": 90, "purple": 10}, TEN, "blue 90, purple 10."),
            ({"blue": 89, "green": 11}, TEN, "blue 89, green 11."),
            ({"blue": 90, "green": None}, TEN, "blue 90."),
            ({"blue": 90, "green": "10"}, TEN, "blue 90, green 10."),
            ({"blue": True, "green": 100}, HUNDRED, "blue True, green 100."),
            ({"blue": 100}, PROMOTED, "blue 100."),
            ({}, TEN, "nothing."),
        ],
    )
    def test_blocked(self, split: Mapping[str, object], state: State, found: str) -> None:
        (violation,) = carrier.check_split(split, state)
        assert violation.rule == RuleId.WEIGHT_MATCHES_PLAN
        assert violation.found == found

    def test_says_what_is_asked(self) -> None:
        (violation,) = carrier.check_split({"blue": 100}, TEN)
        assert violation.must == "At step 'green-10' the traffic carrier must route blue 90, green 10."

    @given(st.dictionaries(st.text(max_size=5), anything, max_size=3))
    def test_total(self, split: dict[str, object]) -> None:
        carrier.check_split(split, TEN)


class TestStickiness:
    @pytest.mark.parametrize(
        ("enabled", "seconds", "state", "bake"),
        [
            (False, 86_400, TEN, 300),
            (None, None, TEN, 300),
            (True, 300, TEN, 600),
            (True, 300, TEN, 300),
            (True, 300.0, FIFTY, 300),
            (False, None, IDLE, 0),
        ],
    )
    def test_passes(self, enabled: object, seconds: object, state: State, bake: int) -> None:
        assert carrier.check_stickiness(enabled, seconds, state, bake) == ()

    @pytest.mark.parametrize(
        ("seconds", "state", "bake", "expected"),
        [
            (86_400, TEN, 300, "at most the bake of step 'green-10', 5m,"),
            (301, TEN, 300, "at most the bake of step 'green-10', 5m,"),
            (None, TEN, 300, "at most the bake of step 'green-10', 5m,"),
            ("300", TEN, 300, "at most the bake of step 'green-10', 5m,"),
            (True, TEN, 300, "at most the bake of step 'green-10', 5m,"),
            (1, HUNDRED, 1800, "off"),
            (1, AT["green-up"].state, 300, "off"),
            (1, IDLE, 0, "off"),
            (1, PROMOTED, 0, "off"),
        ],
    )
    def test_blocked(self, seconds: object, state: State, bake: int, expected: str) -> None:
        (violation,) = carrier.check_stickiness(True, seconds, state, bake)
        assert violation.rule == RuleId.STICKINESS_BOUNDED
        assert violation.must.startswith(f"Stickiness of the traffic listener must be {expected} or a cookie")

    @given(anything, anything, st.integers(0, 999))
    def test_total(self, enabled: object, seconds: object, bake: int) -> None:
        carrier.check_stickiness(enabled, seconds, TEN, bake)


class TestOwner:
    def test_nobody_else(self) -> None:
        assert carrier.check_owner([]) == ()

    def test_everybody_else_is_named(self) -> None:
        (violation,) = carrier.check_owner(["deployment controller X", "an alternate target group"])
        assert violation.rule == RuleId.ONE_OWNER
        assert violation.found == "deployment controller X, an alternate target group on the service."


REVISION, LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
CREATED = (Created("blue", "a" * 64), Created("green", "b" * 64))


def entry(revision: object, share: object, kind: object = REVISION) -> Entry:
    return Entry(revision, share, kind)


def split(live: object, candidate: object) -> list[Entry]:
    return [entry("blue", live), entry("green", candidate)]


class TestEntries:
    """R-02 and R-25 on a split by named revisions."""

    @pytest.mark.parametrize(
        "entries",
        [
            split(90, 10),
            split(90.0, 10.0),
            split(100, 0),
            split(100, None),
            [entry("blue", 100)],
            [*split(50, 50), entry("red", 0)],
        ],
    )
    def test_passes(self, entries: list[Entry]) -> None:
        assert carrier.check_entries(entries, "green") == ()

    @pytest.mark.parametrize(
        ("entries", "found"),
        [
            (split(90, 20), "blue 90, green 20."),
            (split(1, 1), "blue 1, green 1."),
            (split(None, None), "blue 0, green 0."),
            (split(101, -1), "blue 101, green -1."),
            (split(99.5, 0.5), "blue 99.5, green 0.5."),
            (split("90", "10"), "blue 90, green 10."),
            (split(True, 99), "blue True, green 99."),
            (split(math.nan, 100), "blue nan, green 100."),
            (split([100], 0), "blue [100], green 0."),
            ([entry("blue", 50), entry("blue", 50)], "blue 50, blue 50."),
            ([], "no entry."),
        ],
    )
    def test_a_wrong_split(self, entries: list[Entry], found: str) -> None:
        (violation,) = carrier.check_entries(entries, "green")
        assert violation.rule == RuleId.WEIGHTS_SUM_100
        assert violation.found == found

    @pytest.mark.parametrize(
        ("entries", "template", "found"),
        [
            ([entry("", 100, LATEST)], "green", f"an entry of kind {LATEST} for no revision."),
            ([entry("blue", 100, LATEST)], "green", f"an entry of kind {LATEST} for blue."),
            ([entry(None, 100, LATEST)], "green", f"an entry of kind {LATEST} for no revision."),
            ([entry(None, 100)], "green", f"an entry of kind {REVISION} for no revision."),
            ([entry("", 100)], "green", f"an entry of kind {REVISION} for no revision."),
            ([entry(7, 100)], "green", f"an entry of kind {REVISION} for no revision."),
            ([entry("blue", 100, None)], "green", "an entry of kind none for blue."),
            ([entry("blue", 100, "")], "green", "an entry of kind none for blue."),
            ([entry("blue", 100, 7)], "green", "an entry of kind 7 for blue."),
            ([entry("blue", 100), entry("", 0, LATEST)], "green", f"an entry of kind {LATEST} for no revision."),
            ([entry("blue", 100)], None, "a template whose revision has no name."),
            ([entry("blue", 100)], "", "a template whose revision has no name."),
            ([entry("blue", 100)], ["green"], "a template whose revision has no name."),
        ],
    )
    def test_nothing_may_follow_the_newest(self, entries: list[Entry], template: object, found: str) -> None:
        (violation,) = carrier.check_entries(entries, template)
        assert violation.rule == RuleId.ONE_OWNER
        assert violation.found == found

    def test_everything_is_said(self) -> None:
        found = carrier.check_entries([entry("", 100, LATEST), entry("blue", 5)], None)
        assert [violation.rule[:4] for violation in found] == ["R-02", "R-25", "R-25"]

    @given(st.lists(st.builds(Entry, anything, anything, anything), max_size=4), anything)
    def test_total(self, entries: list[Entry], template: object) -> None:
        if not carrier.check_entries(entries, template):
            assert sum(each.share or 0 for each in entries) == 100  # type: ignore[misc]
            assert all(str(each.kind).endswith("REVISION") and each.revision for each in entries)
            assert template


class TestRevisions:
    """R-05 and R-18 besides: the declared revisions and shares are those of the state."""

    @pytest.mark.parametrize(
        ("entries", "template", "proposed", "previous"),
        [
            (split(90, 10), "green", TEN, AT["green-up"].state),
            (split(0, 100), "green", HUNDRED, FIFTY),
            (split(100, 0), "green", AT["green-up"].state, IDLE),
            ([entry("blue", 100)], "blue", IDLE, None),
            ([entry("blue", 100)], "blue", AT["green-up"].state, IDLE),
            ([entry("green", 100), entry("blue", 0)], "green", PROMOTED, HUNDRED),
            ([entry("green", 100)], "green", PROMOTED, HUNDRED),
            (split(90.0, 10.0), "green", TEN, TEN),
        ],
    )
    def test_passes(self, entries: list[Entry], template: str, proposed: State, previous: State | None) -> None:
        known = None if previous is None else with_created(previous)
        assert carrier.check_revisions(entries, template, with_created(proposed), known) == ()

    @pytest.mark.parametrize(
        ("entries", "template", "proposed", "found"),
        [
            (split(50, 50), "green", TEN, "blue 50, green 50."),
            (split(10, 90), "green", TEN, "blue 10, green 90."),
            ([entry("blue", 90), entry("red", 10)], "green", TEN, "blue 90, red 10."),
            ([entry("blue", 100)], "green", TEN, "blue 100."),
            (split(100, 0), "green", PROMOTED, "blue 100."),
            ([*split(90, 10), entry("red", 0)], "green", TEN, "red."),
            (split(90, 10), "red", TEN, "red."),
            ([*split(90, 10), entry("red", None)], "red", TEN, "red."),
            ([*split(90, 10), entry("red", 0)], "pink", TEN, "red, pink."),
        ],
    )
    def test_other_revisions_and_shares(self, entries: list[Entry], template: str, proposed: State, found: str) -> None:
        (violation,) = carrier.check_revisions(entries, template, with_created(proposed), with_created(proposed))
        assert violation.rule == RuleId.WEIGHT_MATCHES_PLAN
        assert violation.found == found

    def test_a_template_that_a_rollback_keeps_may_name_a_revision_that_is_there(self) -> None:
        """The candidate can be taken out of the stack file with the way back: its revision is still the template."""
        back = replace(IDLE, created=CREATED)
        assert carrier.check_revisions([entry("blue", 100)], "green", back, with_created(TEN)) == ()
        unknown = replace(IDLE, created=CREATED[:1])
        (violation,) = carrier.check_revisions([entry("blue", 100)], "green", unknown, with_created(TEN))
        assert violation.rule == RuleId.WEIGHT_MATCHES_PLAN

    @pytest.mark.parametrize("known", [(), CREATED[:1]])
    def test_a_revision_that_this_update_creates_gets_no_traffic(self, known: tuple[Created, ...]) -> None:
        before = replace(AT["green-up"].state, created=known)
        (violation,) = carrier.check_revisions(split(90, 10), "green", with_created(TEN), before)
        assert violation.rule == RuleId.CANDIDATE_READY
        assert violation.found == "10 % for the new revision green."

    def test_but_the_first_one_of_all_does(self) -> None:
        assert carrier.check_revisions([entry("blue", 100)], "blue", with_created(IDLE), None) == ()

    def test_shares_of_a_revision_that_is_named_twice_are_added_and_that_is_said_too(self) -> None:
        entries = [entry("blue", 50), entry("blue", 40), entry("green", 10)]
        (violation,) = carrier.check_revisions(entries, "green", with_created(TEN), with_created(TEN))
        assert violation.rule == RuleId.WEIGHTS_SUM_100

    @given(
        st.lists(st.builds(Entry, anything | st.sampled_from(["blue", "green"]), anything, anything), max_size=4),
        anything | st.just("green"),
        st.sampled_from([None, TEN, HUNDRED]),
    )
    def test_total(self, entries: list[Entry], template: object, previous: State | None) -> None:
        found = carrier.check_revisions(entries, template, with_created(TEN), previous)
        if not found:
            assert {each.revision for each in entries} == {"blue", "green"}

    @given(st.lists(st.tuples(st.sampled_from(["blue", "green", "red"]), st.integers(0, 100)), max_size=4))
    def test_what_passes_is_the_split_of_the_state(self, drawn: list[tuple[str, int]]) -> None:
        entries = [entry(revision, share) for revision, share in drawn]
        passes = carrier.check_revisions(entries, "green", with_created(TEN), with_created(TEN)) == ()
        assert passes is (dict(drawn) == {"blue": 90, "green": 10} and len(drawn) == 2)


def with_created(state: State) -> State:
    """As if the slots kept what they were created with, and both were there."""
    return replace(state, created=CREATED)
