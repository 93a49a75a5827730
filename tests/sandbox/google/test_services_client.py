"""Google's own Python client reads and changes the emulated services, with nothing but another endpoint."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from sandbox.google import inventory
from sandbox.google.client import GoogleSandbox
from sandbox.google.discovery import documents_folder

pytestmark = pytest.mark.sandbox

Client = Callable[[str, str], Any]
COUNT = "run.googleapis.com/request_count"


@pytest.fixture
def client(google_cloud: GoogleSandbox, google_server: str) -> Iterator[Client]:
    """Makes a client of a document ("pubsub.v1") at an endpoint of the emulator ("/pubsub/")."""
    made: list[Any] = []

    def build(document: str, prefix: str) -> Any:
        text = (documents_folder() / f"{document}.json").read_text()
        service = build_from_document(
            json.loads(text),
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"{google_server}{prefix}"},
        )
        made.append(service)
        return service

    yield build
    for service in made:
        service.close()


def test_pubsub(client: Client) -> None:
    topics = client("pubsub.v1", "/pubsub/").projects().topics()
    topics.create(name="projects/p/topics/alerts", body={"labels": {"a": "b"}}).execute()
    assert topics.get(topic="projects/p/topics/alerts").execute()["labels"] == {"a": "b"}
    topics.create(name="projects/p/topics/others", body={}).execute()
    first = topics.list(project="projects/p", pageSize=1)
    second = topics.list_next(first, first.execute())
    assert [each["name"] for each in second.execute()["topics"]] == ["projects/p/topics/others"]
    with pytest.raises(HttpError) as refused:
        topics.create(name="projects/p/topics/alerts", body={}).execute()
    assert refused.value.status_code == 409


def test_secret_manager(client: Client) -> None:
    secrets = client("secretmanager.v1", "/secretmanager/").projects().secrets()
    body = {"replication": {"automatic": {}}}
    name = secrets.create(parent="projects/p", secretId="key", body=body).execute()["name"]
    secrets.addVersion(parent=name, body={"payload": {"data": "aHVudGVyMg=="}}).execute()
    latest = secrets.versions().access(name=f"{name}/versions/latest").execute()
    assert latest["payload"]["data"] == "aHVudGVyMg=="
    secrets.versions().disable(name=f"{name}/versions/1", body={}).execute()
    with pytest.raises(HttpError, match="is in DISABLED state") as refused:
        secrets.versions().access(name=f"{name}/versions/1").execute()
    assert refused.value.status_code == 400


def test_artifact_registry(client: Client) -> None:
    locations = client("artifactregistry.v1", "/artifactregistry/").projects().locations()
    where = "projects/p/locations/us-central1"
    body = {"format": "DOCKER", "cleanupPolicyDryRun": False}
    operation = locations.repositories().create(parent=where, repositoryId="img", body=body).execute()
    assert locations.operations().get(name=operation["name"]).execute()["done"] is True
    listed = locations.repositories().list(parent=where).execute()["repositories"]
    assert [each["registryUri"] for each in listed] == ["us-central1-docker.pkg.dev/p/img"]


def test_compute(client: Client, google_server: str) -> None:
    compute = client("compute.v1", "/compute/v1/")
    group = {"name": "ion", "networkEndpointType": "SERVERLESS", "cloudRun": {"service": "ion"}}
    made = compute.regionNetworkEndpointGroups().insert(project="p", region="us-central1", body=group).execute()
    done = compute.regionOperations().wait(project="p", region="us-central1", operation=made["name"]).execute()
    assert done["status"] == "DONE"
    service = {"name": "ion", "backends": [{"group": done["targetLink"]}]}
    compute.backendServices().insert(project="p", body=service).execute()
    found = compute.backendServices().get(project="p", backendService="ion").execute()
    with pytest.raises(HttpError, match="already being used by") as refused:
        compute.regionNetworkEndpointGroups().delete(
            project="p", region="us-central1", networkEndpointGroup="ion"
        ).execute()
    assert refused.value.error_details[0]["reason"] == "resourceInUseByAnotherResource"
    found["sessionAffinity"] = "GENERATED_COOKIE"
    compute.backendServices().update(project="p", backendService="ion", body=found).execute()
    with pytest.raises(HttpError) as stale:
        compute.backendServices().update(project="p", backendService="ion", body=found).execute()
    assert stale.value.status_code == 412
    compute.backendServices().delete(project="p", backendService="ion").execute()
    assert list(inventory.find(google_server)) == ["networkEndpointGroups"]


def test_time_series(client: Client) -> None:
    series = client("monitoring.v3", "/monitoring/").projects().timeSeries()
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def at(minutes: int) -> str:
        return (begin + timedelta(minutes=minutes)).isoformat()

    for minute, revision in ((1, "r1"), (1, "r2"), (2, "r1")):
        point = {"interval": {"startTime": at(minute - 1), "endTime": at(minute)}, "value": {"int64Value": "60"}}
        written = {
            "metric": {"type": COUNT, "labels": {"response_code_class": "2xx"}},
            "resource": {"type": "cloud_run_revision", "labels": {"revision_name": revision}},
            "metricKind": "DELTA",
            "valueType": "INT64",
            "points": [point],
        }
        series.createService(name="projects/p", body={"timeSeries": [written]}).execute()
    answer = series.list(
        name="projects/p",
        filter=f'metric.type = "{COUNT}"',
        interval_startTime=at(0),
        interval_endTime=at(2),
        aggregation_alignmentPeriod="120s",
        aggregation_perSeriesAligner="ALIGN_RATE",
        aggregation_crossSeriesReducer="REDUCE_SUM",
        aggregation_groupByFields=["resource.label.revision_name"],
    ).execute()
    assert {
        each["resource"]["labels"]["revision_name"]: each["points"][0]["value"]["doubleValue"]
        for each in answer["timeSeries"]
    } == {"r1": 1.0, "r2": 0.5}
