"""Limits: as written, as recorded, and one against another."""

import contextlib
import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import limits
from headgate.limits import METRICS, Limit, Limits
from headgate.presets import PRESETS

WHERE = "headgate:plan.limits"


def parsed(raw: object) -> Limits:
    found, problems = limits.parse(raw, WHERE)
    assert problems == ()
    assert found is not None
    return found


def problems(raw: object) -> dict[str, str]:
    """Place -> what is expected there; nothing is parsed when there are problems."""
    found, listed = limits.parse(raw, WHERE)
    assert (found is None) == bool(listed)
    return {problem.where.removeprefix(f"{WHERE}."): problem.expected for problem in listed}


def test_nothing_written() -> None:
    assert parsed(None) == parsed({}) == Limits()
    assert Limits().bounds == ()
    assert Limits().min_requests == 10
    assert Limits().interval == 60


def test_written_out() -> None:
    found = parsed(
        {
            "min_requests": 100,
            "interval": "5m",
            "p95_ms": {"hold": 200, "rollback": 500},
            "error_rate": {"hold": "0.5%", "rollback": "1%", "readings": 3},
            "availability": {"hold": "99.95%"},
        }
    )
    assert found == Limits(
        (
            Limit("error_rate", Fraction(5, 1000), Fraction(1, 100), 3),
            Limit("p95_ms", Fraction(200), Fraction(500)),
            Limit("availability", Fraction(9995, 10000)),
        ),
        min_requests=100,
        interval=300,
    )
    assert found.get("p95_ms") == found.bounds[1]
    assert found.get("cpu") is None


@pytest.mark.parametrize(
    ("metric", "written", "value"),
    [
        ("error_rate", "0.5%", Fraction(1, 200)),
        ("error_rate", "0.1%", Fraction(1, 1000)),
        ("error_rate", " 1 % ", Fraction(1, 100)),
        ("error_rate", "100%", Fraction(1)),
        ("error_rate", "1/3%", Fraction(1, 300)),
        ("availability", "99.999%", Fraction(99999, 100000)),
        ("p50_ms", 200, Fraction(200)),
        ("p95_ms", 0.1, Fraction(1, 10)),
        ("p95_ms", "200ms", Fraction(200)),
        ("p99_ms", "1.5s", Fraction(1500)),
        ("turn_p95_ms", "200", Fraction(200)),
        ("throughput_rps", "100/s", Fraction(100)),
        ("throughput_rps", "99.5rps", Fraction(199, 2)),
        ("memory", "85%", Fraction(85, 100)),
        ("memory_bytes", "2GB", Fraction(2 * 10**9)),
        ("memory_bytes", "2GiB", Fraction(2 * 2**30)),
        ("memory_bytes", "1.5 MiB", Fraction(3 * 2**19)),
        ("memory_bytes", 1024, Fraction(1024)),
        ("memory_growth_per_hour", "5%/h", Fraction(5, 100)),
        ("cpu", "90%", Fraction(9, 10)),
        ("database_connections", 80, Fraction(80)),
        ("consecutive_failures", "10", Fraction(10)),
        ("consecutive_failures", 10.0, Fraction(10)),
    ],
)
def test_values_are_exact(metric: str, written: object, value: Fraction) -> None:
    bound = "hold" if metric == "availability" else "rollback"
    limit = parsed({metric: {bound: written}}).get(metric)
    assert limit is not None
    assert getattr(limit, bound) == value


@pytest.mark.parametrize(
    ("metric", "written"),
    [
        ("error_rate", 0.005),
        ("error_rate", "0.5"),
        ("error_rate", "0.5 percent"),
        ("error_rate", "-1%"),
        ("error_rate", "1e-3%"),
        ("error_rate", "%"),
        ("error_rate", "1/0%"),
        ("error_rate", None),
        ("error_rate", True),
        ("error_rate", ["1%"]),
        ("error_rate", "1%/h"),
        ("memory_growth_per_hour", "5%"),
        ("p95_ms", "200us"),
        ("p95_ms", float("nan")),
        ("p95_ms", float("inf")),
        ("p95_ms", 1e300),
        ("p95_ms", "9" * 5000),
        ("memory_bytes", "2gb"),
        ("throughput_rps", "100/m"),
        ("consecutive_failures", 2.5),
        ("database_connections", "80%"),
    ],
)
def test_values_without_their_unit_are_refused(metric: str, written: object) -> None:
    assert problems({metric: {"rollback": written}}) == {f"{metric}.rollback": METRICS[metric].unit.expected}


