"""The rollout rules: their table, a first deployment, an unreadable record, and what never changes."""

import dataclasses
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import transition
from headgate.context import Rule
from headgate.plan import IDLE
from headgate.problems import RuleId
from headgate.report import Live, Report, Verdict
from headgate.rules import RULES
from headgate.state import Recorded, Release, Unreadable, propose
from headgate.transition import Transition
from tests.support.rollouts import (
    AFTER,
    BEFORE,
    DURING,
    HOUR,
    NEW,
    NOTHING_DEPLOYED,
    OLD,
    PLAN,
    RETIRED,
    START,
    Change,
    asked,
    bootstrap,
    change,
    good,
    image,
    live,
    replan,
    results,
)
from tests.support.rule_table import AT, KINDS, TABLE, Row

Swap = Callable[[tuple[Rule, ...]], None]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_table(row: Row) -> None:
    assert row.change.check() == row.breaks


def test_every_rule_has_a_row_of_every_kind() -> None:
    for rule in RULES:
        assert {row.kind for row in TABLE if row.rule is rule.id} == set(KINDS), rule.id


def test_rows_have_names_of_their_own() -> None:
    assert len({row.id for row in TABLE}) == len(TABLE)


def test_every_violation_says_what_must_be_what_was_found_and_what_to_do() -> None:
    for row in TABLE:
        made = row.change
        for violation in transition.check(made.previous, made.proposed, made.plan, made.now, made.report):
            assert violation.must.endswith(".")
            assert violation.found.endswith(".")
            assert violation.fix.endswith(".")
            assert str(violation).startswith(violation.rule)


@pytest.fixture
def use_rules(monkeypatch: pytest.MonkeyPatch) -> Swap:
    return lambda rules: monkeypatch.setattr(transition, "RULES", rules)


@pytest.mark.parametrize("disabled", RULES, ids=lambda rule: rule.id.split()[0])
def test_without_a_rule_its_rows_fail(disabled: Rule, use_rules: Swap) -> None:
    use_rules(tuple(rule for rule in RULES if rule is not disabled))
    assert any(row.change.check() != row.breaks for row in TABLE if row.rule is disabled.id)


@pytest.mark.parametrize(
    "freed", [rule for rule in RULES if rule.binds_going_back], ids=lambda rule: rule.id.split()[0]
)
def test_a_rule_that_does_not_bind_going_back_lets_a_row_through(freed: Rule, use_rules: Swap) -> None:
    use_rules(tuple(replace(rule, binds_going_back=rule is not freed and rule.binds_going_back) for rule in RULES))
    assert any(row.change.check() != row.breaks for row in TABLE if row.rule is freed.id)


# These look only at changes of other kinds and so are as free as before; the others must not bind.
SILENT_GOING_BACK = {
    RuleId.NO_STEP_SKIP, RuleId.MAX_WEIGHT_JUMP, RuleId.BAKE_ELAPSED, RuleId.GATES_PASSED, RuleId.CANDIDATE_FROZEN,
    RuleId.SINGLE_ACTIVE, RuleId.NO_RESUME_AFTER_ABORT, RuleId.STANDBY_RETAINED,
}  # fmt: skip


@pytest.mark.parametrize(
    "bound",
    [rule for rule in RULES if not rule.binds_going_back and rule.id not in SILENT_GOING_BACK],
    ids=lambda rule: rule.id.split()[0],
)
def test_a_rule_that_binds_going_back_blocks_a_rollback(bound: Rule, use_rules: Swap) -> None:
    use_rules(tuple(replace(rule, binds_going_back=rule is bound or rule.binds_going_back) for rule in RULES))
    assert any(row.change.check() != row.breaks for row in TABLE if row.kind == "back")


