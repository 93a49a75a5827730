"""What the official provider sends to the services beside Cloud Run, request by request.

The requests are those of cloud-run-notes part 5: method, path, query and body, in this order. Each answer is checked
against its schema by the emulator itself; here it is whether the provider could go on.
"""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox.google import inventory
from sandbox.google.client import GoogleSandbox

pytestmark = pytest.mark.sandbox

READ = "options.requestedPolicyVersion=3"
MEMBER = "user:a@b.example"
CONDITION = {
    "displayName": "errors",
    "conditionThreshold": {
        "filter": 'metric.type="logging.googleapis.com/user/errs" AND resource.type="cloud_run_revision"',
        "comparison": "COMPARISON_GT",
        "duration": "60s",
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}],
    },
}
LAYOUT = {"gridLayout": {"columns": "2", "widgets": [{"title": "x", "text": {"content": "y"}}]}}


@dataclass
class Provider:
    """Sends as the provider does: alt=json on every call, JSON both ways."""

    http: httpx.Client
    prefix: str

    def send(self, method: str, path: str, body: object = None, status: int = 200) -> dict[str, Any]:
        url = f"{self.prefix}{path}{'&' if '?' in path else '?'}alt=json"
        answer = self.http.request(method, url, json=body) if body is not None else self.http.request(method, url)
        content: dict[str, Any] = answer.json()
        assert answer.status_code == status, f"{method} {path}: {content}"
        return content

    def is_gone(self, path: str) -> None:
        assert self.send("GET", path, status=404)["error"]["code"] == 404


@pytest.fixture
def at(google_cloud: GoogleSandbox, http: httpx.Client) -> Any:
    return lambda prefix: Provider(http, prefix)


def test_alert_policies_and_channels(at: Any) -> None:
    at("/logging/v2/").send("POST", "projects/p/metrics", {"name": "errs", "filter": "severity>=ERROR"})
    monitoring = at("/monitoring/")
    channel = {"type": "email", "displayName": "x", "labels": {"email_address": "a@b.example"}, "enabled": True}
    made = monitoring.send("POST", "v3/projects/p/notificationChannels", channel)["name"]
    monitoring.send("PATCH", f"v3/{made}", {**channel, "displayName": "y"})
    assert monitoring.send("GET", f"v3/{made}")["displayName"] == "y"
    policy = {"displayName": "d", "combiner": "OR", "conditions": [CONDITION], "notificationChannels": [made]}
    alert = monitoring.send("POST", "v3/projects/p/alertPolicies", policy)["name"]
    sent = {**policy, "displayName": "e"}
    assert monitoring.send("PATCH", f"v3/{alert}?updateMask=displayName", sent)["displayName"] == "e"
    assert monitoring.send("GET", f"v3/{alert}")["conditions"][0]["displayName"] == "errors"
    monitoring.send("DELETE", f"v3/{made}?force=false", status=400)
    monitoring.send("DELETE", f"v3/{alert}")
    monitoring.send("DELETE", f"v3/{made}?force=false")
    monitoring.is_gone(f"v3/{alert}")


def test_uptime_checks_and_dashboards(at: Any) -> None:
    monitoring = at("/monitoring/")
    check = {
        "displayName": "x",
        "timeout": "10s",
        "period": "60s",
        "monitoredResource": {"type": "uptime_url", "labels": {"host": "ion.example", "project_id": "p"}},
        "httpCheck": {"path": "/", "port": 443, "useSsl": True, "validateSsl": True},
    }
    made = monitoring.send("POST", "v3/projects/p/uptimeCheckConfigs", check)["name"]
    sent = {**check, "displayName": "y"}
    assert monitoring.send("PATCH", f"v3/{made}?updateMask=displayName", sent)["displayName"] == "y"
    monitoring.send("DELETE", f"v3/{made}")
    board = monitoring.send("POST", "v1/projects/p/dashboards", {"displayName": "d", **LAYOUT})
    sent = {"displayName": "e", "etag": board["etag"], "name": board["name"], **LAYOUT}
    assert monitoring.send("PATCH", f"v1/{board['name']}", sent)["displayName"] == "e"
    assert monitoring.send("GET", f"v1/{board['name']}")["gridLayout"] == LAYOUT["gridLayout"]
    monitoring.send("DELETE", f"v1/{board['name']}")
    monitoring.is_gone(f"v1/{board['name']}")


