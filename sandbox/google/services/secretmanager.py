"""Secret Manager v1: secrets, their versions and policies; tells Cloud Run which versions it may use."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.google.api import Call, Service
from sandbox.google.cloud import Cloud
from sandbox.google.errors import ApiError, bad_field, not_found
from sandbox.google.services import _cmek
from sandbox.google.services._collection import Collection, by_query, target
from sandbox.google.store import Resource

_VERSIONS = "secretVersions"
_PAYLOADS = "secretPayloads"
# https://cloud.google.com/secret-manager/quotas: bytes of one payload.
_LARGEST = 64 * 1024


def _born(call: Call, secret: Resource) -> None:
    secret["createTime"] = call.cloud.now()


def _shaped(call: Call, secret: Resource) -> None:
    replication = secret.get("replication", {})
    if ("automatic" in replication) == ("userManaged" in replication):
        raise bad_field("secret.replication", "exactly one of automatic and user_managed is needed")
    managed = [replication.get("automatic", {}), *replication.get("userManaged", {}).get("replicas", [])]
    for encrypted in [each["customerManagedEncryption"] for each in managed if "customerManagedEncryption" in each]:
        _cmek.check(call, encrypted["kmsKeyName"], "secretmanager")
    # `Rotation` in the discovery document: topics must be set to configure rotation, a period needs a first time.
    rotation = secret.get("rotation", {})
    if rotation and not secret.get("topics"):
        raise bad_field("secret.rotation", "topics must be set to configure rotation")
    if "rotationPeriod" in rotation and "nextRotationTime" not in rotation:
        raise bad_field("secret.rotation.next_rotation_time", "must be set when rotation_period is set")
    if "ttl" in secret:
        seconds = float(str(secret.pop("ttl")).removesuffix("s"))
        secret["expireTime"] = _later(call, seconds)


def _gone(call: Call, secret: Resource) -> None:
    for version in _versions(call.cloud, secret["name"]):
        call.cloud.store.delete(_VERSIONS, version["name"])
        if call.cloud.store.find(_PAYLOADS, version["name"]) is not None:
            call.cloud.store.delete(_PAYLOADS, version["name"])


SECRETS = Collection(
    api="secretmanager.projects.secrets",
    kind="secrets",
    plural="secrets",
    name=by_query("secretId", "secrets", r"[A-Za-z0-9_-]{1,255}"),
    born=_born,
    shaped=_shaped,
    leaving=_gone,
    unmasked="refuse",
    immutable=("replication",),
    etag=True,
    policies=True,
)


def _add_version(call: Call) -> Mapping[str, Any]:
    secret = call.cloud.store.get("secrets", target(call))
    payload = call.body["payload"]
    data = base64.b64decode(payload["data"])
    if len(data) > _LARGEST:
        raise bad_field("payload.data", f"found {len(data)} bytes; the largest payload has {_LARGEST}")
    if "dataCrc32c" in payload and int(payload["dataCrc32c"]) != _crc32c(data):
        raise bad_field("payload.data_crc32c", "the checksum is not that of the data")
    # Ids count from 1 and are never used again (`SecretVersion.name`).
    name = f"{secret['name']}/versions/{len(_versions(call.cloud, secret['name'])) + 1}"
    version: Resource = {
        "name": name,
        "createTime": call.cloud.now(),
        "state": "ENABLED",
        "replicationStatus": {"automatic": {}},
        "etag": call.cloud.etag(),
    }
    if "dataCrc32c" in payload:
        version["clientSpecifiedPayloadChecksum"] = True
    call.cloud.store.put(_PAYLOADS, name, {"data": payload["data"], "dataCrc32c": str(_crc32c(data))})
    return call.cloud.store.insert(_VERSIONS, name, version)


def _get(call: Call) -> Mapping[str, Any]:
    return _version(call.cloud, target(call))


def _access(call: Call) -> Mapping[str, Any]:
    version = _version(call.cloud, target(call))
    if version["state"] != "ENABLED":
        raise _wrong_state(version)
    return {"name": version["name"], "payload": call.cloud.store.get(_PAYLOADS, version["name"])}


def _list(call: Call) -> Mapping[str, Any]:
    call.cloud.store.get("secrets", target(call))
    found = _versions(call.cloud, target(call))
    return {"versions": found[::-1], "totalSize": len(found)}


def _enable(call: Call) -> Mapping[str, Any]:
    return _become(call, "ENABLED")


def _disable(call: Call) -> Mapping[str, Any]:
    return _become(call, "DISABLED")


def _destroy(call: Call) -> Mapping[str, Any]:
    version = _version(call.cloud, target(call))
    secret = call.cloud.store.get("secrets", version["name"].rpartition("/versions/")[0])
    delay = float(str(secret.get("versionDestroyTtl", "0s")).removesuffix("s"))
    if delay:
        # `Secret.versionDestroyTtl`: the version is disabled now, and destroyed when the time is over.
        return _become(call, "DISABLED", scheduledDestroyTime=_later(call, delay))
    changed = _become(call, "DESTROYED", destroyTime=call.cloud.now())
    call.cloud.store.delete(_PAYLOADS, version["name"])
    return changed


def _become(call: Call, state: str, **more: str) -> Resource:
    version = _version(call.cloud, target(call))
    sent = call.body.get("etag")
    if sent and sent != version["etag"]:
        raise ApiError("ABORTED", f"Etag mismatch: expected {version['etag']}, found {sent}")
    # A destroyed version stays so: https://cloud.google.com/secret-manager/docs/destroy-secret-version.
    if version["state"] == "DESTROYED":
        raise _wrong_state(version)
    version.pop("scheduledDestroyTime", None)
    version |= {"state": state, "etag": call.cloud.etag(), **more}
    return call.cloud.store.put(_VERSIONS, version["name"], version)


def _wrong_state(version: Resource) -> ApiError:
    # The text: https://github.com/google-github-actions/get-secretmanager-secrets/issues/268.
    return ApiError("FAILED_PRECONDITION", f"Secret Version [{version['name']}] is in {version['state']} state.")


def _versions(cloud: Cloud, secret: str) -> list[Resource]:
    return cloud.store.under(_VERSIONS, f"{secret}/versions")


def _version(cloud: Cloud, name: str) -> Resource:
    """A version by number, alias or "latest", which is the newest in whatever state (the issue above)."""
    parent, _, wanted = name.rpartition("/versions/")
    secret = cloud.store.find("secrets", parent)
    if secret is None:
        raise not_found(parent, f"Secret [{parent}] not found.")
    if wanted == "latest":
        wanted = str(len(_versions(cloud, parent)))
    wanted = str(secret.get("versionAliases", {}).get(wanted, wanted))
    found = cloud.store.find(_VERSIONS, f"{parent}/versions/{wanted}")
    if found is None:
        raise not_found(name, f"Secret Version [{name}] not found.")
    return found


def check(cloud: Cloud, project: str, secret: str, version: str) -> str | None:
    """What is wrong with a reference to a secret's version; None when its value can be read."""
    try:
        found = _version(cloud, f"projects/{project}/secrets/{secret}/versions/{version}")
    except ApiError:
        return f"Secret projects/{project}/secrets/{secret}/versions/{version} was not found"
    return None if found["state"] == "ENABLED" else _wrong_state(found).message


def _attach(cloud: Cloud) -> None:
    cloud.secret_check = lambda project, secret, version: check(cloud, project, secret, version)


def _later(call: Call, seconds: float) -> str:
    moment = datetime.fromisoformat(call.cloud.now()) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _crc32c(data: bytes) -> int:
    """Castagnoli's checksum, which `SecretPayload.dataCrc32c` is. Bit by bit: payloads are small."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


SERVICE = Service(
    name="secretmanager",
    documents=("secretmanager.v1",),
    mounts={"/secretmanager/": ""},
    handlers={
        **SECRETS.handlers(),
        "secretmanager.projects.secrets.addVersion": _add_version,
        "secretmanager.projects.secrets.versions.get": _get,
        "secretmanager.projects.secrets.versions.list": _list,
        "secretmanager.projects.secrets.versions.access": _access,
        "secretmanager.projects.secrets.versions.enable": _enable,
        "secretmanager.projects.secrets.versions.disable": _disable,
        "secretmanager.projects.secrets.versions.destroy": _destroy,
    },
    attach=_attach,
)