class TestWithoutARecord:
    """R-29: fail closed, except for a first deployment."""

    def test_first_deployment(self) -> None:
        assert bootstrap().check() == frozenset()

    def test_first_deployment_names_a_candidate(self) -> None:
        assert bootstrap(DURING).check() == frozenset()

    def test_first_deployment_may_not_begin_a_rollout(self) -> None:
        assert RuleId.FAIL_CLOSED in bootstrap(DURING, step="green-up").check()
        assert RuleId.FAIL_CLOSED in bootstrap(DURING, step="green-10").check()

    def test_first_deployment_is_judged_by_the_rules_on_plan_slots_and_images(self) -> None:
        tagged = Release(replace(OLD, image="api:latest"), replace(NEW, slot="blue"))
        made = bootstrap(tagged, plan=replan(weights=[0, 10, 50, 90]))
        expected = {RuleId.PLAN_WELLFORMED, RuleId.WEIGHTS_SUM_100, RuleId.IMAGES_BY_DIGEST}
        assert made.check() == expected

    def test_weight_at_idle(self) -> None:
        made = bootstrap()
        assert RuleId.FAIL_CLOSED in replace(made, proposed=replace(made.proposed, weight=100)).check()

    def test_cloud_not_readable(self) -> None:
        made = replace(bootstrap(), report=Report(error="connection refused"))
        (violation,) = transition.check(None, made.proposed, made.plan, made.now, made.report)
        assert violation.rule == RuleId.FAIL_CLOSED
        assert "connection refused" in violation.found

    def test_made_in_the_future(self) -> None:
        assert replace(bootstrap(), now=START - 1).check() == {RuleId.COMPARE_AND_SWAP}

    @pytest.mark.parametrize(
        ("split", "healthy", "breaks"),
        [
            ({"blue": 100, "green": 0}, {}, set()),
            ({"blue": 100}, {"blue": 6}, set()),
            ({"blue": 50, "green": 50}, {"blue": 1, "green": 6}, set()),
            ({"blue": 0, "green": 100}, {"blue": 0, "green": 6}, {RuleId.FAIL_CLOSED}),
            ({"green": 100}, {"green": 6}, {RuleId.FAIL_CLOSED}),
            ({}, {}, {RuleId.FAIL_CLOSED}),
        ],
    )
    @pytest.mark.parametrize("previous", [None, Unreadable("schema 9.0 is not 1")])
    def test_record_lost_while_users_are_there(
        self,
        split: dict[str, int],
        healthy: dict[str, int],
        breaks: set[RuleId],
        previous: Unreadable | None,
    ) -> None:
        found = Report(Live(True, split, healthy))
        assert replace(bootstrap(), previous=previous, report=found).check() == breaks

    def test_unreadable_record_and_nothing_deployed(self) -> None:
        made = replace(bootstrap(), previous=Unreadable("it has no 'schema'"))
        assert made.check() == {RuleId.FAIL_CLOSED}

    def test_unreadable_record_blocks_every_step_and_says_why(self) -> None:
        proposed = propose(None, asked("green-10"), PLAN, START)
        report = Report(Live(True, {"blue": 100}))
        found = transition.check(Unreadable("it has no 'schema'"), proposed, PLAN, START, report)
        assert {violation.rule for violation in found} == {RuleId.FAIL_CLOSED}
        assert "it has no 'schema'" in found[0].found


class TestResolve:
    def test_first(self) -> None:
        made = transition.resolve(None, asked(IDLE, BEFORE), PLAN, START)
        assert made.previous is None
        assert made.report == Report()
        assert made.recorded == AT["before"]

    def test_no_change_is_the_last_transition_again(self) -> None:
        last = Transition(AT["green-up"], AT["green-10"].state, PLAN, good(AT["green-up"].state))
        assert transition.resolve(last, asked("green-10"), PLAN, START + 99 * HOUR) is last

    @pytest.mark.parametrize(
        ("step", "plan", "tasks"),
        [("green-50", PLAN, 6), ("green-10", replan(retention=99 * HOUR), 6), ("green-10", PLAN, 7)],
    )
    def test_change(self, step: str, plan: object, tasks: int) -> None:
        last = Transition(AT["green-up"], AT["green-10"].state, PLAN, good(AT["green-up"].state))
        made = transition.resolve(last, asked(step, tasks=tasks), plan, START + 99 * HOUR)
        assert made.previous == AT["green-10"]
        assert made.report == Report()
        assert made.proposed.sequence == AT["green-10"].state.sequence + 1

    def test_unreadable(self) -> None:
        last = Unreadable("it has no 'plan'")
        made = transition.resolve(last, asked(IDLE, BEFORE), PLAN, START)
        assert made.previous is last
        assert made.proposed == AT["before"].state


