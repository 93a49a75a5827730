"""Backups that outlive the database: a vault with copies by schedule, and a snapshot before a rollout starts.

What is lost when, and what it is restored from:

- An instance, its storage or its zone fails: nothing. The other zone's copy is written synchronously (Multi-AZ).
- Data is spoilt, by a version or by hand: what was written since. The instance can be restored to any second of its
  retention, but for the last five minutes, which have to be waited for: RDS saves its log that often (Amazon RDS user
  guide, "Restoring a DB instance to a specified time").
- The instance is gone with both copies: up to those five minutes. The recovery point objective of one minute does not
  hold then; no backup of RDS for PostgreSQL does better.
- Its automated backups are gone too: what was written since the last copy in the vault, up to a day.

Recovery to any second stays with RDS (`backup_retention_days` of the database). AWS Backup could take it over, but
would then set retention and window of the instance itself, against what the program declares.
"""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import backup, iam, rds

from components._common import PlainArguments, Tags, token
from components.aws.documents import allow, document, partition, trust

BACKUP_TAG = "backup-plan"
ROLLOUT_TAG = "headgate-rollout"
DEFAULT_DAILY_DAYS = 35
DEFAULT_MONTHLY_DAYS = 365
# UTC; after the database's own backup window (03:00 to 04:00) and its maintenance on Sundays (to 05:30).
DAILY = "cron(0 6 * * ? *)"
MONTHLY = "cron(0 7 1 * ? *)"
START_WINDOW = 60  # minutes; the least AWS Backup takes
COMPLETION_WINDOW = 360  # minutes
_SNAPSHOT_LIMIT = 255  # characters (Amazon RDS API, CreateDBSnapshot)


def backed_up(tags: Mapping[str, pulumi.Input[str]], physical_name: str) -> Tags:
    """`tags` of a resource that the plan of `physical_name` backs up."""
    return {**tags, BACKUP_TAG: physical_name}


