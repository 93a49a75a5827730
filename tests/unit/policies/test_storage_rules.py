"""Rules on storage, images and networks that look at several resources, and what the components declare."""

from typing import Any

import pytest

from components.aws.backups import Backups
from components.aws.buckets import LOG_ROLE
from components.aws.network import Network
from components.aws.registry import ImageRepository
from components.aws.storage import Bucket, LogBucket, SiteAccess, SiteBucket
from policies import storage
from tests.contract.rows import row
from tests.support.drive import drive
from tests.support.judged import everything
from tests.support.mocks import Recorded
from tests.support.policy_cases import DEFAULT_GROUP, GROUP, GROUP_RULE, INGRESS, changed
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, Pack, of
from tests.support.storage_cases import (
    BUCKET,
    CLOSED,
    EGRESS,
    ENCRYPTION,
    FLOW_LOG,
    IMAGES,
    IMAGES_LIFECYCLE,
    LIFECYCLE,
    LOGGING,
    POLICY,
    STORAGE_CASES,
    VERSIONING,
)

PRODUCTION, STAGING = Pack("production"), Pack("staging")
VPC = "aws:ec2/vpc:Vpc"
LOGS = {"tags": {"headgate-role": LOG_ROLE}}

# Rule, what it wants, what has to refer to it, by which input, the property that names it.
PAIRS = [
    ("vpc-flow-logs-enabled", VPC, FLOW_LOG, "vpcId", "id"),
    ("vpc-default-sg-declared", VPC, DEFAULT_GROUP, "vpcId", "id"),
    ("s3-public-access-block-present", BUCKET, CLOSED, "bucket", "bucket"),
    ("s3-policy-present", BUCKET, POLICY, "bucket", "bucket"),
    ("s3-versioning", BUCKET, VERSIONING, "bucket", "bucket"),
    ("s3-access-logging", BUCKET, LOGGING, "bucket", "bucket"),
    ("s3-lifecycle-present", BUCKET, LIFECYCLE, "bucket", "bucket"),
    ("ecr-lifecycle-present", IMAGES, IMAGES_LIFECYCLE, "repository", "name"),
]
ADVICE = {"s3-access-logging", "s3-lifecycle-present"}
each_pair = pytest.mark.parametrize(("policy", "wanted", "companion", "key", "name"), PAIRS, ids=str)


def said(resources: list[Declared], policy: str, pack: Pack = PRODUCTION) -> list[Diagnostic]:
    return of(pack.analyze_stack(resources), policy)


def guilty(resources: list[Declared], policy: str) -> list[str]:
    return [each.urn.rpartition("::")[2] for each in said(resources, policy)]


@each_pair
def test_a_reference_counts_whether_known_or_not(policy: str, wanted: str, companion: str, key: str, name: str) -> None:
    new = [Declared(wanted, "it", {}), Declared(companion, "other", {key: UNKNOWN}, depends={key: ["it"]})]
    there = [Declared(wanted, "it", {name: "x-1"}), Declared(companion, "other", {key: "x-1"})]
    assert guilty(new, policy) == []
    assert guilty(there, policy) == []


@each_pair
def test_what_nothing_refers_to_is_found(policy: str, wanted: str, companion: str, key: str, name: str) -> None:
    alone = [Declared(wanted, "it", {name: "x-1"})]
    assert guilty(alone, policy) == ["it"]
    assert guilty([*alone, Declared(companion, "other", {key: UNKNOWN})], policy) == ["it"]
    assert guilty([*alone, Declared(companion, "other", {key: "x-2"})], policy) == ["it"]
    assert guilty([Declared(companion, "other", {key: "x-1"})], policy) == []
    assert [each.level for each in said(alone, policy)] == ["advisory" if policy in ADVICE else "mandatory"]
    assert "Do: " in said(alone, policy)[0].message


@pytest.mark.parametrize("policy", ["s3-versioning", "s3-access-logging"])
def test_buckets_for_logs_may_do_without(policy: str) -> None:
    assert guilty([Declared(BUCKET, "it", LOGS)], policy) == []
    assert guilty([Declared(BUCKET, "it", {"tags": UNKNOWN})], policy) == ["it"]
    assert guilty([Declared(BUCKET, "it", {"tags": {"headgate-role": "site"}})], policy) == ["it"]


OURS = {
    "rules": [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN},
            "bucketKeyEnabled": True,
        }
    ]
}
OF_S3 = {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}


