"""What every S3 bucket is made of: the resources that AWS keeps apart, made as one unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components._common import ROLE_TAG
from components.aws.bucket_policies import ACCESS_PREFIX

UNFINISHED_DAYS = 7  # days until the parts of an upload that never ended go
LOG_ROLE = "logs"
"""Value of the role tag of a bucket that logs are delivered to."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A bucket and what closes it. `parts`: what a policy or a delivery must wait for."""

    bucket: s3.Bucket
    parts: Sequence[pulumi.Resource]


def bucket_unit(
    name: str,
    *,
    physical_name: pulumi.Input[str],
    kms_key_arn: pulumi.Input[str] | None,
    expire_days: int,
    noncurrent_days: int,
    protect_data: bool,
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> Unit:
    """The bucket `physical_name`: closed, versioned, encrypted, tidied up. Children of `parent`.

    kms_key_arn: None for a bucket that takes keys of S3 only. expire_days: 0 keeps objects for ever.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = s3.Bucket(
        f"{name}-bucket",
        bucket=physical_name,
        force_destroy=not protect_data,
        tags=tags if kms_key_arn is not None else {**tags, ROLE_TAG: LOG_ROLE},
        opts=pulumi.ResourceOptions(parent=parent, protect=protect_data, retain_on_delete=protect_data),
    )
    closed = s3.BucketPublicAccessBlock(
        f"{name}-closed",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    owned = s3.BucketOwnershipControls(
        f"{name}-owned", bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
    )
    versions = s3.BucketVersioning(
        f"{name}-versions", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
    )
    encrypted = s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encrypted", bucket=bucket.bucket, rules=[_encryption(kms_key_arn)], opts=child
    )
    tidied = s3.BucketLifecycleConfiguration(
        f"{name}-tidied",
        bucket=bucket.bucket,
        rules=_lifecycle(expire_days, noncurrent_days),
        # A rule on old versions takes effect once there are versions.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versions]),
    )
    return Unit(bucket=bucket, parts=[closed, owned, versions, encrypted, tidied])


def access_log(
    name: str, *, bucket: s3.Bucket, log_bucket_name: pulumi.Input[str], parent: pulumi.Resource
) -> s3.BucketLogging:
    """Access logs of `bucket`, delivered to a bucket that takes them."""
    return s3.BucketLogging(
        f"{name}-logged",
        bucket=bucket.bucket,
        target_bucket=log_bucket_name,
        target_prefix=pulumi.Output.concat(ACCESS_PREFIX, bucket.bucket, "/"),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _encryption(
    kms_key_arn: pulumi.Input[str] | None,
) -> s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if kms_key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": kms_key_arn},
        "bucket_key_enabled": True,
    }


def _lifecycle(expire_days: int, noncurrent_days: int) -> list[s3.BucketLifecycleConfigurationRuleArgsDict]:
    rules: list[s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": "unfinished-uploads-and-old-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": UNFINISHED_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
        }
    ]
    if expire_days:
        rules.append(
            {
                "id": "expiry",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": expire_days},
            }
        )
    return rules
