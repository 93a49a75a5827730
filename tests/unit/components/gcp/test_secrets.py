"""Secret entries: places for values that never pass through the program."""

from typing import Any

import pytest

from components.gcp.secrets import SecretEntries, SecretEntriesArgs, references, secret_id
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: SecretEntriesArgs = {
    "physical_name": "ion-production",
    "project": "acme-ion",
    "location": "us-central1",
    "kms_key_name": "key-of-secrets",
    "topic_kms_key_name": "key-of-topic",
    "secret_manager_agent": "serviceAccount:secrets@agents.example",
    "entries": {"SESSION_KEY": {"version": 3}, "MAIL_TOKEN": {}},
    "first_rotation": "2026-03-01T09:00:00Z",
    "labels": {"a": "b"},
}


def secrets(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: SecretEntries("settings", args), preview=preview)


def test_one_secret_per_setting_with_a_version_or_without() -> None:
    recorded = secrets()
    assert {each.name: each.inputs["secretId"] for each in recorded.of_type("Secret")} == {
        "settings-session-key": "ion-production-session-key",
        "settings-mail-token": "ion-production-mail-token",
    }


def test_no_value_is_declared() -> None:
    recorded = secrets()
    assert recorded.of_type("SecretVersion") == []
    assert not any("secretData" in key for each in recorded.custom() for key in each.inputs)


def test_encrypted_where_it_is_kept_rotated_and_hard_to_lose() -> None:
    inputs = secrets().one("Secret", "settings-session-key").inputs
    assert inputs["replication"] == {
        "userManaged": {
            "replicas": [{"location": "us-central1", "customerManagedEncryption": {"kmsKeyName": "key-of-secrets"}}]
        }
    }
    assert inputs["rotation"] == {"rotationPeriod": "7776000s", "nextRotationTime": "2026-03-01T09:00:00Z"}
    assert inputs["topics"] == [{"name": "settings-rotation-id"}]
    assert inputs["versionDestroyTtl"] == "604800s"
    assert inputs["deletionProtection"] is True


def test_the_time_of_the_next_rotation_is_secret_managers_from_then_on() -> None:
    for secret in secrets().of_type("Secret"):
        assert secret.ignore_changes == ("rotation.nextRotationTime",)


def test_secret_manager_may_publish_before_a_secret_names_the_topic() -> None:
    recorded = secrets()
    right = recorded.one("TopicIAMMember")
    assert right.inputs["member"] == "serviceAccount:secrets@agents.example"
    assert right.inputs["role"] == "roles/pubsub.publisher"
    for secret in recorded.of_type("Secret"):
        assert right.urn in secret.dependencies


def test_the_topic_stays_in_the_region() -> None:
    inputs = secrets().one("Topic").inputs
    assert inputs["kmsKeyName"] == "key-of-topic"
    assert inputs["messageStoragePolicy"] == {"allowedPersistenceRegions": ["us-central1"]}


def test_giving_up_protection() -> None:
    for secret in secrets(protect_data=False).of_type("Secret"):
        assert (secret.inputs["deletionProtection"], secret.protect, secret.retain_on_delete) == (False, False, False)


def test_outputs() -> None:
    assert secrets().outputs_of("SecretEntries")["secret_ids"] == {
        "SESSION_KEY": "ion-production-session-key",
        "MAIL_TOKEN": "ion-production-mail-token",
    }


def test_a_revision_reads_what_has_a_version() -> None:
    assert references("ion-production", ARGS["entries"]) == {
        "SESSION_KEY": {"secret": secret_id("ion-production", "SESSION_KEY"), "version": 3}
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"rotation_days": 91}, "rotation_days: found 91; expected a whole number from 1 to 90 days"),
        ({"destroy_after_days": 0}, "destroy_after_days: found 0"),
        ({"first_rotation": "2026-03-01"}, "first_rotation: found '2026-03-01'; expected a time in UTC"),
        ({"entries": {"session-key": {}}}, "entries: found 'session-key'; expected a name for the environment"),
        ({"entries": {"KEY": {"version": 0}}}, "entries.KEY.version: found 0; .* Pin it"),
        ({"entries": {"KEY": {"version": "latest"}}}, "entries.KEY.version: found 'latest'"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"SecretEntries 'settings': {message}"):
        secrets(**more)
