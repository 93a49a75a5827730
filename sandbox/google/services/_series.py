"""Time series of Cloud Monitoring: what is written can be read back, filtered, aligned and reduced."""

import bisect
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.google import pages
from sandbox.google.api import Call
from sandbox.google.errors import ApiError
from sandbox.google.services import _alignment, _distributions, _filter
from sandbox.google.services._alerting import require_metric, seconds, wrong
from sandbox.google.services._alignment import Line, Point
from sandbox.google.services._collection import target
from sandbox.google.store import Resource

# A series' labels and the end times of its points, in seconds; each point on its own, so that appending stays cheap.
KIND = "timeSeries"
_POINTS = "timeSeriesPoints"
# https://cloud.google.com/monitoring/quotas: time series of one request.
_MOST = 200
# Points of a series that are kept: a day of one a minute. The emulator lives in memory.
_KEPT = 1440
_USERS_OWN = ("custom.googleapis.com/", "external.googleapis.com/", "workload.googleapis.com/")
_VALUES = {
    "boolValue": "BOOL",
    "int64Value": "INT64",
    "doubleValue": "DOUBLE",
    "stringValue": "STRING",
    "distributionValue": "DISTRIBUTION",
}
_KEYS = {kind: key for key, kind in _VALUES.items()}
_NO_REDUCER = {"", "REDUCE_NONE"}
_NO_ALIGNER = {"", "ALIGN_NONE"}


def create(call: Call) -> Mapping[str, Any]:
    """`timeSeries.create`: the user's own metrics. A metric that is not known yet gets a descriptor."""
    for series in _sent(call):
        metric = series["metric"]["type"]
        if not metric.startswith(_USERS_OWN):
            raise wrong("time_series.metric.type", metric, "only user-defined metrics can be written.")
        _describe(call, series)
    return _write(call)


def create_service(call: Call) -> Mapping[str, Any]:
    """`timeSeries.createService`: metrics of Google's own products; rejects user-defined ones."""
    for series in _sent(call):
        metric = series["metric"]["type"]
        if metric.startswith(_USERS_OWN):
            raise wrong("time_series.metric.type", metric, "user-defined metrics cannot be written as service metrics.")
    return _write(call)


def _sent(call: Call) -> list[Resource]:
    sent: list[Resource] = call.body["timeSeries"]
    if len(sent) > _MOST:
        raise wrong("time_series", len(sent), f"at most {_MOST} time series can be written in one request.")
    for index, series in enumerate(sent):
        if not series.get("metric", {}).get("type") or not series.get("resource", {}).get("type"):
            raise wrong(f"time_series[{index}]", "", "the types of metric and resource are needed.")
        # `TimeSeries.points`: exactly one when it is written.
        if len(series.get("points", [])) != 1:
            raise wrong(f"time_series[{index}].points", len(series.get("points", [])), "exactly one point is needed.")
    return sent


def _write(call: Call) -> Mapping[str, Any]:
    keys = [_key(target(call), series) for series in call.body["timeSeries"]]
    if len(set(keys)) != len(keys):
        raise wrong("time_series", "", "a request can have one point for each time series only.")
    for key, series in zip(keys, call.body["timeSeries"], strict=True):
        _append(call, key, series)
    return {}


def _append(call: Call, key: str, series: Resource) -> None:
    (point,) = series["points"]
    kind = _value_type(point)
    shape = {"metricKind": series.get("metricKind", "GAUGE"), "valueType": series.get("valueType", kind)}
    known = call.cloud.store.find(KIND, key)
    if known and (known["metricKind"], known["valueType"]) != (shape["metricKind"], shape["valueType"]):
        problem = f"the metric is {known['metricKind']} {known['valueType']}"
        raise wrong("time_series.metric_kind", f"{shape['metricKind']} {shape['valueType']}", problem)
    if kind != shape["valueType"]:
        raise wrong("time_series.value_type", shape["valueType"], f"the point has a value of type {kind}.")
    _check_interval(shape["metricKind"], point["interval"])
    if kind == "DISTRIBUTION":
        _value(point["value"])
    ends: list[float] = known["ends"] if known else []
    end = moment(point["interval"]["endTime"])
    if ends and end <= ends[-1]:
        raise wrong(
            "time_series.points.interval.end_time",
            point["interval"]["endTime"],
            "Points must be written in order. One or more of the points specified had an older end time than the most "
            "recent point.",
        )
    for old in ends[: len(ends) + 1 - _KEPT]:
        call.cloud.store.delete(_POINTS, f"{key}@{old}")
    labels = {"metric": series["metric"], "resource": series["resource"]}
    call.cloud.store.put(KIND, key, {**labels, **shape, "name": key, "ends": [*ends, end][-_KEPT:]})
    call.cloud.store.put(_POINTS, f"{key}@{end}", point)


