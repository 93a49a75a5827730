"""Channels: each kind in Cloud Monitoring's form, tokens as secrets, tiers as R-B22 has them."""

import json
from typing import Any

import pytest

from components.gcp.notification import ChannelKind, NotificationChannels, Tier
from tests.support.drive import drive
from tests.support.mocks import Recorded, Secret

CANARY = "canary-70c3n"
MAIL = {"kind": ChannelKind.EMAIL, "address": "ion@example.com"}
ALL: dict[str, Any] = {
    "mail": MAIL,
    "phone": {"kind": ChannelKind.SMS, "address": "+82-10-0000-0000"},
    "slack": {"kind": ChannelKind.SLACK, "address": "#ion", "secret": f"{CANARY}-1"},
    "space": {"kind": ChannelKind.GOOGLE_CHAT, "address": "spaces/AAA"},
    "hook": {"kind": ChannelKind.WEBHOOK, "secret": f"https://chat.example.com/{CANARY}-2"},
    "pager": {"kind": ChannelKind.PAGERDUTY, "secret": f"{CANARY}-3"},
    "leads-mail": {**MAIL, "tier": Tier.LEADS},
    "board-phone": {"kind": ChannelKind.SMS, "address": "+82-10-0000-0001", "tier": Tier.MANAGEMENT},
}


def channels(given: Any = None, *, preview: bool = False) -> Recorded:
    args: Any = {"physical_name": "ion-production", "channels": ALL if given is None else given, "labels": {"a": "b"}}
    return drive(lambda: NotificationChannels("channels", args), preview=preview)


def test_each_kind_in_its_own_form() -> None:
    recorded = channels()
    forms = {
        each.name.removeprefix("channels-"): (
            each.inputs["type"],
            each.inputs.get("labels"),
            each.inputs.get("sensitiveLabels"),
        )
        for each in recorded.of_type("NotificationChannel")
    }
    assert forms == {
        "mail": ("email", {"email_address": "ion@example.com"}, None),
        "phone": ("sms", {"number": "+82-10-0000-0000"}, None),
        "slack": ("slack", {"channel_name": "#ion"}, {"authToken": Secret(f"{CANARY}-1")}),
        "space": ("google_chat", {"space": "spaces/AAA"}, None),
        "hook": ("webhook_tokenauth", {"url": Secret(f"https://chat.example.com/{CANARY}-2")}, None),
        "pager": ("pagerduty", None, {"serviceKey": Secret(f"{CANARY}-3")}),
        "leads-mail": ("email", {"email_address": "ion@example.com"}, None),
        "board-phone": ("sms", {"number": "+82-10-0000-0001"}, None),
    }


@pytest.mark.parametrize("preview", [True, False])
def test_tokens_are_nowhere_but_in_secrets(preview: bool) -> None:
    recorded = channels(preview=preview)

    def show(value: Any) -> Any:
        return "hidden" if isinstance(value, Secret) else repr(value)

    everything = [dict(each.inputs) for each in recorded.resources]
    assert CANARY not in json.dumps([everything, recorded.outputs], default=show)


def test_who_is_told() -> None:
    outputs = channels().outputs_of("NotificationChannels")
    told = {
        key: [name.removeprefix("channels-").rpartition("-")[0] for name in outputs[key]]
        for key in ("watchers", "deploy_team", "leads", "management")
    }
    assert told == {
        "watchers": ["mail", "slack", "space", "hook"],
        "deploy_team": ["mail", "phone", "slack", "space", "hook", "pager"],
        "leads": ["leads-mail"],
        "management": ["board-phone"],
    }


def test_who_only_has_a_pager_is_told_by_pager() -> None:
    outputs = channels({"pager": ALL["pager"]}).outputs_of("NotificationChannels")
    assert outputs["watchers"] == outputs["deploy_team"] == ["channels-pager-1a2b3c4"]


def test_user_labels_are_ours() -> None:
    for each in channels().of_type("NotificationChannel"):
        assert each.inputs["userLabels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"channels: found \[\]; expected at least one channel of the deploy team"),
        ({"mail": {**MAIL, "tier": Tier.LEADS}}, r"channels: found \['mail'\]; expected at least one channel"),
        ({"Mail": MAIL}, "channels: found 'Mail'; expected a name of a-z"),
        ({"mail": {"kind": "fax", "address": "1"}}, "channels.mail.kind: found 'fax'; expected one of email, sms"),
        ({"mail": {**MAIL, "tier": "board"}}, "channels.mail.tier: found 'board'; expected one of deploy_team"),
        ({"mail": {"kind": "email"}}, "channels.mail.address: found 'nothing'; expected one for the kind email"),
        ({"mail": {**MAIL, "secret": CANARY}}, "channels.mail.secret: found 'something'; expected none"),
        ({"hook": {"kind": "webhook_tokenauth"}}, "channels.hook.secret: found 'nothing'; expected one"),
    ],
)
def test_wrong_arguments_are_refused_without_their_secrets(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"NotificationChannels 'channels': (.|\n)*{message}") as error:
        channels(given)
    assert CANARY not in str(error.value)
