"""What every S3 bucket is made of: the resources that AWS keeps apart, made as one unit, and the policies on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
from pulumi_aws import s3

from components._common import ROLE_TAG
from components.aws.documents import Statement, allow, document, partition

NAME_LIMIT = 63  # characters (S3 user guide, "Bucket naming rules")
UNFINISHED_DAYS = 7  # days until the parts of an upload that never ended go
LOG_ROLE = "logs"
"""Value of the role tag of a bucket that logs are delivered to."""
FIREWALL_PREFIX = "aws-waf-logs-"  # WAF delivers to no bucket of another name (AWS WAF developer guide, "S3")
BALANCER_PREFIX = "balancer"
ACCESS_PREFIX = "access/"
SITE_ROLE = "site"

_CLOUDFRONT_REGION = "us-east-1"  # where CloudFront and the web ACLs in front of it deliver from


class LogSource(StrEnum):
    """Who delivers logs to a bucket."""

    BALANCER = "balancer"
    """Access logs of Application Load Balancers."""
    EDGE = "edge"
    """Standard logs (version 2) of CloudFront, which need no ACL."""
    FIREWALL = "firewall"
    """Web ACLs of AWS WAF."""
    FLOW = "flow"
    """VPC flow logs."""
    ACCESS = "access"
    """Access logs of other buckets of the same system."""


def bucket_name(physical_name: str, role: str, account_id: str) -> str:
    """Name of a bucket: with the account in it, because bucket names are shared by all accounts of the world."""
    return f"{physical_name}-{role}-{account_id}"


def regional_domain(name: str, region: str) -> str:
    """Host name under which S3 serves a bucket; the regional one, because the global one redirects at first."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{name}.s3.{region}.{suffix}"


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


def bucket_arn(name: str, region: str) -> str:
    """ARN of the bucket `name`."""
    return f"arn:{partition(region)}:s3:::{name}"


def private_policy(name: str, region: str) -> str:
    """The policy of a bucket that nobody but the account's own identities use."""
    return document([_tls_only(name, region)])


def site_policy(name: str, region: str, distribution_arn: str) -> str:
    """The policy of a static site: one CloudFront distribution reads its objects, and lists nothing."""
    read = allow(
        ["s3:GetObject"],
        [f"{bucket_arn(name, region)}/*"],
        {"StringEquals": {"aws:SourceArn": distribution_arn}},
    )
    return document(
        [_tls_only(name, region), {"Sid": "TheDistributionReads", **_to_service("cloudfront.amazonaws.com", read)}]
    )


def log_policy(name: str, region: str, account_id: str, physical_name: str, sources: Sequence[LogSource]) -> str:
    """The policy of a log bucket: each of `sources` may write where it writes, on behalf of this account only."""
    arn = bucket_arn(name, region)
    statements = [_tls_only(name, region)]
    if LogSource.BALANCER in sources:
        # The path holds the account; Elastic Load Balancing tests the permission when logs are turned on.
        write = allow(["s3:PutObject"], [f"{arn}/{BALANCER_PREFIX}/AWSLogs/{account_id}/*"])
        statements.append(
            {"Sid": "BalancerWrites", **_to_service("logdelivery.elasticloadbalancing.amazonaws.com", write)}
        )
    if {LogSource.EDGE, LogSource.FIREWALL, LogSource.FLOW} & set(sources):
        statements += _vended(arn, region, account_id)
    if LogSource.ACCESS in sources:
        write = allow(
            ["s3:PutObject"],
            [f"{arn}/{ACCESS_PREFIX}*"],
            {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": f"arn:{partition(region)}:s3:::{physical_name}-*"},
            },
        )
        statements.append({"Sid": "AccessLogsWrite", **_to_service("logging.s3.amazonaws.com", write)})
    return document(statements)


def _vended(arn: str, region: str, account_id: str) -> list[Statement]:
    """What CloudWatch's log delivery needs (CloudWatch Logs user guide, "Logs sent to Amazon S3")."""
    regions = dict.fromkeys([region, _CLOUDFRONT_REGION] if partition(region) == "aws" else [region])
    sources = [f"arn:{partition(region)}:logs:{each}:{account_id}:*" for each in regions]
    ours, of_ours = {"aws:SourceAccount": account_id}, {"aws:SourceArn": sources}
    look = allow(["s3:GetBucketAcl", "s3:ListBucket"], [arn], {"StringEquals": ours, "ArnLike": of_ours})
    write = allow(
        ["s3:PutObject"],
        [f"{arn}/AWSLogs/{account_id}/*"],
        {"StringEquals": {**ours, "s3:x-amz-acl": "bucket-owner-full-control"}, "ArnLike": of_ours},
    )
    return [
        {"Sid": "LogDeliveryLooks", **_to_service("delivery.logs.amazonaws.com", look)},
        {"Sid": "LogDeliveryWrites", **_to_service("delivery.logs.amazonaws.com", write)},
    ]


def _to_service(service: str, statement: Statement) -> Statement:
    return {**statement, "Principal": {"Service": service}}


def _tls_only(name: str, region: str) -> Statement:
    arn = bucket_arn(name, region)
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
