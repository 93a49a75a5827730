"""Buckets: private data, the static site that the edge serves, and the logs of everything else."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import s3

from components._common import PlainArguments, token
from components.aws.bucket_policies import (
    FIREWALL_PREFIX,
    SITE_ROLE,
    LogSource,
    bucket_arn,
    bucket_name,
    log_policy,
    private_policy,
    regional_domain,
    site_policy,
)
from components.aws.buckets import Unit, access_log, bucket_unit

DEFAULT_NONCURRENT_DAYS = 90
DEFAULT_LOG_DAYS = 365
LOG_NONCURRENT_DAYS = 30  # what a delivery overwrote or somebody deleted can be had back this long
_LONGEST_DAYS = 3650


class BucketArgs(TypedDict):
    """Arguments of `Bucket`."""

    physical_name: str
    """First part of the bucket's name. Replaces it, refused while `protect_data` is true."""
    role: str
    """What the bucket is for: second part of its name. Replaces it."""
    account_id: pulumi.Input[str]
    """The account: last part of the name."""
    region: str
    """Region of the bucket."""
    kms_key_arn: pulumi.Input[str]
    """Key of the objects. Changed in place: for objects written from then on."""
    log_bucket_name: pulumi.Input[str]
    """Bucket that takes the access logs."""
    noncurrent_days: NotRequired[int]
    """Days that overwritten and deleted objects can be had back. Default: 90."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the bucket when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class Bucket(pulumi.ComponentResource):
    """A private bucket: no public access, no ACLs, TLS only, versioned, encrypted with our key, access logged.

    Creates: bucket; public access block, ownership controls, versioning, encryption, lifecycle, access logging; policy.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `role`. While `protect_data` is true these are refused.
    """

    bucket: s3.Bucket
    """The bucket, for what is not offered here."""
    bucket_name: pulumi.Output[str]
    """Name. Known once the bucket is closed."""
    bucket_arn: pulumi.Output[str]
    """ARN. Known once the bucket is closed."""
    domain_name: pulumi.Output[str]
    """Regional host name."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Bucket"), name, {}, opts)
        region = args["region"]
        days = args.get("noncurrent_days", DEFAULT_NONCURRENT_DAYS)
        plain = PlainArguments("Bucket", name)
        plain.name("physical_name", args["physical_name"])
        plain.name("role", args["role"], 16)
        plain.between("noncurrent_days", days, 1, _LONGEST_DAYS, "days")
        plain.refuse()

        physical = _named(args["account_id"], args["physical_name"], args["role"])
        unit = bucket_unit(
            name,
            physical_name=physical,
            kms_key_arn=args["kms_key_arn"],
            expire_days=0,
            noncurrent_days=days,
            protect_data=args.get("protect_data", True),
            tags=args["tags"],
            parent=self,
        )
        access_log(name, bucket=unit.bucket, log_bucket_name=args["log_bucket_name"], parent=self)
        policy = _policy(name, unit, physical.apply(lambda known: private_policy(known, region)), self)
        self.bucket = unit.bucket
        self.bucket_name = policy.bucket
        self.bucket_arn = policy.bucket.apply(lambda known: bucket_arn(known, region))
        self.domain_name = policy.bucket.apply(lambda known: regional_domain(known, region))
        self.register_outputs(
            {
                "bucket": self.bucket,
                "bucket_name": self.bucket_name,
                "bucket_arn": self.bucket_arn,
                "domain_name": self.domain_name,
            }
        )


