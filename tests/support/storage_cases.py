"""Cases of the policies on storage, images, networks and logs; see policy_cases.py."""

import json
from typing import Any

from components.aws.bucket_policies import LogSource, log_policy, site_policy
from tests.support.policy_cases import (
    BALANCER,
    DEFAULT_GROUP,
    DEFERS,
    GONE,
    GROUP,
    GROUP_RULE,
    INGRESS,
    PASSES,
    SERVICE,
    TAGS,
    VIOLATES,
    Case,
)

BUCKET = "aws:s3/bucket:Bucket"
CLOSED = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNED = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ACL = "aws:s3/bucketAcl:BucketAcl"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
IMAGES = "aws:ecr/repository:Repository"
IMAGES_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
IMAGES_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
ZONE = "aws:route53/zone:Zone"
VAULT = "aws:backup/vault:Vault"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
_LOG_POLICY = log_policy("logs", "us-east-1", "123456789012", "greenflow", list(LogSource))
_SITE_POLICY = site_policy("site", "us-east-1", "arn:aws:cloudfront::123456789012:distribution/E1")
_PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}
_BUT_ONE = {"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
_TLS = json.loads(_SITE_POLICY)["Statement"][0]


def _document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _rules(*rules: Any) -> str:
    return json.dumps({"rules": list(rules)})


def _rule(status: str, count_type: str, number: int, *patterns: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {"tagStatus": status, "countType": count_type, "countNumber": number}
    return {
        "rulePriority": 1,
        "selection": {**wanted, "tagPatternList": list(patterns)} if patterns else wanted,
        "action": {"type": "expire"},
    }


_BY_COUNT, _BY_AGE = "imageCountMoreThan", "sinceImagePushed"


def _kept(count: int, *versions: str) -> str:
    """As the component writes it: each version in use by itself, then the newest of all."""
    return _rules(*(_rule("tagged", _BY_COUNT, 1, each) for each in versions), _rule("tagged", _BY_COUNT, count, "*"))


_WEB = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0", "description": "x", "tags": TAGS}
_INLINE = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"], "description": "users"}
_GROUP = {"description": "users", "ingress": [_INLINE], "egress": [_INLINE], "tags": TAGS}
_CLASSIC = {
    "type": "ingress",
    "protocol": "tcp",
    "fromPort": 443,
    "toPort": 443,
    "cidrBlocks": ["0.0.0.0/0"],
    "description": "users",
}
_TIDY = {
    "status": "Enabled",
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    "noncurrentVersionExpiration": {"noncurrentDays": 90},
}
_IMAGES = {
    "name": "greenflow-api",
    "imageTagMutability": "IMMUTABLE",
    "imageScanningConfiguration": {"scanOnPush": True},
    "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "arn:aws:kms:us-east-1:123456789012:key/1"}],
    "tags": TAGS,
}
_BALANCER = {
    "subnets": ["subnet-1", "subnet-2"],
    "desyncMitigationMode": "defensive",
    "accessLogs": {"enabled": True, "bucket": "logs"},
    "tags": TAGS,
}

STORAGE_CASES: tuple[Case, ...] = (
    Case(
        "vpc-flow-logs-see-refusals",
        FLOW_LOG,
        {"vpcId": "vpc-1", "trafficType": "ALL", "tags": TAGS},
        bad={"only what passed": {"trafficType": "ACCEPT"}},
        fine={"only what did not": {"trafficType": "REJECT"}},
        missing={"trafficType": PASSES},
        unknown={"trafficType": VIOLATES},
    ),
    Case(
        "vpc-default-sg-closed",
        DEFAULT_GROUP,
        {"vpcId": "vpc-1", "ingress": [], "egress": [], "tags": TAGS},
        bad={"a way in": {"ingress": [_INLINE]}, "a way out": {"egress": [_INLINE, _INLINE]}},
        missing={"ingress": PASSES, "egress": PASSES},
        unknown={"ingress": VIOLATES, "egress": VIOLATES},
    ),
    Case(
        "sg-open-ingress-authorized-ports",
        INGRESS,
        _WEB,
        bad={
            "another port": {"fromPort": 8443, "toPort": 8443},
            "a range around": {"fromPort": 442, "toPort": 444},
            "a range between": {"fromPort": 80, "toPort": 443},
            "every port": {"fromPort": 0, "toPort": 65535},
            "every protocol": {"ipProtocol": "-1", "fromPort": GONE, "toPort": GONE},
            "IPv6": {"cidrIpv4": GONE, "cidrIpv6": "::/0", "fromPort": 22, "toPort": 22},
            "no range at all": {"cidrIpv4": "everyone", "fromPort": 22, "toPort": 22},
        },
        fine={
            "redirect": {"fromPort": 80, "toPort": 80},
            "one network": {"cidrIpv4": "10.0.0.0/8", "fromPort": 22, "toPort": 22},
            "ping": {"ipProtocol": "icmp", "fromPort": -1, "toPort": -1},
        },
        missing={
            "cidrIpv4": PASSES,
            "cidrIpv6": PASSES,
            "ipProtocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "referencedSecurityGroupId": PASSES,
        },
        unknown={
            "cidrIpv4": DEFERS,
            "cidrIpv6": DEFERS,
            "ipProtocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "referencedSecurityGroupId": PASSES,
        },
    ),
    Case(
        "sg-open-ingress-authorized-ports",
        GROUP,
        _GROUP,
        bad={"second entry": {"ingress": [_INLINE, {**_INLINE, "toPort": 8080}]}},
        missing={"ingress": PASSES},
        unknown={"ingress": DEFERS},
    ),
    Case(
        "sg-open-ingress-authorized-ports",
        DEFAULT_GROUP,
        {"vpcId": "vpc-1", "ingress": [], "tags": TAGS},
        bad={"opened": {"ingress": [{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}]}},
        missing={"ingress": PASSES},
        unknown={"ingress": DEFERS},
    ),
    Case(
        "sg-open-ingress-authorized-ports",
        GROUP_RULE,
        _CLASSIC,
        bad={"ssh": {"fromPort": 22, "toPort": 22}, "IPv6": {"ipv6CidrBlocks": ["::/0"], "toPort": 444}},
        fine={"a way out": {"type": "egress", "fromPort": 0, "toPort": 65535}},
        missing={
            "type": PASSES,
            "protocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "cidrBlocks": PASSES,
            "ipv6CidrBlocks": PASSES,
            "sourceSecurityGroupId": PASSES,
            "self": PASSES,
        },
        unknown={
            "type": VIOLATES,
            "protocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "cidrBlocks": DEFERS,
            "ipv6CidrBlocks": DEFERS,
            "sourceSecurityGroupId": PASSES,
            "self": VIOLATES,
        },
    ),
    Case(
        "sg-rules-described",
        GROUP,
        _GROUP,
        bad={
            "nothing": {"description": ""},
            "the provider's": {"description": "Managed by Pulumi"},
            "inline": {"ingress.0.description": GONE},
            "inline, out": {"egress.0.description": ""},
        },
        missing={"description": VIOLATES, "ingress": PASSES, "egress": PASSES},
        unknown={"description": VIOLATES, "ingress": VIOLATES, "egress": VIOLATES},
    ),
    *(
        Case(
            "sg-rules-described",
            token,
            good,
            bad={"nothing": {"description": ""}},
            missing={"description": VIOLATES},
            unknown={"description": VIOLATES},
        )
        for token, good in ((GROUP_RULE, _CLASSIC), (INGRESS, _WEB), (EGRESS, _WEB))
    ),
    Case(
        "alb-access-logs",
        BALANCER,
        _BALANCER,
        bad={"off": {"accessLogs.enabled": False}, "nowhere": {"accessLogs.bucket": GONE}},
        fine={"a bucket to be made": {"accessLogs.bucket": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}},
        missing={"accessLogs": VIOLATES},
        unknown={"accessLogs": VIOLATES},
    ),
    Case(
        "alb-desync-mitigation",
        BALANCER,
        _BALANCER,
        bad={"only watched": {"desyncMitigationMode": "monitor"}},
        fine={"strict": {"desyncMitigationMode": "strictest"}},
        missing={"desyncMitigationMode": PASSES},
        unknown={"desyncMitigationMode": VIOLATES},
    ),
    Case(
        "s3-public-access-block",
        CLOSED,
        {"bucket": "b", **dict.fromkeys(_SWITCHES, True)},
        bad={name: {name: False} for name in _SWITCHES},
        missing=dict.fromkeys(_SWITCHES, VIOLATES),
        unknown=dict.fromkeys(_SWITCHES, VIOLATES),
    ),
    Case(
        "s3-acls-disabled",
        OWNED,
        {"bucket": "b", "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        bad={"preferred": {"rule.objectOwnership": "BucketOwnerPreferred"}, "writer": {"rule": {}}},
        missing={"rule": VIOLATES},
        unknown={"rule": VIOLATES},
    ),
    Case(
        "s3-acls-disabled",
        BUCKET,
        {"bucket": "b", "tags": TAGS},
        bad={"read": {"acl": "public-read"}, "write": {"acl": "public-read-write"}},
        fine={"private": {"acl": "private"}},
        missing={"acl": PASSES},
        unknown={"acl": VIOLATES},
    ),
    Case(
        "s3-acls-disabled",
        ACL,
        {
            "bucket": "b",
            "acl": "private",
            "accessControlPolicy": {
                "grants": [{"grantee": {"type": "CanonicalUser", "id": "1"}, "permission": "READ"}]
            },
        },
        bad={
            "everybody with an account": {"acl": "authenticated-read"},
            "a grant": {"accessControlPolicy.grants.0.grantee": {"type": "Group", "uri": _EVERYBODY}},
        },
        missing={"acl": PASSES, "accessControlPolicy": PASSES},
        unknown={"acl": VIOLATES, "accessControlPolicy": VIOLATES},
    ),
    Case(
        "s3-policy-tls-and-no-public",
        POLICY,
        {"bucket": "logs", "policy": _LOG_POLICY},
        bad={
            "without TLS": {"policy": _document(json.loads(_SITE_POLICY)["Statement"][1])},
            "public": {"policy": _document(_TLS, _PUBLIC)},
            "everybody but": {"policy": _document(_TLS, _BUT_ONE)},
            "public by AWS": {"policy": _document(_TLS, {**_PUBLIC, "Principal": {"AWS": "*"}})},
            "allowed, not denied": {"policy": _document({**_TLS, "Effect": "Allow"})},
            "objects only": {"policy": _document({**_TLS, "Resource": "arn:aws:s3:::logs/*"})},
            "bucket only": {"policy": _document({**_TLS, "Resource": "arn:aws:s3:::logs"})},
            "reading only": {"policy": _document({**_TLS, "Action": "s3:GetObject"})},
            "some only": {"policy": _document({**_TLS, "Principal": {"AWS": "arn:aws:iam::1:root"}})},
            "the other way round": {
                "policy": _document({**_TLS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
            },
            "also from elsewhere": {
                "policy": _document(
                    {**_TLS, "Condition": {**_TLS["Condition"], "StringEquals": {"aws:SourceVpc": "vpc-1"}}}
                )
            },
            "no JSON": {"policy": "{"},
            "no statement": {"policy": "{}"},
        },
        fine={
            "a site": {"policy": _SITE_POLICY},
            "a flag": {"policy": _document({**_TLS, "Condition": {"Bool": {"aws:SecureTransport": False}}})},
        },
        missing={"policy": VIOLATES},
        unknown={"policy": DEFERS},
    ),
    Case(
        "s3-versioning-enabled",
        VERSIONING,
        {"bucket": "b", "versioningConfiguration": {"status": "Enabled"}},
        bad={"suspended": {"versioningConfiguration.status": "Suspended"}},
        missing={"versioningConfiguration": VIOLATES},
        unknown={"versioningConfiguration": VIOLATES},
    ),
    Case(
        "s3-lifecycle",
        LIFECYCLE,
        {"bucket": "b", "rules": [_TIDY]},
        bad={
            "switched off": {"rules.0.status": "Disabled"},
            "uploads stay": {"rules.0.abortIncompleteMultipartUpload": GONE},
            "versions stay": {"rules.0.noncurrentVersionExpiration": GONE},
        },
        fine={"two rules": {"rules": [{**_TIDY, "noncurrentVersionExpiration": {}}, _TIDY]}},
        missing={"rules": VIOLATES},
        unknown={"rules": VIOLATES},
    ),
    *(
        Case(
            "no-force-destroy",
            token,
            {"tags": TAGS, key: False},
            bad={"yes": {key: True}},
            missing={key: PASSES},
            unknown={key: VIOLATES},
        )
        for token, key in (
            (BUCKET, "forceDestroy"),
            (VAULT, "forceDestroy"),
            (ZONE, "forceDestroy"),
            (IMAGES, "forceDelete"),
            (SERVICE, "forceDelete"),
        )
    ),
    Case(
        "ecr-scan-on-push",
        IMAGES,
        _IMAGES,
        bad={"not scanned": {"imageScanningConfiguration.scanOnPush": False}},
        missing={"imageScanningConfiguration": VIOLATES},
        unknown={"imageScanningConfiguration": VIOLATES},
    ),
    Case(
        "ecr-immutable-tags",
        IMAGES,
        _IMAGES,
        bad={"movable": {"imageTagMutability": "MUTABLE"}, "some": {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}},
        missing={"imageTagMutability": VIOLATES},
        unknown={"imageTagMutability": VIOLATES},
    ),
    Case(
        "ecr-lifecycle-keeps-rollback-images",
        IMAGES_LIFECYCLE,
        {"repository": "greenflow-api", "policy": _kept(10, "2026.01.28", "2026.02.11")},
        bad={
            "too few": {"policy": _kept(9)},
            "any, too few": {"policy": _rules(_rule("any", _BY_COUNT, 9))},
            "by age": {"policy": _rules(_rule("any", _BY_AGE, 365))},
            "tagged, by age": {"policy": _rules(_rule("tagged", _BY_AGE, 365, "v*"))},
            "not even one": {"policy": _rules(_rule("tagged", _BY_COUNT, 0, "2026.01.28"))},
            "no number": {"policy": _rules({"selection": {"tagStatus": "any", "countType": _BY_COUNT}})},
            "no rules": {"policy": "{}"},
            "no JSON": {"policy": "{"},
        },
        fine={
            "more": {"policy": _kept(100, "v1")},
            "untagged by age": {"policy": _rules(_rule("untagged", _BY_AGE, 14))},
        },
        missing={"policy": VIOLATES},
        unknown={"policy": DEFERS},
    ),
    Case(
        "ecr-kms-and-private",
        IMAGES,
        _IMAGES,
        bad={"keys of S3": {"encryptionConfigurations.0.encryptionType": "AES256"}},
        missing={"encryptionConfigurations": VIOLATES},
        unknown={"encryptionConfigurations": VIOLATES},
    ),
    Case(
        "ecr-kms-and-private",
        IMAGES_POLICY,
        {
            "repository": "greenflow-api",
            "policy": _document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                    "Action": ["ecr:BatchGetImage"],
                }
            ),
        },
        bad={
            "everybody": {"policy": _document({"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]})},
            "no JSON": {"policy": "["},
        },
        missing={"policy": VIOLATES},
        unknown={"policy": DEFERS},
    ),
    Case(
        "log-group-retention-and-kms",
        LOG_GROUP,
        {"retentionInDays": 365, "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1", "tags": TAGS},
        bad={"for ever": {"retentionInDays": 0}, "too short": {"retentionInDays": 14}},
        fine={"a key to be made": {"kmsKeyId": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}},
        missing={"retentionInDays": VIOLATES, "kmsKeyId": VIOLATES},
        unknown={"retentionInDays": VIOLATES, "kmsKeyId": PASSES},
    ),
    Case(
        "log-group-kept-for-a-year",
        LOG_GROUP,
        {"retentionInDays": 365, "tags": TAGS},
        bad={"half a year": {"retentionInDays": 180}, "for ever": {"retentionInDays": 0}},
        missing={"retentionInDays": VIOLATES},
        unknown={"retentionInDays": VIOLATES},
    ),
)