@pytest.mark.parametrize(
    ("metric", "bound", "written", "expected"),
    [
        ("error_rate", "hold", "0%", "a value above 0"),
        ("p95_ms", "rollback", 0, "a value above 0"),
        ("error_rate", "rollback", "101%", "at most 100%"),
        ("memory", "hold", "100.1%", "at most 100%"),
        ("availability", "hold", "100%", "less than 100%, which nothing can exceed"),
        ("availability", "hold", "101%", "less than 100%, which nothing can exceed"),
    ],
)
def test_bounds_that_make_no_sense(metric: str, bound: str, written: object, expected: str) -> None:
    assert problems({metric: {bound: written}}) == {f"{metric}.{bound}": expected}


@pytest.mark.parametrize(
    ("metric", "hold", "rollback", "expected"),
    [
        ("error_rate", "1%", "1%", None),
        ("error_rate", "1.1%", "1%", "at most the rollback bound, 1%"),
        ("p95_ms", 501, "0.5s", "at most the rollback bound, 500ms"),
        ("availability", "99.9%", "99.9%", None),
        ("availability", "99.8%", "99.9%", "at least the rollback bound, 99.9%"),
        ("throughput_rps", 99, 100, "at least the rollback bound, 100/s"),
    ],
)
def test_hold_is_never_looser_than_rollback(metric: str, hold: object, rollback: object, expected: str | None) -> None:
    found = problems({metric: {"hold": hold, "rollback": rollback}})
    assert found == ({} if expected is None else {f"{metric}.hold": expected})


def test_all_problems_at_once_with_their_places() -> None:
    found = problems(
        {
            "preset": "bluegreen",
            "p96_ms": {"hold": 1},
            "error_rate": {"hold": "5", "rollback": 1, "readings": 0, "window": "5m"},
            "cpu": "90%",
            "memory": {},
            "min_requests": "10",
            "interval": "0s",
        }
    )
    assert set(found) == {
        "preset", "p96_ms", "error_rate.hold", "error_rate.rollback", "error_rate.readings", "error_rate.window",
        "cpu", "memory", "min_requests", "interval",
    }  # fmt: skip
    assert found["preset"] == "one of the known presets: flags, greenflow, ion"
    assert found["p96_ms"].startswith("one of: preset, min_requests, interval, error_rate, p50_ms")
    assert found["error_rate.window"] == "one of: hold, rollback, readings"


@pytest.mark.parametrize("raw", ["greenflow", [], 5, True])
def test_limits_that_are_no_mapping(raw: object) -> None:
    (problem,) = limits.parse(raw, WHERE)[1]
    assert problem.where == WHERE
    assert problem.found == repr(raw)


@pytest.mark.parametrize("preset", [None, 5, ["ion"], {"ion": 1}])
def test_preset_that_is_no_text(preset: object) -> None:
    assert set(problems({"preset": preset})) == {"preset"}


@pytest.mark.parametrize("readings", [0, -1, 2.0, "3", True, None])
def test_readings_are_counted(readings: object) -> None:
    found = problems({"cpu": {"rollback": "90%", "readings": readings}})
    assert found == {"cpu.readings": "a whole number from 1"}


def test_a_problem_names_found_expected_and_remedy() -> None:
    (problem,) = limits.parse({"error_rate": {"hold": 0.005}}, WHERE)[1]
    assert str(problem) == (
        "headgate:plan.limits.error_rate.hold: found 0.005; expected a share in per cent, such as 0.5%. "
        "Correct the value and its unit."
    )


