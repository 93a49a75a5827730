"""Cloud Logging v2: log-based metrics, sinks and buckets. No log entries."""

from collections.abc import Mapping
from typing import Any

from sandbox.google.api import Call, Service
from sandbox.google.errors import ApiError, bad_field, not_found
from sandbox.google.services import _cmek, _projects
from sandbox.google.services._collection import Collection, by_field, by_query, target
from sandbox.google.store import Resource

_ID = r"[A-Za-z0-9_.-]{1,100}"
_METRIC_ID = r"(?!/)[A-Za-z0-9_\-.,+!*',()%/]{1,100}"  # `LogMetric.name`
# `LogBucket`: what every project has by itself.
_OWN_BUCKETS = ("_Default", "_Required")
_OWN_DAYS = {"_Default": 30, "_Required": 400}
_DESTINATIONS = (
    "logging.googleapis.com",
    "pubsub.googleapis.com",
    "storage.googleapis.com",
    "bigquery.googleapis.com",
)  # `LogSink.destination`
_DAYS = (1, 3650)  # `LogBucket.retentionDays`; https://cloud.google.com/logging/quotas


def _times(call: Call, resource: Resource) -> None:
    resource["updateTime"] = call.cloud.now()


def _metric_born(call: Call, metric: Resource) -> None:
    metric["createTime"] = call.cloud.now()
    project = _projects.of(target(call))
    metric["resourceName"] = f"projects/{project}/metrics/{metric['name']}"


def _metric_shaped(call: Call, metric: Resource) -> None:
    """Defaults and rules: `LogMetric` in the discovery document."""
    _times(call, metric)
    metric.setdefault("version", "V2")
    project = _projects.of(metric["resourceName"])
    descriptor: Resource = {
        "metricKind": "DELTA",
        "valueType": "INT64",
        **metric.get("metricDescriptor", {}),
        "type": f"logging.googleapis.com/user/{metric['name']}",
    }
    descriptor["name"] = f"projects/{project}/metricDescriptors/{descriptor['type']}"
    spread = descriptor["valueType"] == "DISTRIBUTION"
    if spread != ("valueExtractor" in metric):
        raise bad_field("metric.value_extractor", "is for metrics with DISTRIBUTION values, and needed by these")
    if "bucketOptions" in metric and not spread:
        raise bad_field("metric.bucket_options", "is for metrics with DISTRIBUTION values")
    labels = {label.get("key") for label in descriptor.get("labels", [])}
    if labels != set(metric.get("labelExtractors", {})):
        raise bad_field("metric.label_extractors", "there must be one for each label of the metric descriptor")
    metric["metricDescriptor"] = descriptor


METRICS = Collection(
    api="logging.projects.metrics",
    kind="logMetrics",
    plural="metrics",
    name=by_field("name", "metrics", _METRIC_ID),
    short_name=True,
    born=_metric_born,
    shaped=_metric_shaped,
    update="update",
    kept=("createTime", "resourceName"),
)


def _sink_born(call: Call, sink: Resource) -> None:
    project = _projects.of(target(call))
    if sink["name"] in _OWN_BUCKETS:
        raise bad_field("sink.name", f"'{sink['name']}' is a sink of every project")
    sink["createTime"] = call.cloud.now()
    sink["resourceName"] = f"projects/{project}/sinks/{sink['name']}"
    # `sinks.create`, uniqueWriterIdentity: an account that all projects share, or the project's own agent.
    shared = "serviceAccount:cloud-logs@system.gserviceaccount.com"
    own = f"serviceAccount:{_projects.agent(project, 'logging')}"
    sink["writerIdentity"] = own if call.query.get("uniqueWriterIdentity") else shared


def _sink_shaped(call: Call, sink: Resource) -> None:
    _times(call, sink)
    host, _, path = sink["destination"].partition("/")
    if host not in _DESTINATIONS:
        raise bad_field("sink.destination", f"found '{sink['destination']}'; expected {' or '.join(_DESTINATIONS)}")
    if _projects.of(path) != _projects.of(sink["resourceName"]):
        return
    if host == "logging.googleapis.com" and path.rsplit("/", 1)[-1] not in _OWN_BUCKETS:
        bucket = call.cloud.store.find("logBuckets", path)
        if bucket is None or bucket["lifecycleState"] != "ACTIVE":
            raise not_found(path, f"Bucket '{path}' of the sink's destination does not exist.")
    if host == "pubsub.googleapis.com" and call.cloud.store.find("topics", path) is None:
        raise not_found(path, f"Topic '{path}' of the sink's destination does not exist.")


