"""Rules on buckets: every part that S3 keeps apart is there, and says what it must."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from policies import companions
from policies.documents import Statement, statements
from policies.facts import Node, Resource, Unreadable, in_turn, must_be, must_not_be_true
from policies.model import Finding, Level, Rule, Settings, Severity, StackRule, Where, switch, unreadable

BUCKET = "aws:s3/bucket:Bucket"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ACL = "aws:s3/bucketAcl:BucketAcl"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
REPOSITORY = "aws:ecr/repository:Repository"
ZONE = "aws:route53/zone:Zone"
SERVICE = "aws:ecs/service:Service"
VAULT = "aws:backup/vault:Vault"

ROLE_TAG, LOG_ROLE = "headgate-role", "logs"
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
_EVERYBODY = ("/global/AllUsers", "/global/AuthenticatedUsers")
_BY_BUCKET = ("bucket", "id")


def _closed(resource: Resource, _: Settings) -> Iterable[str]:
    return in_turn(*(must_be(resource.inputs, name, True) for name in _SWITCHES))


def _without_acls(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if resource.type == OWNERSHIP:
        if inputs.node("rule").text("objectOwnership") != "BucketOwnerEnforced":
            yield "rule.objectOwnership must be BucketOwnerEnforced, found another value."
        return
    yield from in_turn(_no_public_acl(inputs), _no_public_grant(inputs))


def _no_public_acl(inputs: Node) -> Iterator[str]:
    if inputs.text("acl") in _PUBLIC_ACLS:
        yield "acl must not be a public one, found one."


def _no_public_grant(inputs: Node) -> Iterator[str]:
    if not inputs.has("accessControlPolicy"):
        return
    for grant in inputs.node("accessControlPolicy").items("grants"):
        if (grant.node("grantee").text("uri") or "").endswith(_EVERYBODY):
            yield f"{grant.path}.grantee must not be everybody, found that it is."


def _tls_and_private(resource: Resource, _: Settings) -> Iterable[str]:
    listed = statements(resource.inputs.document("policy"))
    return in_turn(_refuses_plain_http(listed), *(_not_public(each) for each in listed))


def _refuses_plain_http(listed: Sequence[Statement]) -> Iterator[str]:
    if not any(_denies_plain_http(each) for each in listed):
        yield "policy must deny s3:* to everybody when aws:SecureTransport is false, found no such statement."


def _denies_plain_http(statement: Statement) -> bool:
    resources = statement.resources
    return (
        not statement.allows
        and "*" in statement.principals("AWS")
        and bool({"s3:*", "*"} & set(statement.actions))
        and statement.conditions == (("bool", "aws:securetransport", ("false",)),)
        and any(each.endswith("*") for each in resources)
        and any(not each.endswith("/*") for each in resources)
    )


def _not_public(statement: Statement) -> Iterator[str]:
    if statement.open_to_all:
        yield f"{statement.node.path}.Principal must not be everybody without a condition, found that it is."


def _versioned(resource: Resource, _: Settings) -> Iterable[str]:
    if resource.inputs.node("versioningConfiguration").text("status") != "Enabled":
        yield "versioningConfiguration.status must be Enabled, found another value."


def _tidied(resource: Resource, _: Settings) -> Iterable[str]:
    rules = [each for each in resource.inputs.items("rules") if each.text("status") == "Enabled"]
    if not any((each.node("abortIncompleteMultipartUpload").number("daysAfterInitiation") or 0) > 0 for each in rules):
        yield "rules must abort uploads that never end, found no rule that does."
    if not any((each.node("noncurrentVersionExpiration").number("noncurrentDays") or 0) > 0 for each in rules):
        yield "rules must let old versions expire, found no rule that does."


def _not_emptied(resource: Resource, _: Settings) -> Iterable[str]:
    key = "forceDelete" if resource.type in {REPOSITORY, SERVICE} else "forceDestroy"
    yield from must_not_be_true(resource.inputs, key)


def _is_log_bucket(bucket: Resource) -> bool:
    tags = bucket.inputs.node("tags")
    return tags.value is not None and tags.text(ROLE_TAG) == LOG_ROLE


def _every_bucket_has(
    companion: str, what: str, *, logs_too: bool = True
) -> Callable[[Sequence[Resource], Settings], Iterator[Finding]]:
    """A check that every bucket has a `companion`. logs_too: also those that logs are delivered to."""

    def check(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
        buckets = [each for each in resources if each.type == BUCKET]
        for bucket in companions.without(resources, buckets, companion, "bucket", by=_BY_BUCKET):
            try:
                if logs_too or not _is_log_bucket(bucket):
                    yield Finding(bucket.urn, f"the bucket must have {what}, found none.")
            except Unreadable as error:
                yield Finding(bucket.urn, unreadable(error))

    return check


def _encrypted(resources: Sequence[Resource], settings: Settings) -> Iterator[Finding]:
    yield from _every_bucket_has(ENCRYPTION, "a rule of encryption")(resources, settings)
    buckets = [each for each in resources if each.type == BUCKET]
    for part in resources:
        if part.type != ENCRYPTION:
            continue
        try:
            logs = [_is_log_bucket(bucket) for bucket in buckets if _belongs(part, bucket)]
            if not settings["requireOwnKey"] or (logs and all(logs)):
                continue
            yield from (Finding(part.urn, text) for text in _own_key(part.inputs))
        except Unreadable as error:
            yield Finding(part.urn, unreadable(error))


def _belongs(part: Resource, bucket: Resource) -> bool:
    return not list(companions.without([part], [bucket], part.type, "bucket", by=_BY_BUCKET))


def _own_key(inputs: Node) -> Iterator[str]:
    rules = inputs.items("rules")
    if not rules:
        yield "rules must hold a rule, found none."
    for rule in rules:
        default = rule.node("applyServerSideEncryptionByDefault")
        if default.text("sseAlgorithm") not in {"aws:kms", "aws:kms:dsse"}:
            yield f"{default.at('sseAlgorithm')} must be aws:kms, found another value."
        if not default.has("kmsMasterKeyId"):
            yield f"{default.at('kmsMasterKeyId')} must be set, found nothing."
        yield from must_be(rule, "bucketKeyEnabled", True)


RULES = (
    Rule(
        id="s3-public-access-block",
        row="54",
        title="Buckets are closed to the public",
        description="Checks whether all four switches against public access are on.",
        types=frozenset({PUBLIC_ACCESS_BLOCK}),
        reads=_SWITCHES,
        check=_closed,
        remedy="Set all four to true; what the public may read goes through CloudFront.",
        severity=Severity.CRITICAL,
        source="FSBP S3.8",
    ),
    Rule(
        id="s3-acls-disabled",
        row="55",
        title="Buckets have no access control lists",
        description="Checks whether access to a bucket is decided by policies only.",
        types=frozenset({OWNERSHIP, BUCKET, ACL}),
        reads=("rule.objectOwnership", "acl", "accessControlPolicy.grants.grantee.uri"),
        check=_without_acls,
        remedy="Set objectOwnership to BucketOwnerEnforced and grant access in a bucket policy.",
        severity=Severity.HIGH,
        source="FSBP S3.12, S3.2, S3.3",
    ),
    Rule(
        id="s3-policy-tls-and-no-public",
        row="56",
        title="Bucket policies ask for TLS and give the public nothing",
        description="Checks whether a bucket's policy refuses requests without TLS and allows everybody nothing.",
        types=frozenset({POLICY}),
        reads=("policy",),
        check=_tls_and_private,
        defers=frozenset({"policy"}),
        remedy="Deny s3:* on bucket and objects when aws:SecureTransport is false; name principals or conditions.",
        severity=Severity.CRITICAL,
        source="FSBP S3.5, S3.6",
    ),
    Rule(
        id="s3-versioning-enabled",
        row="57",
        title="Versioning is on",
        description="Checks whether versioning of a bucket is on and not suspended.",
        types=frozenset({VERSIONING}),
        reads=("versioningConfiguration.status",),
        check=_versioned,
        remedy="Set versioningConfiguration.status to Enabled.",
        binds_going_back=True,
        severity=Severity.MEDIUM,
        source="SH S3.14",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="s3-lifecycle",
        row="60",
        title="Buckets tidy up",
        description="Checks whether unfinished uploads and old versions go away by themselves.",
        types=frozenset({LIFECYCLE}),
        reads=(
            "rules.status",
            "rules.abortIncompleteMultipartUpload.daysAfterInitiation",
            "rules.noncurrentVersionExpiration.noncurrentDays",
        ),
        check=_tidied,
        remedy="Add a rule with abortIncompleteMultipartUpload and noncurrentVersionExpiration.",
        severity=Severity.LOW,
        source="FSBP S3.10, S3.13",
        level=Level.ADVISORY,
    ),
    Rule(
        id="no-force-destroy",
        row="61",
        title="Nothing is emptied to be deleted",
        description="Checks whether what holds data, names or tasks refuses to be deleted while it does.",
        types=frozenset({BUCKET, REPOSITORY, ZONE, SERVICE, VAULT}),
        reads=("forceDestroy", "forceDelete"),
        check=_not_emptied,
        remedy="Remove forceDestroy or forceDelete; empty it by hand when it really is to go.",
        binds_going_back=True,
        severity=Severity.HIGH,
        source="project",
        where=Where.PRODUCTION,
    ),
)

STACK_RULES = (
    StackRule(
        id="s3-public-access-block-present",
        row="54",
        title="Every bucket has its switches against public access",
        description="Checks whether every bucket has a public access block of its own.",
        types=frozenset({BUCKET, PUBLIC_ACCESS_BLOCK}),
        reads=("bucket",),
        check=_every_bucket_has(PUBLIC_ACCESS_BLOCK, "a public access block"),
        remedy="Use the components of components/aws/storage.py, or add a BucketPublicAccessBlock.",
        severity=Severity.CRITICAL,
        source="FSBP S3.8",
    ),
    StackRule(
        id="s3-policy-present",
        row="56",
        title="Every bucket has a policy",
        description="Checks whether every bucket has a policy, without which it takes requests without TLS.",
        types=frozenset({BUCKET, POLICY}),
        reads=("bucket",),
        check=_every_bucket_has(POLICY, "a policy"),
        remedy="Use the components of components/aws/storage.py, or add a BucketPolicy.",
        severity=Severity.HIGH,
        source="FSBP S3.5",
    ),
    StackRule(
        id="s3-versioning",
        row="57",
        title="What was overwritten can be had back",
        description="Checks whether every bucket but those for logs has versioning.",
        types=frozenset({BUCKET, VERSIONING}),
        reads=("bucket", "tags"),
        check=_every_bucket_has(VERSIONING, "versioning", logs_too=False),
        remedy="Add a BucketVersioning with status Enabled.",
        binds_going_back=True,
        severity=Severity.MEDIUM,
        source="SH S3.14",
        where=Where.PRODUCTION,
    ),
    StackRule(
        id="s3-encryption",
        row="58",
        title="Buckets are encrypted with our own key",
        description="Checks whether every bucket has a rule of encryption, with an own key but for buckets that take "
        "logs (tag headgate-role: logs), to which a balancer could then not deliver.",
        types=frozenset({BUCKET, ENCRYPTION}),
        reads=(
            "bucket",
            "tags",
            "rules.applyServerSideEncryptionByDefault.sseAlgorithm",
            "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId",
            "rules.bucketKeyEnabled",
        ),
        check=_encrypted,
        remedy="Set sseAlgorithm to aws:kms, kmsMasterKeyId to the stack's key and bucketKeyEnabled to true.",
        severity=Severity.HIGH,
        source="SH S3.17",
        where=Where.PRODUCTION,
        settings={"requireOwnKey": switch(True, "Whether a key of our own is asked for.")},
    ),
    StackRule(
        id="s3-access-logging",
        row="59",
        title="Access to buckets is logged",
        description="Checks whether every bucket but those for logs has access logs.",
        types=frozenset({BUCKET, LOGGING}),
        reads=("bucket", "tags"),
        check=_every_bucket_has(LOGGING, "access logs", logs_too=False),
        remedy="Add a BucketLogging to a LogBucket that takes access logs.",
        severity=Severity.LOW,
        source="FSBP S3.9",
        level=Level.ADVISORY,
        where=Where.PRODUCTION,
    ),
    StackRule(
        id="s3-lifecycle-present",
        row="60",
        title="Every bucket has a lifecycle",
        description="Checks whether every bucket has rules for what goes away by itself.",
        types=frozenset({BUCKET, LIFECYCLE}),
        reads=("bucket",),
        check=_every_bucket_has(LIFECYCLE, "a lifecycle configuration"),
        remedy="Add a BucketLifecycleConfiguration.",
        severity=Severity.LOW,
        source="FSBP S3.10, S3.13",
        level=Level.ADVISORY,
    ),
)