class TestNeeds:
    @pytest.mark.parametrize(
        ("made", "gates"),
        [
            (bootstrap(), ()),
            (replace(bootstrap(), previous=Unreadable("x")), ()),
            (change(AT["before"], "green-up", DURING), ()),
            (change(AT["green-up"], "green-10"), ("readiness",)),
            (change(AT["green-10"], "green-50"), ("slo",)),
            (change(AT["green-10"], "green-10", tasks=9), ()),
            (change(AT["green-50"], IDLE), ()),
            (change(AT["green-50"], "green-10"), ()),
            (change(AT["green-100"], IDLE, AFTER), ("slo",)),
            (change(AT["promoted"], IDLE, DURING), ()),
        ],
    )
    def test_gates(self, made: Change, gates: tuple[str, ...]) -> None:
        assert transition.needs(Transition(made.previous, made.proposed, made.plan, Report())) == gates

    def test_gates_of_either_plan(self) -> None:
        added = replan(gates=[(), ("approval", "slo"), (), ()])
        made = change(AT["green-10"], "green-50", plan=added)
        assert transition.needs(Transition(made.previous, made.proposed, made.plan, Report())) == ("slo", "approval")

    def test_readiness_even_when_no_plan_asks(self) -> None:
        made = change(Recorded(AT["green-up"].state, replan(gates=[()] * 4)), "green-10")
        assert transition.needs(Transition(made.previous, made.proposed, made.plan, Report())) == ("readiness",)

    def test_what_is_needed_is_what_check_asks_for(self) -> None:
        for row in TABLE:
            made = row.change
            if not isinstance(made.previous, Recorded) or row.rule is not RuleId.GATES_PASSED:
                continue
            empty = Report(live(made.previous.state))
            found = transition.check(made.previous, made.proposed, made.plan, made.now, empty)
            named = [gate for gate in ("slo", "readiness", "approval") if any(repr(gate) in one.must for one in found)]
            assert set(named) == set(transition.needs(Transition(made.previous, made.proposed, made.plan, empty)))


class TestDicts:
    @pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
    def test_roundtrip(self, row: Row) -> None:
        made = row.change
        written = Transition(made.previous, made.proposed, made.plan, made.report)
        assert transition.from_dict(transition.to_dict(written)) == written

    def test_roundtrip_without_previous(self) -> None:
        for previous in (None, Unreadable("it is broken")):
            made = bootstrap()
            written = Transition(previous, made.proposed, made.plan, made.report)
            assert transition.read(transition.to_dict(written)) == written

    def test_nothing_recorded(self) -> None:
        assert transition.read(None) is None

    def test_what_is_wrong_is_named(self) -> None:
        whole = transition.to_dict(Transition(None, bootstrap().proposed, PLAN, NOTHING_DEPLOYED))
        for raw, reason in (
            ("idle", "it is a str, not a mapping"),
            ({}, "it has no 'proposed'"),
            ({**whole, "proposed": {**whole["proposed"], "schema": 9.0}}, "schema 9.0 is not 1"),
            ({**whole, "proposed": {**whole["proposed"], "weight": "10"}}, "'10' is not a number"),
            ({**whole, "proposed": {**whole["proposed"], "weight": float("inf")}}, "inf is not a whole number"),
        ):
            assert transition.read(raw) == Unreadable(reason)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
WRITTEN = transition.to_dict(
    Transition(AT["green-10"], change(AT["green-10"], "green-50").proposed, PLAN, good(AT["green-10"].state))
)


