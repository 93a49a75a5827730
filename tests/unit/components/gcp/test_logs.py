"""Logs of the service: kept in their own bucket, and counted under the names that the alerts read."""

from typing import Any

import pytest

from components.gcp.logs import ServiceLogs, ServiceLogsArgs, changes, failed_requests, of_service
from components.gcp.queries import error_metric, failure_metric, turn_metric
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: ServiceLogsArgs = {"physical_name": "ion-production", "project": "acme-ion", "location": "us-central1"}
OF_SERVICE = 'resource.type="cloud_run_revision" AND resource.labels.service_name="ion-production"'


def logs(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: ServiceLogs("logs", args))


def test_everything_of_the_service_goes_into_its_bucket() -> None:
    recorded = logs()
    sink = recorded.one("ProjectSink").inputs
    assert sink["filter"] == OF_SERVICE
    assert sink["destination"] == "logging.googleapis.com/logs-bucket-id"
    bucket = recorded.one("ProjectBucketConfig").inputs
    assert (bucket["bucketId"], bucket["location"], bucket["retentionDays"]) == ("ion-production", "us-central1", 365)
    assert "cmekSettings" not in bucket


def test_a_key_for_the_bucket() -> None:
    assert logs(kms_key_name="key").one("ProjectBucketConfig").inputs["cmekSettings"] == {"kmsKeyName": "key"}


def test_metrics_have_the_names_that_queries_use() -> None:
    recorded = logs()
    names = {each.name: each.inputs["name"] for each in recorded.of_type("Metric")}
    assert names == {
        "logs-failed-requests": failure_metric("ion-production"),
        "logs-logged-errors": error_metric("ion-production"),
        "logs-turn-latency": turn_metric("ion-production"),
    }
    assert set(names.values()) < set(map(str, recorded.outputs_of("ServiceLogs").values()))


def test_failed_requests_are_counted_once_each_from_the_request_log() -> None:
    metric = logs().one("Metric", "logs-failed-requests").inputs
    assert metric["filter"] == f'{OF_SERVICE} AND log_id("run.googleapis.com/requests") AND httpRequest.status>=500'
    assert metric["metricDescriptor"]["valueType"] == "INT64"
    assert metric["metricDescriptor"]["metricKind"] == "DELTA"


def test_turns_are_a_distribution_of_milliseconds() -> None:
    metric = logs().one("Metric", "logs-turn-latency").inputs
    assert metric["filter"] == f"{OF_SERVICE} AND jsonPayload.turn_ms>=0"
    assert metric["valueExtractor"] == "EXTRACT(jsonPayload.turn_ms)"
    assert metric["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    buckets = metric["bucketOptions"]["exponentialBuckets"]
    largest = buckets["scale"] * buckets["growthFactor"] ** buckets["numFiniteBuckets"]
    assert 60_000 < largest < 120_000


def test_filters() -> None:
    assert of_service("ion-production") == OF_SERVICE
    assert failed_requests("ion-production").startswith(OF_SERVICE)
    assert "UpdateService" in changes("ion-production")
    assert 'log_id("cloudaudit.googleapis.com/activity")' in changes("ion-production")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"retention_days": 0}, "retention_days: found 0; expected a whole number from 1 to 3650 days"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"ServiceLogs 'logs': {message}"):
        logs(**more)
