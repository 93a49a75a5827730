"""Cloud Logging: metrics, sinks and buckets."""

from typing import Any

import pytest

from tests.support.google_api import Api

LOGGING = "/logging/v2/projects/p"
BUCKETS = f"{LOGGING}/locations/us-central1/buckets"
BUCKET = "projects/p/locations/us-central1/buckets/ion"
ERRORS: dict[str, Any] = {"name": "errs", "filter": "severity>=ERROR"}
TURNS: dict[str, Any] = {
    "name": "turns",
    "filter": "jsonPayload.turn_ms>=0",
    "valueExtractor": "EXTRACT(jsonPayload.turn_ms)",
    "metricDescriptor": {"metricKind": "DELTA", "valueType": "DISTRIBUTION", "unit": "ms"},
}


def test_a_metric_is_made_by_post_and_replaced_by_put(api: Api) -> None:
    made = api.post(f"{LOGGING}/metrics", ERRORS | {"description": "d"})
    assert made["metricDescriptor"]["type"] == "logging.googleapis.com/user/errs"
    assert (made["metricDescriptor"]["metricKind"], made["metricDescriptor"]["valueType"]) == ("DELTA", "INT64")
    api.pass_time(hours=1)
    replaced = api.put(f"{LOGGING}/metrics/errs", ERRORS)
    assert "description" not in replaced
    assert (replaced["createTime"], replaced["updateTime"]) == (made["createTime"], api.cloud.now())
    assert api.get(f"{LOGGING}/metrics/errs") == replaced
    assert api.delete(f"{LOGGING}/metrics/errs") == {}
    assert api.refused("GET", f"{LOGGING}/metrics/errs").code == "404 NOT_FOUND"


def test_a_metric_with_a_slash_in_its_name(api: Api) -> None:
    api.post(f"{LOGGING}/metrics", ERRORS | {"name": "ion/errs"})
    assert api.get(f"{LOGGING}/metrics/ion%2Ferrs")["name"] == "ion/errs"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"name": "/errs", "filter": "x"}, "invalid id"),
        ({"name": "errs"}, "filter"),
        ({**TURNS, "valueExtractor": None}, "value_extractor"),
        ({**ERRORS, "valueExtractor": "EXTRACT(a)"}, "value_extractor"),
        ({**ERRORS, "bucketOptions": {"explicitBuckets": {"bounds": [1]}}}, "bucket_options"),
        ({**ERRORS, "labelExtractors": {"code": "EXTRACT(a)"}}, "label_extractors"),
        ({**TURNS, "metricDescriptor": {**TURNS["metricDescriptor"], "labels": [{"key": "code"}]}}, "label_extractors"),
    ],
)
def test_metrics_that_google_refuses(api: Api, body: dict[str, Any], what: str) -> None:
    refused = api.refused("POST", f"{LOGGING}/metrics", body)
    assert refused.code == "400 INVALID_ARGUMENT"
    assert what in refused.error["message"]


def test_a_distribution_of_log_fields(api: Api) -> None:
    sent = TURNS | {"bucketOptions": {"exponentialBuckets": {"scale": 1, "growthFactor": 1.1, "numFiniteBuckets": 120}}}
    assert api.post(f"{LOGGING}/metrics", sent)["metricDescriptor"]["valueType"] == "DISTRIBUTION"


def test_a_sink_into_a_bucket_of_its_own_project_needs_no_account(api: Api) -> None:
    sink = {"name": "ion", "destination": f"logging.googleapis.com/{BUCKET}"}
    assert api.refused("POST", f"{LOGGING}/sinks", sink).code == "404 NOT_FOUND"
    api.post(f"{BUCKETS}?bucketId=ion", {"retentionDays": 90})
    assert "writerIdentity" not in api.post(f"{LOGGING}/sinks?uniqueWriterIdentity=true", sink)
    assert "writerIdentity" not in api.get(f"{LOGGING}/sinks/ion")


