"""The rule over topics and keys together: an alarm that may not use the key is lost in silence."""

import json
from typing import Any

import pytest

from components.aws.topic_policies import key_policy
from tests.support.alarm_cases import TOPIC, document
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, Pack, of

KEY = "aws:kms/key:Key"
RULE = "sns-key-admits-alarms"
POLICY = key_policy("123456789012", "us-east-1", "greenflow-production")
ALARMS = {"Service": "cloudwatch.amazonaws.com"}


def says(policy: Any, *, depends: bool = True) -> list[Diagnostic]:
    key = Declared(KEY, "key", {"policy": policy} if policy is not None else {})
    comes_from = {"kmsMasterKeyId": [key.name]} if depends else {}
    topic = Declared(TOPIC, "topic", {"kmsMasterKeyId": "arn:key"}, depends=comes_from)
    return of(Pack("production").run([key, topic]), RULE)


def test_the_components_key_admits_alarms() -> None:
    assert says(POLICY) == []


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": ALARMS,
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        **changes,
    }


@pytest.mark.parametrize(
    "policy",
    [
        document(statement(Principal={"Service": "sns.amazonaws.com"})),
        document(statement(Action=["kms:Decrypt"])),
        document(statement(Action="kms:GenerateDataKey")),
        document(statement(Effect="Deny")),
        None,
        UNKNOWN,
        "no JSON",
    ],
)
def test_a_key_that_does_not_is_found(policy: Any) -> None:
    (found,) = says(policy)
    assert found.level == "mandatory"
    assert found.urn.endswith("::key")


@pytest.mark.parametrize(
    "action", ["kms:*", ["kms:GenerateDataKey*", "kms:Decrypt*"], ["kms:decrypt", "kms:Generate*"]]
)
def test_wider_grants_admit_them_too(action: Any) -> None:
    assert says(document(statement(Action=action))) == []


def test_a_key_of_another_stack_is_not_judged() -> None:
    assert says(json.dumps({}), depends=False) == []
