"""Policies of the alarms' topics and of their key."""

from collections.abc import Mapping
from typing import Any

from components.aws.documents import document, partition

ALARMS = "cloudwatch.amazonaws.com"


def key_policy(account_id: str, region: str, physical_name: str) -> str:
    """The account administers the key; alarms of the service use it to publish, and so may roles through SNS.

    CloudWatch needs both actions to publish to an encrypted topic (SNS Developer Guide, "Key management": compatibility
    with event sources from AWS services), and passes on for which alarm of which account.
    """
    account = {"AWS": f"arn:{partition(region)}:iam::{account_id}:root"}
    through_sns = {"StringEquals": {"kms:CallerAccount": account_id, "kms:ViaService": f"sns.{region}.amazonaws.com"}}
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
                    "kms:RotateKeyOnDemand",
                    "kms:ScheduleKeyDeletion",
                    "kms:TagResource",
                    "kms:UntagResource",
                    "kms:Update*",
                ],
                "Resource": "*",
            },
            {
                "Sid": "AlarmsUseTheKey",
                "Effect": "Allow",
                "Principal": {"Service": ALARMS},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": _alarms(account_id, region, physical_name),
            },
            {
                "Sid": "PublishersUseTheKey",
                "Effect": "Allow",
                "Principal": account,
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": through_sns,
            },
        ]
    )


def topic_policy(topic_arn: str, account_id: str, region: str, physical_name: str) -> str:
    """Alarms of the service publish, nobody in clear. Roles of the account need a permission of their own."""
    return document(
        [
            {
                "Sid": "AlarmsPublish",
                "Effect": "Allow",
                "Principal": {"Service": ALARMS},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": _alarms(account_id, region, physical_name),
            },
            {
                "Sid": "NobodyPublishesInClear",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
    )


def _alarms(account_id: str, region: str, physical_name: str) -> Mapping[str, Any]:
    return {
        "StringEquals": {"aws:SourceAccount": account_id},
        "ArnLike": {
            "aws:SourceArn": f"arn:{partition(region)}:cloudwatch:{region}:{account_id}:alarm:{physical_name}-*"
        },
    }
