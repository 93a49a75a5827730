"""Secret Manager: versions and their states, and what Cloud Run may use."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.google.cloud import Cloud
from tests.support.google_api import Api

SECRETS = "/secretmanager/v1/projects/p/secrets"
AUTOMATIC = {"replication": {"automatic": {}}}


@pytest.fixture
def secret(api: Api) -> str:
    api.post(f"{SECRETS}?secretId=key", {**AUTOMATIC, "labels": {"team": "a"}})
    return f"{SECRETS}/key"


def add(api: Api, secret: str, text: str) -> dict[str, Any]:
    return api.post(f"{secret}:addVersion", {"payload": {"data": base64.b64encode(text.encode()).decode()}})


def test_versions_count_from_one_and_are_read_back(api: Api, secret: str) -> None:
    assert [add(api, secret, text)["name"].rpartition("/")[2] for text in ("a", "b")] == ["1", "2"]
    for version, text in (("1", "a"), ("2", "b"), ("latest", "b")):
        found = api.get(f"{secret}/versions/{version}:access")
        assert base64.b64decode(found["payload"]["data"]).decode() == text
    assert [each["name"][-1] for each in api.get(f"{secret}/versions")["versions"]] == ["2", "1"]


def test_an_alias_names_a_version(api: Api, secret: str) -> None:
    add(api, secret, "a")
    add(api, secret, "b")
    api.patch(f"{secret}?updateMask=versionAliases", {"versionAliases": {"blue": "1"}})
    assert api.get(f"{secret}/versions/blue")["name"].endswith("/versions/1")


def test_the_states_of_a_version(api: Api, secret: str) -> None:
    version = f"{SECRETS.removesuffix('/projects/p/secrets')}/{add(api, secret, 'a')['name']}"
    assert api.post(f"{version}:disable")["state"] == "DISABLED"
    refused = api.refused("GET", f"{version}:access")
    assert (refused.code, refused.error["message"]) == (
        "400 FAILED_PRECONDITION",
        "Secret Version [projects/p/secrets/key/versions/1] is in DISABLED state.",
    )
    assert api.post(f"{version}:enable")["state"] == "ENABLED"
    destroyed = api.post(f"{version}:destroy")
    assert (destroyed["state"], destroyed["destroyTime"]) == ("DESTROYED", api.cloud.now())
    for verb in ("enable", "disable", "destroy"):
        assert api.refused("POST", f"{version}:{verb}", {}).code == "400 FAILED_PRECONDITION"
    assert add(api, secret, "b")["name"].endswith("/versions/2")


def test_a_destruction_can_be_delayed(api: Api) -> None:
    api.post(f"{SECRETS}?secretId=key", {**AUTOMATIC, "versionDestroyTtl": "86400s"})
    add(api, f"{SECRETS}/key", "a")
    version = api.post(f"{SECRETS}/key/versions/1:destroy")
    assert (version["state"], version["scheduledDestroyTime"]) == ("DISABLED", "2026-03-02T12:00:00.000000Z")
    assert "scheduledDestroyTime" not in api.post(f"{SECRETS}/key/versions/1:enable")


def test_a_deleted_secret_takes_its_versions_along(api: Api, secret: str) -> None:
    add(api, secret, "a")
    api.delete(secret)
    api.post(f"{SECRETS}?secretId=key", AUTOMATIC)
    assert api.refused("GET", f"{secret}/versions/1").code == "404 NOT_FOUND"
    assert add(api, secret, "b")["name"].endswith("/versions/1")


def test_payloads_are_checked(api: Api, secret: str) -> None:
    data = base64.b64encode(b"123456789").decode()
    # The check value of CRC-32C: https://reveng.sourceforge.io/crc-catalogue/17plus.htm.
    good = api.post(f"{secret}:addVersion", {"payload": {"data": data, "dataCrc32c": str(0xE3069283)}})
    assert good["clientSpecifiedPayloadChecksum"] is True
    wrong = {"payload": {"data": data, "dataCrc32c": "1"}}
    assert api.refused("POST", f"{secret}:addVersion", wrong).code == "400 INVALID_ARGUMENT"
    large = {"payload": {"data": base64.b64encode(bytes(64 * 1024 + 1)).decode()}}
    assert "65537 bytes" in api.refused("POST", f"{secret}:addVersion", large).error["message"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({}, "replication"),
        ({"replication": {}}, "replication"),
        ({"replication": {"automatic": {}, "userManaged": {"replicas": [{"location": "l"}]}}}, "exactly one"),
        ({**AUTOMATIC, "rotation": {"nextRotationTime": "2026-04-01T00:00:00Z"}}, "topics must be set"),
        (
            {**AUTOMATIC, "topics": [{"name": "projects/p/topics/t"}], "rotation": {"rotationPeriod": "86400s"}},
            "next_rotation_time",
        ),
    ],
)
def test_secrets_that_google_refuses(api: Api, body: dict[str, Any], what: str) -> None:
    refused = api.refused("POST", f"{SECRETS}?secretId=key", body)
    assert refused.code == "400 INVALID_ARGUMENT"
    assert what in refused.error["message"]


def test_ids_and_names(api: Api, secret: str) -> None:
    assert api.refused("POST", f"{SECRETS}?secretId=key", AUTOMATIC).code == "409 ALREADY_EXISTS"
    assert api.refused("POST", f"{SECRETS}?secretId=a.b", AUTOMATIC).code == "400 INVALID_ARGUMENT"
    assert api.refused("POST", SECRETS, AUTOMATIC).code == "400 INVALID_ARGUMENT"
    assert api.refused("GET", f"{SECRETS}/other").code == "404 NOT_FOUND"


def test_updates(api: Api, secret: str) -> None:
    etag = api.get(secret)["etag"]
    assert api.patch(f"{secret}?updateMask=labels", {"labels": {"b": "c"}, "etag": etag})["labels"] == {"b": "c"}
    stale = {"labels": {"d": "e"}, "etag": etag}
    assert api.refused("PATCH", f"{secret}?updateMask=labels", stale).code == "409 ABORTED"
    moved = {"replication": {"userManaged": {"replicas": [{"location": "us-central1"}]}}}
    assert "immutable" in api.refused("PATCH", f"{secret}?updateMask=replication", moved).error["message"]
    assert api.refused("PATCH", secret, {"labels": {}}).code == "400 INVALID_ARGUMENT"


def test_a_ttl_becomes_a_time(api: Api) -> None:
    made = api.post(f"{SECRETS}?secretId=short", {**AUTOMATIC, "ttl": "3600s"})
    assert made["expireTime"] == "2026-03-01T13:00:00.000000Z"
    assert "ttl" not in made


def test_a_key_needs_to_be_there_and_usable(api: Api, key: Callable[[str], str]) -> None:
    def body(name: str) -> dict[str, Any]:
        managed = {"customerManagedEncryption": {"kmsKeyName": name}}
        return {"replication": {"userManaged": {"replicas": [{"location": "us-central1", **managed}]}}}

    usable = key("secretmanager")
    assert api.post(f"{SECRETS}?secretId=key", body(usable))["name"] == "projects/p/secrets/key"
    missing = api.refused("POST", f"{SECRETS}?secretId=other", body(usable + "-x"))
    assert (missing.code, "was not found" in missing.error["message"]) == ("400 FAILED_PRECONDITION", True)
    api.post(f"/cloudkms/v1/{usable}:setIamPolicy", {"policy": {}})
    denied = api.refused("POST", f"{SECRETS}?secretId=other", body(usable))
    assert (denied.code, "gcp-sa-secretmanager" in denied.error["message"]) == ("403 PERMISSION_DENIED", True)


def test_what_cloud_run_is_told(api: Api, secret: str) -> None:
    check: Callable[[Cloud], Any] = lambda cloud: cloud.secret_check("p", "key", "1")  # noqa: E731
    assert "was not found" in check(api.cloud)
    add(api, secret, "a")
    assert check(api.cloud) is None
    assert api.cloud.secret_check("p", "key", "latest") is None
    api.post(f"{secret}/versions/1:disable")
    assert "DISABLED" in check(api.cloud)
    assert "was not found" in str(api.cloud.secret_check("p", "other", "1"))
