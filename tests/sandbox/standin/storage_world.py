"""Cases of the stand-in for storage, images, backups and the network's logs and endpoints; see world.py."""

from typing import Any

from components.aws.bucket_policies import LogSource, log_policy, private_policy
from components.aws.registry import lifecycle_policy
from tests.sandbox.standin.world import CASES, TAGS, Case, World

ACCOUNT = "123456789012"
REGION = "us-east-1"


def bucket(w: World, role: str = "data") -> str:
    """A bucket, made once for each role."""
    name = w.named(f"hg-{role}")
    return w.make("aws:s3/bucket:Bucket", f"bucket-{role}", bucket=name, forceDestroy=True, tags=TAGS).id


def log_bucket(w: World) -> str:
    """A bucket to which logs may be delivered."""
    name = bucket(w, "logs")
    policy = log_policy(name, REGION, ACCOUNT, "hg", list(LogSource))
    w.make("aws:s3/bucketPolicy:BucketPolicy", "log-policy", bucket=name, policy=policy)
    return name


def _lifecycle(days: int) -> list[dict[str, Any]]:
    return [
        {
            "id": "unfinished",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            "noncurrentVersionExpiration": {"noncurrentDays": days},
        },
        {"id": "expiry", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 365}},
    ]


def _repository(w: World) -> str:
    return w.make("aws:ecr/repository:Repository", "repository", name=w.named("images"), tags=TAGS).id


def _vault(w: World) -> str:
    return w.make("aws:backup/vault:Vault", "vault", name=w.named("vault"), kmsKeyArn=w.key(), tags=TAGS).id


def _rules(w: World, days: int) -> list[dict[str, Any]]:
    return [
        {
            "ruleName": "daily",
            "targetVaultName": _vault(w),
            "schedule": "cron(0 6 * * ? *)",
            "startWindow": 60,
            "completionWindow": 360,
            "lifecycle": {"deleteAfter": days},
            "recoveryPointTags": TAGS,
        }
    ]


def _plan(w: World) -> str:
    return w.make("aws:backup/plan:Plan", "plan", name=w.named("plan"), rules=_rules(w, 35), tags=TAGS).id


def _instance(w: World) -> str:
    case = next(each for each in CASES if each.token == "aws:rds/instance:Instance")
    return str(w.make(case.token, "instance", **case.inputs(w)).outputs["identifier"])


def _log_group(w: World) -> str:
    group = w.make("aws:cloudwatch/logGroup:LogGroup", "flow-group", name=f"/aws/vpc/{w.suffix}/flow", tags=TAGS)
    return str(group.outputs["arn"])


STORAGE_CASES: tuple[Case, ...] = (
    Case(
        "aws:s3/bucket:Bucket",
        lambda w: {"bucket": w.named("hg-bucket"), "forceDestroy": False, "tags": TAGS},
        lambda w: {"tags": {"managed-by": "headgate"}},
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {
            "bucket": bucket(w),
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        lambda w: {"blockPublicPolicy": False},
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": bucket(w), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        lambda w: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": bucket(w), "versioningConfiguration": {"status": "Enabled"}},
        lambda w: {"versioningConfiguration": {"status": "Suspended"}},
        leaves=True,
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {
            "bucket": bucket(w),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": w.key()},
                    "bucketKeyEnabled": True,
                }
            ],
        },
        lambda w: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {"bucket": bucket(w), "rules": _lifecycle(90)},
        lambda w: {"rules": _lifecycle(30)},
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {"bucket": bucket(w), "policy": private_policy(bucket(w), REGION)},
        lambda w: {"policy": log_policy(bucket(w), REGION, ACCOUNT, "hg", [LogSource.BALANCER])},
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {"bucket": bucket(w), "targetBucket": log_bucket(w), "targetPrefix": "access/data/"},
        lambda w: {"targetPrefix": "access/other/"},
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda w: {
            "name": w.named("api"),
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": w.key()}],
            "forceDelete": False,
            "tags": TAGS,
        },
        lambda w: {"imageTagMutability": "MUTABLE", "imageScanningConfiguration": {"scanOnPush": False}},
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda w: {"repository": _repository(w), "policy": lifecycle_policy(["2026.01.28"], 10)},
        lambda w: {"policy": lifecycle_policy(["2026.01.28", "2026.02.11"], 10)},
    ),
    Case(
        "aws:backup/vault:Vault",
        lambda w: {"name": w.named("vault"), "kmsKeyArn": w.key(), "forceDestroy": False, "tags": TAGS},
    ),
    Case(
        "aws:backup/plan:Plan",
        lambda w: {"name": w.named("plan"), "rules": _rules(w, 35), "tags": TAGS},
        lambda w: {"rules": _rules(w, 60)},
    ),
    Case(
        "aws:backup/selection:Selection",
        lambda w: {
            "name": w.named("selection"),
            "planId": _plan(w),
            "iamRoleArn": w.role().outputs["arn"],
            "selectionTags": [{"type": "STRINGEQUALS", "key": "backup-plan", "value": "greenflow"}],
        },
        lambda w: {},
    ),
    Case(
        "aws:rds/snapshot:Snapshot",
        lambda w: {
            "dbInstanceIdentifier": _instance(w),
            "dbSnapshotIdentifier": w.named("before"),
            "tags": TAGS,
        },
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.vpc(),
            "trafficType": "ALL",
            "logDestinationType": "cloud-watch-logs",
            "logDestination": _log_group(w),
            "iamRoleArn": w.role().outputs["arn"],
            "maxAggregationInterval": 60,
            "tags": TAGS,
        },
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc(),
            "serviceName": "com.amazonaws.us-east-1.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [w.table(0), w.table(1)],
            "tags": TAGS,
        },
        lambda w: {"routeTableIds": [w.table(1)]},
    ),
)
