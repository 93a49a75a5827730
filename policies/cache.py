"""Rules on Redis in ElastiCache."""

from collections.abc import Iterable

from policies.facts import Resource, must_be, must_not_be_true
from policies.model import Rule, Settings, Severity, Where, number, switch

REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
USER = "aws:elasticache/user:User"


def _failover(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    for key in ("automaticFailoverEnabled", "multiAzEnabled"):
        yield from must_be(inputs, key, True)
    replicas = max((inputs.number("numCacheClusters") or 0) - 1, inputs.number("replicasPerNodeGroup") or 0)
    if replicas < 1:
        yield "there must be at least one replica, found none (numCacheClusters, replicasPerNodeGroup)."


def _encrypted_at_rest(resource: Resource, settings: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "atRestEncryptionEnabled", True)
    if settings["requireOwnKey"] and not resource.inputs.has("kmsKeyId"):
        yield "kmsKeyId must be set, found nothing."


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
    if settings["requireFinalSnapshot"] and not resource.inputs.has("finalSnapshotIdentifier"):
        yield "finalSnapshotIdentifier must be set, found nothing: deleting the cache would leave no snapshot."


def _own_subnets_and_upgrades(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if not inputs.has("subnetGroupName"):
        yield "subnetGroupName must be set, found nothing, which is the default network."
    if inputs.flag("autoMinorVersionUpgrade") is False:
        yield "autoMinorVersionUpgrade must not be false, found false."
    # Last: the name of a group that does not exist yet is not known, but it is then not the default one's.
    if inputs.text("subnetGroupName") == "default":
        yield "subnetGroupName must be a group of its own, found default."


def _changed_in_its_window(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_not_be_true(resource.inputs, "applyImmediately")


def _no_passwords(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    mode = inputs.node("authenticationMode")
    if inputs.has("passwords") or mode.has("passwords") or mode.text("type") == "password":
        yield "the user must sign in by IAM, found a password in the program and in its state."
    # A user that is off and may do nothing is how the one named default is closed.
    off = (inputs.text("accessString") or "").startswith("off ")
    if not off and (mode.text("type") == "no-password-required" or inputs.flag("noPasswordRequired")):
        yield "the user must sign in by IAM, found one that anybody can sign in as."


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
        reads=("atRestEncryptionEnabled", "kmsKeyId"),
        check=_encrypted_at_rest,
        remedy="Set atRestEncryptionEnabled to true and kmsKeyId to a key of this stack. Both replace an existing"
        " replication group.",
        severity=Severity.HIGH,
        source="FSBP ElastiCache.4",
        settings={"requireOwnKey": switch(True, "Whether kmsKeyId must be set.")},
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
        reads=("snapshotRetentionLimit", "finalSnapshotIdentifier"),
        check=_backed_up,
        remedy="Raise snapshotRetentionLimit, and name the last snapshot in finalSnapshotIdentifier.",
        binds_going_back=True,
        severity=Severity.MEDIUM,
        source="FSBP ElastiCache.1",
        where=Where.PRODUCTION,
        settings={
            "minimumDays": number(7, "Least days to keep snapshots.", minimum=1),
            "requireFinalSnapshot": switch(True, "Whether deleting the cache must leave a snapshot."),
        },
    ),
    Rule(
        id="redis-subnets-and-upgrades",
        row="53",
        title="Redis is in subnets of its own and gets its patches",
        description="Checks whether Redis has a subnet group of its own and takes minor versions by itself.",
        types=frozenset({REPLICATION_GROUP}),
        reads=("subnetGroupName", "autoMinorVersionUpgrade"),
        check=_own_subnets_and_upgrades,
        defers=frozenset({"subnetGroupName"}),
        remedy="Set subnetGroupName to a group of isolated subnets, and leave autoMinorVersionUpgrade out.",
        severity=Severity.MEDIUM,
        source="FSBP ElastiCache.2, ElastiCache.7",
    ),
    Rule(
        id="redis-no-apply-immediately",
        row="-",
        title="Redis changes in its maintenance window",
        description="Checks whether changes of Redis wait for its maintenance window.",
        types=frozenset({REPLICATION_GROUP}),
        reads=("applyImmediately",),
        check=_changed_in_its_window,
        remedy="Leave applyImmediately out; for a change that cannot wait, add an exemption that runs out.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="redis-users-without-passwords",
        row="-",
        title="Users of Redis have no passwords",
        description="Checks whether users of Redis sign in by IAM, or not at all.",
        types=frozenset({USER}),
        reads=(
            "passwords",
            "authenticationMode.type",
            "authenticationMode.passwords",
            "accessString",
            "noPasswordRequired",
        ),
        check=_no_passwords,
        remedy="Set authenticationMode.type to iam and remove the passwords.",
        severity=Severity.HIGH,
        source="project",
    ),
)