class TestPresets:
    @pytest.mark.parametrize("name", sorted(PRESETS))
    def test_every_preset_is_valid(self, name: str) -> None:
        assert parsed({"preset": name}).bounds

    def test_greenflow(self) -> None:
        assert limits.to_dict(parsed({"preset": "greenflow"})) == {
            "metrics": {
                "error_rate": {"hold": "0.5%", "rollback": "1%", "readings": 1},
                "p95_ms": {"hold": "200ms", "rollback": "500ms", "readings": 1},
                "throughput_rps": {"hold": "100/s", "readings": 1},
                "memory": {"hold": "70%", "rollback": "85%", "readings": 1},
                "cpu": {"hold": "70%", "rollback": "90%", "readings": 1},
            },
            "minRequests": 10,
            "interval": 60,
        }

    def test_ion(self) -> None:
        assert limits.to_dict(parsed({"preset": "ion"})) == {
            "metrics": {
                "error_rate": {"hold": "0.5%", "rollback": "1%", "readings": 3},
                "p95_ms": {"hold": "100ms", "rollback": "200ms", "readings": 1},
                "p99_ms": {"hold": "300ms", "readings": 1},
                "turn_p95_ms": {"hold": "200ms", "readings": 1},
                "availability": {"hold": "99.95%", "readings": 1},
                "memory": {"hold": "70%", "rollback": "85%", "readings": 1},
                "memory_bytes": {"rollback": "2GB", "readings": 1},
                "memory_growth_per_hour": {"hold": "1%/h", "rollback": "5%/h", "readings": 1},
                "cpu": {"hold": "70%", "rollback": "90%", "readings": 1},
                "consecutive_failures": {"rollback": "10", "readings": 1},
            },
            "minRequests": 10,
            "interval": 60,
        }

    def test_what_is_written_replaces_single_fields(self) -> None:
        preset = parsed({"preset": "ion"})
        found = parsed(
            {"preset": "ion", "error_rate": {"rollback": "0.8%"}, "p50_ms": {"hold": 20}, "min_requests": 500}
        )
        assert found.get("error_rate") == Limit("error_rate", Fraction(1, 200), Fraction(8, 1000), 3)
        assert found.get("p50_ms") == Limit("p50_ms", Fraction(20))
        assert found.get("p95_ms") == preset.get("p95_ms")
        assert (found.min_requests, found.interval) == (500, 60)

    def test_a_field_is_judged_beside_those_of_the_preset(self) -> None:
        found = problems({"preset": "ion", "p95_ms": {"hold": 300}})
        assert found == {"p95_ms.hold": "at most the rollback bound, 200ms"}

    def test_a_preset_does_not_hide_what_is_wrong(self) -> None:
        assert set(problems({"preset": "ion", "cpu": 5, "error_rate": {"readings": 0}})) == {
            "cpu",
            "error_rate.readings",
        }


class TestShow:
    @pytest.mark.parametrize(
        ("metric", "value", "shown"),
        [
            ("error_rate", Fraction(1, 200), "0.5%"),
            ("error_rate", Fraction(1, 300), "1/3%"),
            ("memory_bytes", Fraction(1), "0.000000001GB"),
            ("memory_bytes", Fraction(20 * 10**9), "20GB"),
            ("p95_ms", Fraction(200), "200ms"),
            ("consecutive_failures", Fraction(100), "100"),
            ("memory_growth_per_hour", Fraction(5, 100), "5%/h"),
        ],
    )
    def test_exactly(self, metric: str, value: Fraction, shown: str) -> None:
        assert limits.show(metric, value) == shown

    def test_unknown_metric(self) -> None:
        with pytest.raises(KeyError):
            limits.show("p96_ms", Fraction(1))


amounts = st.fractions(min_value=0, max_value=10**12, max_denominator=10**9).filter(bool)


@st.composite
def some_limits(draw: st.DrawFn) -> Limits:
    """Any limits, whether or not they make sense together."""
    bounds = []
    for metric in METRICS:
        if draw(st.booleans()):
            value = amounts.map(
                lambda amount, whole=METRICS[metric].unit.whole: Fraction(int(amount) + 1) if whole else amount
            )
            bounds.append(Limit(metric, draw(st.none() | value), draw(st.none() | value), draw(st.integers(1, 9))))
    return Limits(tuple(bounds), draw(st.integers(1, 10**6)), draw(st.integers(1, 10**6)))


def _floats(value: Any) -> Any:
    """As Pulumi sends it: every number a float, mappings in another order."""
    if isinstance(value, dict):
        return {key: _floats(inner) for key, inner in reversed(value.items())}
    return float(value) if isinstance(value, int) else value


