"""Policy documents: text from known parts."""

import json

import pytest

from components.aws.documents import allow, document, partition, repository_arn, secret_arn, trust

DIGEST = "@sha256:" + "1" * 64


@pytest.mark.parametrize(
    ("region", "expected"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_partition(region: str, expected: str) -> None:
    assert partition(region) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (
            f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/api{DIGEST}",
            "arn:aws:ecr:eu-west-1:123456789012:repository/team/api",
        ),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:latest",
            "arn:aws:ecr:eu-west-1:123456789012:repository/api",
        ),
        (
            f"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/api{DIGEST}",
            "arn:aws-cn:ecr:cn-north-1:123456789012:repository/api",
        ),
        (f"ghcr.io/team/api{DIGEST}", None),
        (f"public.ecr.aws/team/api{DIGEST}", None),
        (f"evil.example/123456789012.dkr.ecr.eu-west-1.amazonaws.com/api{DIGEST}", None),
        ("", None),
    ],
)
def test_repository_arn(image: str, expected: str | None) -> None:
    assert repository_arn(image) == expected


@pytest.mark.parametrize("suffix", ["", ":password::", ":password:AWSCURRENT:", "::AWSPREVIOUS:"])
def test_secret_arn_is_without_what_selects_a_part(suffix: str) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:greenflow/KEY-a1b2c3"
    assert secret_arn(arn + suffix) == arn


def test_document_keeps_the_order_of_statements() -> None:
    statements = [allow(["s3:GetObject"], ["arn:b"]), allow(["s3:PutObject"], ["arn:a"], {"Bool": {"k": "true"}})]
    assert json.loads(document(statements)) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:b"]},
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject"],
                "Resource": ["arn:a"],
                "Condition": {"Bool": {"k": "true"}},
            },
        ],
    }


def test_trust_is_on_behalf_of_one_account() -> None:
    (statement,) = json.loads(trust("ecs-tasks.amazonaws.com", "1", "arn:aws:ecs:us-east-1:1:*"))["Statement"]
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "1"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:1:*"},
    }
    (wide,) = json.loads(trust("ecs-tasks.amazonaws.com", "1"))["Statement"]
    assert wide["Condition"] == {"StringEquals": {"aws:SourceAccount": "1"}}
