"""Amazon ECR. Reference: Amazon ECR API, version 2015-09-21."""

from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.codecs import JSON, List, Obj
from sandbox.plugins.aws.rows import Call, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tags import by_arn
from sandbox.plugins.values import UNKNOWN


def _named(target: Target) -> dict[str, str]:
    return {"repositoryName": target.id}


def _mutability(target: Target) -> Iterator[Call]:
    value = target.inputs["imageTagMutability"]
    yield Call("PutImageTagMutability", {**_named(target), "imageTagMutability": value})


def _scanning(target: Target) -> Iterator[Call]:
    scanning = _SCANNING.to_aws(target.inputs["imageScanningConfiguration"])
    yield Call("PutImageScanningConfiguration", {**_named(target), "imageScanningConfiguration": scanning})


def _encryption(target: Target) -> dict[str, Any]:
    given = target.inputs.get("encryptionConfigurations")
    if not given:
        return {}
    return {"encryptionConfiguration": given if given is UNKNOWN else _KEYS.to_aws(given)[0]}


_SCANNING = Obj({"scanOnPush": "scanOnPush"})
_KEYS = List(Obj({"encryptionType": "encryptionType", "kmsKey": "kmsKey"}))

_REPOSITORY = row(
    "aws:ecr/repository:Repository",
    "ecr",
    {
        "name": new("repositoryName"),
        "imageTagMutability": Field("imageTagMutability", default="MUTABLE"),
        "imageScanningConfiguration": Field("imageScanningConfiguration", _SCANNING, default={"scanOnPush": False}),
        # A list in the provider, of which the API takes one.
        "encryptionConfigurations": new(None, _KEYS, read="[encryptionConfiguration]"),
        # Says whether a delete takes the images along.
        "forceDelete": Field(read=None, default=False),
    },
    create="CreateRepository",
    made="repository",
    also=_encryption,
    identity=lambda found, _: found["repositoryName"],
    find=described("DescribeRepositories", lambda t: {"repositoryNames": [t.id]}, "repositories[0]"),
    writes=(
        Write(frozenset({"imageTagMutability"}), _mutability, on_create=False),
        Write(frozenset({"imageScanningConfiguration"}), _scanning, on_create=False),
    ),
    delete=lambda t: [Call("DeleteRepository", {**_named(t), "force": bool(t.known("forceDelete"))})],
    outputs={"arn": "repositoryArn", "registryId": "registryId", "repositoryUrl": "repositoryUri"},
    missing=("RepositoryNotFoundException",),
    name="name",
    name_max=256,
    tags=by_arn(
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "tags",
        resource="resourceArn",
        tags="tags",
        keys="tagKeys",
        member="tags",
    ),
)

_LIFECYCLE_POLICY = row(
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "ecr",
    {
        "repository": new("repositoryName"),
        "policy": Field("lifecyclePolicyText", JSON),
    },
    create="PutLifecyclePolicy",
    made="@",
    identity=lambda _, t: t.inputs["repository"],
    find=described("GetLifecyclePolicy", _named, "@"),
    update="PutLifecyclePolicy",
    key=_named,
    delete=lambda t: [Call("DeleteLifecyclePolicy", _named(t))],
    outputs={"registryId": "registryId"},
    missing=("LifecyclePolicyNotFoundException", "RepositoryNotFoundException"),
    note="kept; no image ever expires",
)

ROWS: tuple[Row, ...] = (_REPOSITORY, _LIFECYCLE_POLICY)
