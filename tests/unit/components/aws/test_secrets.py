"""Secret settings: values go in as secrets and never come out."""

import json
from typing import Any

import pytest

from components.aws.secrets import AppSecrets, AppSecretsArgs
from tests.support.drive import drive
from tests.support.mocks import Recorded, Secret

CANARY = "canary-5e55104-key"
ARGS: AppSecretsArgs = {
    "physical_name": "greenflow-production",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "settings": {"SESSION_KEY": CANARY, "MAIL_TOKEN": "canary-mail"},
    "tags": {},
}


def secrets(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: AppSecrets("app", args), preview=preview)


def test_one_secret_per_setting() -> None:
    recorded = secrets()
    assert {each.name: each.inputs["name"] for each in recorded.of_type("Secret")} == {
        "app-session-key": "greenflow-production/SESSION_KEY",
        "app-mail-token": "greenflow-production/MAIL_TOKEN",
    }


@pytest.mark.parametrize("preview", [True, False])
def test_a_value_given_in_plain_text_is_marked_secret(preview: bool) -> None:
    version = secrets(preview=preview).one("SecretVersion", "app-session-key")
    assert version.inputs["secretString"] == Secret(CANARY)


@pytest.mark.parametrize("preview", [True, False])
def test_values_are_nowhere_else(preview: bool) -> None:
    recorded = secrets(preview=preview)
    elsewhere = [dict(each.inputs) for each in recorded.resources if not each.type.endswith("SecretVersion")]
    assert CANARY not in json.dumps([elsewhere, recorded.outputs], default=repr)


def test_outputs_are_arns_by_setting() -> None:
    arns = secrets().outputs_of("AppSecrets")["arns"]
    assert arns == {
        "SESSION_KEY": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-session-key",
        "MAIL_TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-mail-token",
    }


@pytest.mark.parametrize(("more", "window"), [({}, 30), ({"protect_data": False}, 0), ({"recovery_window_days": 7}, 7)])
def test_recovery_window(more: dict[str, Any], window: int) -> None:
    assert {each.inputs["recoveryWindowInDays"] for each in secrets(**more).of_type("Secret")} == {window}


def test_what_nothing_renews_says_so_and_the_rest_is_renewed() -> None:
    recorded = secrets(rotators={"SESSION_KEY": "arn:aws:lambda:us-east-1:123456789012:function:renew"})
    tags = {each.name: each.inputs.get("tags", {}) for each in recorded.of_type("Secret")}
    assert tags == {
        "app-session-key": {},
        "app-mail-token": {"rotation": "exempt", "rotation-exempt-reason": "no function renews it"},
    }
    rotation = recorded.one("SecretRotation")
    assert rotation.inputs["rotationRules"] == {"automaticallyAfterDays": 30}
    assert rotation.inputs["rotationLambdaArn"].endswith(":function:renew")
    assert recorded.one("SecretVersion", "app-session-key").urn in rotation.dependencies


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rotators": {"OTHER": "arn"}}, "rotators: found 'OTHER'; expected one of the settings"),
        ({"rotation_days": 91}, "rotation_days: found 91; expected a whole number from 1 to 90 days"),
        ({"rotation_exempt_reason": "why, oh why"}, "rotation_exempt_reason: found 'why, oh why'"),
        ({"recovery_window_days": 3}, "recovery_window_days: found 3; expected 7 to 30 days, or 0 for none"),
        ({"settings": {"session-key": "x"}}, "settings: found 'session-key'; expected a name for the environment"),
        ({"physical_name": "a/b"}, "physical_name: found 'a/b'"),
    ],
)
def test_wrong_arguments_are_refused_without_their_values(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"AppSecrets 'app': (.|\n)*{message}") as error:
        secrets(**more)
    assert CANARY not in str(error.value)
