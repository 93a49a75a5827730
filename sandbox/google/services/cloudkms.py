"""Cloud KMS v1: key rings, keys, versions and policies. Nothing is encrypted.

Rings and keys are for ever, as they were until 2025 (https://cloud.google.com/kms/docs/object-hierarchy); the methods
that delete them are in the document by now, and answer 501 here. Versions are destroyed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.google.api import Call, Service
from sandbox.google.errors import ApiError, bad_field
from sandbox.google.services._collection import Collection, by_query, target
from sandbox.google.store import Resource

_VERSIONS = "cryptoKeyVersions"
_ID = r"[A-Za-z0-9_-]{1,63}"
# `CryptoKey.destroyScheduledDuration` when it is left out.
_DELAY = "2592000s"
_DAY_S = 86400


def _ring_born(call: Call, ring: Resource) -> None:
    ring["createTime"] = call.cloud.now()


def _key_born(call: Call, key: Resource) -> None:
    key["createTime"] = call.cloud.now()
    if key.get("purpose", "CRYPTO_KEY_PURPOSE_UNSPECIFIED") == "CRYPTO_KEY_PURPOSE_UNSPECIFIED":
        raise bad_field("crypto_key.purpose", "a purpose is required")
    symmetric = key["purpose"] == "ENCRYPT_DECRYPT"
    template = {"protectionLevel": "SOFTWARE", **key.get("versionTemplate", {})}
    if symmetric:
        template.setdefault("algorithm", "GOOGLE_SYMMETRIC_ENCRYPTION")
    key["versionTemplate"] = template
    key.setdefault("destroyScheduledDuration", _DELAY)
    if not call.query.get("skipInitialVersionCreation"):
        version = _new_version(call, key)
        if symmetric:
            key["primary"] = version


def _key_shaped(call: Call, key: Resource) -> None:
    period = key.get("rotationPeriod")
    if period is None:
        return
    # `CryptoKey.rotationPeriod`: at least a day, for ENCRYPT_DECRYPT only, with the time of the first rotation.
    if float(period.removesuffix("s")) < _DAY_S:
        raise bad_field("crypto_key.rotation_period", "must be at least 24 hours")
    if key["purpose"] != "ENCRYPT_DECRYPT":
        raise bad_field("crypto_key.rotation_period", f"keys for {key['purpose']} cannot rotate by themselves")
    if "nextRotationTime" not in key:
        raise bad_field("crypto_key.next_rotation_time", "must be set when rotation_period is set")


def _new_version(call: Call, key: Resource) -> Resource:
    known = call.cloud.store.under(_VERSIONS, f"{key['name']}/cryptoKeyVersions")
    name = f"{key['name']}/cryptoKeyVersions/{len(known) + 1}"
    version: Resource = {
        "name": name,
        "state": "ENABLED",
        "createTime": call.cloud.now(),
        "generateTime": call.cloud.now(),
        **key["versionTemplate"],
    }
    return call.cloud.store.put(_VERSIONS, name, version)


RINGS = Collection(
    api="cloudkms.projects.locations.keyRings",
    kind="keyRings",
    plural="keyRings",
    name=by_query("keyRingId", "keyRings", _ID),
    born=_ring_born,
    update="",
    delete="",
    policies=True,
)
KEYS = Collection(
    api="cloudkms.projects.locations.keyRings.cryptoKeys",
    kind="cryptoKeys",
    plural="cryptoKeys",
    name=by_query("cryptoKeyId", "cryptoKeys", _ID),
    parent="keyRings",
    born=_key_born,
    shaped=_key_shaped,
    delete="",
    unmasked="refuse",
    immutable=("purpose", "destroyScheduledDuration", "importOnly"),
    policies=True,
)


def _get(call: Call) -> Mapping[str, Any]:
    return call.cloud.store.get(_VERSIONS, target(call))


def _list(call: Call) -> Mapping[str, Any]:
    call.cloud.store.get("cryptoKeys", target(call))
    found = call.cloud.store.under(_VERSIONS, f"{target(call)}/cryptoKeyVersions")
    return {"cryptoKeyVersions": found, "totalSize": len(found)}


def _create(call: Call) -> Mapping[str, Any]:
    return _new_version(call, call.cloud.store.get("cryptoKeys", target(call)))


def _patch(call: Call) -> Mapping[str, Any]:
    # `UpdateCryptoKeyVersion`: the state moves between ENABLED and DISABLED; the rest has methods of its own.
    if call.mask() != ["state"] or call.body.get("state") not in {"ENABLED", "DISABLED"}:
        raise bad_field("crypto_key_version.state", "only the state can be updated, to ENABLED or DISABLED")
    return _become(call, {"ENABLED", "DISABLED"}, {"state": call.body["state"]})


def _destroy(call: Call) -> Mapping[str, Any]:
    key = call.cloud.store.get("cryptoKeys", target(call).rpartition("/cryptoKeyVersions/")[0])
    delay = timedelta(seconds=float(key["destroyScheduledDuration"].removesuffix("s")))
    moment = (datetime.fromisoformat(call.cloud.now()) + delay).isoformat(timespec="microseconds")
    return _become(
        call,
        {"ENABLED", "DISABLED"},
        {"state": "DESTROY_SCHEDULED", "destroyTime": moment.replace("+00:00", "Z")},
    )


def _restore(call: Call) -> Mapping[str, Any]:
    # `RestoreCryptoKeyVersion`: what was to be destroyed is DISABLED afterwards.
    return _become(call, {"DESTROY_SCHEDULED"}, {"state": "DISABLED"})


def _become(call: Call, before: set[str], change: Resource) -> Resource:
    version = call.cloud.store.get(_VERSIONS, target(call))
    if version["state"] not in before:
        raise ApiError(
            "FAILED_PRECONDITION", f"{version['name']} is not enabled, current state is: {version['state']}."
        )
    version.pop("destroyTime", None)
    changed = call.cloud.store.put(_VERSIONS, version["name"], {**version, **change})
    key = call.cloud.store.get("cryptoKeys", version["name"].rpartition("/cryptoKeyVersions/")[0])
    if key.get("primary", {}).get("name") == version["name"]:
        call.cloud.store.put("cryptoKeys", key["name"], {**key, "primary": changed})
    return changed


def _primary(call: Call) -> Mapping[str, Any]:
    name = f"{target(call)}/cryptoKeyVersions/{call.body['cryptoKeyVersionId']}"
    version = call.cloud.store.get(_VERSIONS, name)
    return KEYS.write(call, target(call), lambda _, key: key.update(primary=version))


_API = "cloudkms.projects.locations.keyRings.cryptoKeys"
SERVICE = Service(
    name="cloudkms",
    documents=("cloudkms.v1",),
    mounts={"/cloudkms/": ""},
    handlers={
        **RINGS.handlers(),
        **KEYS.handlers(),
        f"{_API}.updatePrimaryVersion": _primary,
        f"{_API}.cryptoKeyVersions.get": _get,
        f"{_API}.cryptoKeyVersions.list": _list,
        f"{_API}.cryptoKeyVersions.create": _create,
        f"{_API}.cryptoKeyVersions.patch": _patch,
        f"{_API}.cryptoKeyVersions.destroy": _destroy,
        f"{_API}.cryptoKeyVersions.restore": _restore,
    },
)