def _check_interval(kind: str, interval: Mapping[str, str]) -> None:
    """`Point.interval` in the discovery document."""
    if not interval.get("endTime"):
        raise wrong("time_series.points.interval.end_time", "", "is required.")
    start, end = interval.get("startTime", interval["endTime"]), interval["endTime"]
    length = moment(end) - moment(start)
    if (length != 0) if kind == "GAUGE" else (length <= 0):
        expected = "must equal the end time" if kind == "GAUGE" else "must be before the end time"
        raise wrong("time_series.points.interval.start_time", start, f"{expected} for metrics of kind {kind}.")


def _describe(call: Call, series: Resource) -> None:
    name = f"{target(call)}/metricDescriptors/{series['metric']['type']}"
    if call.cloud.store.find("metricDescriptors", name) is not None:
        return
    labels = [{"key": key, "valueType": "STRING"} for key in sorted(series["metric"].get("labels", {}))]
    kind = _value_type(series["points"][0])
    descriptor: Resource = {
        "name": name,
        "type": series["metric"]["type"],
        "metricKind": series.get("metricKind", "GAUGE"),
        "valueType": series.get("valueType", kind),
        "unit": series.get("unit", "1"),
    }
    if labels:
        descriptor["labels"] = labels
    call.cloud.store.put("metricDescriptors", name, descriptor)


def read(call: Call) -> Mapping[str, Any]:
    """`timeSeries.list`: the series of one metric in an interval, aligned and reduced when asked to."""
    project = target(call).removeprefix("projects/")
    text = str(call.query.get("filter", ""))
    try:
        parsed = _filter.parse(text)
    except _filter.InvalidFilter as problem:
        raise wrong("filter", text, f"The filter is invalid: {problem}.") from problem
    if "metric.type" not in parsed.required:
        raise wrong("filter", text, 'must specify a restriction on "metric.type" in the filter.')
    require_metric(call, project, parsed.required["metric.type"])
    end = moment(str(call.query["interval.endTime"]))
    start = moment(str(call.query.get("interval.startTime") or call.query["interval.endTime"]))
    if start > end:
        raise wrong("interval.start_time", call.query.get("interval.startTime"), "is after the end time.")
    found = [each for each in call.cloud.store.under(KIND, f"projects/{project}") if parsed.matches(each)]
    lines = [_line(call, series, start, end) for series in found]
    for prefix in ("aggregation", "secondaryAggregation"):
        lines = _aggregated(call, prefix, lines, (start, end))
    shown = [_shown(call, line) for line in (_within(line, start, end) for line in lines) if line.points]
    answer = pages.page(call, "timeSeries", shown, default=100_000)
    return {**answer, "unit": "1"} if shown else answer


def _aggregated(call: Call, prefix: str, lines: list[Line], interval: tuple[float, float]) -> list[Line]:
    aligner = str(call.query.get(f"{prefix}.perSeriesAligner", ""))
    reducer = str(call.query.get(f"{prefix}.crossSeriesReducer", ""))
    try:
        if aligner not in _NO_ALIGNER:
            period = seconds(str(call.query.get(f"{prefix}.alignmentPeriod", "0s")))
            # `Aggregation.alignmentPeriod`: at least 60 seconds.
            if period < 60:
                raise wrong(f"{prefix}.alignmentPeriod", f"{period:g}s", "must be at least 60 seconds.")
            lines = [_alignment.align(line, aligner, period, interval) for line in lines]
        if reducer not in _NO_REDUCER:
            if prefix == "aggregation" and aligner in _NO_ALIGNER:
                raise wrong(f"{prefix}.perSeriesAligner", aligner, "must be set when a cross-series reducer is.")
            fields = [_filter.canonical(name) for name in call.query.get(f"{prefix}.groupByFields", [])]
            lines = _alignment.reduce(lines, reducer, fields)
    except (_alignment.InvalidAggregation, _distributions.InvalidDistribution) as problem:
        raise ApiError("INVALID_ARGUMENT", str(problem)) from problem
    return lines


