"""Topics: who is subscribed to what, and who may publish."""

import json
from typing import Any

import pytest

from components.aws.notifications import AlarmTopics, TopicChannelKind, TopicTier
from components.aws.topic_policies import key_policy, topic_policy
from tests.support.drive import drive
from tests.support.mocks import ACCOUNT, REGION, Recorded, Secret
from tests.support.policy_cases import TAGS
from tests.support.servicer import Declared, Pack, secret

PAGER = "https://events.pager.example/integration/0123"


def topics(channels: Any, **more: Any) -> Recorded:
    args: Any = {
        "physical_name": "greenflow-production",
        "account_id": ACCOUNT,
        "region": REGION,
        "channels": channels,
        "tags": {"a": "b"},
        **more,
    }
    return drive(lambda: AlarmTopics("topics", args))


def reached(recorded: Recorded) -> dict[str, set[tuple[str, Any]]]:
    """Topic -> protocol and endpoint of its subscriptions."""
    found: dict[str, set[tuple[str, Any]]] = {each.name: set() for each in recorded.of_type("Topic")}
    for each in recorded.of_type("TopicSubscription"):
        endpoint = each.inputs["endpoint"]
        value = endpoint.value if isinstance(endpoint, Secret) else endpoint
        found[each.inputs["topic"].rpartition("/")[2]].add((each.inputs["protocol"], value))
    return found


MAIL = {"kind": TopicChannelKind.EMAIL, "address": "team@example.com"}
PHONE = {"kind": TopicChannelKind.SMS, "address": "+14155550123"}
URL = {"kind": TopicChannelKind.HTTPS, "secret": PAGER}
LEADS = {"kind": TopicChannelKind.EMAIL, "tier": TopicTier.LEADS, "address": "leads@example.com"}
BOARD = {"kind": TopicChannelKind.SMS, "tier": TopicTier.MANAGEMENT, "address": "+14155550199"}
CHAT = {"kind": TopicChannelKind.SLACK, "address": "T0123ABCD/C0456EFGH"}


def test_watching_wakes_nobody_and_the_team_hears_everything() -> None:
    found = reached(topics({"mail": MAIL, "phone": PHONE, "pager": URL, "leads": LEADS, "board": BOARD}))
    mail, phone = ("email", "team@example.com"), ("sms", "+14155550123")
    assert found == {
        "topics-watchers": {mail},
        "topics-deploy-team": {mail, phone, ("https", PAGER)},
        "topics-leads": {("email", "leads@example.com")},
        "topics-management": {("sms", "+14155550199")},
    }


def test_somebody_always_watches() -> None:
    found = reached(topics({"pager": URL}))
    assert found == {"topics-watchers": {("https", PAGER)}, "topics-deploy-team": {("https", PAGER)}}


def test_a_tier_without_anybody_has_no_topic() -> None:
    recorded = topics({"mail": MAIL})
    assert {each.name for each in recorded.of_type("Topic")} == {"topics-watchers", "topics-deploy-team"}
    assert recorded.outputs_of("AlarmTopics")["topic_arns"].keys() == {"watchers", "deploy_team"}


def test_the_url_of_a_pager_is_a_secret() -> None:
    for each in topics({"pager": URL}).of_type("TopicSubscription"):
        assert each.inputs["endpoint"] == Secret(PAGER)
        assert each.inputs["endpointAutoConfirms"] is True


def test_every_topic_is_encrypted_with_the_key_that_alarms_may_use() -> None:
    recorded = topics({"mail": MAIL, "leads": LEADS})
    key = recorded.one("Key")
    assert json.loads(key.inputs["policy"]) == json.loads(key_policy(ACCOUNT, REGION, "greenflow-production"))
    for topic in recorded.of_type("Topic"):
        assert topic.property_dependencies["kmsMasterKeyId"] == {key.urn}
        (policy,) = [each for each in recorded.of_type("TopicPolicy") if each.name == topic.name]
        assert topic.urn in policy.property_dependencies["arn"]


@pytest.mark.parametrize(
    "document",
    [
        topic_policy("arn:topic", ACCOUNT, REGION, "greenflow-production"),
        key_policy(ACCOUNT, REGION, "greenflow-production"),
    ],
)
def test_only_alarms_of_this_service_publish_on_their_own(document: str) -> None:
    services = [each for each in json.loads(document)["Statement"] if "Service" in dict(_pairs(each["Principal"]))]
    (statement,) = services
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:greenflow-production-*"},
    }


def _pairs(principal: Any) -> Any:
    return principal.items() if isinstance(principal, dict) else ()


def test_nobody_publishes_in_clear() -> None:
    (deny,) = [
        each
        for each in json.loads(topic_policy("arn:topic", ACCOUNT, REGION, "it"))["Statement"]
        if each["Effect"] == "Deny"
    ]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_chat_shows_alarms_and_can_do_nothing() -> None:
    recorded = topics({"chat": CHAT})
    configuration = recorded.one("SlackChannelConfiguration").inputs
    assert (configuration["slackTeamId"], configuration["slackChannelId"]) == ("T0123ABCD", "C0456EFGH")
    assert configuration["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
    assert len(configuration["snsTopicArns"]) == 2
    trusted = json.loads(recorded.one("Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "chatbot.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert not recorded.of_type("RolePolicy")


def test_the_policies_have_nothing_against_it() -> None:
    pack = Pack("production")
    for each in topics({"mail": MAIL, "phone": PHONE, "pager": URL, "chat": CHAT, "leads": LEADS}, tags=TAGS).custom():
        inputs = {
            key: secret(value.value) if isinstance(value, Secret) else value for key, value in each.inputs.items()
        }
        declared = Declared(each.type, each.name, inputs, protect=bool(each.protect))
        assert pack.analyze(declared) == [], each.name


@pytest.mark.parametrize(
    ("channels", "text"),
    [
        ({}, "at least one channel of the deploy team"),
        ({"leads": LEADS}, "at least one channel of the deploy team"),
        ({"Mail": MAIL}, "a name of a-z"),
        ({"mail": {"kind": "pigeon", "address": "x"}}, "one of email, sms, https, slack"),
        ({"mail": {**MAIL, "tier": "everybody"}}, "one of deploy_team, leads, management"),
        ({"mail": {"kind": TopicChannelKind.EMAIL}}, "one for the kind email"),
        ({"mail": {**MAIL, "secret": "x"}}, "none for the kind email"),
        ({"pager": {"kind": TopicChannelKind.HTTPS, "address": PAGER}}, "one for the kind https"),
        ({"chat": {**CHAT, "address": "#alerts"}}, "ids such as T0123/C0456"),
    ],
)
def test_what_makes_no_sense_is_refused(channels: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        topics(channels)


def test_a_secret_is_not_in_the_message() -> None:
    with pytest.raises(ValueError, match="none for the kind sms") as refused:
        topics({"phone": {**PHONE, "secret": PAGER}})
    assert PAGER not in str(refused.value)
