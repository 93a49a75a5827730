"""The plan: as written in a stack file, as recorded, well formed or not, and looser or not."""

import contextlib
import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import plan as plans
from headgate import plan_rules, wire
from headgate.limits import Limit, Limits
from headgate.plan import Plan, Step
from headgate.problems import RuleId
from tests.support.rollouts import HOUR, MINUTE, PLAN, replan

WHERE = "headgate:plan"
GATES = frozenset({"readiness", "drift", "slo"})
WRITTEN = {
    "steps": [
        {"name": "green-up", "weight": 0, "bake": "5m", "gates": ["readiness"]},
        {"name": "green-10", "weight": 10, "bake": "5m", "gates": ["slo", "drift"]},
        {"name": "green-50", "weight": 50, "bake": "10m"},
        {"name": "green-100", "weight": 100, "bake": "30m", "gates": []},
    ],
    "retention": "72h",
    "limits": {"error_rate": {"hold": "0.5%", "rollback": "1%"}},
}


def problems(raw: object) -> dict[str, str]:
    """Place -> what is expected there; no plan when there are problems."""
    found, listed = plans.parse(raw, WHERE, GATES)
    assert (found is None) == bool(listed)
    return {problem.where.removeprefix(f"{WHERE}."): problem.expected for problem in listed}


def with_step(position: int, **fields: object) -> dict[str, object]:
    """The written plan with fields of one step replaced; None removes one."""
    steps = [dict(step) for step in WRITTEN["steps"]]  # type: ignore[call-overload]
    merged = {**steps[position], **fields}
    steps[position] = {key: value for key, value in merged.items() if value is not None}
    return {**WRITTEN, "steps": steps}


class TestParse:
    def test_written_out(self) -> None:
        found, listed = plans.parse(WRITTEN, WHERE, GATES)
        assert listed == ()
        assert found == Plan(
            steps=(
                Step("green-up", 0, 5 * MINUTE, ("readiness",)),
                Step("green-10", 10, 5 * MINUTE, ("slo", "drift")),
                Step("green-50", 50, 10 * MINUTE),
                Step("green-100", 100, 30 * MINUTE),
            ),
            retention=72 * HOUR,
            limits=Limits((Limit("error_rate", Fraction(1, 200), Fraction(1, 100)),)),
        )

    def test_defaults(self) -> None:
        found, _ = plans.parse({"steps": WRITTEN["steps"]}, WHERE, GATES)
        assert found is not None
        assert (found.retention, found.max_first_weight, found.max_increment) == (72 * HOUR, 10, 50)
        assert (found.min_bake, found.stickiness, found.limits) == (60, 0, Limits())

    def test_everything_can_be_set(self) -> None:
        more = {"max_first_weight": 5, "max_increment": 25, "min_bake": "2m", "stickiness": "1m", "retention": "7d"}
        found, _ = plans.parse({**WRITTEN, **more}, WHERE, GATES)
        assert found is not None
        assert (found.max_first_weight, found.max_increment) == (5, 25)
        assert (found.min_bake, found.stickiness, found.retention) == (120, 60, 168 * HOUR)

    @pytest.mark.parametrize(
        ("raw", "place"),
        [
            ({**WRITTEN, "steps": None}, "steps"),
            ({**WRITTEN, "steps": []}, "steps"),
            ({**WRITTEN, "steps": {"green-up": 0}}, "steps"),
            ({**WRITTEN, "steps": ["green-up"]}, "steps[0]"),
            ({**WRITTEN, "step": "green-up"}, "step"),
            ({**WRITTEN, 5: "x"}, "5"),
            (with_step(1, weights=10), "steps[1].weights"),
            (with_step(1, name=None), "steps[1].name"),
            (with_step(1, name="  "), "steps[1].name"),
            (with_step(1, name=10), "steps[1].name"),
            (with_step(1, name="idle"), "steps[1].name"),
            (with_step(1, name="green-up"), "steps[1].name"),
            (with_step(1, weight=None), "steps[1].weight"),
            (with_step(1, weight=101), "steps[1].weight"),
            (with_step(1, weight=-1), "steps[1].weight"),
            (with_step(1, weight=10.5), "steps[1].weight"),
            (with_step(1, weight="10"), "steps[1].weight"),
            (with_step(1, weight=True), "steps[1].weight"),
            (with_step(1, bake=None), "steps[1].bake"),
            (with_step(1, bake=300), "steps[1].bake"),
            (with_step(1, bake="soon"), "steps[1].bake"),
            (with_step(1, gates="slo"), "steps[1].gates"),
            (with_step(1, gates=["slo", "luck"]), "steps[1].gates[1]"),
            (with_step(1, gates=[["slo"]]), "steps[1].gates[0]"),
            (with_step(1, gates=[{"slo": 1}]), "steps[1].gates[0]"),
            ({**WRITTEN, "retention": 72}, "retention"),
            ({**WRITTEN, "retention": None}, "retention"),
            ({**WRITTEN, "min_bake": "1"}, "min_bake"),
            ({**WRITTEN, "stickiness": True}, "stickiness"),
            ({**WRITTEN, "max_increment": 500}, "max_increment"),
            ({**WRITTEN, "max_first_weight": "5%"}, "max_first_weight"),
            ({**WRITTEN, "limits": {"error_rate": {"hold": 5}}}, "limits.error_rate.hold"),
        ],
    )
    def test_problem_with_its_place(self, raw: object, place: str) -> None:
        assert list(problems(raw)) == [place]

    def test_all_problems_at_once(self) -> None:
        raw = with_step(0, name="idle", weight=-5, bake=5, gates=["luck"])
        raw |= {"retention": "long", "limits": {"preset": "best"}, "stepps": []}
        assert set(problems(raw)) == {
            "steps[0].name", "steps[0].weight", "steps[0].bake", "steps[0].gates[0]", "retention",
            "limits.preset", "stepps",
        }  # fmt: skip

    def test_unknown_gate_lists_the_known(self) -> None:
        (problem,) = plans.parse(with_step(0, gates=["luck"]), WHERE, GATES)[1]
        assert str(problem) == (
            "headgate:plan.steps[0].gates[0]: found 'luck'; expected one of the known gates: drift, readiness, slo. "
            "Use a known gate or remove it."
        )

    @pytest.mark.parametrize("raw", [None, [], "greenflow", 5])
    def test_no_mapping(self, raw: object) -> None:
        (problem,) = plans.parse(raw, WHERE, GATES)[1]
        assert problem.where == WHERE

    def test_long_values_are_cut(self) -> None:
        (problem,) = plans.parse("x" * 500, WHERE, GATES)[1]
        assert len(problem.found) == 80


