"""The key: everything the system stores is encrypted with it."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import kms

from components._common import PlainArguments, token
from components.aws.bucket_policies import SITE_ROLE, bucket_arn, bucket_name
from components.aws.documents import document, partition

# Services that use the key on behalf of a caller in this account.
DATA_SERVICES = ("backup", "ecr", "elasticache", "rds", "s3", "secretsmanager")

ROTATION_DAYS = 365  # the default of KMS; KMS.4 asks for yearly rotation
DEFAULT_DELETION_WINDOW_DAYS = 30  # the longest KMS offers: a key that is gone takes the data with it


class EncryptionKeyArgs(TypedDict):
    """Arguments of `EncryptionKey`."""

    physical_name: str
    """Alias of the key, without `alias/`. Replaces the alias only."""
    account_id: pulumi.Input[str]
    """The account that administers the key."""
    region: str
    """The region whose services may use the key."""
    deletion_window_days: NotRequired[int]
    """Days between the order to delete and the deletion, 7 to 30. Default: 30."""
    protect_data: NotRequired[bool]
    """Keep the key when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class EncryptionKey(pulumi.ComponentResource):
    """A rotating key that the account administers and only the named AWS services use.

    Creates: key, alias.

    Changes during a rollout: nothing.

    Replaces on: never the key; `physical_name` the alias.
    """

    key_arn: pulumi.Output[str]
    """ARN, to encrypt with."""
    alias_name: pulumi.Output[str]
    """`alias/<physical name>`."""
    key: kms.Key
    """The key itself, for what is not offered here."""

    def __init__(
        self,
        name: str,
        args: EncryptionKeyArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        guard: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """`guard`: hooks on the key, for Python programs only (`safeguards.DataGuard`)."""
        super().__init__(token("EncryptionKey"), name, {}, opts)
        region = args["region"]
        protect_data = args.get("protect_data", True)
        deletion_window = args.get("deletion_window_days", DEFAULT_DELETION_WINDOW_DAYS)
        plain = PlainArguments("EncryptionKey", name)
        plain.name("physical_name", args["physical_name"])
        plain.between("deletion_window_days", deletion_window, 7, 30, "days")
        plain.refuse()

        self.key = kms.Key(
            f"{name}-key",
            description=f"Encrypts the data, secrets and logs of {args['physical_name']}",
            enable_key_rotation=True,
            rotation_period_in_days=ROTATION_DAYS,
            deletion_window_in_days=deletion_window,
            policy=pulumi.Output.from_input(args["account_id"]).apply(
                lambda account_id: key_policy(account_id, region, args["physical_name"])
            ),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=protect_data, retain_on_delete=protect_data, hooks=guard),
        )
        alias = kms.Alias(
            f"{name}-alias",
            name=f"alias/{args['physical_name']}",
            target_key_id=self.key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.key_arn = self.key.arn
        self.alias_name = alias.name
        self.register_outputs({"key_arn": self.key_arn, "alias_name": self.alias_name, "key": self.key})


def key_policy(account_id: str, region: str, physical_name: str) -> str:
    """The key policy: administration by the account, use only through the services that hold the data.

    Nobody decrypts by calling KMS directly, not even the account's administrators; an identity that should
    read data through a service needs an IAM permission on top of this policy. In a key policy, the resource * is the
    key that has it.
    """
    account = {"AWS": f"arn:{partition(region)}:iam::{account_id}:root"}
    site = bucket_arn(bucket_name(physical_name, SITE_ROLE, account_id), region)
    via_service = {
        "StringEquals": {
            "kms:CallerAccount": account_id,
            "kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in DATA_SERVICES],
        }
    }
    return document(
        [
            {
                "Sid": "AccountAdministersTheKey",
                "Effect": "Allow",
                "Principal": account,
                "Action": [
                    "kms:CancelKeyDeletion",
                    "kms:CreateAlias",
                    "kms:DeleteAlias",
                    "kms:Describe*",
                    "kms:Disable*",
                    "kms:Enable*",
                    "kms:Get*",
                    "kms:List*",
                    "kms:Put*",
                    "kms:Revoke*",
                    "kms:RotateKeyOnDemand",
                    "kms:ScheduleKeyDeletion",
                    "kms:TagResource",
                    "kms:UntagResource",
                    "kms:Update*",
                ],
                "Resource": "*",
            },
            {
                "Sid": "DataServicesUseTheKey",
                "Effect": "Allow",
                "Principal": account,
                "Action": [
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                "Resource": "*",
                "Condition": via_service,
            },
            {
                "Sid": "DataServicesDelegateTheKey",
                "Effect": "Allow",
                "Principal": account,
                "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
                "Resource": "*",
                "Condition": {**via_service, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
            {
                # A grant that is given up is not asked whom it is for, so this is apart from the statement above.
                "Sid": "DataServicesGiveUpTheirGrants",
                "Effect": "Allow",
                "Principal": account,
                "Action": ["kms:RetireGrant"],
                "Resource": "*",
                "Condition": via_service,
            },
            {
                # Which distribution, the bucket's own policy says: it exists only after the key.
                "Sid": "CloudFrontReadsTheSite",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": ["kms:Decrypt"],
                "Resource": "*",
                "Condition": {
                    "ArnLike": {"aws:SourceArn": f"arn:{partition(region)}:cloudfront::{account_id}:distribution/*"},
                    # S3 gives the bucket with a bucket key, and else the object (SSE-KMS, "Encryption context").
                    "StringLike": {"kms:EncryptionContext:aws:s3:arn": [site, f"{site}/*"]},
                },
            },
            {
                "Sid": "LogsUseTheKey",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{region}.amazonaws.com"},
                # Describing a key has no encryption context, so the condition would never let it through.
                "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                "Resource": "*",
                "Condition": {
                    # An encryption context is a text, also when an ARN is in it.
                    "StringLike": {
                        "kms:EncryptionContext:aws:logs:arn": (
                            f"arn:{partition(region)}:logs:{region}:{account_id}:log-group:*"
                        )
                    }
                },
            },
        ]
    )
