"""Amazon S3: a bucket, and what belongs to it as resources of their own. Reference: S3 API, version 2006-03-01."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws.clients import CloudError
from sandbox.plugins.aws.codecs import JSON, Codec, List, Obj
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Values, described, new, row
from sandbox.plugins.aws.tags import mapping, pairs
from sandbox.plugins.values import UNKNOWN


class _BucketTags:
    """S3 takes all tags of a bucket at once."""

    def on_create(self, tags: Values) -> dict[str, Any]:
        return {}

    def after_create(self, target: Target) -> Iterator[Call]:
        if target.inputs.get("tags"):
            yield from self.on_update(target)

    def on_update(self, target: Target) -> Iterable[Call]:
        tags = target.inputs.get("tags") or {}
        if not tags:
            return [Call("DeleteBucketTagging", {"Bucket": target.id})]
        return [Call("PutBucketTagging", {"Bucket": target.id, "Tagging": {"TagSet": pairs(tags)}})]

    def read(self, cloud: Cloud, target: Target, found: Any) -> dict[str, str]:
        try:
            return mapping(cloud("GetBucketTagging", Bucket=target.id)["TagSet"])
        except CloudError as refused:
            if refused.code == "NoSuchTagSet":
                return {}
            raise


def _where(target: Target) -> dict[str, Any]:
    # The API takes us-east-1 as the place that is not named (CreateBucket).
    if target.region in {"", "us-east-1"}:
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": target.region}}


def _empty(cloud: Cloud, target: Target) -> Iterator[Call]:
    """What the official provider does with forceDestroy: every version of every object goes first."""
    while target.known("forceDestroy"):
        page = cloud("ListObjectVersions", Bucket=target.id)
        objects = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if not objects:
            return
        yield Call("DeleteObjects", {"Bucket": target.id, "Delete": {"Objects": objects}})


_BUCKET = row(
    "aws:s3/bucket:Bucket",
    "s3",
    {
        "bucket": new("Bucket", read="Name_"),
        # Says whether a delete empties the bucket first; S3 hears of it then.
        "forceDestroy": Field(read=None, default=False),
    },
    create="CreateBucket",
    made="@",
    also=_where,
    identity=lambda _, t: t.inputs["bucket"],
    find=described("HeadBucket", lambda t: {"Bucket": t.id}, "@", more=lambda _, t, __: {"Name_": t.id}),
    delete=lambda t: [Call("DeleteBucket", {"Bucket": t.id})],
    outputs={
        "arn": lambda _, t: UNKNOWN if t.id is UNKNOWN else f"arn:aws:s3:::{t.id}",
        "bucketDomainName": lambda _, t: f"{t.id}.s3.amazonaws.com",
        "bucketRegionalDomainName": lambda _, t: f"{t.id}.s3.{t.region}.amazonaws.com",
        "bucketRegion": lambda _, t: t.region,
    },
    missing=("404", "NoSuchBucket"),
    name="bucket",
    name_max=63,
    tags=_BucketTags(),
    clear=_empty,
)


@dataclass(frozen=True)
class _Only(Codec):
    """A block that the API keeps as a list of one."""

    item: Codec

    def to_aws(self, value: Any) -> Any:
        return value if value is UNKNOWN else [self.item.to_aws(value)]

    def from_aws(self, value: Any, template: Any) -> Any:
        return self.item.from_aws(value[0], template) if value else None

    def problems(self, path: str, value: Any) -> list[str]:
        return self.item.problems(path, value)


def _part(
    token: str,
    fields: Mapping[str, Field],
    *,
    put: str,
    get: str,
    take: str | Callable[[Target], list[Call]],
    missing: str = "",
    gone: Callable[[Any], bool] = lambda found: False,
    **rest: Any,
) -> Row:
    """A part of a bucket: written as a whole with `put`, read with `get`, taken away with `take`."""
    take_away = (lambda t: [Call(take, {"Bucket": t.id})]) if isinstance(take, str) else take
    return row(
        token,
        "s3",
        {"bucket": new("Bucket", read="Bucket_"), **fields},
        create=put,
        made="@",
        identity=lambda _, t: t.inputs["bucket"],
        find=described(get, lambda t: {"Bucket": t.id}, "@", gone=gone, more=lambda _, t, __: {"Bucket_": t.id}),
        update=put,
        key=lambda t: {"Bucket": t.id},
        always=frozenset(name for name, field in fields.items() if field.member is not None),
        delete=take_away,
        missing=tuple(code for code in ("NoSuchBucket", missing) if code),
        **rest,
    )


_BLOCK = "PublicAccessBlockConfiguration"
_PUBLIC_ACCESS_BLOCK = _part(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    {
        "blockPublicAcls": Field(f"{_BLOCK}.BlockPublicAcls", default=False),
        "blockPublicPolicy": Field(f"{_BLOCK}.BlockPublicPolicy", default=False),
        "ignorePublicAcls": Field(f"{_BLOCK}.IgnorePublicAcls", default=False),
        "restrictPublicBuckets": Field(f"{_BLOCK}.RestrictPublicBuckets", default=False),
    },
    put="PutPublicAccessBlock",
    get="GetPublicAccessBlock",
    take="DeletePublicAccessBlock",
    missing="NoSuchPublicAccessBlockConfiguration",
)

_OWNERSHIP_CONTROLS = _part(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    {"rule": Field("OwnershipControls.Rules", _Only(Obj({"objectOwnership": "ObjectOwnership"})))},
    put="PutBucketOwnershipControls",
    get="GetBucketOwnershipControls",
    take="DeleteBucketOwnershipControls",
    missing="OwnershipControlsNotFoundError",
)

_VERSIONING = _part(
    "aws:s3/bucketVersioning:BucketVersioning",
    {
        "versioningConfiguration": Field(
            "VersioningConfiguration", Obj({"status": "Status", "mfaDelete": "MFADelete"}), read="@"
        )
    },
    put="PutBucketVersioning",
    get="GetBucketVersioning",
    # Versioning cannot be taken away again, only suspended (PutBucketVersioning).
    take=lambda t: [Call("PutBucketVersioning", {"Bucket": t.id, "VersioningConfiguration": {"Status": "Suspended"}})],
    gone=lambda found: not found.get("Status"),
    note="a delete suspends it",
)

_BY_DEFAULT = Obj({"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"})
_ENCRYPTION = _part(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    {
        "rules": Field(
            "ServerSideEncryptionConfiguration.Rules",
            List(
                Obj(
                    {
                        "applyServerSideEncryptionByDefault": ("ApplyServerSideEncryptionByDefault", _BY_DEFAULT),
                        "bucketKeyEnabled": "BucketKeyEnabled",
                    }
                )
            ),
        )
    },
    put="PutBucketEncryption",
    get="GetBucketEncryption",
    take="DeleteBucketEncryption",
    missing="ServerSideEncryptionConfigurationNotFoundError",
)

_RULE = Obj(
    {
        "id": "ID",
        "status": "Status",
        "filter": ("Filter", Obj({"prefix": "Prefix"})),
        "abortIncompleteMultipartUpload": (
            "AbortIncompleteMultipartUpload",
            Obj({"daysAfterInitiation": "DaysAfterInitiation"}),
        ),
        "expiration": ("Expiration", Obj({"days": "Days"})),
        "noncurrentVersionExpiration": (
            "NoncurrentVersionExpiration",
            Obj({"noncurrentDays": "NoncurrentDays"}),
        ),
    }
)
_LIFECYCLE = _part(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    {"rules": Field("LifecycleConfiguration.Rules", List(_RULE, key="id"), read="Rules")},
    put="PutBucketLifecycleConfiguration",
    get="GetBucketLifecycleConfiguration",
    take="DeleteBucketLifecycle",
    missing="NoSuchLifecycleConfiguration",
)

_POLICY = _part(
    "aws:s3/bucketPolicy:BucketPolicy",
    {"policy": Field("Policy", JSON)},
    put="PutBucketPolicy",
    get="GetBucketPolicy",
    take="DeleteBucketPolicy",
    missing="NoSuchBucketPolicy",
)

_LOGGING = _part(
    "aws:s3/bucketLogging:BucketLogging",
    {
        "targetBucket": Field("BucketLoggingStatus.LoggingEnabled.TargetBucket", read="LoggingEnabled.TargetBucket"),
        "targetPrefix": Field("BucketLoggingStatus.LoggingEnabled.TargetPrefix", read="LoggingEnabled.TargetPrefix"),
    },
    put="PutBucketLogging",
    get="GetBucketLogging",
    take=lambda t: [Call("PutBucketLogging", {"Bucket": t.id, "BucketLoggingStatus": {}})],
    gone=lambda found: not found.get("LoggingEnabled"),
    support="repaired",
    note="a policy may let the logging service in",
)

ROWS: tuple[Row, ...] = (
    _BUCKET,
    _PUBLIC_ACCESS_BLOCK,
    _OWNERSHIP_CONTROLS,
    _VERSIONING,
    _ENCRYPTION,
    _LIFECYCLE,
    _POLICY,
    _LOGGING,
)