def _within(line: Line, start: float, end: float) -> Line:
    # `timeSeries.list`, interval: series with points in it; a gauge's start time is not part of the interval.
    kept = tuple(point for point in line.points if start < point.end <= end or point.end == start == end)
    return Line(line.labels, line.kind, line.type, kept)


def _line(call: Call, series: Resource, start: float, end: float) -> Line:
    labels = {"metric.type": series["metric"]["type"], "resource.type": series["resource"]["type"]}
    for part in ("metric", "resource"):
        labels |= {f"{part}.labels.{key}": value for key, value in series[part].get("labels", {}).items()}
    # One more than the interval has: the first gain of a cumulative series is counted from the point before.
    first = max(bisect.bisect_right(series["ends"], start) - 1, 0)
    wanted = [at for at in series["ends"][first:] if at <= end]
    points = tuple(_read(call.cloud.store.get(_POINTS, f"{series['name']}@{at}")) for at in wanted)
    return Line(tuple(sorted(labels.items())), series["metricKind"], series["valueType"], points)


def _read(point: Resource) -> Point:
    interval = point["interval"]
    value = _value(point["value"])
    return Point(moment(interval.get("startTime", interval["endTime"])), moment(interval["endTime"]), value)


def _value(value: Resource) -> _alignment.Value:
    if "distributionValue" in value:
        try:
            return _distributions.read(value["distributionValue"])
        except _distributions.InvalidDistribution as problem:
            raise wrong("time_series.points.value.distribution_value", "", str(problem)) from problem
    if "int64Value" in value:
        return int(value["int64Value"])
    if "doubleValue" in value:
        return float(value["doubleValue"])
    return bool(value["boolValue"]) if "boolValue" in value else str(value["stringValue"])


def _shown(call: Call, line: Line) -> Resource:
    shown: Resource = {"metricKind": line.kind, "valueType": line.type}
    for field, value in line.labels:
        first, _, rest = field.partition(".")
        if rest == "type":
            shown.setdefault(first, {})["type"] = value
        else:
            shown.setdefault(first, {}).setdefault("labels", {})[rest.removeprefix("labels.")] = value
    # `TimeSeries.points`: in reverse time order.
    if call.query.get("view") != "HEADERS":
        shown["points"] = [_point(point, line) for point in reversed(line.points)]
    return shown


def _point(point: Point, line: Line) -> Resource:
    value: Any = point.value
    if isinstance(value, _distributions.Distribution):
        value = _distributions.write(value)
    elif line.type == "INT64":
        value = str(value)
    elif line.type == "DOUBLE":
        value = 0.0 if math.isnan(float(value)) else float(value)
    interval = {"startTime": _text(point.start), "endTime": _text(point.end)}
    return {"interval": interval, "value": {_KEYS[line.type]: value}}


def _key(project: str, series: Resource) -> str:
    parts = [
        f"{part}:{series[part]['type']}:{sorted(series[part].get('labels', {}).items())}"
        for part in ("metric", "resource")
    ]
    return f"{project}/{'|'.join(parts)}"


def _value_type(point: Resource) -> str:
    given = [key for key in point.get("value", {}) if key in _VALUES]
    if len(given) != 1:
        raise wrong("time_series.points.value", "", "exactly one value is needed.")
    return _VALUES[given[0]]


def moment(text: str) -> float:
    """Seconds since 1970 of a Timestamp."""
    return datetime.fromisoformat(text).timestamp()


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
