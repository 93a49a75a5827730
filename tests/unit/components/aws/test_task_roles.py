"""What ECS and the application may do."""

import json
from typing import Any

from components.aws.task_roles import execution_policy, task_policy

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
LOGS = ["arn:aws:logs:us-east-1:123456789012:log-group:/headgate/x/blue"]


def image(repository: str, digit: str) -> str:
    return f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{repository}@sha256:{digit * 64}"


def statements(images: list[str], secrets: list[str] | None = None, logs: list[str] | None = None) -> dict[str, Any]:
    text = execution_policy(images, log_arns=logs or LOGS, secrets=secrets or [], key_arn=KEY, region="us-east-1")
    return {each["Action"][0]: each for each in json.loads(text)["Statement"]}


def test_pulls_from_the_repositories_of_the_images_only() -> None:
    found = statements([image("api", "1"), image("api", "2"), image("worker", "3")])
    assert found["ecr:BatchCheckLayerAvailability"]["Resource"] == [
        "arn:aws:ecr:us-east-1:123456789012:repository/api",
        "arn:aws:ecr:us-east-1:123456789012:repository/worker",
    ]
    assert found["ecr:GetAuthorizationToken"]["Resource"] == ["*"]


def test_a_new_digest_of_the_same_repository_changes_no_permission() -> None:
    assert statements([image("api", "1"), image("api", "1")]) == statements([image("api", "1"), image("api", "2")])


def test_images_kept_elsewhere_need_no_permission() -> None:
    assert statements(["ghcr.io/team/api@sha256:" + "1" * 64]).keys() == {"logs:CreateLogStream"}


def test_reads_whole_secrets_by_their_arn_and_decrypts_through_secrets_manager_only() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1b2c3"
    found = statements([], secrets=[f"{arn}:username::", f"{arn}:password::"])
    assert found["secretsmanager:GetSecretValue"]["Resource"] == [arn]
    assert found["kms:Decrypt"]["Resource"] == [KEY]
    assert found["kms:Decrypt"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
    }


def test_writes_streams_of_the_log_groups_whichever_form_their_arn_has() -> None:
    """The cloud's own API adds `:*` to the ARN of a log group, the provider takes it away."""
    for arn in (LOGS[0], f"{LOGS[0]}:*"):
        assert statements([], logs=[arn])["logs:CreateLogStream"]["Resource"] == [f"{LOGS[0]}:*"]


def test_task_policy_pairs_actions_with_their_resources() -> None:
    text = task_policy(
        [{"actions": ["a:B"], "resources": ["ignored"]}, {"actions": ["c:D"], "resources": []}], [["arn:1"], ["arn:2"]]
    )
    assert [(each["Action"], each["Resource"]) for each in json.loads(text)["Statement"]] == [
        (["a:B"], ["arn:1"]),
        (["c:D"], ["arn:2"]),
    ]