class LogBucketArgs(TypedDict):
    """Arguments of `LogBucket`."""

    physical_name: str
    """First part of the bucket's name. Replaces it, refused while `protect_data` is true."""
    account_id: pulumi.Input[str]
    """The account whose logs are taken: last part of the name."""
    region: str
    """Region of the bucket; a balancer and other buckets deliver within their region only."""
    sources: Sequence[LogSource]
    """Who may deliver. With `firewall` the name begins as WAF wants it, so give that a bucket of its own."""
    role: NotRequired[str]
    """Second part of the name. Default: logs. Replaces the bucket."""
    retention_days: NotRequired[int]
    """Days that logs are kept, 30 or more. Default: 365."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the bucket when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class LogBucket(pulumi.ComponentResource):
    """A bucket to which AWS services deliver logs of this account, and nobody else anything.

    Encrypted with keys of S3: a balancer can deliver to no other bucket (Elastic Load Balancing user guide, "Enable
    access logs"). It has no access logs of its own, which would log their own delivery.

    Creates: bucket; public access block, ownership controls, versioning, encryption, lifecycle; policy.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `role`. While `protect_data` is true these are refused.
    """

    bucket: s3.Bucket
    """The bucket, for what is not offered here."""
    bucket_name: pulumi.Output[str]
    """Name. Known once the sources may deliver, which AWS tests when logging is turned on."""
    bucket_arn: pulumi.Output[str]
    """ARN. Known once the sources may deliver."""
    domain_name: pulumi.Output[str]
    """Regional host name."""

    def __init__(self, name: str, args: LogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("LogBucket"), name, {}, opts)
        region, stem, role = args["region"], args["physical_name"], args.get("role", "logs")
        days = args.get("retention_days", DEFAULT_LOG_DAYS)
        plain = PlainArguments("LogBucket", name)
        plain.name("physical_name", stem)
        plain.name("role", role, 16)
        plain.between("retention_days", days, 30, _LONGEST_DAYS, "days")
        plain.expect(len(args["sources"]) > 0, "sources", [], "at least one source")
        sources = [plain.one_of(LogSource, "sources", source) for source in args["sources"]]
        plain.expect(
            LogSource.FIREWALL not in sources or "role" not in args,
            "role",
            role,
            f"no role, because WAF delivers to {FIREWALL_PREFIX}<name> only",
        )
        plain.refuse()

        account = pulumi.Output.from_input(args["account_id"])
        physical = (
            account.apply(lambda account_id: f"{FIREWALL_PREFIX}{stem}-{account_id}")
            if LogSource.FIREWALL in sources
            else _named(account, stem, role)
        )
        unit = bucket_unit(
            name,
            physical_name=physical,
            kms_key_arn=None,
            expire_days=days,
            noncurrent_days=LOG_NONCURRENT_DAYS,
            protect_data=args.get("protect_data", True),
            tags=args["tags"],
            parent=self,
        )
        written = pulumi.Output.all(physical, account).apply(
            lambda known: log_policy(known[0], region, known[1], stem, sources)
        )
        policy = _policy(name, unit, written, self)
        self.bucket = unit.bucket
        self.bucket_name = policy.bucket
        self.bucket_arn = policy.bucket.apply(lambda known: bucket_arn(known, region))
        self.domain_name = policy.bucket.apply(lambda known: regional_domain(known, region))
        self.register_outputs(
            {
                "bucket": self.bucket,
                "bucket_name": self.bucket_name,
                "bucket_arn": self.bucket_arn,
                "domain_name": self.domain_name,
            }
        )


class SiteBucketArgs(TypedDict):
    """Arguments of `SiteBucket`."""

    physical_name: str
    """First part of the bucket's name, and that of the key. Replaces it, refused while `protect_data` is true."""
    account_id: pulumi.Input[str]
    """The account: last part of the name."""
    region: str
    """Region of the bucket."""
    kms_key_arn: pulumi.Input[str]
    """Key of the objects: that of an `EncryptionKey` of the same `physical_name`, which lets CloudFront read them."""
    log_bucket_name: pulumi.Input[str]
    """Bucket that takes the access logs."""
    noncurrent_days: NotRequired[int]
    """Days that an earlier state of the site can be had back. Default: 90."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the bucket when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class SiteBucket(pulumi.ComponentResource):
    """The static site, for the edge to serve; closed to everybody until `SiteAccess` lets one distribution read.

    Creates: bucket; public access block, ownership controls, versioning, encryption, lifecycle, access logging.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`. While `protect_data` is true this is refused.
    """

    bucket: s3.Bucket
    """The bucket, for what is not offered here."""
    bucket_name: pulumi.Output[str]
    """Name."""
    bucket_arn: pulumi.Output[str]
    """ARN."""
    domain_name: pulumi.Output[str]
    """Regional host name: the origin of the distribution."""

    def __init__(self, name: str, args: SiteBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("SiteBucket"), name, {}, opts)
        region = args["region"]
        days = args.get("noncurrent_days", DEFAULT_NONCURRENT_DAYS)
        plain = PlainArguments("SiteBucket", name)
        plain.name("physical_name", args["physical_name"])
        plain.between("noncurrent_days", days, 1, _LONGEST_DAYS, "days")
        plain.refuse()

        unit = bucket_unit(
            name,
            physical_name=_named(args["account_id"], args["physical_name"], SITE_ROLE),
            kms_key_arn=args["kms_key_arn"],
            expire_days=0,
            noncurrent_days=days,
            protect_data=args.get("protect_data", True),
            tags=args["tags"],
            parent=self,
        )
        access_log(name, bucket=unit.bucket, log_bucket_name=args["log_bucket_name"], parent=self)
        self.bucket = unit.bucket
        self.bucket_name = unit.bucket.bucket
        self.bucket_arn = self.bucket_name.apply(lambda known: bucket_arn(known, region))
        self.domain_name = self.bucket_name.apply(lambda known: regional_domain(known, region))
        self.register_outputs(
            {
                "bucket": self.bucket,
                "bucket_name": self.bucket_name,
                "bucket_arn": self.bucket_arn,
                "domain_name": self.domain_name,
            }
        )


class SiteAccessArgs(TypedDict):
    """Arguments of `SiteAccess`."""

    bucket_name: pulumi.Input[str]
    """Bucket of the site."""
    region: str
    """Region of the bucket."""
    distribution_arn: pulumi.Input[str]
    """The distribution that may read, with an origin access control. Changed in place."""


class SiteAccess(pulumi.ComponentResource):
    """Lets one CloudFront distribution read the site, over TLS, and nobody else.

    Apart from `SiteBucket`, because the distribution needs the bucket first and the policy needs the distribution.

    Creates: policy of the bucket.

    Changes during a rollout: nothing.

    Replaces on: `bucket_name`.
    """

    bucket_name: pulumi.Output[str]
    """Bucket of the site. Known once the distribution may read."""

    def __init__(self, name: str, args: SiteAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("SiteAccess"), name, {}, opts)
        region = args["region"]
        policy = s3.BucketPolicy(
            f"{name}-policy",
            bucket=args["bucket_name"],
            policy=pulumi.Output.all(args["bucket_name"], args["distribution_arn"]).apply(
                lambda known: site_policy(known[0], region, known[1])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket_name = policy.bucket
        self.register_outputs({"bucket_name": self.bucket_name})


def _named(account_id: pulumi.Input[str], physical_name: str, role: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(account_id).apply(lambda known: bucket_name(physical_name, role, known))


def _policy(name: str, unit: Unit, written: pulumi.Output[str], parent: pulumi.Resource) -> s3.BucketPolicy:
    # S3 takes one change of a bucket at a time (error OperationAborted), and refuses a public policy once closed.
    return s3.BucketPolicy(
        f"{name}-policy",
        bucket=unit.bucket.bucket,
        policy=written,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(unit.parts)),
    )
