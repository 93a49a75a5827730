"""Rules on Redis in ElastiCache."""

from collections.abc import Iterable

from policies.facts import Resource, must_be
from policies.model import Rule, Settings, Severity, Where, number

REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"


def _failover(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    for key in ("automaticFailoverEnabled", "multiAzEnabled"):
        yield from must_be(inputs, key, True)
    replicas = max((inputs.number("numCacheClusters") or 0) - 1, inputs.number("replicasPerNodeGroup") or 0)
    if replicas < 1:
        yield "there must be at least one replica, found none (numCacheClusters, replicasPerNodeGroup)."


def _encrypted_at_rest(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "atRestEncryptionEnabled", True)


def _encrypted_in_transit(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    yield from must_be(inputs, "transitEncryptionEnabled", True)
    if inputs.text("transitEncryptionMode") == "preferred":
        yield "transitEncryptionMode must be required, found preferred, which lets clients in without TLS."


def _authenticated(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    grouped = inputs.has("userGroupIds") and inputs.count("userGroupIds") > 0
    if not (grouped or inputs.has("authToken") or inputs.has("authTokenWo")):
        yield "userGroupIds, authTokenWo or authToken must be set, found none of them."


def _backed_up(resource: Resource, settings: Settings) -> Iterable[str]:
    days = resource.inputs.number("snapshotRetentionLimit") or 0
    if days < settings["minimumDays"]:
        yield f"snapshotRetentionLimit must be at least {settings['minimumDays']} days, found {days:g}."


RULES = (
    Rule(
        id="redis-failover-multi-az",
        row="48",
        title="Redis survives the loss of a zone",
        description="Checks whether Redis has a replica in another zone that takes over by itself.",
        types=frozenset({REPLICATION_GROUP}),
        reads=("automaticFailoverEnabled", "multiAzEnabled", "numCacheClusters", "replicasPerNodeGroup"),
        check=_failover,
        remedy="Set automaticFailoverEnabled and multiAzEnabled to true, and numCacheClusters to 2 or more.",
        severity=Severity.HIGH,
        source="FSBP ElastiCache.3",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="redis-encrypted-at-rest",
        row="49",
        title="Redis is encrypted at rest",
        description="Checks whether Redis encrypts what it stores.",
        types=frozenset({REPLICATION_GROUP}),
        reads=("atRestEncryptionEnabled",),
        check=_encrypted_at_rest,
        remedy="Set atRestEncryptionEnabled to true. That replaces an existing replication group.",
        severity=Severity.HIGH,
        source="FSBP ElastiCache.4",
    ),
    Rule(
        id="redis-encrypted-in-transit",
        row="50",
        title="Redis is reached over TLS only",
        description="Checks whether Redis accepts connections over TLS only.",
        types=frozenset({REPLICATION_GROUP}),
        reads=("transitEncryptionEnabled", "transitEncryptionMode"),
        check=_encrypted_in_transit,
        remedy="Set transitEncryptionEnabled to true and transitEncryptionMode to required.",
        severity=Severity.HIGH,
        source="FSBP ElastiCache.5",
    ),
    Rule(
        id="redis-auth",
        row="51",
        title="Redis asks who is there",
        description="Checks whether Redis requires its clients to sign in.",
        types=frozenset({REPLICATION_GROUP}),
        reads=("userGroupIds", "authToken", "authTokenWo"),
        check=_authenticated,
        defers=frozenset({"userGroupIds"}),
        remedy="Pass userGroupIds with a group of users that sign in by IAM.",
        severity=Severity.HIGH,
        source="FSBP ElastiCache.6",
    ),
    Rule(
        id="redis-backups",
        row="52",
        title="Redis is backed up",
        description="Checks whether daily snapshots of Redis are kept long enough.",
        types=frozenset({REPLICATION_GROUP}),
        reads=("snapshotRetentionLimit",),
        check=_backed_up,
        remedy="Raise snapshotRetentionLimit.",
        severity=Severity.MEDIUM,
        source="FSBP ElastiCache.1",
        where=Where.PRODUCTION,
        settings={"minimumDays": number(7, "Least days to keep snapshots.", minimum=1)},
    ),
)
