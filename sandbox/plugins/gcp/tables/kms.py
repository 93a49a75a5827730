"""Cloud Key Management Service API v1. Nothing deletes a ring or a key: only its versions are destroyed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.plugins.gcp.fields import many, members, one, outside, own, value
from sandbox.plugins.gcp.iam import grant, under
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Cloud, Row, Target

_RING = "projects/{project}/locations/{location}/keyRings"
_KEY = "{keyRing}/cryptoKeys/{name}"
_GONE = frozenset({"DESTROYED", "DESTROY_SCHEDULED"})


@dataclass(frozen=True)
class _Ring(Row):
    def delete(self, cloud: Cloud, target: Target) -> None:
        """Nothing deletes it."""


@dataclass(frozen=True)
class _Key(Row):
    def mask_of(self, members: list[str]) -> str:
        """A new period starts a new count."""
        more = ["nextRotationTime"] if "rotationPeriod" in members else []
        return ",".join([*members, *more])

    def delete(self, cloud: Cloud, target: Target) -> None:
        """As the official provider: every version is destroyed, and no new one is made."""
        listed = cloud(Request("GET", f"{target.path(_KEY)}/cryptoKeyVersions"))
        for version in listed.get("cryptoKeyVersions", []):
            if version.get("state") not in _GONE:
                cloud(Request("POST", f"{version['name']}:destroy", {}, {}))
        if target.old("rotationPeriod"):
            mask = {"updateMask": "rotationPeriod,nextRotationTime"}
            cloud(Request("PATCH", target.path(_KEY), mask, {}))


def _next_rotation(body: dict[str, Any], target: Target, verb: str) -> dict[str, Any]:
    """The API takes a period only with the time of the first rotation."""
    if "rotationPeriod" not in body:
        return body
    period = timedelta(seconds=float(body["rotationPeriod"].rstrip("s")))
    return {**body, "nextRotationTime": (datetime.now(UTC) + period).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


ROWS: tuple[Row, ...] = (
    _Ring(
        token="gcp:kms/keyRing:KeyRing",
        api="cloudkms",
        fields=outside("name^ location!^ project~^"),
        collection=_RING,
        path=f"{_RING}/{{name}}",
        create_query={"keyRingId": "{name}"},
        update_method="",
        auto="name",
        note="stays when it is deleted, as in Google Cloud",
    ),
    _Key(
        token="gcp:kms/cryptoKey:CryptoKey",
        api="cloudkms",
        fields={
            **outside("name^ keyRing!^"),
            "skipInitialVersionCreation": own(marks="^"),
            "deletionPolicy": own(),
            **members(
                "labels% rotationPeriod importOnly~^ destroyScheduledDuration~^ cryptoKeyBackend~^",
                purpose=value(marks="^", default="ENCRYPT_DECRYPT"),
                versionTemplate=one("algorithm! protectionLevel~", marks="~"),
            ),
        },
        outputs=members(primaries=many("name state", api="primary", wrapped=True)),
        collection="{keyRing}/cryptoKeys",
        path=_KEY,
        create_query={"cryptoKeyId": "{name}"},
        mask=True,
        body=_next_rotation,
        auto="name",
        note="stays when it is deleted, without a usable version, as in Google Cloud",
    ),
    grant(
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        "cloudkms",
        where="cryptoKeyId!^",
        path="{cryptoKeyId}",
        resource=under("cryptoKeyId", "{cryptoKeyId}"),
        get_query={"options.requestedPolicyVersion": "3"},
    ),
)
