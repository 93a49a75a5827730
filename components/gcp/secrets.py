"""The service's secret settings: their places in Secret Manager, and which version of each is in use. No values."""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import pubsub, secretmanager

from components._common import PlainArguments, token
from components.gcp.revision import SecretReference

DEFAULT_ROTATION_DAYS = 90
DEFAULT_DESTROY_AFTER_DAYS = 7  # days in which a version that was destroyed can be brought back
DAY = 86_400  # seconds
NAME_LIMIT = 100  # of the 255 characters of a secret's id (Secret Manager API, secrets.create)

_SETTING = re.compile(r"[A-Z][A-Z0-9_]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class SecretEntryArgs(TypedDict):
    """One secret setting."""

    version: NotRequired[int]
    """Number of the version in use. Without one the secret exists, and no revision reads it yet."""


class SecretEntriesArgs(TypedDict):
    """Arguments of `SecretEntries`."""

    physical_name: str
    """First part of the secrets' ids. Replaces all of them."""
    project: str
    """Id of the project."""
    location: str
    """Region of the values and of their key. Replaces all secrets."""
    kms_key_name: pulumi.Input[str]
    """Key of the values, usable by Secret Manager."""
    topic_kms_key_name: pulumi.Input[str]
    """The same key, usable by Pub/Sub."""
    secret_manager_agent: pulumi.Input[str]
    """Secret Manager's agent as an IAM member; it publishes when a secret is due."""
    entries: Mapping[str, SecretEntryArgs]
    """Name in the environment -> the secret. Values are added by people, and never pass through here."""
    first_rotation: str
    """When a new secret is first due, as 2026-03-01T09:00:00Z. Used once; Secret Manager moves it on from then."""
    rotation_days: NotRequired[int]
    """Days from one rotation to the next, 1 to 90. Default: 90."""
    destroy_after_days: NotRequired[int]
    """Days in which a destroyed version can be brought back, 1 to 1000. Default: 7."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the secrets when the stack goes. Default: true."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


class SecretEntries(pulumi.ComponentResource):
    """One secret for each setting, in one region, with a reminder by Pub/Sub when it is due for rotation.

    A value is added with `gcloud secrets versions add <id> --data-file=-`, and its number then goes into the stack's
    configuration, so that going back restores the value too.

    Creates: topic; Secret Manager's right to publish on it; per setting a secret.

    Changes during a rollout: nothing. Which version a revision reads is in the revision.

    Replaces on: `physical_name`, `location` (all secrets), a setting's name (its secret).
    """

    secret_ids: dict[str, pulumi.Output[str]]
    """Id of the secret by name in the environment, as `CanaryService` takes them."""
    topic_name: pulumi.Output[str]
    """Topic of the reminders. Nothing subscribes to it here."""

    def __init__(self, name: str, args: SecretEntriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("SecretEntries"), name, {}, opts)
        rotation_days = args.get("rotation_days", DEFAULT_ROTATION_DAYS)
        destroy_after_days = args.get("destroy_after_days", DEFAULT_DESTROY_AFTER_DAYS)
        protect_data = args.get("protect_data", True)
        plain = PlainArguments("SecretEntries", name)
        plain.name("physical_name", args["physical_name"], NAME_LIMIT)
        plain.between("rotation_days", rotation_days, 1, DEFAULT_ROTATION_DAYS, "days")
        plain.between("destroy_after_days", destroy_after_days, 1, 1000, "days")
        plain.expect(
            _TIME.fullmatch(args["first_rotation"]) is not None,
            "first_rotation",
            args["first_rotation"],
            "a time in UTC such as 2026-03-01T09:00:00Z",
        )
        _check_entries(plain, args["entries"])
        plain.refuse()

        topic = pubsub.Topic(
            f"{name}-rotation",
            name=f"{args['physical_name']}-secret-rotation",
            project=args["project"],
            kms_key_name=args["topic_kms_key_name"],
            message_storage_policy={"allowed_persistence_regions": [args["location"]]},
            labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        publisher = pubsub.TopicIAMMember(
            f"{name}-rotation",
            project=args["project"],
            topic=topic.id,
            role="roles/pubsub.publisher",
            member=args["secret_manager_agent"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.secret_ids = {}
        for setting in args["entries"]:
            secret = secretmanager.Secret(
                f"{name}-{setting.lower().replace('_', '-')}",
                secret_id=secret_id(args["physical_name"], setting),
                project=args["project"],
                replication={
                    # A key in a region goes with replicas in that region; automatic replication wants a global key
                    # (Secret Manager API, CustomerManagedEncryption).
                    "user_managed": {
                        "replicas": [
                            {
                                "location": args["location"],
                                "customer_managed_encryption": {"kms_key_name": args["kms_key_name"]},
                            }
                        ]
                    }
                },
                topics=[{"name": topic.id}],
                rotation={
                    "rotation_period": f"{rotation_days * DAY}s",
                    "next_rotation_time": args["first_rotation"],
                },
                version_destroy_ttl=f"{destroy_after_days * DAY}s",
                deletion_protection=protect_data,
                labels=args["labels"],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    protect=protect_data,
                    retain_on_delete=protect_data,
                    depends_on=[publisher],
                    # Secret Manager moves the time on at each rotation, and refuses one that has passed.
                    ignore_changes=["rotation.nextRotationTime"],
                ),
            )
            self.secret_ids[setting] = secret.secret_id
        self.topic_name = topic.name
        self.register_outputs({"secret_ids": self.secret_ids, "topic_name": self.topic_name})


def secret_id(physical_name: str, setting: str) -> str:
    """Id of the secret of a setting: ion-production, SESSION_KEY -> ion-production-session-key."""
    return f"{physical_name}-{setting.lower().replace('_', '-')}"


def references(physical_name: str, entries: Mapping[str, SecretEntryArgs]) -> dict[str, SecretReference]:
    """What a revision reads: every entry with a version, by name in the environment."""
    return {
        setting: {"secret": secret_id(physical_name, setting), "version": entry["version"]}
        for setting, entry in entries.items()
        if "version" in entry
    }


def _check_entries(plain: PlainArguments, entries: Mapping[str, SecretEntryArgs]) -> None:
    for setting, entry in entries.items():
        plain.expect(
            _SETTING.fullmatch(setting) is not None,
            "entries",
            setting,
            "a name for the environment: upper-case letters, digits and underscores, a letter first",
        )
        version: object = entry.get("version", 1)
        plain.expect(
            isinstance(version, int) and not isinstance(version, bool) and version >= 1,
            f"entries.{setting}.version",
            version,
            "the number of a version, from 1, or nothing",
            "Pin it: `latest` would change under a running revision and could not be restored.",
        )
