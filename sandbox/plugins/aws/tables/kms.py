"""AWS KMS. Reference: KMS API, version 2014-11-01."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.plugins.aws.codecs import JSON
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tags import by_arn


def _rotation_and_policy(cloud: Cloud, target: Target, found: dict[str, Any]) -> Mapping[str, Any]:
    rotation = cloud("GetKeyRotationStatus", KeyId=target.id)
    policy = cloud("GetKeyPolicy", KeyId=target.id, PolicyName="default")
    return {
        "Rotates": rotation["KeyRotationEnabled"],
        "RotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        "Policy": policy["Policy"],
    }


def _rotation(target: Target) -> Iterator[Call]:
    if target.inputs.get("enableKeyRotation"):
        days = target.inputs.get("rotationPeriodInDays")
        period = {"RotationPeriodInDays": days} if days else {}
        yield Call("EnableKeyRotation", {"KeyId": target.id, **period})
    elif target.old.get("enableKeyRotation"):
        yield Call("DisableKeyRotation", {"KeyId": target.id})


def _policy(target: Target) -> Iterator[Call]:
    yield Call("PutKeyPolicy", {"KeyId": target.id, "PolicyName": "default", "Policy": target.inputs["policy"]})


_KEY = row(
    "aws:kms/key:Key",
    "kms",
    {
        "description": Field("Description", default=""),
        "enableKeyRotation": Field(read="Rotates", default=False),
        "rotationPeriodInDays": Field(read="RotationPeriodInDays", default=365),
        # Says how long a deleted key can be called back; AWS hears of it at the delete.
        "deletionWindowInDays": Field(read=None, default=30),
        "policy": Field("Policy", JSON, updates=False),
        "multiRegion": new("MultiRegion"),
    },
    create="CreateKey",
    made="KeyMetadata",
    identity=lambda found, _: found["KeyId"],
    find=described(
        "DescribeKey",
        lambda t: {"KeyId": t.id},
        "KeyMetadata",
        gone=lambda found: found["KeyState"] in {"PendingDeletion", "PendingReplicaDeletion"},
        more=_rotation_and_policy,
    ),
    update="UpdateKeyDescription",
    key=lambda t: {"KeyId": t.id},
    writes=(
        Write(frozenset({"enableKeyRotation", "rotationPeriodInDays"}), _rotation),
        Write(frozenset({"policy"}), _policy, on_create=False),
    ),
    delete=lambda t: [
        Call(
            "ScheduleKeyDeletion",
            {"KeyId": t.id, "PendingWindowInDays": t.known("deletionWindowInDays") or 30},
            # Scheduled already.
            harmless=("KMSInvalidStateException",),
        )
    ],
    outputs={"arn": "Arn", "keyId": "KeyId"},
    missing=("NotFoundException",),
    support="repaired",
    note="the rotation period is kept",
    tags=by_arn(
        "TagResource",
        "UntagResource",
        "ListResourceTags",
        "Tags",
        resource="KeyId",
        names=("TagKey", "TagValue"),
        who=lambda target: target.id,
    ),
)


def _find_alias(cloud: Cloud, target: Target) -> Any:
    marker: dict[str, Any] = {}
    while True:
        page = cloud("ListAliases", **marker)
        for alias in page["Aliases"]:
            if alias["AliasName"] == target.id:
                return alias
        if not page.get("Truncated"):
            return None
        marker = {"Marker": page["NextMarker"]}


_ALIAS = row(
    "aws:kms/alias:Alias",
    "kms",
    {"name": new("AliasName"), "targetKeyId": Field("TargetKeyId")},
    create="CreateAlias",
    made="@",
    identity=lambda _, t: t.inputs["name"],
    find=_find_alias,
    update="UpdateAlias",
    key=lambda t: {"AliasName": t.id},
    delete=lambda t: [Call("DeleteAlias", {"AliasName": t.id})],
    outputs={
        "arn": "AliasArn",
        "targetKeyArn": lambda found, t: (
            f"arn:aws:kms:{t.region}:{t.account}:key/{found['TargetKeyId']}" if found.get("TargetKeyId") else None
        ),
    },
    missing=("NotFoundException",),
)

ROWS: tuple[Row, ...] = (_KEY, _ALIAS)
