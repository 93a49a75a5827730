"""Delivery of logs, and who may write to log groups. Reference: CloudWatch Logs API, version 2014-03-28."""

from typing import Any

from sandbox.plugins.aws.codecs import JSON, Obj
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, described, new, row
from sandbox.plugins.aws.tags import by_arn

_TAGS = by_arn(
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "tags",
    resource="resourceArn",
    tags="tags",
    keys="tagKeys",
    member="tags",
    names=None,
)

_SOURCE = row(
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "logs",
    {
        "name": new("name"),
        "logType": new("logType"),
        "resourceArn": new("resourceArn", read="resourceArns[0]"),
    },
    create="PutDeliverySource",
    made="deliverySource",
    identity=lambda found, _: found["name"],
    find=described("GetDeliverySource", lambda t: {"name": t.id}, "deliverySource"),
    delete=lambda t: [Call("DeleteDeliverySource", {"name": t.id})],
    outputs={"arn": "arn", "service": "service"},
    missing=("ResourceNotFoundException",),
    name="name",
    name_max=60,
    tags=_TAGS,
    note="kept; nothing is delivered",
)

_DESTINATION = row(
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "logs",
    {
        "name": new("name"),
        "outputFormat": new("outputFormat"),
        "deliveryDestinationConfiguration": Field(
            "deliveryDestinationConfiguration", Obj({"destinationResourceArn": "destinationResourceArn"})
        ),
    },
    create="PutDeliveryDestination",
    made="deliveryDestination",
    identity=lambda found, _: found["name"],
    find=described("GetDeliveryDestination", lambda t: {"name": t.id}, "deliveryDestination"),
    update="PutDeliveryDestination",
    key=lambda t: {"name": t.id},
    always=frozenset({"deliveryDestinationConfiguration", "outputFormat"}),
    delete=lambda t: [Call("DeleteDeliveryDestination", {"name": t.id})],
    outputs={"arn": "arn", "deliveryDestinationType": "deliveryDestinationType"},
    missing=("ResourceNotFoundException",),
    name="name",
    name_max=60,
    tags=_TAGS,
    note="kept; nothing is delivered",
)

_DELIVERY = row(
    "aws:cloudwatch/logDelivery:LogDelivery",
    "logs",
    {
        "deliverySourceName": new("deliverySourceName"),
        "deliveryDestinationArn": new("deliveryDestinationArn"),
    },
    create="CreateDelivery",
    made="delivery",
    identity=lambda found, _: found["id"],
    find=described("GetDelivery", lambda t: {"id": t.id}, "delivery"),
    delete=lambda t: [Call("DeleteDelivery", {"id": t.id})],
    outputs={"arn": "arn"},
    missing=("ResourceNotFoundException",),
    tags=_TAGS,
    note="kept; nothing is delivered",
)


def _find_policy(cloud: Cloud, target: Target) -> Any:
    listed = cloud("DescribeResourcePolicies")["resourcePolicies"]
    return next((each for each in listed if each["policyName"] == target.id), None)


_WRITER = row(
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    "logs",
    {"policyName": new("policyName"), "policyDocument": Field("policyDocument", JSON)},
    create="PutResourcePolicy",
    made="resourcePolicy",
    identity=lambda _, t: t.inputs["policyName"],
    find=_find_policy,
    update="PutResourcePolicy",
    key=lambda t: {"policyName": t.id},
    delete=lambda t: [Call("DeleteResourcePolicy", {"policyName": t.id})],
    missing=("ResourceNotFoundException",),
    note="kept; nobody asks for permission",
)

ROWS: tuple[Row, ...] = (_SOURCE, _DESTINATION, _DELIVERY, _WRITER)
