"""Buckets: who may read, who may write, and that nothing is left open in between."""

import json
from typing import Any

import pytest

from components.aws.bucket_policies import (
    LogSource,
    bucket_name,
    log_policy,
    private_policy,
    regional_domain,
    site_policy,
)
from components.aws.encryption import key_policy
from components.aws.storage import Bucket, LogBucket, SiteAccess, SiteBucket
from tests.support.drive import drive
from tests.support.mocks import ACCOUNT, REGION, UNKNOWN, Recorded

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
COMMON: dict[str, Any] = {"physical_name": "greenflow-staging", "account_id": ACCOUNT, "region": REGION, "tags": {}}
PRIVATE = {**COMMON, "kms_key_arn": KEY, "log_bucket_name": "greenflow-staging-logs-123456789012"}
EVERY_SOURCE = list(LogSource)


def private(**more: Any) -> Recorded:
    args: Any = {**PRIVATE, "role": "evidence", **more}
    return drive(lambda: Bucket("it", args))


def logs(preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**COMMON, "sources": [LogSource.BALANCER], **more}
    return drive(lambda: LogBucket("it", args), preview=preview)


def site(**more: Any) -> Recorded:
    args: Any = {**PRIVATE, **more}
    return drive(lambda: SiteBucket("it", args))


def statements(text: str) -> dict[str, dict[str, Any]]:
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


UNITS = [pytest.param(private, id="private"), pytest.param(logs, id="logs"), pytest.param(site, id="site")]


