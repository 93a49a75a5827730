"""IAM documents of all components under parliament: no finding above low, no action or resource without need."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from components.aws.blue_green_service import BlueGreenService
from tests.contract.rows import ROWS, Row
from tests.support import stack_files
from tests.support.drive import drive
from tests.support.iam_lint import Gravity, actions, lint
from tests.support.mocks import Recorded
from tests.support.stack_program import Stack

AWS = [each for each in ROWS if not each.google]
ACCOUNT = "123456789012"
TRUST = "assumeRolePolicy"
KEY_POLICY = "aws:kms/key:Key"

# parliament's finding, the action it is about, and why it stays.
EXCUSED: Mapping[tuple[str, str], str] = {
    # CloudWatch Logs User Guide, "Logs sent to CloudWatch Logs": the resource is log-group:*, never *.
    ("RESOURCE_MISMATCH", "logs:DescribeLogGroups"): "parliament does not know the resource that AWS documents",
}
# Actions for which AWS offers no narrower resource than * (Service Authorization Reference).
ON_EVERYTHING = {
    "ecr:getauthorizationtoken": "a token is for the whole registry",
    "tag:getresources": "a search by tag is about no single resource",
    "cloudwatch:putmetricdata": "metrics have no ARN",
}


@dataclass(frozen=True)
class Document:
    """One policy document and where it is."""

    where: str
    kind: str
    key: str
    text: str

    @property
    def statements(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self.text)["Statement"]
        return listed

    @property
    def for_the_linter(self) -> str:
        """A trust policy has no resource, being part of one; parliament knows no document without."""
        if self.key != TRUST:
            return self.text
        listed = [{"Resource": f"arn:aws:iam::{ACCOUNT}:role/it", **each} for each in self.statements]
        return json.dumps({"Version": "2012-10-17", "Statement": listed})


def documents(recorded: Recorded) -> Iterator[Document]:
    """Every input of every resource that is a policy document."""
    for child in recorded.custom():
        for key, value in child.inputs.items():
            if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                yield Document(f"{child.type} {child.name}.{key}", child.type, key, value)


def with_everything(row: Row) -> dict[str, Any]:
    """Arguments with which the component writes every document it can."""
    if row.component is BlueGreenService:
        user = f"arn:aws:elasticache:us-east-1:{ACCOUNT}:user:app"
        group = f"arn:aws:elasticache:us-east-1:{ACCOUNT}:replicationgroup:greenflow"
        secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:key-a1b2c3"
        permission = {"actions": ["elasticache:Connect"], "resources": [group, user]}
        return {"secrets": {"KEY": secret}, "task_permissions": [permission]}
    return {}


@cache
def all_documents() -> tuple[Document, ...]:
    found = [each for row in AWS for each in documents(drive(row.build(**with_everything(row))))]
    stack = Stack.of("greenflow-production")
    whole = stack.up(stack_files.configured("greenflow-production").settings).recorded
    return tuple({(each.where, each.text): each for each in (*found, *documents(whole))}.values())


def listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value] if isinstance(value, list) else []


@pytest.mark.parametrize("document", all_documents(), ids=lambda each: each.where)
def test_no_finding_above_low(document: Document) -> None:
    found = [
        complaint
        for complaint in lint(document.for_the_linter)
        if complaint.gravity > Gravity.LOW
        and not any(complaint.issue == issue and action in complaint.detail for issue, action in EXCUSED)
    ]
    assert found == []


@pytest.mark.parametrize("document", all_documents(), ids=lambda each: each.where)
def test_actions_exist_and_are_named(document: Document) -> None:
    for statement in document.statements:
        assert "NotAction" not in statement
        if statement["Effect"] == "Deny":
            continue
        for action in listed(statement["Action"]):
            service, _, verb = action.partition(":")
            assert "*" not in service, action
            assert verb.strip("*"), action
            assert any(known.startswith(action.lower().partition("*")[0]) for known in actions()), action


@pytest.mark.parametrize("document", all_documents(), ids=lambda each: each.where)
def test_a_resource_is_everything_only_where_aws_offers_no_other(document: Document) -> None:
    if document.key == TRUST or document.kind == KEY_POLICY:
        return  # no resource, and the key itself
    for statement in document.statements:
        if statement["Effect"] == "Allow" and "*" in listed(statement.get("Resource")):
            assert {action.lower() for action in listed(statement["Action"])} <= ON_EVERYTHING.keys()


def test_there_is_something_to_lint() -> None:
    kinds = {each.kind.rpartition(":")[2] for each in all_documents()}
    assert {"Role", "RolePolicy", "Key", "BucketPolicy", "TopicPolicy"} <= kinds
    assert len(all_documents()) > 25


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjects", "Resource": "arn:aws:s3:::a/b"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::a"}, "RESOURCE_MISMATCH"),
    ],
)
def test_the_linter_finds_what_is_wrong(statement: dict[str, Any], issue: str) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    assert any(each.issue.startswith(issue) for each in lint(text))
