"""Log groups: made before anything writes to them, so that none appears without retention and encryption."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import cloudwatch

from components.aws.documents import allow, document, partition

# The only numbers of days CloudWatch Logs accepts (PutRetentionPolicy).
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
RETENTION_EXPECTED = "a number of days CloudWatch Logs accepts: 7, 14, 30, 60, 90, 180, 365, 400, 731 or others"
DEFAULT_RETENTION_DAYS = 365


def log_group(
    name: str,
    *,
    path: str,
    retention_days: int,
    kms_key_arn: pulumi.Input[str],
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> cloudwatch.LogGroup:
    """The encrypted log group `path`, child of `parent`."""
    return cloudwatch.LogGroup(
        name,
        name=path,
        retention_in_days=retention_days,
        kms_key_id=kms_key_arn,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def delivered_log_group(
    name: str,
    *,
    path: str,
    service: str,
    account_id: pulumi.Input[str],
    region: str,
    retention_days: int,
    kms_key_arn: pulumi.Input[str],
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> tuple[cloudwatch.LogGroup, cloudwatch.LogResourcePolicy]:
    """The log group `path` and the permission for an AWS `service` to write to it, for this account only."""
    group = log_group(name, path=path, retention_days=retention_days, kms_key_arn=kms_key_arn, tags=tags, parent=parent)

    def permission(account: str) -> str:
        arn = f"arn:{partition(region)}:logs:{region}:{account}:log-group:{path}:*"
        writes = allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [arn],
            {"StringEquals": {"aws:SourceAccount": account}},
        )
        return document([{**writes, "Principal": {"Service": service}}])

    policy = cloudwatch.LogResourcePolicy(
        f"{name}-writer",
        policy_name=path.strip("/").replace("/", "-"),
        policy_document=pulumi.Output.from_input(account_id).apply(permission),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[group]),
    )
    return group, policy