@pytest.mark.parametrize("unit", UNITS)
def test_every_bucket_is_closed_versioned_encrypted_and_tidied(unit: Any) -> None:
    recorded = unit()
    name = recorded.one("Bucket").inputs["bucket"]
    closed = recorded.one("BucketPublicAccessBlock").inputs
    assert {key: value for key, value in closed.items() if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert recorded.one("BucketOwnershipControls").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert recorded.one("BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    (first, *_) = recorded.one("BucketLifecycleConfiguration").inputs["rules"]
    assert first["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert first["noncurrentVersionExpiration"]["noncurrentDays"] > 0
    assert recorded.one("Bucket").inputs["forceDestroy"] is False
    assert unit(protect_data=False).one("Bucket").inputs["forceDestroy"] is True, "a destroy would trip over the logs"
    parts = [each for each in recorded.custom() if each.type != "aws:s3/bucket:Bucket"]
    assert {each.inputs["bucket"] for each in parts} == {name}


@pytest.mark.parametrize("unit", UNITS[:2])
def test_the_policy_comes_after_everything_that_closes_the_bucket(unit: Any) -> None:
    recorded = unit()
    before = {each.urn for each in recorded.custom() if each.name not in {"it-policy", "it-logged"}}
    assert before <= recorded.one("BucketPolicy").dependencies


def test_our_key_encrypts_data_and_keys_of_s3_the_logs() -> None:
    kind = "BucketServerSideEncryptionConfiguration"
    assert private().one(kind).inputs["rules"] == site().one(kind).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
            "bucketKeyEnabled": True,
        }
    ]  # fmt: skip
    (rule,) = logs().one(kind).inputs["rules"]
    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def test_only_a_log_bucket_says_that_it_is_one() -> None:
    assert logs().one("Bucket").inputs["tags"] == {"headgate-role": "logs"}
    assert "headgate-role" not in private().one("Bucket").inputs["tags"]


def test_access_is_logged_under_the_bucket_s_name_but_not_that_to_the_logs() -> None:
    made = private().one("BucketLogging").inputs
    assert made["targetBucket"] == PRIVATE["log_bucket_name"]
    assert made["targetPrefix"] == f"access/{made['bucket']}/"
    assert logs().of_type("BucketLogging") == []


def test_names_and_policies_are_known_in_a_preview() -> None:
    recorded = logs(preview=True)
    assert recorded.one("Bucket").inputs["bucket"] == f"greenflow-staging-logs-{ACCOUNT}"
    assert recorded.one("BucketPolicy").inputs["policy"] is not UNKNOWN


def test_waf_delivers_to_a_bucket_of_its_name_only() -> None:
    assert logs(sources=["firewall"]).one("Bucket").inputs["bucket"] == f"aws-waf-logs-greenflow-staging-{ACCOUNT}"


def test_logs_go_after_a_year_and_data_never() -> None:
    assert logs().one("BucketLifecycleConfiguration").inputs["rules"][1]["expiration"] == {"days": 365}
    assert [each["id"] for each in private().one("BucketLifecycleConfiguration").inputs["rules"]] == [
        "unfinished-uploads-and-old-versions"
    ]


@pytest.mark.parametrize(
    "policy",
    [
        private_policy("b", REGION),
        site_policy("b", REGION, "arn:aws:cloudfront::1:distribution/E1"),
        log_policy("b", REGION, ACCOUNT, "greenflow-staging", EVERY_SOURCE),
    ],
)
def test_every_policy_refuses_what_is_not_encrypted_on_its_way(policy: str) -> None:
    refused = statements(policy)["TlsOnly"]
    assert refused["Effect"] == "Deny"
    assert refused["Resource"] == ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_private_bucket_gives_nobody_anything() -> None:
    assert statements(private_policy("b", REGION)).keys() == {"TlsOnly"}


def test_one_distribution_reads_the_site_and_lists_nothing() -> None:
    arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
    args: Any = {"bucket_name": "b", "region": REGION, "distribution_arn": arn}
    read = statements(drive(lambda: SiteAccess("it", args)).one("BucketPolicy").inputs["policy"])
    assert read.pop("TlsOnly")
    assert read == {
        "TheDistributionReads": {
            "Sid": "TheDistributionReads",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::b/*"],
            "Condition": {"StringEquals": {"aws:SourceArn": arn}},
        }
    }


def test_the_key_lets_cloudfront_decrypt_the_site_and_nothing_else() -> None:
    name = site().one("Bucket").inputs["bucket"]
    use = statements(key_policy(ACCOUNT, REGION, "greenflow-staging"))["CloudFrontReadsTheSite"]
    assert use["Action"] == ["kms:Decrypt"]
    assert use["Condition"]["StringLike"] == {
        "kms:EncryptionContext:aws:s3:arn": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    }


@pytest.mark.parametrize(
    ("source", "service", "where"),
    [
        (LogSource.BALANCER, "logdelivery.elasticloadbalancing.amazonaws.com", f"balancer/AWSLogs/{ACCOUNT}/*"),
        (LogSource.EDGE, "delivery.logs.amazonaws.com", f"AWSLogs/{ACCOUNT}/*"),
        (LogSource.FIREWALL, "delivery.logs.amazonaws.com", f"AWSLogs/{ACCOUNT}/*"),
        (LogSource.FLOW, "delivery.logs.amazonaws.com", f"AWSLogs/{ACCOUNT}/*"),
        (LogSource.ACCESS, "logging.s3.amazonaws.com", "access/*"),
    ],
)
def test_each_source_writes_in_its_own_place_only(source: LogSource, service: str, where: str) -> None:
    given = statements(log_policy("b", REGION, ACCOUNT, "greenflow-staging", [source]))
    del given["TlsOnly"]
    assert {each["Principal"]["Service"] for each in given.values()} == {service}
    (write,) = (each for each in given.values() if "s3:PutObject" in each["Action"])
    assert write["Resource"] == [f"arn:aws:s3:::b/{where}"]
    if source is not LogSource.BALANCER:
        assert write["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    assert not any(
        action.startswith("s3:Get") and action != "s3:GetBucketAcl" for e in given.values() for action in e["Action"]
    )


def test_cloudfront_delivers_from_its_own_region() -> None:
    given = statements(log_policy("b", "eu-west-1", ACCOUNT, "greenflow-staging", [LogSource.EDGE]))
    assert given["LogDeliveryWrites"]["Condition"]["ArnLike"]["aws:SourceArn"] == [
        f"arn:aws:logs:eu-west-1:{ACCOUNT}:*",
        f"arn:aws:logs:us-east-1:{ACCOUNT}:*",
    ]


def test_names_fit_into_what_s3_takes() -> None:
    assert len(bucket_name("x" * 32, "y" * 16, ACCOUNT)) <= 63
    assert regional_domain("b", "eu-west-1") == "b.s3.eu-west-1.amazonaws.com"
    assert regional_domain("b", "cn-north-1") == "b.s3.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"sources": []}, "sources: found .*at least one source"),
        ({"sources": ["balancer", "somebody"]}, "sources: found 'somebody'"),
        ({"sources": ["firewall"], "role": "waf"}, "role: found 'waf'; expected no role"),
        ({"retention_days": 7}, "retention_days"),
        ({"physical_name": "Greenflow"}, "physical_name"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        logs(**more)
