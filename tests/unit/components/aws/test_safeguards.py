"""What a change would take away is refused, with what to do instead."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.settings import SETTINGS

from components.aws.backups import Backups
from components.aws.cache import Cache
from components.aws.database import Database
from components.aws.encryption import EncryptionKey
from components.aws.firewall import Firewall
from components.aws.safeguards import BACKUP_PLAN, CACHE, DATABASE, FIREWALL, GUARDED, KEY, DataGuard, DataRefused
from tests.contract.rows import NAME, row
from tests.support.drive import drive
from tests.support.hooks import UNKNOWN_WIRE, call_hook
from tests.support.mocks import Recorded

CREATE, UPDATE = "unit-data-create", "unit-data-update"


def guarded(*recorded: str) -> Recorded:
    return drive(lambda: DataGuard("unit", {name: {} for name in recorded}))


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def update(kind: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
    hook = guarded().hooks[UPDATE]
    try:
        asyncio.run(call_hook(hook, "urn", "it", kind, struct(new), old=None if old is None else struct(old)))
    finally:
        SETTINGS.outputs.clear()


COMMON: dict[str, Any] = {"name": "common", "overrideAction": {"none": {}}}
RATE: dict[str, Any] = {"name": "rate", "action": {"block": {}}}


def kept(name: str, days: object) -> dict[str, Any]:
    return {"ruleName": name, "lifecycle": {"deleteAfter": days}}


# Type, inputs as they were, as they will be, the rule that refuses it, and what its message says.
REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    (DATABASE, {"backupRetentionPeriod": 14}, {"backupRetentionPeriod": 13}, "rds-backup-retention", "14 -> 13"),
    (DATABASE, {"backupRetentionPeriod": 14}, {}, "rds-backup-retention", "Do: Leave it as it was"),
    (DATABASE, {"backupRetentionPeriod": 14}, {"backupRetentionPeriod": UNKNOWN_WIRE}, "rds-backup-retention", "known"),
    (DATABASE, {"deletionProtection": True}, {"deletionProtection": False}, "rds-deletion-protection", "protect_data"),
    (DATABASE, {"skipFinalSnapshot": False}, {"skipFinalSnapshot": True}, "rds-final-snapshot", "protect_data"),
    (CACHE, {"snapshotRetentionLimit": 7}, {"snapshotRetentionLimit": 1}, "redis-backups", "7 -> 1"),
    (KEY, {"deletionWindowInDays": 30}, {"deletionWindowInDays": 7}, "kms-safe-deletion-and-policy", "30 -> 7"),
    (KEY, {"enableKeyRotation": True}, {}, "kms-rotation", "Leave the rotation on"),
    (FIREWALL, {"rules": [COMMON, RATE]}, {"rules": [COMMON]}, "waf-has-rules-and-metrics", "no rule rate any more"),
    (FIREWALL, {"rules": [COMMON, RATE]}, {}, "waf-has-rules-and-metrics", "no rule common, no rule rate any more"),
    (
        FIREWALL,
        {"rules": [COMMON]},
        {"rules": [{**COMMON, "overrideAction": {"count": {}}}]},
        "waf-has-rules-and-metrics",
        "counted_rules",
    ),
    (
        FIREWALL,
        {"rules": [RATE]},
        {"rules": [{**RATE, "action": {"count": {}}}]},
        "waf-has-rules-and-metrics",
        "rate would no longer block",
    ),
    (BACKUP_PLAN, {"rules": [kept("d", 35)]}, {"rules": [kept("d", 34)]}, "data-protected", "rule 'd' 35 -> 34"),
    (
        BACKUP_PLAN,
        {"rules": [kept("d", 35), kept("m", 9)]},
        {"rules": [kept("d", 35)]},
        "data-protected",
        "'m' 9 -> no",
    ),
    (BACKUP_PLAN, {"rules": [kept("d", 35)]}, {}, "data-protected", "no such rule any more"),
    (
        BACKUP_PLAN,
        {"rules": [kept("d", 35)]},
        {"rules": [kept("d", UNKNOWN_WIRE)]},
        "data-protected",
        "nothing known",
    ),
]


@pytest.mark.parametrize(("kind", "old", "new", "rule", "said"), REFUSED)
def test_what_is_taken_away_is_refused_with_what_to_do(
    kind: str, old: dict[str, Any], new: dict[str, Any], rule: str, said: str
) -> None:
    with pytest.raises(DataRefused) as error:
        update(kind, old, new)
    message = str(error.value)
    assert f"{rule}: " in message
    assert said in message
    assert " Do: " in message


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (DATABASE, {"backupRetentionPeriod": 14}, {"backupRetentionPeriod": 35}),
        (DATABASE, {"backupRetentionPeriod": 14}, {"backupRetentionPeriod": 14, "allocatedStorage": 400}),
        (DATABASE, {"backupRetentionPeriod": UNKNOWN_WIRE}, {"backupRetentionPeriod": 7}),
        (DATABASE, {"deletionProtection": False}, {"deletionProtection": True}),
        (KEY, {"deletionWindowInDays": 7}, {"deletionWindowInDays": 30}),
        (FIREWALL, {"rules": [COMMON]}, {"rules": [RATE, COMMON]}),
        (FIREWALL, {"rules": [{**RATE, "action": {"count": {}}}]}, {"rules": [RATE]}),
        (FIREWALL, {"rules": UNKNOWN_WIRE}, {"rules": [RATE]}),
        (BACKUP_PLAN, {"rules": [kept("d", 35)]}, {"rules": [kept("w", 7), kept("d", 36)]}),
        (BACKUP_PLAN, {"rules": [kept("d", 35)]}, {"rules": [{"ruleName": "d"}]}),
        (BACKUP_PLAN, {"rules": [{"ruleName": "d"}]}, {"rules": [kept("d", 7)]}),
        ("aws:s3/bucket:Bucket", {}, {}),
    ],
)
def test_every_other_change_passes(kind: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    update(kind, old, new)


@pytest.mark.parametrize("kind", sorted(GUARDED))
def test_what_cannot_be_compared_does_not_pass(kind: str) -> None:
    with pytest.raises(DataRefused, match="without the inputs as they were"):
        update(kind, None, {})


@pytest.mark.parametrize(
    ("kind", "instead"), [(DATABASE, "restore a snapshot"), (CACHE, "second"), (KEY, "Put the key")]
)
def test_a_create_while_one_is_on_record_is_a_replacement(kind: str, instead: str) -> None:
    hook = guarded("primary").hooks[CREATE]
    asyncio.run(call_hook(hook, "urn", "other", kind, struct({})))
    with pytest.raises(DataRefused) as error:
        asyncio.run(call_hook(hook, "urn", "primary", kind, struct({})))
    for words in ("data-protected: 'primary' holds data", instead, "pulumi import"):
        assert words in str(error.value)


def test_hooks_hold_in_previews_too() -> None:
    recorded = guarded()
    assert recorded.hooks.keys() == {CREATE, UPDATE}
    assert all(hook.opts and hook.opts.on_dry_run for hook in recorded.hooks.values())


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        (Database, "Instance"),
        (Cache, "ReplicationGroup"),
        (EncryptionKey, "Key"),
        (Firewall, "WebAcl"),
        (Backups, "Plan"),
    ],
)
def test_components_bind_the_guard_to_what_it_knows(component: type[pulumi.ComponentResource], kind: str) -> None:
    build: Any = component

    def program() -> None:
        build(NAME, row(component).args, guard=DataGuard("unit", {}).binding)

    made = drive(program).one(kind)
    assert made.type in GUARDED
    assert made.hooks == {"before_create": (CREATE,), "before_update": (UPDATE,)}


def declare_database(recorded: Mapping[str, Mapping[str, Any]]) -> Recorded:
    def program() -> None:
        looks = pulumi.ResourceOptions(transformations=[DataGuard("unit", recorded).unreplaced])
        arn = pulumi.Output.from_input("arn:aws:kms:us-east-1:123456789012:key/1")
        Database(NAME, {**row(Database).args, "kms_key_arn": arn}, looks)

    return drive(program)


def test_a_declared_replacement_is_refused_before_the_engine_is_asked() -> None:
    recorded = {f"{NAME}-primary": {"engine": "postgres", "storageEncrypted": False, "dbName": "other"}}
    with pytest.raises(DataRefused) as error:
        declare_database(recorded)
    assert "storageEncrypted False -> True, dbName 'other' -> " in str(error.value)
    assert "engine 'postgres'" not in str(error.value)
    assert "Do: Take the change back. To make it, restore a snapshot" in str(error.value)


def test_what_is_known_only_later_or_the_same_is_left_to_the_hooks() -> None:
    recorded = {f"{NAME}-primary": {"engine": "postgres", "kmsKeyId": "arn:other", "username": "headgate_admin"}}
    made = declare_database(recorded)
    assert made.one("Instance").inputs["engine"] == "postgres"


def test_what_cannot_change_is_recorded_with_its_name() -> None:
    found: list[Any] = []

    def program() -> None:
        database = Database(NAME, row(Database).args)
        DataGuard("unit", {}).keeps(database.instance).apply(found.append)

    drive(program)
    assert found[0][f"{NAME}-primary"]["engine"] == "postgres"
    assert found[0][f"{NAME}-primary"]["storageEncrypted"] is True


def test_the_names_of_what_exists_are_an_output() -> None:
    found: list[Any] = []

    def program() -> None:
        key = EncryptionKey(NAME, row(EncryptionKey).args)
        DataGuard("unit", {"unit-key": {}}).keeps(key.key).apply(found.append)

    drive(program)
    assert [list(each) for each in found] == [["unit-key"]]


def test_what_has_left_the_program_is_missed() -> None:
    def program() -> None:
        key = EncryptionKey(NAME, row(EncryptionKey).args)
        DataGuard("unit", {"unit-key": {}, "database-primary": {}}).keeps(key.key)

    with pytest.raises(DataRefused, match="'database-primary' holds data, or the key to it: it stays") as error:
        drive(program)
    assert "Do: Put it back under its old name" in str(error.value)
    assert "unit-key" not in str(error.value)


def test_what_the_program_retires_may_go_and_come_back() -> None:
    def program() -> None:
        guard = DataGuard("unit", {"primary": {"engine": "mysql"}}, ["primary"])
        guard.keeps(EncryptionKey(NAME, row(EncryptionKey).args).key)

    hook = drive(program).hooks[CREATE]
    asyncio.run(call_hook(hook, "urn", "primary", DATABASE, struct({})))