class TestDicts:
    @given(some_limits())
    def test_roundtrip_is_exact(self, written: Limits) -> None:
        raw = json.loads(json.dumps(limits.to_dict(written)))
        assert limits.from_dict(raw) == written
        assert limits.from_dict(_floats(raw)) == written

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"metrics": None}, TypeError),
            ({"metrics": {"p96_ms": {"readings": 1}}}, ValueError),
            ({"metrics": {"cpu": None}}, TypeError),
            ({"metrics": {"cpu": {"hold": "5", "readings": 1}}}, ValueError),
            ({"metrics": {"cpu": {"hold": 0.9, "readings": 1}}}, ValueError),
            ({"metrics": {"cpu": {"hold": "90%"}}}, KeyError),
            ({"metrics": {"cpu": {"hold": "90%", "readings": 1.5}}}, ValueError),
            ({"minRequests": True}, TypeError),
            ({"interval": float("inf")}, ValueError),
        ],
    )
    def test_other_shapes(self, change: dict[str, Any], error: type[Exception]) -> None:
        with pytest.raises(error):
            limits.from_dict({**limits.to_dict(Limits()), **change})

    @pytest.mark.parametrize("missing", ["metrics", "minRequests", "interval"])
    def test_missing_field(self, missing: str) -> None:
        raw = limits.to_dict(Limits())
        del raw[missing]
        with pytest.raises(KeyError):
            limits.from_dict(raw)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["5%", "1s", "2GB"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*METRICS, "metrics", "minRequests", "interval", "preset", "hold", "rollback", "readings", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(json_values)
def test_parse_is_total(raw: object) -> None:
    found, listed = limits.parse(raw, WHERE)
    assert (found is None) == bool(listed)
    if found is not None:
        assert limits.from_dict(limits.to_dict(found)) == found
        for limit in found.bounds:
            if limit.hold is not None and limit.rollback is not None:
                assert limit.hold <= limit.rollback or not METRICS[limit.metric].upper


@given(json_values)
def test_from_dict_raises_only_what_it_says(raw: Any) -> None:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        assert isinstance(limits.from_dict(raw), Limits)


ION = parsed({"preset": "ion"})


def changed(metric: str, **fields: object) -> Limits:
    bounds = tuple(replace(limit, **fields) if limit.metric == metric else limit for limit in ION.bounds)  # type: ignore[arg-type]
    return replace(ION, bounds=bounds)


class TestLoosened:
    @pytest.mark.parametrize(
        ("new", "line"),
        [
            (changed("error_rate", rollback=Fraction(2, 100)), "error_rate.rollback: was 1%, now 2%"),
            (changed("error_rate", hold=Fraction(6, 1000)), "error_rate.hold: was 0.5%, now 0.6%"),
            (changed("error_rate", hold=None), "error_rate.hold: was 0.5%, now none"),
            (changed("error_rate", readings=4), "error_rate.readings: was 3, now 4"),
            (changed("availability", hold=Fraction(999, 1000)), "availability.hold: was 99.95%, now 99.9%"),
            (changed("memory_bytes", rollback=Fraction(3 * 10**9)), "memory_bytes.rollback: was 2GB, now 3GB"),
            (replace(ION, min_requests=9), "min_requests: was 10, now 9"),
            (replace(ION, interval=90), "interval: was 1m, now 1m30s"),
            (replace(ION, bounds=ION.bounds[1:]), "error_rate: was hold 0.5%, rollback 1%, now there is no limit"),
        ],
    )
    def test_one_field(self, new: Limits, line: str) -> None:
        assert limits.loosened(ION, new) == (line,)
        assert limits.loosened(new, ION) == ()

    def test_every_field_at_once(self) -> None:
        assert len(limits.loosened(ION, Limits(min_requests=1, interval=61))) == len(ION.bounds) + 2

    def test_a_limit_more_is_not_looser(self) -> None:
        more = replace(ION, bounds=(*ION.bounds, Limit("database_connections", Fraction(80))))
        assert limits.loosened(ION, more) == ()

    @given(some_limits())
    def test_nothing_is_looser_than_itself(self, one: Limits) -> None:
        assert limits.loosened(one, one) == ()

    @given(some_limits(), some_limits(), some_limits())
    def test_stricter_twice_is_stricter(self, one: Limits, two: Limits, three: Limits) -> None:
        if not limits.loosened(one, two) and not limits.loosened(two, three):
            assert limits.loosened(one, three) == ()

    @given(some_limits(), st.data())
    def test_a_limit_taken_away_is_always_seen(self, one: Limits, data: st.DataObject) -> None:
        if one.bounds:
            gone = data.draw(st.sampled_from(one.bounds))
            less = replace(one, bounds=tuple(limit for limit in one.bounds if limit is not gone))
            assert [line.split(":")[0] for line in limits.loosened(one, less)] == [gone.metric]