class TestPlan:
    def test_steps_by_name(self) -> None:
        assert PLAN.step_names == ("green-up", "green-10", "green-50", "green-100")
        assert PLAN.index("green-50") == 2
        assert PLAN.step("green-50") is PLAN.steps[2]
        for unknown in ("idle", "", "green-75"):
            assert PLAN.index(unknown) is None
            assert PLAN.step(unknown) is None

    @pytest.mark.parametrize(
        ("weight", "bake", "stickiness", "seconds"),
        [
            (10, 300, 300, 300),
            (10, 299, 300, 299),
            (10, 600, 300, 300),
            (0, 300, 300, 0),
            (100, 300, 300, 0),
            (10, 9, 0, 0),
        ],
    )
    def test_stickiness_is_bounded_by_the_bake(self, weight: int, bake: int, stickiness: int, seconds: int) -> None:
        assert replace(PLAN, stickiness=stickiness).stickiness_of(Step("x", weight, bake)) == seconds

    def test_no_stickiness_outside_a_step(self) -> None:
        assert PLAN.stickiness_of(None) == 0

    def test_digest_is_the_same_everywhere(self) -> None:
        canonical = (
            '{"limits":{"interval":60,"metrics":{"cpu":{"hold":"70%","readings":1}},"minRequests":10},'
            '"maxFirstWeight":10,"maxIncrement":50,"minBake":60,"retention":259200,'
            '"steps":[{"bake":300,"gates":["slo"],"name":"gr\\u00fcn","weight":100}],"stickiness":0}'
        )
        plan = Plan((Step("grün", 100, 300, ("slo",)),), limits=Limits((Limit("cpu", Fraction(7, 10)),)))
        assert plan.digest == hashlib.sha256(canonical.encode()).hexdigest()

    @given(
        st.sampled_from(["retention", "max_first_weight", "max_increment", "min_bake", "stickiness"]),
        st.integers(0, 99),
    )
    def test_every_field_is_in_the_digest(self, field: str, value: int) -> None:
        changed = replace(PLAN, **{field: value})
        assert (changed.digest == PLAN.digest) == (changed == PLAN)


steps = st.builds(
    Step,
    name=st.text(min_size=1, max_size=9),
    weight=st.integers(0, 100),
    bake=st.integers(0, 10**6),
    gates=st.lists(st.sampled_from(sorted(GATES)), max_size=3).map(tuple),
)
some_plans = st.builds(
    Plan,
    steps=st.lists(steps, max_size=5).map(tuple),
    retention=st.integers(0, 10**7),
    max_first_weight=st.integers(0, 100),
    max_increment=st.integers(0, 100),
    min_bake=st.integers(0, 10**4),
    stickiness=st.integers(0, 10**4),
    limits=st.sampled_from([Limits(), Limits((Limit("error_rate", Fraction(1, 200)),)), Limits(min_requests=100)]),
)


def _floats(value: Any) -> Any:
    """As Pulumi sends it: every number a float."""
    if isinstance(value, Mapping):
        return {key: _floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_floats(inner) for inner in value]
    return float(value) if isinstance(value, int) else value


