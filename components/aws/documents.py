"""IAM and key policy documents: built from known parts, as JSON text that is the same for the same parts."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]

_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+)"
)


def partition(region: str) -> str:
    """The AWS partition that `region` belongs to: the first word of every ARN there."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def document(statements: Sequence[Statement]) -> str:
    """A policy document of `statements`, in their order."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def allow(actions: Sequence[str], resources: Sequence[str], condition: Statement | None = None) -> Statement:
    """A statement that allows `actions` on `resources`."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


def trust(service: str, account_id: str, source_arn: str | None = None) -> str:
    """A trust policy for an AWS service, usable on behalf of this account only (no confused deputy).

    `source_arn`: pattern of the resources on whose behalf the service may act.
    """
    condition: dict[str, Statement] = {"StringEquals": {"aws:SourceAccount": account_id}}
    if source_arn:
        condition["ArnLike"] = {"aws:SourceArn": source_arn}
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": condition,
            }
        ]
    )


def repository_arn(image: str) -> str | None:
    """ARN of the private ECR repository that holds `image`, or None when the image is kept elsewhere."""
    found = _ECR_IMAGE.match(image)
    if not found:
        return None
    region = found["region"]
    return f"arn:{partition(region)}:ecr:{region}:{found['account']}:repository/{found['repository']}"


def secret_arn(value_from: str) -> str:
    """ARN of the secret in a `valueFrom`, which may go on with a JSON key, a stage and a version."""
    return ":".join(value_from.split(":")[:7])
