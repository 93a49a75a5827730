"""Amazon SNS. Reference: SNS API, version 2010-03-31."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.plugins.aws.codecs import JSON, TEXT, Codec
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Write, new, row
from sandbox.plugins.aws.tags import by_arn
from sandbox.plugins.values import UNKNOWN

_TOPIC_ATTRIBUTES: Mapping[str, str] = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "signatureVersion": "SignatureVersion",
    "deliveryPolicy": "DeliveryPolicy",
}
_SUBSCRIPTION_ATTRIBUTES: Mapping[str, str] = {
    "rawMessageDelivery": "RawMessageDelivery",
    "filterPolicy": "FilterPolicy",
    "deliveryPolicy": "DeliveryPolicy",
    "redrivePolicy": "RedrivePolicy",
}


def _attribute(attribute: str, default: Any, codec: Codec = TEXT) -> Field:
    return Field(f"Attributes.{attribute}", codec, default=default)


def _described(operation: str, key: str) -> Any:
    def find(cloud: Cloud, target: Target) -> Any:
        found = cloud(operation, **{key: target.id})["Attributes"]
        return {"Attributes": found, "Name_": str(found["TopicArn"]).rpartition(":")[2]}

    return find


def _changes(table: Mapping[str, str], operation: str, key: str) -> Any:
    """One call for each attribute that changes: that is how SNS takes them."""

    def calls(target: Target) -> Iterator[Call]:
        for name, attribute in table.items():
            value = target.inputs.get(name)
            if value is not None and value != target.old.get(name):
                told = UNKNOWN if value is UNKNOWN else TEXT.to_aws(value)
                yield Call(operation, {key: target.id, "AttributeName": attribute, "AttributeValue": told})

    return Write(frozenset(table), calls, on_create=False)


_TOPIC = row(
    "aws:sns/topic:Topic",
    "sns",
    {
        "name": new("Name", read="Name_"),
        "displayName": _attribute("DisplayName", ""),
        "kmsMasterKeyId": _attribute("KmsMasterKeyId", ""),
        "signatureVersion": _attribute("SignatureVersion", 1),
        "deliveryPolicy": _attribute("DeliveryPolicy", "", JSON),
    },
    create="CreateTopic",
    made="@",
    identity=lambda found, _: found["TopicArn"],
    find=_described("GetTopicAttributes", "TopicArn"),
    writes=(_changes(_TOPIC_ATTRIBUTES, "SetTopicAttributes", "TopicArn"),),
    delete=lambda t: [Call("DeleteTopic", {"TopicArn": t.id})],
    outputs={"arn": "Attributes.TopicArn", "owner": "Attributes.Owner"},
    missing=("NotFound", "NotFoundException"),
    name="name",
    name_max=256,
    tags=by_arn("TagResource", "UntagResource", "ListTagsForResource", "Tags", resource="ResourceArn"),
    support="repaired",
    note="keeps every attribute; nothing is encrypted",
)


def _policy(target: Target) -> Iterator[Call]:
    yield Call(
        "SetTopicAttributes",
        {"TopicArn": target.id, "AttributeName": "Policy", "AttributeValue": target.inputs["policy"]},
    )


def _own(target: Target) -> str:
    """What a topic's owner may do by default (SNS Developer Guide, "Default access control policy")."""
    return (
        '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",'
        '"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:Publish","SNS:Subscribe"],'
        f'"Resource":"{target.id}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{target.account}"}}}}}}]}}'
    )


_TOPIC_POLICY = row(
    "aws:sns/topicPolicy:TopicPolicy",
    "sns",
    {
        "arn": new("TopicArn", read="Attributes.TopicArn"),
        "policy": Field("AttributeValue", JSON, read="Attributes.Policy", updates=False),
    },
    create="SetTopicAttributes",
    made="@",
    also=lambda t: {"AttributeName": "Policy"},
    identity=lambda _, t: t.inputs["arn"],
    find=_described("GetTopicAttributes", "TopicArn"),
    writes=(Write(frozenset({"policy"}), _policy, on_create=False),),
    # A topic always has a policy: without one of the program's it is AWS' own.
    delete=lambda t: [
        Call("SetTopicAttributes", {"TopicArn": t.id, "AttributeName": "Policy", "AttributeValue": _own(t)})
    ],
    outputs={"owner": "Attributes.Owner"},
    missing=("NotFound", "NotFoundException"),
)

_SUBSCRIPTION = row(
    "aws:sns/topicSubscription:TopicSubscription",
    "sns",
    {
        "topic": new("TopicArn", read="Attributes.TopicArn"),
        "protocol": new("Protocol", read="Attributes.Protocol"),
        "endpoint": new("Endpoint", read="Attributes.Endpoint"),
        # Whether the provider waits, and how long: AWS hears of neither.
        "endpointAutoConfirms": Field(read=None, default=False),
        "confirmationTimeoutInMinutes": Field(read=None, default=1),
        "rawMessageDelivery": _attribute("RawMessageDelivery", False),
        "filterPolicy": _attribute("FilterPolicy", "", JSON),
        "deliveryPolicy": _attribute("DeliveryPolicy", "", JSON),
        "redrivePolicy": _attribute("RedrivePolicy", "", JSON),
    },
    create="Subscribe",
    made="@",
    also=lambda t: {"ReturnSubscriptionArn": True},
    identity=lambda found, _: found["SubscriptionArn"],
    find=_described("GetSubscriptionAttributes", "SubscriptionArn"),
    writes=(_changes(_SUBSCRIPTION_ATTRIBUTES, "SetSubscriptionAttributes", "SubscriptionArn"),),
    delete=lambda t: [Call("Unsubscribe", {"SubscriptionArn": t.id}, harmless=("NotFound",))],
    outputs={"arn": "Attributes.SubscriptionArn", "ownerId": "Attributes.Owner"},
    missing=("NotFound", "NotFoundException"),
    note="confirmed at once, whatever the protocol",
)

ROWS: tuple[Row, ...] = (_TOPIC, _TOPIC_POLICY, _SUBSCRIPTION)
