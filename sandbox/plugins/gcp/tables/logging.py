"""Cloud Logging API v2."""

from dataclasses import dataclass, replace
from typing import Any

from sandbox.plugins.gcp.fields import many, members, one, outside, own, value
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Cloud, Row, Target

_BUCKETS = "projects/{project}/locations/{location}/buckets"
# Exist in every project, and nothing deletes them.
_GIVEN = frozenset({"_Default", "_Required"})


@dataclass(frozen=True)
class _Bucket(Row):
    """A bucket that may be there already: what every project has is changed and not created."""

    def create(self, cloud: Cloud, target: Target) -> Target:
        body = self.made_body(target, "create")
        if Row.find(self, cloud, target) is not None:
            mask = {"updateMask": self.mask_of(sorted(body))}
            cloud(Request("PATCH", target.path(self.path), mask, body))
        else:
            cloud(Request("POST", target.path(self.collection), {"bucketId": str(target.get("bucketId"))}, body))
        return replace(target, id=target.path(self.path))

    def delete(self, cloud: Cloud, target: Target) -> None:
        if target.old("bucketId") not in _GIVEN:
            Row.delete(self, cloud, target)


def _not_deleted(found: dict[str, Any], target: Target) -> dict[str, Any] | None:
    return None if found.get("lifecycleState") == "DELETE_REQUESTED" else found


ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:logging/metric:Metric",
        api="logging",
        fields={
            **outside("name^ project~^"),
            "deletionPolicy": own(),
            **members(
                "filter! description disabled bucketName labelExtractors valueExtractor",
                metricDescriptor=one(
                    "metricKind! valueType! unit~ displayName",
                    marks="~",
                    labels=many("key! description valueType~", marks="?"),
                ),
                bucketOptions=one(
                    linearBuckets=one("numFiniteBuckets! width! offset!+"),
                    exponentialBuckets=one("numFiniteBuckets! growthFactor! scale!"),
                    explicitBuckets=one("bounds!"),
                ),
            ),
        },
        collection="projects/{project}/metrics",
        path="projects/{project}/metrics/{%name}",
        identity="{name}",
        named="{name}",
        update_method="PUT",
        auto="name",
        longest=100,
    ),
    Row(
        token="gcp:logging/projectSink:ProjectSink",
        api="logging",
        fields={
            **outside("name^ project~^"),
            "uniqueWriterIdentity": own(True),
            "deletionPolicy": own(),
            **members(
                "destination! filter description disabled",
                exclusions=many("name! filter! description disabled"),
                bigqueryOptions=one("usePartitionedTables!+", marks="~"),
            ),
        },
        outputs=members("writerIdentity"),
        collection="projects/{project}/sinks",
        path="projects/{project}/sinks/{name}",
        named="{name}",
        create_query={"uniqueWriterIdentity": "true"},
        update_query={"uniqueWriterIdentity": "true"},
        mask=True,
        auto="name",
        longest=100,
    ),
    _Bucket(
        token="gcp:logging/projectBucketConfig:ProjectBucketConfig",
        api="logging",
        fields={
            **outside("project!^ location!^ bucketId!^"),
            "deletionPolicy": own(),
            **members(
                "description~ locked enableAnalytics=analyticsEnabled",
                retentionDays=value(default=30),
                cmekSettings=one("kmsKeyName!"),
                indexConfigs=many("fieldPath! type!", marks="?"),
            ),
        },
        outputs=members("name lifecycleState"),
        collection=_BUCKETS,
        path=f"{_BUCKETS}/{{bucketId}}",
        mask=True,
        seen=_not_deleted,
    ),
)
