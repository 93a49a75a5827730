"""Flow logs: who spoke to whom in a VPC, and who was turned away."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import ec2, iam

from components.aws.documents import allow, document, partition, trust
from components.aws.logs import log_group

AGGREGATION_SECONDS = 60  # the shortest offered, so that an incident is seen within minutes (EC2 API, CreateFlowLogs)


def flow_log(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    physical_name: str,
    account_id: pulumi.Input[str],
    region: str,
    kms_key_arn: pulumi.Input[str],
    retention_days: int,
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> ec2.FlowLog:
    """The flow log of all traffic of a VPC, in an encrypted log group of its own. Children of `parent`."""
    path = f"/aws/vpc/{physical_name}/flow"
    child: dict[str, Any] = {"opts": pulumi.ResourceOptions(parent=parent)}
    group = log_group(
        f"{name}-flow", path=path, retention_days=retention_days, kms_key_arn=kms_key_arn, tags=tags, parent=parent
    )
    account = pulumi.Output.from_input(account_id)
    role = iam.Role(
        f"{name}-flow",
        description=f"Flow logs of {physical_name}",
        assume_role_policy=account.apply(lambda known: flow_trust(known, region)),
        tags=tags,
        **child,
    )
    policy = iam.RolePolicy(
        f"{name}-flow",
        role=role.name,
        policy=account.apply(lambda known: delivery_policy(known, region, path)),
        **child,
    )
    return ec2.FlowLog(
        f"{name}-flow",
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=AGGREGATION_SECONDS,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy]),
    )


def flow_trust(account_id: str, region: str) -> str:
    """Who may deliver: the flow logs of this account and region (Amazon VPC user guide, "IAM role for publishing")."""
    source = f"arn:{partition(region)}:ec2:{region}:{account_id}:vpc-flow-log/*"
    return trust("vpc-flow-logs.amazonaws.com", account_id, source)


def delivery_policy(account_id: str, region: str, path: str) -> str:
    """What delivery needs: to find the log group `path` and write streams of it. The group exists already."""
    groups = f"arn:{partition(region)}:logs:{region}:{account_id}:log-group"
    return document(
        [
            allow(["logs:DescribeLogGroups"], [f"{groups}:*"]),
            allow(
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [f"{groups}:{path}", f"{groups}:{path}:*"],
            ),
        ]
    )
