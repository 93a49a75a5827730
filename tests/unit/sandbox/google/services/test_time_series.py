"""Time series: what is written is read back."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.google_api import Api

SERIES = "/monitoring/v3/projects/p/timeSeries"
COUNT = "run.googleapis.com/request_count"
LATENCY = "run.googleapis.com/request_latencies"
BUCKETS: dict[str, Any] = {"explicitBuckets": {"bounds": [0, 100, 200]}}


def at(minute: int) -> str:
    return f"2026-03-01T12:{minute:02}:00Z"


def delta(minute: int, value: dict[str, Any], metric: str = COUNT, revision: str = "r1", code: str = "2xx") -> Any:
    """A point of the minute that ends at `minute`."""
    return {
        "metric": {"type": metric, "labels": {"response_code_class": code}},
        "resource": {"type": "cloud_run_revision", "labels": {"revision_name": revision, "service_name": "ion"}},
        "metricKind": "DELTA",
        "valueType": "INT64" if "int64Value" in value else "DISTRIBUTION",
        "points": [{"interval": {"startTime": at(minute - 1), "endTime": at(minute)}, "value": value}],
    }


def count(number: int) -> dict[str, str]:
    return {"int64Value": str(number)}


def latency(*counts: int) -> dict[str, Any]:
    buckets = {"bucketOptions": BUCKETS, "bucketCounts": [str(number) for number in counts]}
    return {"distributionValue": {"count": str(sum(counts)), "mean": 100.0, **buckets}}


def publish(api: Api, *series: Any) -> None:
    assert api.post(f"{SERIES}:createService", {"timeSeries": list(series)}) == {}


def url(text: str, start: int = 0, end: int = 10, **more: str) -> str:
    wanted = {"filter": text, "interval.startTime": at(start), "interval.endTime": at(end)}
    dotted = {key.replace("__", "."): value for key, value in more.items()}
    return f"{SERIES}?{urlencode(wanted | dotted)}"


def read(api: Api, text: str, start: int = 0, end: int = 10, **more: str) -> list[Any]:
    found: list[Any] = api.get(url(text, start, end, **more)).get("timeSeries", [])
    return found


def values(series: Any) -> list[Any]:
    return [next(iter(point["value"].values())) for point in series["points"]]


def of_metric(metric: str) -> str:
    return f'metric.type = "{metric}"'


def test_points_come_back_newest_first(api: Api) -> None:
    for minute in (1, 2, 3):
        publish(api, delta(minute, count(minute * 10)))
    (found,) = read(api, of_metric(COUNT))
    assert values(found) == ["30", "20", "10"]
    assert found["metric"] == {"type": COUNT, "labels": {"response_code_class": "2xx"}}
    assert found["resource"]["labels"] == {"revision_name": "r1", "service_name": "ion"}
    assert (found["metricKind"], found["valueType"]) == ("DELTA", "INT64")
    (part,) = read(api, of_metric(COUNT), start=1, end=2)
    assert values(part) == ["20"]
    assert "points" not in read(api, of_metric(COUNT), view="HEADERS")[0]
    assert read(api, of_metric(COUNT), start=4) == []


def test_one_revision_is_read_beside_the_other(api: Api) -> None:
    publish(api, delta(1, count(90)), delta(1, count(6), revision="r2"), delta(1, count(4), revision="r2", code="5xx"))
    candidate = f'{of_metric(COUNT)} AND resource.labels.revision_name = "r2"'
    assert sorted(values(each)[0] for each in read(api, candidate)) == ["4", "6"]
    (failed,) = read(api, f'{candidate} AND metric.labels.response_code_class = "5xx"')
    assert values(failed) == ["4"]
    by_revision = read(
        api,
        of_metric(COUNT),
        end=1,
        aggregation__alignmentPeriod="60s",
        aggregation__perSeriesAligner="ALIGN_DELTA",
        aggregation__crossSeriesReducer="REDUCE_SUM",
        aggregation__groupByFields="resource.label.revision_name",
    )
    assert {each["resource"]["labels"]["revision_name"]: values(each) for each in by_revision} == {
        "r1": ["90"],
        "r2": ["10"],
    }


def test_rates_of_periods(api: Api) -> None:
    for minute in (1, 2, 3, 4):
        publish(api, delta(minute, count(60 * minute)))
    aligned = {"aggregation__alignmentPeriod": "120s", "aggregation__perSeriesAligner": "ALIGN_RATE"}
    (found,) = read(api, of_metric(COUNT), end=4, **aligned)
    assert (values(found), found["metricKind"], found["valueType"]) == ([3.5, 1.5], "GAUGE", "DOUBLE")
    assert [point["interval"]["endTime"] for point in found["points"]] == [
        "2026-03-01T12:04:00.000000Z",
        "2026-03-01T12:02:00.000000Z",
    ]


def test_percentiles_of_merged_latencies(api: Api) -> None:
    publish(api, delta(1, latency(0, 50, 50), LATENCY))
    publish(api, delta(2, latency(0, 0, 100), LATENCY))
    window = {"aggregation__alignmentPeriod": "120s"}
    (found,) = read(api, of_metric(LATENCY), end=2, aggregation__perSeriesAligner="ALIGN_PERCENTILE_50", **window)
    # 50 of 200 are below 100; the 100th is a third into the 150 between 100 and 200.
    assert values(found) == [pytest.approx(100 + 100 / 3)]
    (merged,) = read(api, of_metric(LATENCY), end=2, aggregation__perSeriesAligner="ALIGN_DELTA", **window)
    assert values(merged)[0]["bucketCounts"] == ["0", "50", "150"]


def test_metrics_of_the_users_own(api: Api) -> None:
    gauge = {
        "metric": {"type": "custom.googleapis.com/sessions", "labels": {"version": "a"}},
        "resource": {"type": "global"},
        "points": [{"interval": {"endTime": at(1)}, "value": {"doubleValue": 1.5}}],
    }
    assert api.refused("GET", url(of_metric("custom.googleapis.com/sessions"))).code == "404 NOT_FOUND"
    assert api.post(SERIES, {"timeSeries": [gauge]}) == {}
    assert values(read(api, of_metric("custom.googleapis.com/sessions"))[0]) == [1.5]
    descriptor = api.get("/monitoring/v3/projects/p/metricDescriptors/custom.googleapis.com/sessions")
    assert (descriptor["metricKind"], descriptor["valueType"]) == ("GAUGE", "DOUBLE")
    assert descriptor["labels"] == [{"key": "version", "valueType": "STRING"}]
    assert api.refused("POST", f"{SERIES}:createService", {"timeSeries": [gauge]}).code == "400 INVALID_ARGUMENT"
    assert api.refused("POST", SERIES, {"timeSeries": [delta(1, count(1))]}).code == "400 INVALID_ARGUMENT"


def test_descriptors_are_made_listed_and_deleted(api: Api) -> None:
    descriptors = "/monitoring/v3/projects/p/metricDescriptors"
    sent = {"type": "custom.googleapis.com/a", "metricKind": "GAUGE", "valueType": "INT64"}
    made = api.post(descriptors, sent)
    api.post("/logging/v2/projects/p/metrics", {"name": "errs", "filter": "a"})
    listed = [each["type"] for each in api.get(descriptors)["metricDescriptors"]]
    assert listed == ["custom.googleapis.com/a", "logging.googleapis.com/user/errs"]
    api.delete(f"/monitoring/v3/{made['name']}")
    assert api.refused("GET", f"/monitoring/v3/{made['name']}").code == "404 NOT_FOUND"
    assert api.refused("POST", descriptors, sent | {"type": COUNT}).code == "400 INVALID_ARGUMENT"


def refused_points(change: Any) -> list[Any]:
    return [delta(2, count(1)) | change]


@pytest.mark.parametrize(
    ("series", "what"),
    [
        ([delta(1, count(1))], "order"),
        ([delta(3, count(1)), delta(3, count(2))], "one point for each time series"),
        ([delta(3, latency(1, 1, 1))], "the metric is DELTA INT64"),
        ([delta(3, count(1)) | {"points": []}], "exactly one point"),
        ([delta(3, count(1)) | {"valueType": "DOUBLE"}], "the metric is DELTA INT64"),
        ([delta(3, latency(1, 1, 1), LATENCY) | {"valueType": "INT64"}], "has a value of type DISTRIBUTION"),
        ([delta(3, count(1), "run.googleapis.com/x") | {"metricKind": "GAUGE"}], "must equal the end time"),
        ([delta(3, {"distributionValue": {"count": "2", "bucketCounts": ["1"]}}, LATENCY)], "sum of bucketCounts"),
        (
            [delta(3, count(1)) | {"points": [{"interval": {"endTime": at(3)}, "value": count(1)}]}],
            "must be before the end time",
        ),
    ],
)
def test_points_that_google_refuses(api: Api, series: list[Any], what: str) -> None:
    publish(api, delta(2, count(1)))
    refused = api.refused("POST", f"{SERIES}:createService", {"timeSeries": series})
    assert refused.code == "400 INVALID_ARGUMENT"
    assert what in refused.error["message"]


@pytest.mark.parametrize(
    ("text", "more", "what"),
    [
        ('resource.type = "x"', {}, 'restriction on "metric.type"'),
        ("metric.type =", {}, "The filter is invalid"),
        (of_metric(COUNT), {"aggregation__perSeriesAligner": "ALIGN_RATE"}, "at least 60 seconds"),
        (of_metric(COUNT), {"aggregation__crossSeriesReducer": "REDUCE_SUM"}, "perSeriesAligner"),
        (
            of_metric(COUNT),
            {"aggregation__perSeriesAligner": "ALIGN_PERCENTILE_99", "aggregation__alignmentPeriod": "60s"},
            "cannot be applied to metrics with kind DELTA and value type INT64",
        ),
    ],
)
def test_questions_that_google_refuses(api: Api, text: str, more: dict[str, str], what: str) -> None:
    publish(api, delta(1, count(1)))
    refused = api.refused("GET", url(text, **more))
    assert refused.code == "400 INVALID_ARGUMENT"
    assert what in refused.error["message"]


def test_an_interval_ends_after_its_start(api: Api) -> None:
    assert api.refused("GET", url(of_metric(COUNT), start=5, end=1)).code == "400 INVALID_ARGUMENT"
    assert api.refused("POST", f"{SERIES}:query", {"query": "fetch x"}).code == "501 UNIMPLEMENTED"


def test_old_points_are_dropped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.google.services._series._KEPT", 2)
    for minute in (1, 2, 3):
        publish(api, delta(minute, count(minute)))
    assert values(read(api, of_metric(COUNT))[0]) == ["3", "2"]
    assert len(api.cloud.store.under("timeSeriesPoints")) == 2
