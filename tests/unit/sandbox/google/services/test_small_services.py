"""Pub/Sub, Cloud Scheduler, Artifact Registry, Cloud KMS, Resource Manager and Service Usage."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.google_api import Api

PUBSUB = "/pubsub/v1/projects/p"
SCHEDULER = "/cloudscheduler/v1/projects/p/locations/us-central1"
REGISTRY = "/artifactregistry/v1/projects/p/locations/us-central1"
KMS = "/cloudkms/v1/projects/p/locations/us-central1/keyRings"
JOB = f"{SCHEDULER.removeprefix('/cloudscheduler/v1/')}/jobs/job"
HTTP_JOB: dict[str, Any] = {"name": JOB, "schedule": "*/5 * * * *", "httpTarget": {"uri": "https://ion.example/"}}


def test_a_subscription_needs_its_topic(api: Api) -> None:
    body = {"topic": "projects/p/topics/alerts"}
    assert api.refused("PUT", f"{PUBSUB}/subscriptions/sub", body).code == "404 NOT_FOUND"
    api.put(f"{PUBSUB}/topics/alerts")
    made = api.put(f"{PUBSUB}/subscriptions/sub", body)
    assert (made["ackDeadlineSeconds"], made["expirationPolicy"]) == (10, {"ttl": "2678400s"})
    assert api.get(f"{PUBSUB}/topics/alerts/subscriptions") == {"subscriptions": ["projects/p/subscriptions/sub"]}
    api.delete(f"{PUBSUB}/topics/alerts")
    assert api.get(f"{PUBSUB}/subscriptions/sub")["topic"] == "_deleted-topic_"


def test_updates_of_pubsub_carry_the_mask_in_query_or_body(api: Api) -> None:
    api.put(f"{PUBSUB}/topics/alerts", {"labels": {"a": "b"}})
    api.put(f"{PUBSUB}/subscriptions/sub", {"topic": "projects/p/topics/alerts"})
    assert api.patch(f"{PUBSUB}/topics/alerts?updateMask=labels", {"topic": {}}) == {
        "name": "projects/p/topics/alerts",
        "state": "ACTIVE",
    }
    sent = {"subscription": {"ackDeadlineSeconds": 20}, "updateMask": "ackDeadlineSeconds,pushConfig"}
    assert api.patch(f"{PUBSUB}/subscriptions/sub", sent)["ackDeadlineSeconds"] == 20
    moved = {"subscription": {"topic": "projects/p/topics/b"}, "updateMask": "topic"}
    assert "immutable" in api.refused("PATCH", f"{PUBSUB}/subscriptions/sub", moved).error["message"]


def test_names_of_pubsub(api: Api) -> None:
    api.put(f"{PUBSUB}/topics/alerts")
    assert api.refused("PUT", f"{PUBSUB}/topics/alerts").code == "409 ALREADY_EXISTS"
    for name in ("goog-alerts", "1st", "ab"):
        assert api.refused("PUT", f"{PUBSUB}/topics/{name}").code == "400 INVALID_ARGUMENT"
    late = {"topic": "projects/p/topics/alerts", "ackDeadlineSeconds": 601}
    assert api.refused("PUT", f"{PUBSUB}/subscriptions/sub", late).code == "400 INVALID_ARGUMENT"
    assert api.refused("PUT", f"{PUBSUB}/subscriptions/sub", {}).code == "400 INVALID_ARGUMENT"


def test_a_deleted_topic_loses_its_policy(api: Api) -> None:
    binding = {"role": "roles/pubsub.publisher", "members": ["user:a@b.example"]}
    api.put(f"{PUBSUB}/topics/alerts")
    api.post(f"{PUBSUB}/topics/alerts:setIamPolicy", {"policy": {"bindings": [binding]}})
    api.delete(f"{PUBSUB}/topics/alerts")
    assert api.refused("GET", f"{PUBSUB}/topics/alerts:getIamPolicy").code == "404 NOT_FOUND"
    api.put(f"{PUBSUB}/topics/alerts")
    assert api.get(f"{PUBSUB}/topics/alerts:getIamPolicy") == {"etag": "ACAB"}


def test_lists_come_in_pages(api: Api) -> None:
    for name in ("one", "two", "three"):
        api.put(f"{PUBSUB}/topics/{name}")
    first = api.get(f"{PUBSUB}/topics?pageSize=2")
    rest = api.get(f"{PUBSUB}/topics?pageSize=2&pageToken={first['nextPageToken']}")
    assert [each["name"].rpartition("/")[2] for each in first["topics"] + rest["topics"]] == ["one", "two", "three"]
    assert "nextPageToken" not in rest
    assert api.get("/pubsub/v1/projects/other/topics") == {}


def test_jobs_are_paused_and_resumed(api: Api) -> None:
    made = api.post(f"{SCHEDULER}/jobs", HTTP_JOB)
    assert (made["state"], made["timeZone"], made["attemptDeadline"]) == ("ENABLED", "UTC", "180s")
    assert api.post(f"{SCHEDULER}/jobs/job:resume")["state"] == "ENABLED"
    assert api.post(f"{SCHEDULER}/jobs/job:pause")["state"] == "PAUSED"
    changed = api.patch(f"{SCHEDULER}/jobs/job", {**HTTP_JOB, "schedule": "0 14 * * *", "description": "d"})
    assert (changed["state"], changed["schedule"]) == ("PAUSED", "0 14 * * *")
    assert "description" not in api.patch(f"{SCHEDULER}/jobs/job", HTTP_JOB)
    assert api.post(f"{SCHEDULER}/jobs/job:run")["lastAttemptTime"] == api.cloud.now()
    assert api.delete(f"{SCHEDULER}/jobs/job") == {}


def test_a_job_without_a_name_gets_one(api: Api) -> None:
    body = {key: value for key, value in HTTP_JOB.items() if key != "name"}
    assert api.post(f"{SCHEDULER}/jobs", body)["name"].rpartition("/")[2].isdigit()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "job"},
        {"name": "projects/p/locations/other/jobs/job"},
        {"schedule": "every"},
        {"timeZone": "Mars/Olympus"},
        {"httpTarget": {"uri": "ftp://ion.example/"}},
        {"pubsubTarget": {"topicName": "projects/p/topics/t", "data": "YQ=="}},
        {"httpTarget": None},
    ],
)
def test_jobs_that_google_refuses(api: Api, change: dict[str, Any]) -> None:
    assert api.refused("POST", f"{SCHEDULER}/jobs", HTTP_JOB | change).code == "400 INVALID_ARGUMENT"


def keep(**more: Any) -> dict[str, Any]:
    return {"id": "keep", "action": "KEEP", "mostRecentVersions": {"keepCount": 10}} | more


def test_a_repository_keeps_what_a_rollback_needs(api: Api) -> None:
    body = {"format": "DOCKER", "dockerConfig": {"immutableTags": True}, "cleanupPolicies": {"keep": keep()}}
    operation = api.post(f"{REGISTRY}/repositories?repository_id=img", body)
    assert (operation["done"], operation["response"]["registryUri"]) == (True, "us-central1-docker.pkg.dev/p/img")
    assert api.get(f"/artifactregistry/v1/{operation['name']}") == operation
    found = api.get(f"{REGISTRY}/repositories/img")
    assert found["cleanupPolicies"] == {"keep": keep()}
    assert found["mode"] == "STANDARD_REPOSITORY"
    changed = api.patch(f"{REGISTRY}/repositories/img?updateMask=description", {"description": "d"})
    assert (changed["description"], changed["cleanupPolicies"]) == ("d", {"keep": keep()})
    assert api.delete(f"{REGISTRY}/repositories/img")["done"] is True
    assert api.refused("GET", f"{REGISTRY}/repositories/img").code == "404 NOT_FOUND"


def test_a_repository_in_the_making(api: Api) -> None:
    api.cloud.conditions.pending_polls = 1
    operation = api.post(f"{REGISTRY}/repositories?repositoryId=img", {"format": "DOCKER"})
    assert "done" not in operation
    assert api.refused("GET", f"{REGISTRY}/repositories/img").code == "404 NOT_FOUND"
    assert "done" not in api.get(f"/artifactregistry/v1/{operation['name']}")
    assert api.get(f"/artifactregistry/v1/{operation['name']}")["done"] is True
    assert api.get(f"{REGISTRY}/repositories/img")["format"] == "DOCKER"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "DOCKER", "cleanupPolicies": {"other": keep()}},
        {"format": "DOCKER", "cleanupPolicies": {"keep": keep(action="DELETE")}},
        {"format": "DOCKER", "cleanupPolicies": {"keep": keep(condition={"tagState": "TAGGED"})}},
        {"format": "DOCKER", "cleanupPolicies": {"keep": {"action": "KEEP"}}},
        {"format": "DOCKER", "cleanupPolicies": {"keep": {"mostRecentVersions": {"keepCount": 1}}}},
        {
            "format": "DOCKER",
            "cleanupPolicies": {f"k{n}": {"action": "DELETE", "condition": {}} for n in range(11)},
        },
    ],
)
def test_repositories_that_google_refuses(api: Api, body: dict[str, Any]) -> None:
    assert api.refused("POST", f"{REGISTRY}/repositories?repositoryId=img", body).code == "400 INVALID_ARGUMENT"


def test_a_repository_is_encrypted_by_its_agent(api: Api, key: Callable[[str], str]) -> None:
    body = {"format": "DOCKER", "kmsKeyName": key("artifactregistry")}
    assert api.post(f"{REGISTRY}/repositories?repositoryId=img", body)["done"] is True
    other = {"format": "DOCKER", "kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}
    assert api.refused("POST", f"{REGISTRY}/repositories?repositoryId=b", other).code == "400 FAILED_PRECONDITION"
    moved = {"format": "MAVEN"}
    assert "immutable" in api.refused("PATCH", f"{REGISTRY}/repositories/img?updateMask=format", moved).error["message"]


@pytest.fixture
def ring(api: Api) -> str:
    api.post(f"{KMS}?keyRingId=ion")
    return f"{KMS}/ion/cryptoKeys"


def test_a_key_lives_for_ever_and_its_versions_do_not(api: Api, ring: str) -> None:
    made = api.post(f"{ring}?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT"})
    assert (made["primary"]["state"], made["destroyScheduledDuration"]) == ("ENABLED", "2592000s")
    destroyed = api.post(f"{ring}/k/cryptoKeyVersions/1:destroy")
    assert (destroyed["state"], destroyed["destroyTime"]) == ("DESTROY_SCHEDULED", "2026-03-31T12:00:00.000000Z")
    assert api.get(f"{ring}/k")["primary"]["state"] == "DESTROY_SCHEDULED"
    assert api.refused("POST", f"{ring}/k/cryptoKeyVersions/1:destroy", {}).code == "400 FAILED_PRECONDITION"
    assert api.post(f"{ring}/k/cryptoKeyVersions/1:restore")["state"] == "DISABLED"
    assert api.patch(f"{ring}/k/cryptoKeyVersions/1?updateMask=state", {"state": "ENABLED"})["state"] == "ENABLED"
    assert api.refused("DELETE", f"{ring}/k").code == "501 UNIMPLEMENTED"
    assert api.refused("DELETE", f"{KMS}/ion").code == "501 UNIMPLEMENTED"
    assert api.refused("POST", f"{KMS}?keyRingId=ion", {}).code == "409 ALREADY_EXISTS"


def test_versions_of_a_key(api: Api, ring: str) -> None:
    api.post(f"{ring}?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT"})
    assert api.post(f"{ring}/k/cryptoKeyVersions")["name"].endswith("/2")
    assert api.post(f"{ring}/k:updatePrimaryVersion", {"cryptoKeyVersionId": "2"})["primary"]["name"].endswith("/2")
    assert api.get(f"{ring}/k/cryptoKeyVersions")["totalSize"] == 2
    assert api.get(f"{ring}/k/cryptoKeyVersions/2")["algorithm"] == "GOOGLE_SYMMETRIC_ENCRYPTION"
    assert "primary" not in api.post(f"{ring}?cryptoKeyId=s&skipInitialVersionCreation=true", {"purpose": "MAC"})


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({}, "purpose"),
        ({"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "3600s", "nextRotationTime": "2026-04-01T00:00:00Z"}, "24 h"),
        ({"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "86400s"}, "next_rotation_time"),
        ({"purpose": "MAC", "rotationPeriod": "86400s", "nextRotationTime": "2026-04-01T00:00:00Z"}, "cannot rotate"),
    ],
)
def test_keys_that_google_refuses(api: Api, ring: str, body: dict[str, Any], what: str) -> None:
    refused = api.refused("POST", f"{ring}?cryptoKeyId=k", body)
    assert refused.code == "400 INVALID_ARGUMENT"
    assert what in refused.error["message"]


def test_a_key_needs_its_ring(api: Api) -> None:
    refused = api.refused("POST", f"{KMS}/no/cryptoKeys?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT"})
    assert refused.code == "404 NOT_FOUND"


def test_rotation_is_switched_off_by_an_empty_update(api: Api, ring: str) -> None:
    rotating = {"rotationPeriod": "86400s", "nextRotationTime": "2026-04-01T00:00:00Z"}
    api.post(f"{ring}?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT", **rotating})
    assert "rotationPeriod" not in api.patch(f"{ring}/k?updateMask=rotationPeriod,nextRotationTime", {})


def test_every_project_has_a_number_and_a_policy(api: Api) -> None:
    project = "/cloudresourcemanager/v1/projects/p"
    found = api.get(project)
    assert (found["projectId"], found["lifecycleState"], len(found["projectNumber"])) == ("p", "ACTIVE", 12)
    read = {"options": {"requestedPolicyVersion": 3}}
    assert api.post(f"{project}:getIamPolicy", read) == {"etag": "ACAB"}
    binding = {"role": "roles/logging.viewer", "members": ["user:a@b.example"]}
    sent = {"policy": {"bindings": [binding], "etag": "ACAB"}, "updateMask": "bindings,etag,auditConfigs"}
    api.post(f"{project}:setIamPolicy", sent)
    assert api.post(f"{project}:getIamPolicy", read)["bindings"] == [binding]
    assert api.refused("POST", f"{project}:setIamPolicy", sent).code == "409 ABORTED"


def test_service_agents_carry_the_number_of_the_project(api: Api) -> None:
    number = api.get("/cloudresourcemanager/v1/projects/p")["projectNumber"]
    usage = "/serviceusage/v1beta1/projects/p/services"
    for product, domain in (("pubsub", "gcp-sa-pubsub"), ("run", "serverless-robot-prod")):
        operation = api.post(f"{usage}/{product}.googleapis.com:generateServiceIdentity")
        assert operation["response"]["email"] == f"service-{number}@{domain}.iam.gserviceaccount.com"
        assert api.get(f"/serviceusage/v1beta1/{operation['name']}") == operation


def test_apis_are_switched_off_and_on(api: Api) -> None:
    run = "/serviceusage/v1beta1/projects/p/services/run.googleapis.com"
    assert api.get(run)["state"] == "ENABLED"
    api.post(f"{run}:disable")
    assert api.get(run)["state"] == "DISABLED"
    assert api.post(f"{run}:enable")["response"]["service"]["state"] == "ENABLED"
    assert api.get(run)["state"] == "ENABLED"
    assert api.post("/serviceusage/v1/projects/p/services:batchEnable", {"serviceIds": ["run.googleapis.com"]})["done"]
    assert api.refused("GET", run.removesuffix(".googleapis.com")).code == "400 INVALID_ARGUMENT"