class TestDicts:
    @given(some_plans)
    def test_roundtrip(self, written: Plan) -> None:
        raw = json.loads(json.dumps(plans.to_dict(written)))
        assert plans.from_dict(raw) == written
        assert plans.from_dict(_floats(raw)) == written
        assert plans.from_dict(_floats(raw)).digest == written.digest

    @pytest.mark.parametrize("missing", sorted(plans.to_dict(PLAN)))
    def test_missing_field(self, missing: str) -> None:
        raw = plans.to_dict(PLAN)
        del raw[missing]
        with pytest.raises(KeyError):
            plans.from_dict(raw)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from([*plans.to_dict(PLAN), "name", "weight", "bake", "gates"]), inner)
            ),
        )
    )
    def test_raises_only_what_it_says(self, raw: Any) -> None:
        for value in (raw, {**plans.to_dict(PLAN), "steps": [raw]}, {**plans.to_dict(PLAN), "limits": raw}):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                assert isinstance(plans.from_dict(value), Plan)

    @pytest.mark.parametrize(("value", "whole"), [(10, 10), (10.0, 10), (-0.0, 0), (10**400, 10**400)])
    def test_whole(self, value: object, whole: int) -> None:
        assert wire.whole(value) == whole

    @pytest.mark.parametrize("value", [10.5, float("inf"), float("-inf"), float("nan")])
    def test_not_whole(self, value: object) -> None:
        with pytest.raises(ValueError, match="is not a whole number"):
            wire.whole(value)

    @pytest.mark.parametrize("value", [None, True, "10", [10]])
    def test_no_number(self, value: object) -> None:
        with pytest.raises(TypeError, match="is not a number"):
            wire.whole(value)


class TestWellformed:
    """R-01; the rows that block a transition are in the table of rules."""

    def test_all_faults_at_once(self) -> None:
        bad = Plan((Step("a", 60, 10), Step("b", 50, 10), Step("c", 50, 10)))
        found = [violation.must for violation in plan_rules.wellformed(bad)]
        assert [must.removeprefix("In headgate:plan ") for must in found] == [
            "the last step must have weight 100.",
            "weights must rise with every step.",
            "the first step with traffic may have at most 10 %.",
            "no step may add more than 50 %.",
            "a step must bake at least 60 s.",
            "a step must bake at least 60 s.",
            "at least one step must have a gate.",
        ]

    @given(some_plans)
    def test_what_it_lets_pass_is_safe(self, plan: Plan) -> None:
        found = list(plan_rules.wellformed(plan))
        assert {violation.rule for violation in found} <= {RuleId.PLAN_WELLFORMED}
        if not found:
            weights = [step.weight for step in plan.steps]
            assert weights == sorted(set(weights))
            assert weights[-1] == 100
            assert next(weight for weight in weights if weight) <= plan.max_first_weight

    @given(st.lists(st.integers(1, 99), unique=True, max_size=6).map(sorted))
    def test_rising_weights_within_the_bounds_pass(self, between: list[int]) -> None:
        weights = [0, *between, 100]
        widest = max(after - before for before, after in itertools.pairwise(weights))
        plan = Plan(
            tuple(Step(f"at-{weight}", weight, 60, ("slo",)) for weight in weights),
            max_first_weight=weights[1],
            max_increment=widest,
        )
        assert list(plan_rules.wellformed(plan)) == []
        assert len(list(plan_rules.wellformed(replace(plan, max_increment=widest - 1)))) == 1


class TestLoosened:
    """R-15: one line per field."""

    @pytest.mark.parametrize(
        ("new", "line"),
        [
            (replan(bakes=[300, 299, 600, 1800]), "bake of 'green-10' went from 5m to 4m59s"),
            (replan(gates=[(), ("slo",), ("slo",), ("slo",)]), "step 'green-up' lost the gates readiness"),
            (replan(retention=HOUR), "retention went from 3d to 1h"),
            (replan(min_bake=0), "min_bake went from 1m to 0s"),
            (replan(max_first_weight=20), "max_first_weight went from 10 to 20"),
            (replan(max_increment=100), "max_increment went from 50 to 100"),
            (replan(stickiness=600), "stickiness went from 300 to 600"),
            (replan(limits=Limits(min_requests=1)), "min_requests: was 10, now 1"),
        ],
    )
    def test_one_field(self, new: Plan, line: str) -> None:
        assert plan_rules.loosened(PLAN, new) == (line,)
        assert plan_rules.loosened(new, PLAN) == ()

    def test_other_steps_always_are(self) -> None:
        found = plan_rules.loosened(PLAN, replan(weights=[0, 5, 50, 100]))
        assert "".join(found) == (
            "steps green-up=0 green-10=10 green-50=50 green-100=100 became "
            "green-up=0 green-10=5 green-50=50 green-100=100"
        )
        assert plan_rules.loosened(PLAN, replace(PLAN, steps=PLAN.steps[1:]))

    @given(some_plans)
    def test_no_plan_is_looser_than_itself(self, plan: Plan) -> None:
        assert plan_rules.loosened(plan, plan) == ()

    @given(some_plans, some_plans)
    def test_of_two_different_plans_at_least_one_is_looser(self, one: Plan, two: Plan) -> None:
        def gates(plan: Plan) -> list[set[str]]:
            return [set(step.gates) for step in plan.steps]

        if replace(one, steps=()) != replace(two, steps=()) or gates(one) != gates(two):
            assert plan_rules.loosened(one, two) or plan_rules.loosened(two, one)