def encrypted(bucket: dict[str, Any], encryption: dict[str, Any], pack: Pack = PRODUCTION) -> list[str]:
    part = Declared(ENCRYPTION, "part", {"bucket": UNKNOWN, **encryption}, depends={"bucket": ["it"]})
    return [each.level for each in said([Declared(BUCKET, "it", bucket), part], "s3-encryption", pack)]


def test_our_key_encrypts_everything_but_logs() -> None:
    assert encrypted({}, OURS) == []
    assert encrypted(LOGS, OF_S3) == []
    assert encrypted(LOGS, OURS) == []
    assert encrypted({}, OF_S3) == ["mandatory"] * 3
    assert encrypted({}, OF_S3, STAGING) == []
    assert guilty([Declared(BUCKET, "it", LOGS)], "s3-encryption") == ["it"]


@pytest.mark.parametrize(
    "change",
    [
        {"rules.0.bucketKeyEnabled": False},
        {"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm": "AES256"},
        {"rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId": None},
        {"rules": []},
        {"rules": None},
        {"rules": UNKNOWN},
        {"rules.0.applyServerSideEncryptionByDefault": UNKNOWN},
    ],
    ids=str,
)
def test_encryption_is_judged_at_every_place(change: dict[str, Any]) -> None:
    assert encrypted({}, changed(OURS, change)) == ["mandatory"]


def test_encryption_of_what_may_be_for_logs_is_a_finding() -> None:
    assert encrypted({"tags": UNKNOWN}, OF_S3) == ["mandatory"]
    apart = [Declared(BUCKET, "it", LOGS), Declared(ENCRYPTION, "part", {"bucket": UNKNOWN, **OF_S3})]
    assert set(guilty(apart, "s3-encryption")) == {"it", "part"}, "no bucket, so none that takes logs"


@pytest.mark.parametrize("token", [INGRESS, EGRESS, GROUP_RULE])
@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_rules_of_a_group_are_inline_or_apart(token: str, way: str) -> None:
    policy = "sg-no-inline-and-standalone-rules"
    inline, bare = Declared(GROUP, "it", {way: [{"protocol": "tcp"}]}), Declared(GROUP, "it", {"description": "x"})
    apart = Declared(token, "rule", {"securityGroupId": UNKNOWN}, depends={"securityGroupId": ["it"]})
    by_id = Declared(token, "rule", {"securityGroupId": "sg-1"})

    assert guilty([inline, apart], policy) == ["it"]
    assert guilty([Declared(GROUP, "it", {way: UNKNOWN, "id": "sg-1"}), by_id], policy) == ["it"]
    assert guilty([bare, apart], policy) == []
    assert guilty([inline], policy) == []
    assert guilty([inline, by_id], policy) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("aws:s3/bucketV2:BucketV2", storage.BUCKET),
        ("aws:s3/bucketVersioningV2:BucketVersioningV2", storage.VERSIONING),
        ("aws:s3/bucketAclV2:BucketAclV2", storage.ACL),
    ],
)
def test_the_older_names_of_types_are_judged_too(old: str, new: str) -> None:
    case = next(each for each in STORAGE_CASES if each.type == new)
    bad = changed(case.good, next(iter(case.bad.values())))
    assert of(PRODUCTION.analyze(Declared(old, "it", bad)), case.rule)


def test_an_older_bucket_needs_its_parts() -> None:
    assert guilty([Declared("aws:s3/bucketV2:BucketV2", "it", {})], "s3-policy-present") == ["it"]


@pytest.mark.parametrize("preview", [True, False])
def test_what_the_components_declare_passes(preview: bool) -> None:
    """Also in a first preview: nothing waits that a component could have said."""

    def program() -> None:
        for component in (Bucket, LogBucket, ImageRepository, Backups, Network):
            make: Any = component
            make(component.__name__, dict(row(component).args))
        site: Any = SiteBucket
        access: Any = {**row(SiteAccess).args, "bucket_name": site("site", dict(row(SiteBucket).args)).bucket_name}
        SiteAccess("access", access)

    recorded: Recorded = drive(program, preview=preview)
    ours = {each.rule for each in STORAGE_CASES} | {each[0] for each in PAIRS} | {"s3-encryption"}
    made = everything(recorded)
    found = [each for one in made for each in PRODUCTION.analyze(one)] + PRODUCTION.analyze_stack(made)
    assert [each for each in found if each.policy in ours] == []
