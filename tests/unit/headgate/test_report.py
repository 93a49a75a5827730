"""What was observed before a transition."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import report as reports
from headgate.report import GateResult, Live, Report, Verdict
from tests.support.rollouts import NEW, OLD

RESULT = GateResult("slo", "2026.02.11", "green-10", NEW.image, Verdict.PASSED, at=100)


class TestResult:
    @pytest.mark.parametrize(
        "other",
        [
            replace(RESULT, gate="smoke"),
            replace(RESULT, rollout_id="2026.02.12"),
            replace(RESULT, step="green-50"),
            replace(RESULT, candidate_image=OLD.image),
        ],
    )
    def test_only_of_exactly_this_rollout_step_and_image(self, other: GateResult) -> None:
        assert Report(results=(other,)).result("slo", "2026.02.11", "green-10", NEW.image) is None
        assert Report(results=(other, RESULT)).result("slo", "2026.02.11", "green-10", NEW.image) is RESULT

    def test_the_newest(self) -> None:
        newer = replace(RESULT, verdict=Verdict.FAILED, at=101)
        for results in ((RESULT, newer), (newer, RESULT)):
            assert Report(results=results).result("slo", "2026.02.11", "green-10", NEW.image) is newer

    def test_none(self) -> None:
        assert Report().result("slo", "2026.02.11", "green-10", NEW.image) is None


names = st.text(max_size=6)
counts = st.dictionaries(names, st.integers(0, 100), max_size=3)
figures = st.dictionaries(names, st.floats(allow_nan=False), max_size=3).map(lambda some: tuple(sorted(some.items())))
some_reports = st.builds(
    Report,
    live=st.none()
    | st.builds(
        Live,
        exists=st.booleans(),
        split=counts,
        healthy=counts,
        desired=counts,
        images=st.dictionaries(names, names, max_size=2),
    ),
    results=st.lists(
        st.builds(
            GateResult,
            gate=names,
            rollout_id=names,
            step=names,
            candidate_image=names,
            verdict=st.sampled_from(Verdict),
            reasons=st.lists(names, max_size=2).map(tuple),
            figures=figures,
            at=st.integers(0, 2**40),
        ),
        max_size=3,
    ).map(tuple),
    error=names,
)


def _floats(value: Any) -> Any:
    """As Pulumi sends it: every number a float."""
    if isinstance(value, dict):
        return {key: _floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_floats(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class TestDicts:
    @given(some_reports)
    def test_roundtrip(self, written: Report) -> None:
        raw = json.loads(json.dumps(reports.to_dict(written)))
        assert reports.from_dict(raw) == written
        assert reports.from_dict(_floats(raw)) == written

    def test_nothing(self) -> None:
        assert reports.from_dict(None) == Report()
        assert reports.from_dict({}) == Report()

    def test_what_may_be_left_out(self) -> None:
        assert reports.from_dict({"live": {"exists": True}}) == Report(Live(True))
        (result,) = reports.to_dict(Report(results=(RESULT,)))["results"]
        del result["reasons"], result["figures"]
        assert reports.from_dict({"results": [result]}) == Report(results=(RESULT,))

    @pytest.mark.parametrize(
        ("raw", "error"),
        [
            ({"live": {}}, KeyError),
            ({"live": []}, TypeError),
            ({"live": {"exists": True, "split": [50, 50]}}, TypeError),
            ({"live": {"exists": True, "split": {"blue": "100"}}}, TypeError),
            ({"live": {"exists": True, "split": {"blue": 99.5}}}, ValueError),
            ({"live": {"exists": True, "healthy": {"blue": True}}}, TypeError),
            ({"live": {"exists": True, "images": "blue"}}, TypeError),
            ({"results": 5}, TypeError),
            ({"results": ["passed"]}, TypeError),
            ({"results": [{"gate": "slo"}]}, KeyError),
            ([], TypeError),
            ("passed", TypeError),
        ],
    )
    def test_other_shapes(self, raw: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            reports.from_dict(raw)

    @pytest.mark.parametrize(
        ("field", "value"), [("verdict", "fine"), ("verdict", None), ("at", 1.5), ("figures", {"p95_ms": "fast"}),
                             ("figures", {"p95_ms": 10**400})]
    )  # fmt: skip
    def test_values_that_make_no_sense(self, field: str, value: object) -> None:
        (result,) = reports.to_dict(Report(results=(RESULT,)))["results"]
        with pytest.raises(ValueError):  # noqa: PT011 - the texts are Python's own
            reports.from_dict({"results": [{**result, field: value}]})

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(
                        ["live", "results", "error", "exists", "split", "images", "verdict", "at", "figures"]
                    ),
                    inner,
                )
            ),
        )
    )
    def test_raises_only_what_it_says(self, raw: Any) -> None:
        (result,) = reports.to_dict(Report(results=(RESULT,)))["results"]
        for value in (
            raw,
            {"live": raw},
            {"live": {"exists": True, "split": raw}},
            {"results": [{**result, "figures": raw}]},
        ):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                assert isinstance(reports.from_dict(value), Report)