def _sink_shown(_call: Call, sink: Resource) -> None:
    # `LogSink.writerIdentity`: none where the sink and a bucket of Logging are in one project.
    if sink["destination"].startswith(f"logging.googleapis.com/projects/{_projects.of(sink['resourceName'])}/"):
        del sink["writerIdentity"]


SINKS = Collection(
    api="logging.projects.sinks",
    kind="logSinks",
    plural="sinks",
    name=by_field("name", "sinks", _ID),
    short_name=True,
    born=_sink_born,
    shaped=_sink_shaped,
    shown=_sink_shown,
    # `sinks.patch`, updateMask: without one, a few fields of the request are taken and the rest stays.
    unmasked="merge",
)


def _bucket_born(call: Call, bucket: Resource) -> None:
    bucket["createTime"] = call.cloud.now()
    bucket["lifecycleState"] = "ACTIVE"


def _bucket_shaped(call: Call, bucket: Resource) -> None:
    _times(call, bucket)
    bucket["retentionDays"] = bucket.get("retentionDays") or 30
    if not _DAYS[0] <= bucket["retentionDays"] <= _DAYS[1]:
        raise bad_field("bucket.retention_days", f"must be between {_DAYS[0]} and {_DAYS[1]} days")
    if key := bucket.get("cmekSettings", {}).get("kmsKeyName"):
        _cmek.exists(call, key)


def _bucket_changed(_call: Call, before: Resource, after: Resource) -> None:
    if before["lifecycleState"] != "ACTIVE":
        raise ApiError("FAILED_PRECONDITION", f"{before['name']} is being deleted; undelete it to change it.")
    # `LogBucket.locked`: the retention of a locked bucket stays, and so does the lock.
    if before.get("locked") and (before["retentionDays"] != after["retentionDays"] or not after.get("locked")):
        raise ApiError("FAILED_PRECONDITION", f"{before['name']} is locked.")


BUCKETS = Collection(
    api="logging.projects.locations.buckets",
    kind="logBuckets",
    plural="buckets",
    name=by_query("bucketId", "buckets", _ID),
    born=_bucket_born,
    shaped=_bucket_shaped,
    changed=_bucket_changed,
    delete="",
    unmasked="refuse",
)


def _get_bucket(call: Call) -> Mapping[str, Any]:
    name = target(call)
    own = name.rsplit("/", 1)[-1]
    found = call.cloud.store.find("logBuckets", name)
    if found is None and own in _OWN_BUCKETS:
        return {"name": name, "retentionDays": _OWN_DAYS[own], "lifecycleState": "ACTIVE"}
    return call.cloud.store.get("logBuckets", name)


def _delete_bucket(call: Call) -> Mapping[str, Any]:
    """`buckets.delete`: the bucket is DELETE_REQUESTED for seven days, and its name stays taken meanwhile."""
    bucket = call.cloud.store.get("logBuckets", target(call))
    if bucket.get("locked"):
        raise ApiError("FAILED_PRECONDITION", f"{bucket['name']} is locked.")
    bucket |= {"lifecycleState": "DELETE_REQUESTED", "updateTime": call.cloud.now()}
    call.cloud.store.put("logBuckets", bucket["name"], bucket)
    return {}


def _undelete_bucket(call: Call) -> Mapping[str, Any]:
    bucket = call.cloud.store.get("logBuckets", target(call))
    if bucket["lifecycleState"] != "DELETE_REQUESTED":
        raise ApiError("FAILED_PRECONDITION", f"{bucket['name']} is not deleted.")
    call.cloud.store.put("logBuckets", bucket["name"], {**bucket, "lifecycleState": "ACTIVE"})
    return {}


SERVICE = Service(
    name="logging",
    documents=("logging.v2",),
    mounts={"/logging/": ""},
    handlers={
        **METRICS.handlers(),
        **SINKS.handlers(),
        f"{SINKS.api}.update": SINKS.handlers()[f"{SINKS.api}.patch"],
        **BUCKETS.handlers(),
        f"{BUCKETS.api}.get": _get_bucket,
        f"{BUCKETS.api}.delete": _delete_bucket,
        f"{BUCKETS.api}.undelete": _undelete_bucket,
    },
)