class BackupsArgs(TypedDict):
    """Arguments of `Backups`."""

    physical_name: str
    """Name of vault and plan, and value of the tag that selects. Replaces the vault, refused with `protect_data`."""
    account_id: pulumi.Input[str]
    """The account, on whose behalf alone the role is usable."""
    region: str
    """Region of what is backed up."""
    kms_key_arn: pulumi.Input[str]
    """Key of the vault, and of the databases. Replaces the vault."""
    daily_days: NotRequired[int]
    """Days that daily copies are kept, 7 or more. Default: 35."""
    monthly_days: NotRequired[int]
    """Days that monthly copies are kept, at least as long as daily ones. Default: 365."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep vault and copies when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class Backups(pulumi.ComponentResource):
    """Daily and monthly copies, in a vault of their own, of every database tagged with `backed_up`.

    Creates: vault; plan; role with its policy; selection by tag.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `kms_key_arn` (the vault, refused while `protect_data` is true).
    """

    vault_name: pulumi.Output[str]
    """Name of the vault."""
    vault_arn: pulumi.Output[str]
    """ARN of the vault."""
    plan_id: pulumi.Output[str]
    """Id of the plan."""

    def __init__(
        self,
        name: str,
        args: BackupsArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        guard: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """`guard`: hooks on the plan, for Python programs only (`safeguards.DataGuard`)."""
        super().__init__(token("Backups"), name, {}, opts)
        daily = args.get("daily_days", DEFAULT_DAILY_DAYS)
        monthly = args.get("monthly_days", DEFAULT_MONTHLY_DAYS)
        protect_data = args.get("protect_data", True)
        plain = PlainArguments("Backups", name)
        plain.name("physical_name", args["physical_name"])
        plain.between("daily_days", daily, 7, 36_500, "days")
        plain.between("monthly_days", monthly, max(daily, 7), 36_500, "days")
        plain.refuse()

        vault = backup.Vault(
            f"{name}-vault",
            name=args["physical_name"],
            kms_key_arn=args["kms_key_arn"],
            force_destroy=not protect_data,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=protect_data, retain_on_delete=protect_data),
        )
        plan = backup.Plan(
            f"{name}-plan",
            name=args["physical_name"],
            rules=[
                _rule("daily", DAILY, daily, vault, args["tags"]),
                _rule("monthly", MONTHLY, monthly, vault, args["tags"]),
            ],
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, hooks=guard),
        )
        role, policy = self._role(args)
        backup.Selection(
            f"{name}-selection",
            name=args["physical_name"],
            plan_id=plan.id,
            iam_role_arn=role.arn,
            selection_tags=[{"type": "STRINGEQUALS", "key": BACKUP_TAG, "value": args["physical_name"]}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.vault_name = vault.name
        self.vault_arn = vault.arn
        self.plan_id = plan.id
        self.register_outputs({"vault_name": self.vault_name, "vault_arn": self.vault_arn, "plan_id": self.plan_id})

    def _role(self, args: BackupsArgs) -> tuple[iam.Role, iam.RolePolicy]:
        region = args["region"]
        role = iam.Role(
            f"{self.pulumi_resource_name}-backup",
            description=f"Backups of {args['physical_name']}",
            assume_role_policy=pulumi.Output.from_input(args["account_id"]).apply(
                lambda account_id: trust("backup.amazonaws.com", account_id)
            ),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        policy = iam.RolePolicy(
            f"{self.pulumi_resource_name}-backup",
            role=role.name,
            policy=pulumi.Output.all(args["account_id"], args["kms_key_arn"]).apply(
                lambda known: backup_policy(known[0], region, known[1], args["physical_name"])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, policy


def backup_policy(account_id: str, region: str, kms_key_arn: str, physical_name: str) -> str:
    """What AWS Backup needs for instances of RDS: the part of AWSBackupServiceRolePolicyForBackup about them.

    Made smaller: only instances of this system are copied, only copies that AWS Backup made are deleted, and it may not
    change an instance, which it would have to for recovery to any second.
    """
    arn = f"arn:{partition(region)}:rds:{region}:{account_id}"
    instances, copies = f"{arn}:db:{physical_name}*", f"{arn}:snapshot:awsbackup:*"
    return document(
        [
            allow(["rds:DescribeDBInstances", "rds:ListTagsForResource"], [f"{arn}:db:*"]),
            allow(["rds:CreateDBSnapshot"], [instances, copies]),
            allow(
                [
                    "rds:AddTagsToResource",
                    "rds:CopyDBSnapshot",
                    "rds:DeleteDBSnapshot",
                    "rds:DescribeDBSnapshots",
                    "rds:ListTagsForResource",
                ],
                [copies],
            ),
            allow(
                ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
                [f"arn:{partition(region)}:backup:{region}:{account_id}:backup-vault:{physical_name}"],
            ),
            # Searching by tag is about no single resource (IAM service authorization reference).
            allow(["tag:GetResources"], ["*"]),
            allow(["kms:DescribeKey"], [kms_key_arn]),
            allow(["kms:CreateGrant"], [kms_key_arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        ]
    )


def _rule(
    name: str, schedule: str, days: int, vault: backup.Vault, tags: Mapping[str, pulumi.Input[str]]
) -> backup.PlanRuleArgsDict:
    return {
        "rule_name": name,
        "target_vault_name": vault.name,
        "schedule": schedule,
        "start_window": START_WINDOW,
        "completion_window": COMPLETION_WINDOW,
        "lifecycle": {"delete_after": days},
        "recovery_point_tags": tags,
    }


class RolloutSnapshotArgs(TypedDict):
    """Arguments of `RolloutSnapshot`."""

    physical_name: str
    """First part of the snapshot's name."""
    instance_identifier: pulumi.Input[str]
    """The database instance."""
    rollout_id: str
    """The rollout that is under way or was the last. Empty: there is none, and nothing is made."""
    protect_data: NotRequired[bool]
    """Keep the snapshot when the next rollout takes its place here, and when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class RolloutSnapshot(pulumi.ComponentResource):
    """The database as it was before a rollout: made in the update that starts it, once for each rollout.

    A new rollout id is a new resource, on purpose: the snapshot of the rollout before leaves the program and, with
    `protect_data`, stays in AWS until somebody deletes it. It is never protected against that, because a protected
    resource that leaves the program fails the update, and nothing may hold up a way back.

    What must not start before the snapshot is complete depends on this component: the traffic carrier, and through it
    the candidate's tasks.

    Creates: a snapshot while there is a rollout.

    Changes during a rollout: `rollout_id`, in the update that starts it.

    Replaces on: `instance_identifier`, `physical_name` (a new snapshot).
    """

    snapshot_arn: pulumi.Output[str]
    """ARN of the snapshot, known once it is complete; empty without a rollout."""

    def __init__(self, name: str, args: RolloutSnapshotArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("RolloutSnapshot"), name, {}, opts)
        protect_data = args.get("protect_data", True)
        identifier = snapshot_identifier(args["physical_name"], args["rollout_id"])
        plain = PlainArguments("RolloutSnapshot", name)
        plain.name("physical_name", args["physical_name"])
        plain.expect(
            len(identifier) <= _SNAPSHOT_LIMIT,
            "rollout_id",
            args["rollout_id"],
            f"a name that leaves snapshot {identifier!r} within {_SNAPSHOT_LIMIT} characters",
        )
        plain.refuse()

        self.snapshot_arn = pulumi.Output.from_input("")
        if args["rollout_id"]:
            snapshot = rds.Snapshot(
                f"{name}-before-{_slug(args['rollout_id'])}",
                db_instance_identifier=args["instance_identifier"],
                db_snapshot_identifier=identifier,
                tags={**args["tags"], ROLLOUT_TAG: args["rollout_id"]},
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=protect_data),
            )
            self.snapshot_arn = snapshot.db_snapshot_arn
        self.register_outputs({"snapshot_arn": self.snapshot_arn})


def snapshot_identifier(physical_name: str, rollout_id: str) -> str:
    """Name of the snapshot before a rollout: RDS takes letters, digits and single hyphens."""
    return f"{physical_name}-before-{_slug(rollout_id)}"


def _slug(rollout_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", rollout_id.lower()).strip("-")