def test_log_metrics(at: Any) -> None:
    logging = at("/logging/v2/")
    metric = {
        "name": "errs",
        "filter": "severity>=ERROR",
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "unit": "1"},
    }
    logging.send("POST", "projects/p/metrics", metric)
    logging.send("PUT", "projects/p/metrics/errs", {**metric, "description": "d"})
    assert logging.send("GET", "projects/p/metrics/errs")["description"] == "d"
    logging.send("DELETE", "projects/p/metrics/errs")
    logging.is_gone("projects/p/metrics/errs")


def test_pubsub(at: Any) -> None:
    pubsub = at("/pubsub/v1/")
    pubsub.send("PUT", "projects/p/topics/t-alerts", {"labels": {"a": "b"}})
    for _ in range(2):
        assert pubsub.send("GET", "projects/p/topics/t-alerts")["labels"] == {"a": "b"}
    subscription = {"topic": "projects/p/topics/t-alerts", "ackDeadlineSeconds": 20}
    pubsub.send("PUT", "projects/p/subscriptions/sub", subscription)
    topic = {"topic": {"labels": {"a": "c"}}}
    assert pubsub.send("PATCH", "projects/p/topics/t-alerts?updateMask=labels", topic)["labels"] == {"a": "c"}
    sent = {"subscription": {"ackDeadlineSeconds": 30}}
    changed = pubsub.send("PATCH", "projects/p/subscriptions/sub?updateMask=ackDeadlineSeconds,bigqueryConfig", sent)
    assert changed["ackDeadlineSeconds"] == 30
    policy = pubsub.send("GET", "projects/p/topics/t-alerts:getIamPolicy")
    binding = {"role": "roles/pubsub.publisher", "members": [MEMBER]}
    sent = {"policy": {"bindings": [binding], "etag": policy["etag"], "version": 3}}
    pubsub.send("POST", "projects/p/topics/t-alerts:setIamPolicy", sent)
    assert pubsub.send("GET", "projects/p/topics/t-alerts:getIamPolicy")["bindings"] == [binding]
    pubsub.send("DELETE", "projects/p/subscriptions/sub")
    pubsub.send("DELETE", "projects/p/topics/t-alerts")
    pubsub.is_gone("projects/p/topics/t-alerts")


def test_scheduler(at: Any) -> None:
    scheduler, jobs = at("/cloudscheduler/v1/"), "projects/p/locations/us-central1/jobs"
    job = {"name": f"{jobs}/job", "schedule": "*/5 * * * *", "httpTarget": {"uri": "https://ion.example/"}}
    scheduler.send("POST", jobs, job)
    scheduler.send("POST", f"{jobs}/job:resume", {})
    assert scheduler.send("GET", f"{jobs}/job")["state"] == "ENABLED"
    scheduler.send("PATCH", f"{jobs}/job", {**job, "description": "d"})
    assert scheduler.send("GET", f"{jobs}/job")["description"] == "d"
    scheduler.send("DELETE", f"{jobs}/job")
    scheduler.is_gone(f"{jobs}/job")


def test_secrets(at: Any) -> None:
    secrets, key = at("/secretmanager/v1/"), "projects/p/secrets/key"
    secrets.send("POST", "projects/p/secrets?secretId=key", {"replication": {"automatic": {}}})
    secrets.send("PATCH", f"{key}?updateMask=labels", {"labels": {"a": "b"}, "replication": {"automatic": {}}})
    assert secrets.send("GET", key)["labels"] == {"a": "b"}
    version = secrets.send("POST", f"{key}:addVersion", {"payload": {"data": "aHVudGVyMg=="}})["name"]
    secrets.send("POST", f"{version}:enable", {})
    assert secrets.send("GET", version)["state"] == "ENABLED"
    policy = secrets.send("GET", f"{key}:getIamPolicy?{READ}")
    binding = {"role": "roles/secretmanager.secretAccessor", "members": [MEMBER]}
    sent = {"policy": {"bindings": [binding], "etag": policy["etag"], "version": 3}}
    secrets.send("POST", f"{key}:setIamPolicy", sent)
    assert secrets.send("POST", f"{version}:destroy", {})["state"] == "DESTROYED"
    assert secrets.send("GET", version)["state"] == "DESTROYED"
    secrets.send("DELETE", key)
    secrets.is_gone(key)