@pytest.mark.parametrize(
    ("query", "account"),
    [("?uniqueWriterIdentity=true", "@gcp-sa-logging.iam.gserviceaccount.com"), ("", "cloud-logs@system")],
)
def test_a_sink_writes_elsewhere_as_an_account(api: Api, query: str, account: str) -> None:
    sink = {"name": "ion", "destination": "pubsub.googleapis.com/projects/other/topics/t"}
    made = api.post(f"{LOGGING}/sinks{query}", sink)
    assert account in made["writerIdentity"]
    changed = api.patch(
        f"{LOGGING}/sinks/ion?updateMask=filter", {"filter": "a", "destination": "storage.googleapis.com/b"}
    )
    assert (changed["filter"], changed["destination"]) == ("a", sink["destination"])
    assert changed["writerIdentity"] == made["writerIdentity"]
    assert api.put(f"{LOGGING}/sinks/ion", sink | {"filter": "b"})["filter"] == "b"


@pytest.mark.parametrize(
    ("sink", "code"),
    [
        ({"name": "_Default", "destination": "storage.googleapis.com/b"}, "400 INVALID_ARGUMENT"),
        ({"name": "a b", "destination": "storage.googleapis.com/b"}, "400 INVALID_ARGUMENT"),
        ({"name": "ion", "destination": "example.com/b"}, "400 INVALID_ARGUMENT"),
        ({"name": "ion", "destination": "pubsub.googleapis.com/projects/p/topics/t"}, "404 NOT_FOUND"),
    ],
)
def test_sinks_that_google_refuses(api: Api, sink: dict[str, Any], code: str) -> None:
    assert api.refused("POST", f"{LOGGING}/sinks", sink).code == code


def test_a_bucket_stays_for_a_week(api: Api) -> None:
    assert api.post(f"{BUCKETS}?bucketId=ion", {})["retentionDays"] == 30
    assert api.patch(f"{BUCKETS}/ion?updateMask=retentionDays", {"retentionDays": 90})["retentionDays"] == 90
    api.delete(f"{BUCKETS}/ion")
    assert api.get(f"{BUCKETS}/ion")["lifecycleState"] == "DELETE_REQUESTED"
    assert api.refused("POST", f"{BUCKETS}?bucketId=ion", {}).code == "409 ALREADY_EXISTS"
    change = api.refused("PATCH", f"{BUCKETS}/ion?updateMask=retentionDays", {"retentionDays": 91})
    assert change.code == "400 FAILED_PRECONDITION"
    api.post(f"{BUCKETS}/ion:undelete")
    assert api.get(f"{BUCKETS}/ion")["lifecycleState"] == "ACTIVE"
    assert api.refused("POST", f"{BUCKETS}/ion:undelete", {}).code == "400 FAILED_PRECONDITION"


def test_a_locked_bucket_stays_as_it_is(api: Api) -> None:
    api.post(f"{BUCKETS}?bucketId=ion", {"retentionDays": 90})
    api.patch(f"{BUCKETS}/ion?updateMask=locked", {"locked": True})
    for change in ({"retentionDays": 30}, {"locked": False}):
        mask = next(iter(change))
        refused = api.refused("PATCH", f"{BUCKETS}/ion?updateMask={mask}", change)
        assert refused.code == "400 FAILED_PRECONDITION"
    assert api.refused("DELETE", f"{BUCKETS}/ion").code == "400 FAILED_PRECONDITION"
    assert api.patch(f"{BUCKETS}/ion?updateMask=description", {"description": "d"})["description"] == "d"


def test_the_buckets_of_every_project(api: Api) -> None:
    assert api.get(f"{LOGGING}/locations/global/buckets/_Default")["retentionDays"] == 30
    assert api.get(f"{LOGGING}/locations/global/buckets/_Required")["retentionDays"] == 400
    assert api.refused("GET", f"{LOGGING}/locations/global/buckets/other").code == "404 NOT_FOUND"
    assert api.refused("POST", f"{BUCKETS}?bucketId=ion", {"retentionDays": 3651}).code == "400 INVALID_ARGUMENT"
