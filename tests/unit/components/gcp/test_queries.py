"""Queries about a service: right names, one answer a revision, nothing that PromQL could not read."""

import itertools
import re
from collections.abc import Callable

import pytest

from components.gcp.queries import Queries, error_metric, failure_metric, log_metric, turn_metric

QUERIES = Queries("ion-production", 120, 2**30)
LABELS = 'monitored_resource="cloud_run_revision",service_name="ion-production"'

ALL: dict[str, Callable[[], str]] = {
    "requests": QUERIES.requests,
    "throughput": QUERIES.throughput,
    "failures": QUERIES.failures,
    "error_rate": QUERIES.error_rate,
    "error_rate_or_zero": QUERIES.error_rate_or_zero,
    "latency": lambda: QUERIES.latency(0.95),
    "turn_latency": lambda: QUERIES.turn_latency(0.95),
    "memory": QUERIES.memory,
    "memory_in_bytes": QUERIES.memory_in_bytes,
    "memory_growth_per_hour": QUERIES.memory_growth_per_hour,
    "cpu": QUERIES.cpu,
    "instances": QUERIES.instances,
    "failures_in_a_row": QUERIES.failures_in_a_row,
    "enough_requests": lambda: QUERIES.enough_requests(10),
}


@pytest.mark.parametrize("name", ALL)
def test_brackets_and_quotes_close(name: str) -> None:
    bare = re.sub(r'"[^"]*"', "", ALL[name]())
    assert '"' not in bare
    open_brackets: list[str] = []
    for sign in bare:
        if sign in "([{":
            open_brackets.append(sign)
        elif sign in ")]}":
            assert open_brackets, name
            assert open_brackets.pop() + sign in {"()", "[]", "{}"}
    assert open_brackets == []


@pytest.mark.parametrize("name", ALL)
def test_every_series_is_of_this_service_and_summed_by_revision(name: str) -> None:
    query = ALL[name]()
    selectors = re.findall(r"\{([^}]*)\}", query)
    assert selectors
    assert all(selector.startswith(LABELS) for selector in selectors)
    sums = re.findall(r"sum by \(([^)]*)\)", query)
    assert len(sums) == len(selectors)
    assert all(labels in {"revision_name", "le, revision_name"} for labels in sums)


def test_every_public_query_is_tried() -> None:
    public = {name for name in vars(Queries) if not name.startswith("_") and callable(getattr(Queries, name))}
    assert public - {"selector"} == ALL.keys()


def test_requests_that_failed() -> None:
    series = f'run_googleapis_com:request_count{{{LABELS},response_code_class="5xx"}}'
    assert QUERIES.failures() == f"sum by (revision_name) (increase({series}[120s]))"


def test_a_quantile_comes_from_the_merged_histogram() -> None:
    """Never from quantiles of instances: those cannot be averaged (R-C9)."""
    assert QUERIES.latency(0.95) == (
        "histogram_quantile(0.95, sum by (le, revision_name) "
        f"(increase(run_googleapis_com:request_latencies_bucket{{{LABELS}}}[120s])))"
    )


def test_memory_in_bytes_is_the_share_of_the_limit() -> None:
    assert QUERIES.memory_in_bytes() == f"{QUERIES.memory()} * 1073741824"


def test_growth_compares_with_an_hour_ago() -> None:
    now, then = QUERIES.memory_growth_per_hour().split(" - ")
    assert then == now.replace("[10m]", "[10m] offset 1h")


def test_a_row_of_failures_has_no_success_in_it() -> None:
    row, well = QUERIES.failures_in_a_row().split(" unless ")
    assert "logging_googleapis_com:user_ion_production_failed_requests{" in row
    assert 'response_code_class!="5xx"' in well
    assert well.endswith(" > 0")


def test_one_revision_can_be_picked() -> None:
    assert 'revision_name="ion-production-1"' in QUERIES.requests(revision_name="ion-production-1")
    rate = QUERIES.error_rate_or_zero(revision_name="ion-production-1")
    assert rate.count('revision_name="ion-production-1"') == 3


def test_log_metrics_as_promql_names_them() -> None:
    assert log_metric("ion-production-failed-requests") == "logging_googleapis_com:user_ion_production_failed_requests"
    names = [make("ion-production") for make in (failure_metric, error_metric, turn_metric)]
    assert all(one != other for one, other in itertools.combinations(names, 2))


@pytest.mark.parametrize("service", ['ion"', "ion}", "Ion", "", "1ion", "ion production"])
def test_a_name_that_would_break_a_query_is_refused(service: str) -> None:
    with pytest.raises(ValueError, match="service: found"):
        Queries(service, 120, 1)


def test_a_window_shorter_than_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="window: found 59 s"):
        Queries("ion", 59, 1)
