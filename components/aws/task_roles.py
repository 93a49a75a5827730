"""The two roles of a task: the one ECS starts it with, and the one the application has."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import iam

from components.aws.documents import allow, document, partition, repository_arn, secret_arn, trust


class TaskPermission(TypedDict):
    """Something the application itself may do in AWS."""

    actions: Sequence[str]
    """IAM actions, without wildcards for a whole service."""
    resources: Sequence[pulumi.Input[str]]
    """ARNs."""


def role(
    name: str,
    *,
    description: str,
    account_id: pulumi.Input[str],
    region: str,
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> iam.Role:
    """A role that only tasks of this account and region can assume, child of `parent`."""
    return iam.Role(
        name,
        description=description,
        assume_role_policy=pulumi.Output.from_input(account_id).apply(
            lambda account: trust(
                "ecs-tasks.amazonaws.com", account, f"arn:{partition(region)}:ecs:{region}:{account}:*"
            )
        ),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def execution_policy(
    images: Sequence[str], *, log_arns: Sequence[str], secrets: Sequence[str], key_arn: str, region: str
) -> str:
    """What ECS needs to start tasks of `images`: nothing but these repositories, log groups and secrets.

    `secrets`: the `valueFrom` of each. Only the registry's token has no resource to name (ecr:GetAuthorizationToken).
    """
    statements = [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{arn.removesuffix(':*')}:*" for arn in log_arns])
    ]
    repositories = sorted({arn for arn in map(repository_arn, images) if arn})
    if repositories:
        statements.append(allow(["ecr:GetAuthorizationToken"], ["*"]))
        statements.append(
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                repositories,
            )
        )
    if secrets:
        arns = sorted({secret_arn(value_from) for value_from in secrets})
        via_secrets = {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}}
        statements.append(allow(["secretsmanager:GetSecretValue"], arns))
        statements.append(allow(["kms:Decrypt"], [key_arn], via_secrets))
    return document(statements)


def task_policy(permissions: Sequence[TaskPermission], resources: Sequence[Sequence[str]]) -> str:
    """What the application may do: the actions of each of `permissions` on its `resources`, now known."""
    return document([allow(each["actions"], arns) for each, arns in zip(permissions, resources, strict=True)])
