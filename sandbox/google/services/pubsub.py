"""Pub/Sub v1: topics and subscriptions with their policies. No messages."""

from collections.abc import Mapping
from typing import Any

from sandbox.google.api import Call, Service
from sandbox.google.errors import bad_field, not_found
from sandbox.google.services import _cmek
from sandbox.google.services._collection import Collection, by_path, target
from sandbox.google.store import Resource

# `Topic.name` and `Subscription.name` in the discovery document.
_ID = r"(?!goog)[A-Za-z][A-Za-z0-9_.~+%-]{2,254}"
# `Subscription.topic`: what it reads when the topic was deleted.
_DELETED = "_deleted-topic_"


def _topic_shaped(call: Call, topic: Resource) -> None:
    if topic.get("kmsKeyName"):
        _cmek.check(call, topic["kmsKeyName"], "pubsub")
    topic["state"] = "ACTIVE"


def _topic_leaving(call: Call, topic: Resource) -> None:
    for subscription in call.cloud.store.under("subscriptions"):
        if subscription["topic"] == topic["name"]:
            call.cloud.store.put("subscriptions", subscription["name"], {**subscription, "topic": _DELETED})


def _subscription_born(call: Call, subscription: Resource) -> None:
    topic = subscription.get("topic", "")
    if not topic:
        raise bad_field("subscription.topic", "required field is missing")
    if call.cloud.store.find("topics", topic) is None:
        raise not_found(topic, f"Resource not found (resource={topic.rsplit('/', 1)[-1]}).")
    subscription["state"] = "ACTIVE"


def _subscription_shaped(call: Call, subscription: Resource) -> None:
    # Defaults: the descriptions of these fields in the discovery document.
    if not subscription.get("ackDeadlineSeconds"):
        subscription["ackDeadlineSeconds"] = 10
    if not 10 <= subscription["ackDeadlineSeconds"] <= 600:
        raise bad_field("subscription.ack_deadline_seconds", "must be between 10 and 600 seconds")
    subscription.setdefault("messageRetentionDuration", "604800s")
    subscription.setdefault("expirationPolicy", {"ttl": "2678400s"})
    subscription.setdefault("pushConfig", {})


TOPICS = Collection(
    api="pubsub.projects.topics",
    kind="topics",
    plural="topics",
    name=by_path(_ID),
    shaped=_topic_shaped,
    leaving=_topic_leaving,
    wrapped="topic",
    unmasked="refuse",
    policies=True,
)
SUBSCRIPTIONS = Collection(
    api="pubsub.projects.subscriptions",
    kind="subscriptions",
    plural="subscriptions",
    name=by_path(_ID),
    born=_subscription_born,
    shaped=_subscription_shaped,
    wrapped="subscription",
    unmasked="refuse",
    # https://cloud.google.com/pubsub/docs/subscription-properties: set when it is made, for good.
    immutable=("topic", "filter", "enableMessageOrdering"),
    policies=True,
)


def _of_topic(call: Call) -> Mapping[str, Any]:
    topic = call.cloud.store.get("topics", target(call))["name"]
    found = [each["name"] for each in call.cloud.store.under("subscriptions") if each["topic"] == topic]
    return {"subscriptions": found} if found else {}


def _push(call: Call) -> Mapping[str, Any]:
    subscription = call.cloud.store.get("subscriptions", target(call))
    call.cloud.store.put(
        "subscriptions", subscription["name"], {**subscription, "pushConfig": call.body.get("pushConfig", {})}
    )
    return {}


SERVICE = Service(
    name="pubsub",
    documents=("pubsub.v1",),
    mounts={"/pubsub/": ""},
    handlers={
        **TOPICS.handlers(),
        **SUBSCRIPTIONS.handlers(),
        "pubsub.projects.topics.subscriptions.list": _of_topic,
        "pubsub.projects.subscriptions.modifyPushConfig": _push,
    },
    # An update carries what it changes only (cloud-run-notes 5); a creation without a topic is refused above.
    optional=frozenset({"Topic.name", "Subscription.name", "Subscription.topic"}),
)
