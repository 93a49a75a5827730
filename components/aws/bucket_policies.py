"""Names of buckets, and the policies on them: who may read, who may deliver. No Pulumi here."""

from collections.abc import Sequence
from enum import StrEnum

from components.aws.documents import Statement, allow, document, partition

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
