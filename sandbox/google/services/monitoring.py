"""Cloud Monitoring v3 (alerts, channels, uptime checks, time series) and v1 (dashboards), at one address."""

from collections.abc import Mapping
from typing import Any

from sandbox.google import pages
from sandbox.google.api import Call, Handler, Service
from sandbox.google.errors import ApiError, not_found
from sandbox.google.services import _series
from sandbox.google.services._alerting import CHANNELS, DASHBOARDS, POLICIES, UPTIME_CHECKS, wrong
from sandbox.google.services._collection import target
from sandbox.google.store import Resource

_DESCRIPTORS = "monitoring.projects.metricDescriptors"


def _create_descriptor(call: Call) -> Mapping[str, Any]:
    metric = str(call.body.get("type", ""))
    if not metric.startswith(("custom.googleapis.com/", "external.googleapis.com/")):
        raise wrong(
            "metric_descriptor.type", metric, "must begin with custom.googleapis.com/ or external.googleapis.com/."
        )
    name = f"{target(call)}/metricDescriptors/{metric}"
    return call.cloud.store.put("metricDescriptors", name, {**call.body, "name": name})


def _get_descriptor(call: Call) -> Mapping[str, Any]:
    name = target(call)
    for found in _descriptors(call, name.partition("/metricDescriptors/")[0]):
        if found["name"] == name:
            return found
    raise not_found(name, f'Could not find descriptor for metric "{name.partition("/metricDescriptors/")[2]}".')


def _list_descriptors(call: Call) -> Mapping[str, Any]:
    return pages.page(call, "metricDescriptors", _descriptors(call, target(call)))


def _delete_descriptor(call: Call) -> Mapping[str, Any]:
    call.cloud.store.delete("metricDescriptors", target(call))
    return {}


def _descriptors(call: Call, project: str) -> list[Resource]:
    """The project's own, and those of its log-based metrics."""
    logged = [metric["metricDescriptor"] for metric in call.cloud.store.under("logMetrics", f"{project}/metrics")]
    return [*call.cloud.store.under("metricDescriptors", f"{project}/metricDescriptors"), *logged]


def _no_mql(_call: Call) -> Mapping[str, Any]:
    # https://cloud.google.com/stackdriver/docs/deprecations/mql: no longer recommended, and a language of its own.
    raise ApiError("UNIMPLEMENTED", "the emulator has no Monitoring Query Language; use timeSeries.list with a filter")


def _or_only_checked(handler: Handler) -> Handler:
    """A write of a dashboard; with validateOnly it is checked and answered, and nothing changes."""

    def write(call: Call) -> Mapping[str, Any]:
        if not call.query.get("validateOnly"):
            return handler(call)
        with call.cloud.unchanged():
            return handler(call)

    return write


_WRITES = {f"{DASHBOARDS.api}.{method}" for method in ("create", "patch")}
_DASHBOARDS = {
    method: _or_only_checked(handler) if method in _WRITES else handler
    for method, handler in DASHBOARDS.handlers().items()
}
SERVICE = Service(
    name="monitoring",
    documents=("monitoring.v3", "monitoring.v1"),
    mounts={"/monitoring/": ""},
    # The resource "global" needs no label; Google adds the project to every one.
    optional=frozenset({"MonitoredResource.labels"}),
    handlers={
        **POLICIES.handlers(),
        **CHANNELS.handlers(),
        **UPTIME_CHECKS.handlers(),
        **_DASHBOARDS,
        f"{_DESCRIPTORS}.create": _create_descriptor,
        f"{_DESCRIPTORS}.get": _get_descriptor,
        f"{_DESCRIPTORS}.list": _list_descriptors,
        f"{_DESCRIPTORS}.delete": _delete_descriptor,
        "monitoring.projects.timeSeries.create": _series.create,
        "monitoring.projects.timeSeries.createService": _series.create_service,
        "monitoring.projects.timeSeries.list": _series.read,
        "monitoring.projects.timeSeries.query": _no_mql,
    },
)
