"""The key and who may use it."""

import json
from typing import Any

import pytest

from components.aws.encryption import EncryptionKey, EncryptionKeyArgs, key_policy
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: EncryptionKeyArgs = {
    "physical_name": "greenflow-staging",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "tags": {},
}


def key(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: EncryptionKey("key", args))


def statements() -> dict[str, Any]:
    return {
        each["Sid"]: each
        for each in json.loads(key_policy("123456789012", "eu-west-1", "greenflow-staging"))["Statement"]
    }


def test_alias_points_at_the_key() -> None:
    recorded = key()
    assert recorded.one("Alias").inputs == {"name": "alias/greenflow-staging", "targetKeyId": "key-key-key-id"}


def test_the_policy_is_the_pure_function_of_account_and_region() -> None:
    assert key().one("Key").inputs["policy"] == key_policy("123456789012", "eu-west-1", "greenflow-staging")


def test_the_policy_is_known_in_a_preview() -> None:
    preview = drive(lambda: EncryptionKey("key", ARGS), preview=True)
    assert preview.one("Key").inputs["policy"] == key_policy("123456789012", "eu-west-1", "greenflow-staging")


def test_administrators_cannot_use_the_key() -> None:
    administration = statements()["AccountAdministersTheKey"]["Action"]
    assert not [
        action
        for action in administration
        if action.startswith(("kms:Decrypt", "kms:Encrypt", "kms:Generate", "kms:ReEncrypt", "kms:CreateGrant"))
        or action in {"kms:*", "kms:Create*"}
    ]
    # Without these two nobody could ever change the policy or the rotation again.
    assert "kms:Put*" in administration
    assert "kms:Enable*" in administration


def test_data_services_use_it_for_this_account_in_this_region() -> None:
    for sid in ("DataServicesUseTheKey", "DataServicesDelegateTheKey"):
        assert statements()[sid]["Condition"]["StringEquals"] == {
            "kms:CallerAccount": "123456789012",
            "kms:ViaService": [
                "backup.eu-west-1.amazonaws.com",
                "ecr.eu-west-1.amazonaws.com",
                "elasticache.eu-west-1.amazonaws.com",
                "rds.eu-west-1.amazonaws.com",
                "s3.eu-west-1.amazonaws.com",
                "secretsmanager.eu-west-1.amazonaws.com",
            ],
        }
    assert statements()["DataServicesDelegateTheKey"]["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_logs_use_it_for_log_groups_of_this_account() -> None:
    logs = statements()["LogsUseTheKey"]
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert logs["Condition"]["StringLike"] == {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:*"
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"deletion_window_days": 6}, "deletion_window_days: found 6; expected a whole number from 7 to 30 days"),
        ({"physical_name": "alias/x"}, "EncryptionKey 'key': physical_name: found 'alias/x'"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        key(**more)