def paths(value: object, prefix: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place in a nested value."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [prefix, *(path for key, inner in below for path in paths(inner, (*prefix, key)))]


def put(value: object, path: tuple[object, ...], new: object) -> object:
    """`value` with `new` at `path`."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: put(value[key], tuple(rest), new)}
    assert isinstance(value, list)
    return [put(inner, tuple(rest), new) if index == key else inner for index, inner in enumerate(value)]


@given(raw=json_values)
def test_read_never_raises(raw: object) -> None:
    assert isinstance(transition.read(raw), Transition | Unreadable | None)


@given(path=st.sampled_from(paths(WRITTEN)), value=json_values)
def test_read_and_check_never_raise_on_one_wrong_value(path: tuple[object, ...], value: object) -> None:
    read = transition.read(put(WRITTEN, path, value))
    if isinstance(read, Transition):
        transition.check(read.previous, read.proposed, read.plan, START, read.report)
        transition.needs(read)


def _hostile(template: object) -> st.SearchStrategy[object]:
    """Objects of the class of `template` whose fields are as they should be, or anything."""
    if not dataclasses.is_dataclass(template) or isinstance(template, type):
        return st.just(template) | json_values
    fields = {one.name: _hostile(getattr(template, one.name)) for one in dataclasses.fields(template)}
    return st.builds(type(template), **fields) | json_values


@given(
    previous=_hostile(AT["green-10"]),
    proposed=_hostile(AT["green-50"].state),
    plan=_hostile(PLAN),
    now=_hostile(START),
    report=_hostile(good(AT["green-10"].state)),
)
def test_check_is_total(previous: Recorded, proposed: object, plan: object, now: object, report: object) -> None:
    found = transition.check(previous, proposed, plan, now, report)  # type: ignore[arg-type]
    assert isinstance(found, tuple)
    if not found:
        assert isinstance(previous, Recorded)


class Bomb:
    """A value that fails whatever is asked of it."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError("no")


@pytest.mark.parametrize("position", range(5))
def test_check_fails_closed_on_what_it_cannot_judge(position: int) -> None:
    arguments = [
        AT["green-10"],
        change(AT["green-10"], "green-50").proposed,
        PLAN,
        START + 99 * HOUR,
        good(AT["green-10"].state),
    ]
    assert transition.check(*arguments) == ()  # type: ignore[arg-type]
    for wrong in (None, Bomb()):
        if (position, wrong) == (0, None):
            continue  # None is a first deployment
        broken = [wrong if index == position else value for index, value in enumerate(arguments)]
        found = transition.check(*broken)  # type: ignore[arg-type]
        assert {violation.rule for violation in found} & {RuleId.FAIL_CLOSED, RuleId.COMPARE_AND_SWAP}


class TestWords:
    """A refusal says what a person needs to go on."""

    def test_skipped_step(self) -> None:
        made = change(AT["green-up"], "green-50")
        (violation,) = transition.check(made.previous, made.proposed, made.plan, made.now, made.report)
        assert str(violation) == (
            "R-03 rollout-no-step-skip: Steps are taken one at a time; after 'green-up' comes 'green-10'. "
            "Found: 'green-up' -> 'green-50'. "
            "Do: Set headgate:step to the next step, or to idle to go back."
        )

    def test_bake_says_how_long_is_left(self) -> None:
        made = change(AT["green-10"], "green-50", wait=110)
        (violation,) = transition.check(made.previous, made.proposed, made.plan, made.now, made.report)
        assert violation.found == "1m50s so far."
        assert "Wait another 3m10s" in violation.fix

    def test_all_at_once(self) -> None:
        shorter = replan(bakes=[60, 60, 60, 60])
        release = Release(replace(OLD, image=image("d")), NEW)
        made = change(AT["green-10"], "green-100", release, wait=1, plan=shorter, tasks=2, report=Report())
        assert made.check() == {
            RuleId.NO_STEP_SKIP,
            RuleId.MAX_WEIGHT_JUMP,
            RuleId.BAKE_ELAPSED,
            RuleId.GATES_PASSED,
            RuleId.LIVE_FROZEN,
            RuleId.PLAN_FROZEN,
            RuleId.CAPACITY_FLOOR,
        }

    def test_a_gate_says_why_it_did_not_pass(self) -> None:
        failed = replace(results(AT["green-10"].state)[1], verdict=Verdict.FAILED, reasons=("p95 900 ms", "errors 4 %"))
        made = change(AT["green-10"], "green-50", report=Report(results=(failed,)))
        assert failed.gate == "slo"
        assert words(made) == ["failed: p95 900 ms; errors 4 %."]
        assert words(replace(made, report=Report(results=(replace(failed, reasons=()),)))) == [
            "failed: no reason given."
        ]
        assert words(replace(made, report=Report())) == ["missing: no result for this step (it did not run)."]
        unread = Report(error="connection refused")
        assert words(replace(made, report=unread)) == ["missing: no result for this step (connection refused)."]

    def test_the_standby_says_how_long_it_is_kept(self) -> None:
        made = change(AT["promoted"], IDLE, RETIRED, wait=HOUR)
        assert words(made) == ["standby none, 2d23h too early."]

    def test_a_step_after_the_last(self) -> None:
        made = change(AT["green-100"], "green-50", weight=100)
        (violation, *_) = transition.check(made.previous, made.proposed, made.plan, made.now, made.report)
        assert violation.must == "Steps are taken one at a time; after 'green-100' comes 'none'."

    def test_a_wrong_clock_says_by_how_much(self) -> None:
        made = change(AT["green-10"], "green-50")
        assert words(replace(made, now=made.now - 90)) == [f"{made.now} is 90 s ahead of {made.now - 90}."]


def words(made: Change) -> list[str]:
    """What was found, per violation."""
    found = transition.check(made.previous, made.proposed, made.plan, made.now, made.report)
    return [violation.found for violation in found]
