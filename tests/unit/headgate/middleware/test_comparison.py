"""Differences between versions in per cent."""

import math
from dataclasses import replace

import pytest

from headgate.middleware.comparison import Calls, Events, Snapshot, compare, figures, merge, since
from headgate.middleware.quantiles import of


def version(name: str = "1", latency_ms: float = 100.0, count: int = 100, **changes: object) -> Snapshot:
    base = Snapshot(
        version=name,
        seconds=10,
        requests={"2xx": count - 1, "5xx": 1},
        errors=1,
        latency=of([latency_ms] * count),
        dependencies={"search": Calls(9, 1)},
        events={"accepted": Events(50, 100)},
        memory_bytes=1000,
        cpu_seconds=5,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


class TestFigures:
    def test_of_a_version(self) -> None:
        assert figures(version()) == {
            "requests": 100,
            "requests_per_second": 10,
            "error_rate": 1,
            "p50_ms": 87.5,
            "p95_ms": 98.75,
            "p99_ms": 99.75,
            "memory_bytes": 1000,
            "cpu": 50,
            "dependency.search.success_rate": 90,
            "event.accepted.per_request": 0.5,
            "event.accepted.mean": 2,
        }

    def test_without_anything_to_compute_them_from(self) -> None:
        nothing = Snapshot("1", None, {}, 0, of([]), {"search": Calls()}, {"accepted": Events()})
        assert figures(nothing) == {**dict.fromkeys(figures(version())), "requests": 0}


class TestCompare:
    def test_in_per_cent_of_live(self) -> None:
        candidate = version(
            "2",
            latency_ms=200.0,
            requests={"2xx": 48, "5xx": 2},
            errors=2,
            dependencies={"search": Calls(45, 5)},
            events={"accepted": Events(25, 25)},
            memory_bytes=1500,
            cpu_seconds=4,
        )
        assert compare(version(), candidate) == {
            "requests": pytest.approx(-50),
            "requests_per_second": pytest.approx(-50),
            "error_rate": pytest.approx(300),
            "p50_ms": pytest.approx(100),
            "p95_ms": pytest.approx(100),
            "p99_ms": pytest.approx(100),
            "memory_bytes": pytest.approx(50),
            "cpu": pytest.approx(-20),
            "dependency.search.success_rate": pytest.approx(0),
            "event.accepted.per_request": pytest.approx(0),
            "event.accepted.mean": pytest.approx(-50),
        }

    def test_nothing_is_made_up(self) -> None:
        live = version(errors=0, events={}, latency=of([70_000.0]), memory_bytes=None)
        found = compare(live, version("2", dependencies={}, cpu_seconds=None))
        assert found["error_rate"] is None, "from 0 to anything is no per cent"
        assert found["p95_ms"] is None, "beyond the largest edge"
        assert [found[name] for name in ("memory_bytes", "cpu")] == [None, None]
        assert found["dependency.search.success_rate"] is None, "only live reports it"
        assert found["event.accepted.mean"] is None, "only the candidate reports it"

    def test_zero_and_zero_do_not_differ(self) -> None:
        assert compare(version(errors=0), version("2", errors=0))["error_rate"] == 0

    def test_of_a_version_with_itself(self) -> None:
        assert {*compare(version(), version()).values()} == {0.0}

    def test_below_zero(self) -> None:
        """A score may be negative; better is still more."""
        live, candidate = ({"accepted": Events(1, total)} for total in (-2, -1))
        assert compare(version(events=live), version("2", events=candidate))["event.accepted.mean"] == 50


class TestSince:
    def test_is_what_lies_between_two_scrapes(self) -> None:
        later = version(
            seconds=30,
            requests={"2xx": 199, "5xx": 2, "4xx": 9},
            errors=3,
            latency=of([100.0] * 100 + [500.0] * 110),
            dependencies={"search": Calls(10, 2), "mail": Calls(1, 0)},
            events={"accepted": Events(60, 90)},
            memory_bytes=4000,
            cpu_seconds=7,
        )
        assert since(version(), later) == Snapshot(
            version="1",
            seconds=20,
            requests={"2xx": 100, "5xx": 1, "4xx": 9},
            errors=2,
            latency=of([500.0] * 110),
            dependencies={"search": Calls(1, 1), "mail": Calls(1, 0)},
            events={"accepted": Events(10, -10)},
            memory_bytes=4000,
            cpu_seconds=2,
        )

    @pytest.mark.parametrize("changes", [{"requests": {"2xx": 3}}, {"seconds": 1}])
    def test_is_all_of_it_when_the_instance_was_started_again(self, changes: dict[str, object]) -> None:
        later = version(**changes)
        assert since(version(), later) == later

    def test_of_two_versions_is_refused(self) -> None:
        with pytest.raises(ValueError, match="found figures of version '2', expected '1'"):
            since(version(), version("2"))


class TestMerge:
    def test_of_instances(self) -> None:
        small = version(latency_ms=900.0, count=10, seconds=9, memory_bytes=3000, cpu_seconds=1, dependencies={})
        whole = merge([version(), small])
        assert whole.requests == {"2xx": 108, "5xx": 2}
        assert whole.latency == of([100.0] * 100 + [900.0] * 10)
        assert (whole.errors, whole.seconds, whole.memory_bytes, whole.cpu_seconds) == (2, 10, 3000, 6)
        assert whole.dependencies == {"search": Calls(9, 1)}
        assert whole.events == {"accepted": Events(100, 200)}
        assert figures(whole)["cpu"] == 30, "of one core, per instance"
        assert (figures(whole)["p95_ms"] or 0) > 800

    def test_is_not_known_where_a_part_is_not(self) -> None:
        whole = merge([version(), version(memory_bytes=None, seconds=None)])
        assert (whole.memory_bytes, whole.seconds, whole.cpu_seconds) == (None, None, 10)

    def test_what_cannot_be_merged(self) -> None:
        with pytest.raises(ValueError, match="found none"):
            merge([])
        with pytest.raises(ValueError, match="expected '1'"):
            merge([version(), version("2")])


def test_infinite_figures_do_not_reach_a_difference() -> None:
    live = version(latency=of([math.inf]))
    assert compare(live, live)["p95_ms"] is None
