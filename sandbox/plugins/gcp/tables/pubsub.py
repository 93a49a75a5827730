"""Pub/Sub API v1. Source for the shapes: cloud-run-notes 5 (measured): PUT creates, PATCH wraps the object."""

from sandbox.plugins.gcp.fields import members, one, outside, own, value
from sandbox.plugins.gcp.iam import grant, under
from sandbox.plugins.gcp.rows import Row

_TOPIC = "projects/{project}/topics/{name}"
_SUBSCRIPTION = "projects/{project}/subscriptions/{name}"
_OF_TOPIC = "projects/{project}/topics/{topic}"

ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:pubsub/topic:Topic",
        api="pubsub",
        fields={
            **outside("name^ project~^"),
            "deletionPolicy": own(),
            **members(
                "labels% kmsKeyName messageRetentionDuration",
                messageStoragePolicy=one("allowedPersistenceRegions!? enforceInTransit", marks="~"),
                schemaSettings=one("schema! encoding firstRevisionId lastRevisionId"),
            ),
        },
        path=_TOPIC,
        named=_TOPIC,
        create_method="PUT",
        mask=True,
        wrap_update="topic",
        auto="name",
        longest=255,
    ),
    Row(
        token="gcp:pubsub/subscription:Subscription",
        api="pubsub",
        fields={
            **outside("name^ project~^"),
            "deletionPolicy": own(),
            **members(
                "labels% ackDeadlineSeconds~ filter^ enableMessageOrdering^ enableExactlyOnceDelivery "
                "retainAckedMessages",
                topic=value(marks="!^@", full="projects/{project}/topics/{}"),
                messageRetentionDuration=value(default="604800s"),
                pushConfig=one(
                    "pushEndpoint! attributes",
                    oidcToken=one("serviceAccountEmail! audience"),
                    noWrapper=one("writeMetadata!+"),
                ),
                retryPolicy=one("minimumBackoff~ maximumBackoff~"),
                deadLetterPolicy=one("deadLetterTopic maxDeliveryAttempts"),
                expirationPolicy=one("ttl!", marks="~+"),
            ),
        },
        path=_SUBSCRIPTION,
        named=_SUBSCRIPTION,
        create_method="PUT",
        mask=True,
        wrap_update="subscription",
        auto="name",
        longest=255,
    ),
    grant(
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
        "pubsub",
        where="topic!^@ project~^",
        path=_OF_TOPIC,
        resource=under("topic", _OF_TOPIC),
    ),
)
