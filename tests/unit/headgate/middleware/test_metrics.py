"""The figures, as they are exposed and as they are read back."""

import math
import time
import tracemalloc

import pytest

from headgate.middleware import metrics as names
from headgate.middleware.comparison import Calls, Events
from headgate.middleware.core import Fixed, Instrument
from headgate.middleware.metrics import Metrics
from headgate.middleware.quantiles import EDGES_MS, of
from headgate.middleware.scrape import snapshot
from tests.unit.headgate.middleware.conftest import Bench


def exposed(metrics: Metrics, accept: str = "") -> str:
    return metrics.exposition(accept)[1].decode()


def series(metrics: Metrics) -> set[str]:
    return {line.rpartition(" ")[0] for line in exposed(metrics).splitlines() if not line.startswith("#")}


class TestExposition:
    def test_every_series_is_there_from_the_start_as_zero(self) -> None:
        metrics = Metrics(["1"], dependencies=["search"], events=["accepted"])
        text = exposed(metrics)
        for line in (
            'headgate_requests_total{status="2xx",version="1"} 0.0',
            'headgate_requests_total{status="aborted",version="1"} 0.0',
            'headgate_request_errors_total{version="1"} 0.0',
            'headgate_requests_in_flight{version="1"} 0.0',
            'headgate_request_duration_seconds_bucket{le="+Inf",version="1"} 0.0',
            'headgate_dependency_calls_total{dependency="search",result="failed",version="1"} 0.0',
            'headgate_event_value_count{event="accepted",version="1"} 0.0',
            'headgate_event_value_count{event="other",version="1"} 0.0',
        ):
            assert line in text.splitlines()

    def test_the_edges_of_the_histogram_are_the_documented_ones(self) -> None:
        text = exposed(Metrics(["1"]))
        edges = [float(line.split('"')[1]) for line in text.splitlines() if "_bucket{" in line]
        assert edges == [*(edge / 1000 for edge in EDGES_MS), math.inf]
        assert {0.1, 0.15, 0.2, 0.3, 0.5} <= {*edges}

    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            ("", "text/plain; version="),
            ("*/*", "text/plain; version="),
            ("text/plain;version=0.0.4", "text/plain; version="),
            ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0"),
            ("text/plain;version=nonsense", "text/plain; version="),
            ("application/openmetrics-text;version=x.y", "text/plain; version="),
        ],
    )
    def test_the_form_is_the_one_asked_for(self, accept: str, media_type: str) -> None:
        found, body = Metrics(["1"]).exposition(accept)
        assert found.startswith(media_type)
        assert body.endswith(b"# EOF\n") == media_type.startswith("application")

    def test_two_applications_in_one_process_do_not_meet(self) -> None:
        one, other = Metrics(["1"]), Metrics(["1"])
        one.began("1")
        assert 'headgate_requests_in_flight{version="1"} 0.0' in exposed(other)

    def test_memory_and_cpu_of_the_process(self) -> None:
        found = snapshot(exposed(Metrics(["1"])), "1", time.time())
        assert found.memory_bytes is not None
        assert found.memory_bytes > 1_000_000
        assert found.cpu_seconds is not None
        assert found.cpu_seconds > 0
        assert found.seconds is not None
        assert 0 <= found.seconds < 3600


class TestBounds:
    def test_nothing_a_client_sends_makes_a_series_or_stays(self) -> None:
        """R-C9: the sketch kept a list entry for every request."""
        metrics = Metrics(["1"])
        instrument = Instrument(Fixed("1"), metrics)
        before = series(metrics)

        def serve(numbers: range) -> None:
            for number in numbers:
                exchange = instrument.begin(f"/item/{number}", {"x-user-id": f"user-{number}"}.get)
                exchange.answered(100 + number % 600)
                exchange.completed()
                exchange.recorder.event(f"event-{number}")
                exchange.recorder.dependency(f"service-{number}", number % 2 == 0)

        serve(range(1000))
        tracemalloc.start()
        try:
            serve(range(1000))
            first, _ = tracemalloc.get_traced_memory()
            serve(range(1000, 11_000))
            second, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert second - first < 20_000, "ten thousand requests, and not two bytes of each are left"
        assert series(metrics) == before

    def test_unknown_names_are_other(self, bench: Bench) -> None:
        recorder = bench.metrics.recorder("1")
        for name in ("accepted", "clicked", "converted"):
            recorder.event(name, 2)
        for name in ("search", "mail"):
            recorder.dependency(name, ok=False)
        assert bench.value(f"{names.EVENTS}_count", event="accepted") == 1
        assert bench.value(f"{names.EVENTS}_count", event="other") == 2
        assert bench.value(f"{names.EVENTS}_sum", event="other") == 4
        assert bench.value(f"{names.DEPENDENCIES}_total", dependency="other", result="failed") == 1

    def test_a_version_that_was_not_declared_is_other(self, bench: Bench) -> None:
        for version in ("7", "8"):
            bench.metrics.began(version)
        assert bench.in_flight("other") == 2
        assert bench.in_flight("7") is None

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_a_value_that_would_spoil_a_sum_for_ever_is_refused(self, bench: Bench, value: float) -> None:
        bench.metrics.recorder("1").event("accepted", value)
        assert bench.value(f"{names.EVENTS}_count", event="accepted") == 0
        assert bench.value(f"{names.REFUSED}_total") == 1

    def test_a_value_may_be_below_zero(self, bench: Bench) -> None:
        bench.metrics.recorder("1").event("accepted", -1)
        assert bench.value(f"{names.EVENTS}_sum", event="accepted") == -1


class TestReadBack:
    def test_what_was_measured(self, bench: Bench) -> None:
        latencies = [1.0, 2.5, 99.9, 100.0, 100.1, 150.0, 500.0, 800.0, 70_000.0]
        for ms in latencies:
            bench.metrics.began("1")
            bench.metrics.ended("1", "2xx", False, ms / 1000)
        bench.metrics.began("1")
        bench.metrics.ended("1", "5xx", True, None)
        bench.metrics.recorder("1").dependency("search", ok=True)
        bench.metrics.recorder("1").event("accepted", 3)
        found = snapshot(exposed(bench.metrics), "1", time.time())
        assert found.latency == of(latencies)
        assert (found.total, found.errors) == (10, 1)
        assert {status: count for status, count in found.requests.items() if count} == {"2xx": 9, "5xx": 1}
        assert found.dependencies == {"search": Calls(1, 0), "other": Calls(0, 0)}
        assert found.events == {"accepted": Events(1, 3), "other": Events(0, 0)}

    def test_memory_is_nobodys_where_two_versions_share_it(self, bench: Bench) -> None:
        found = snapshot(exposed(bench.metrics), "2", time.time())
        assert (found.memory_bytes, found.cpu_seconds) == (None, None)

    def test_names_with_quotes_and_line_breaks(self) -> None:
        metrics = Metrics(["1"], events=['a "b"\n\\c'])
        metrics.recorder("1").event('a "b"\n\\c')
        assert snapshot(exposed(metrics), "1", 0).events['a "b"\n\\c'] == Events(1, 1)

    @pytest.mark.parametrize("text", ["", "# HELP x y\n", 'headgate_requests_in_flight{version="2"} 0.0\n'])
    def test_a_version_that_is_not_there(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected some of version '1'"):
            snapshot(text, "1", 0)

    def test_what_is_no_such_text(self) -> None:
        with pytest.raises(ValueError, match="found no Prometheus text"):
            snapshot("<html>", "1", 0)
