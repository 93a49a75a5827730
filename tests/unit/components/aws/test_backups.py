"""Backups: what is copied when, by whom, and the snapshot before a rollout."""

import json
from typing import Any

import pytest

from components.aws.backups import (
    BACKUP_TAG,
    Backups,
    RolloutSnapshot,
    backed_up,
    backup_policy,
    snapshot_identifier,
)
from tests.support.drive import drive
from tests.support.mocks import ACCOUNT, REGION, Recorded

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"


def backups(**more: Any) -> Recorded:
    args: Any = {
        "physical_name": "greenflow-staging",
        "account_id": ACCOUNT,
        "region": REGION,
        "kms_key_arn": KEY,
        "tags": {"owner": "team"},
        **more,
    }
    return drive(lambda: Backups("kept", args))


def snapshot(rollout_id: str = "2026.02.11", **more: Any) -> Recorded:
    args: Any = {
        "physical_name": "greenflow-staging",
        "instance_identifier": "greenflow-staging",
        "rollout_id": rollout_id,
        "tags": {},
        **more,
    }
    return drive(lambda: RolloutSnapshot("snapshot", args))


def test_copies_are_made_daily_and_monthly_into_the_vault() -> None:
    recorded = backups()
    rules = {rule["ruleName"]: rule for rule in recorded.one("Plan").inputs["rules"]}
    assert {name: rule["lifecycle"] for name, rule in rules.items()} == {
        "daily": {"deleteAfter": 35},
        "monthly": {"deleteAfter": 365},
    }
    assert {rule["targetVaultName"] for rule in rules.values()} == {"greenflow-staging"}
    assert recorded.one("Vault").inputs["kmsKeyArn"] == KEY


def test_recovery_to_any_second_is_left_to_rds() -> None:
    for rule in backups().one("Plan").inputs["rules"]:
        assert "enableContinuousBackup" not in rule
    assert "rds:ModifyDBInstance" not in backup_policy(ACCOUNT, REGION, KEY, "greenflow-staging")


def test_the_plan_selects_what_is_tagged_for_it() -> None:
    (wanted,) = backups().one("Selection").inputs["selectionTags"]
    tags = backed_up({"owner": "team"}, "greenflow-staging")
    assert tags == {"owner": "team", BACKUP_TAG: "greenflow-staging"}
    assert tags[wanted["key"]] == wanted["value"]
    assert wanted["type"] == "STRINGEQUALS"


def test_the_role_is_used_once_it_may_do_something() -> None:
    recorded = backups()
    assert recorded.one("RolePolicy").urn in recorded.one("Selection").dependencies
    trust = json.loads(recorded.one("Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "backup.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_the_role_deletes_no_snapshot_but_its_own() -> None:
    statements = json.loads(backup_policy(ACCOUNT, REGION, KEY, "greenflow-staging"))["Statement"]
    (deletes,) = (each for each in statements if "rds:DeleteDBSnapshot" in each["Action"])
    assert deletes["Resource"] == [f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:awsbackup:*"]
    assert [each["Action"] for each in statements if each["Resource"] == ["*"]] == [["tag:GetResources"]]
    (grants,) = (each for each in statements if each["Action"] == ["kms:CreateGrant"])
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"daily_days": 6}, "daily_days"),
        ({"daily_days": 60, "monthly_days": 59}, "monthly_days: found 59; expected a whole number from 60"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        backups(**more)


def test_a_rollout_has_a_snapshot_of_its_own() -> None:
    made = snapshot().one("Snapshot")
    assert made.inputs["dbSnapshotIdentifier"] == "greenflow-staging-before-2026-02-11"
    assert made.inputs["tags"] == {"headgate-rollout": "2026.02.11"}
    assert made.urn != snapshot("2026.03.01").one("Snapshot").urn


def test_nothing_is_made_without_a_rollout() -> None:
    recorded = snapshot("")
    assert recorded.of_type("Snapshot") == []
    assert recorded.outputs_of("RolloutSnapshot") == {"snapshot_arn": ""}


def test_a_snapshot_is_kept_and_never_in_the_way() -> None:
    """A protected resource that leaves the program fails the update: that could be the one that goes back."""
    made = snapshot().one("Snapshot")
    assert (made.protect, made.retain_on_delete) == (None, True)
    assert snapshot(protect_data=False).one("Snapshot").retain_on_delete is False


@pytest.mark.parametrize(
    ("rollout", "name"),
    [
        ("2026.02.11", "a-before-2026-02-11"),
        ("v1--B_c", "a-before-v1-b-c"),
        ("2026.02.11-rc.2", "a-before-2026-02-11-rc-2"),
    ],
)
def test_names_of_snapshots_are_those_that_rds_takes(rollout: str, name: str) -> None:
    assert snapshot_identifier("a", rollout) == name


def test_a_rollout_id_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="rollout_id"):
        snapshot("x" * 255)