def test_artifact_registry(at: Any) -> None:
    registry, repositories = at("/artifactregistry/v1/"), "projects/p/locations/us-central1/repositories"
    operation = registry.send("POST", f"{repositories}?repository_id=img", {"format": "DOCKER"})
    assert (operation["done"], registry.send("GET", operation["name"])["done"]) == (True, True)
    changed = registry.send("PATCH", f"{repositories}/img?updateMask=description", {"description": "d"})
    assert (changed["description"], changed["format"]) == ("d", "DOCKER")
    assert registry.send("DELETE", f"{repositories}/img")["done"] is True
    registry.is_gone(f"{repositories}/img")


def test_service_accounts(at: Any) -> None:
    iam, accounts = at("/iam/v1/"), "projects/p/serviceAccounts"
    name = f"{accounts}/ion-production@p.iam.gserviceaccount.com"
    body = {"accountId": "ion-production", "serviceAccount": {"displayName": "Ion"}}
    assert iam.send("POST", f"{accounts}?prettyPrint=false", body)["name"] == name
    for _ in range(3):
        assert iam.send("GET", f"{name}?prettyPrint=false")["displayName"] == "Ion"
    sent = {"serviceAccount": {"displayName": "New"}, "updateMask": "display_name"}
    iam.send("PATCH", f"{name}?prettyPrint=false", sent)
    assert iam.send("GET", f"{name}?prettyPrint=false")["displayName"] == "New"
    policy = iam.send("POST", f"{name}:getIamPolicy?{READ}&prettyPrint=false")
    binding = {"role": "roles/iam.serviceAccountUser", "members": [MEMBER]}
    sent = {"policy": {"bindings": [binding], "etag": policy["etag"], "version": 3}}
    assert iam.send("POST", f"{name}:setIamPolicy?prettyPrint=false", sent)["bindings"] == [binding]
    iam.send("DELETE", f"{name}?prettyPrint=false")
    iam.is_gone(name)


def test_project_members(at: Any) -> None:
    projects, read = at("/cloudresourcemanager/v1/"), {"options": {"requestedPolicyVersion": 3}}
    policy = projects.send("POST", "projects/p:getIamPolicy?prettyPrint=false", read)
    binding = {"role": "roles/logging.viewer", "members": [MEMBER]}
    mask = "bindings,etag,auditConfigs"
    sent = {"policy": {"bindings": [binding], "etag": policy["etag"], "version": 3}, "updateMask": mask}
    projects.send("POST", "projects/p:setIamPolicy?prettyPrint=false", sent)
    for _ in range(4):
        policy = projects.send("POST", "projects/p:getIamPolicy?prettyPrint=false", read)
        assert policy["bindings"] == [binding]
    sent = {"policy": {"etag": policy["etag"], "version": 3}, "updateMask": mask}
    assert "bindings" not in projects.send("POST", "projects/p:setIamPolicy?prettyPrint=false", sent)


def test_what_is_left_is_found(at: Any, google_server: str) -> None:
    assert inventory.find(google_server) == {}
    at("/pubsub/v1/").send("PUT", "projects/p/topics/left", {})
    assert inventory.find(google_server) == {"topics": ["projects/p/topics/left"]}


def test_an_operation_is_polled(at: Any, google_cloud: GoogleSandbox) -> None:
    google_cloud.pend(1)
    compute = at("/compute/v1/")
    operation = compute.send("POST", "projects/p/global/addresses", {"name": "ion"})
    assert operation["status"] == "RUNNING"
    where = f"projects/p/global/operations/{operation['name']}"
    assert compute.send("GET", where)["status"] == "RUNNING"
    assert compute.send("POST", f"{where}/wait")["status"] == "DONE"
    compute.send("DELETE", "projects/p/global/addresses/ion")
