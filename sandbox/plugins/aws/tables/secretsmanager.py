"""AWS Secrets Manager. Reference: Secrets Manager API, version 2017-10-17."""

from typing import Any

from sandbox.plugins.aws.rows import Call, Field, Row, Target, described, new, row
from sandbox.plugins.aws.tags import TagStyle


def _delete_secret(target: Target) -> list[Call]:
    days = target.known("recoveryWindowInDays")
    how: dict[str, Any] = {"ForceDeleteWithoutRecovery": True} if days == 0 else {"RecoveryWindowInDays": days or 30}
    return [Call("DeleteSecret", {"SecretId": target.id, **how})]


_SECRET = row(
    "aws:secretsmanager/secret:Secret",
    "secretsmanager",
    {
        "name": new("Name"),
        "description": Field("Description", default=""),
        "kmsKeyId": Field("KmsKeyId", default=""),
        # Says what a delete does; AWS hears of it then. 0 deletes at once.
        "recoveryWindowInDays": Field(read=None, default=30),
    },
    create="CreateSecret",
    made="@",
    identity=lambda found, _: found["ARN"],
    find=described(
        "DescribeSecret", lambda t: {"SecretId": t.id}, "@", gone=lambda found: bool(found.get("DeletedDate"))
    ),
    update="UpdateSecret",
    key=lambda t: {"SecretId": t.id},
    delete=_delete_secret,
    outputs={"arn": "ARN"},
    missing=("ResourceNotFoundException", "InvalidRequestException"),
    name="name",
    name_max=512,
    tags=TagStyle(
        member="Tags",
        who=lambda target: target.id,
        add=("TagResource", lambda who, tags: {"SecretId": who, "Tags": tags}),
        remove=("UntagResource", lambda who, keys: {"SecretId": who, "TagKeys": keys}),
        inline="Tags",
    ),
)


def _secret_and_version(target: Target) -> dict[str, str]:
    secret, _, version = target.id.partition("|")
    return {"SecretId": secret, "VersionId": version}


_SECRET_VERSION = row(
    "aws:secretsmanager/secretVersion:SecretVersion",
    "secretsmanager",
    {
        "secretId": new("SecretId", read="ARN"),
        "secretString": new("SecretString", secret=True),
    },
    create="PutSecretValue",
    made="@",
    identity=lambda found, _: f"{found['ARN']}|{found['VersionId']}",
    find=described("GetSecretValue", _secret_and_version, "@"),
    # A version goes with its secret: AWS has no call that deletes one.
    delete=lambda t: [],
    outputs={"arn": "ARN", "secretArn": "ARN", "versionId": "VersionId", "versionStages": "VersionStages"},
    missing=("ResourceNotFoundException", "InvalidRequestException"),
)

ROWS: tuple[Row, ...] = (_SECRET, _SECRET_VERSION)
