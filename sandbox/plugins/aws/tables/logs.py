"""Amazon CloudWatch Logs. Reference: CloudWatch Logs API, version 2014-03-28."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws.codecs import Codec, Obj, Via
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Write, new, row
from sandbox.plugins.aws.tags import by_arn
from sandbox.plugins.values import UNKNOWN


def _find(cloud: Cloud, target: Target) -> Any:
    # The API finds by prefix only, and the prefix of one group's name may be another's whole name.
    pages = cloud("DescribeLogGroups", logGroupNamePrefix=target.id)
    return next((group for group in pages["logGroups"] if group["logGroupName"] == target.id), None)


def _retention(target: Target) -> Iterator[Call]:
    days = target.inputs["retentionInDays"]
    if days:
        yield Call("PutRetentionPolicy", {"logGroupName": target.id, "retentionInDays": days})
    elif target.old.get("retentionInDays"):
        yield Call("DeleteRetentionPolicy", {"logGroupName": target.id})


def _key(target: Target) -> Iterator[Call]:
    if target.inputs["kmsKeyId"]:
        yield Call("AssociateKmsKey", {"logGroupName": target.id, "kmsKeyId": target.inputs["kmsKeyId"]})
    else:
        yield Call("DisassociateKmsKey", {"logGroupName": target.id})


_LOG_GROUP = row(
    "aws:cloudwatch/logGroup:LogGroup",
    "logs",
    {
        "name": new("logGroupName"),
        # Kept for ever is 0, and the API says nothing then.
        "retentionInDays": Field(read="retentionInDays || `0`", default=0),
        "kmsKeyId": Field("kmsKeyId", default=""),
    },
    create="CreateLogGroup",
    made="@",
    identity=lambda _, t: t.inputs["name"],
    find=_find,
    writes=(
        Write(frozenset({"retentionInDays"}), _retention),
        Write(frozenset({"kmsKeyId"}), _key, on_create=False),
    ),
    delete=lambda t: [Call("DeleteLogGroup", {"logGroupName": t.id})],
    # The official provider gives the ARN without the `:*` that stands for the streams.
    outputs={"arn": lambda found, _: str(found["arn"]).removesuffix(":*")},
    missing=("ResourceNotFoundException",),
    name="name",
    name_max=512,
    tags=by_arn(
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "tags",
        resource="resourceArn",
        tags="tags",
        keys="tagKeys",
        member="tags",
        names=None,
    ),
)


@dataclass(frozen=True)
class _Only(Codec):
    """A block that the API keeps as a list of one."""

    item: Codec

    def to_aws(self, value: Any) -> Any:
        return value if value is UNKNOWN else [self.item.to_aws(value)]

    def from_aws(self, value: Any, template: Any) -> Any:
        return self.item.from_aws(value[0], template) if value else None

    def problems(self, path: str, value: Any) -> list[str]:
        return self.item.problems(path, value)


_TRANSFORMATION = Obj(
    {
        "name": "metricName",
        "namespace": "metricNamespace",
        "value": "metricValue",
        # A text in the program and a number in the API.
        "defaultValue": ("defaultValue", Via(float, lambda value: f"{value:g}")),
        "unit": "unit",
        "dimensions": "dimensions",
    }
)


def _find_filter(cloud: Cloud, target: Target) -> Any:
    group = target.known("logGroupName")
    pages = cloud("DescribeMetricFilters", logGroupName=group, filterNamePrefix=target.id)
    return next((each for each in pages["metricFilters"] if each["filterName"] == target.id), None)


_METRIC_FILTER = row(
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "logs",
    {
        "name": new("filterName"),
        "logGroupName": new("logGroupName"),
        "pattern": "filterPattern",
        "metricTransformation": Field("metricTransformations", _Only(_TRANSFORMATION)),
    },
    create="PutMetricFilter",
    made="@",
    identity=lambda _, t: t.inputs["name"],
    find=_find_filter,
    update="PutMetricFilter",
    key=lambda t: {"filterName": t.id, "logGroupName": t.known("logGroupName")},
    # The filter as a whole: what is not sent is gone.
    always=frozenset({"pattern", "metricTransformation"}),
    delete=lambda t: [Call("DeleteMetricFilter", {"filterName": t.id, "logGroupName": t.known("logGroupName")})],
    missing=("ResourceNotFoundException",),
    name="name",
    name_max=512,
    note="kept; nothing is counted",
)

ROWS: tuple[Row, ...] = (_LOG_GROUP, _METRIC_FILTER)
