"""The dashboard of a rollout as CloudWatch's JSON (R-B21). No Pulumi here.

Reference: CloudWatch API, "Dashboard body structure and syntax".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.aws import metrics
from components.aws.metrics import Series, Subject
from headgate.limits import METRICS, Limits, show

COLUMNS = 24
RECENT = 300  # seconds: the last five minutes (R-B21)
MINUTE = 60  # seconds
PERCENTILES = tuple(metrics.PERCENTILES)
RED, AMBER = "#d62728", "#ff9900"  # those of CloudWatch's own palette
COLOUR_OF_SLOT = {"blue": "#1f77b4", "green": "#2ca02c"}
MARKS = 20  # newest events that are shown; older ones are outside any range that people look at

Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something that happened. `at`: UTC, 2026-02-11T14:00:00Z."""

    at: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """What the dashboard shows. `candidate`: none outside a rollout. By slot: target groups, services, log groups.

    `balancer` and `targets` are dimensions, not ARNs.
    """

    service: str
    region: str
    live: str
    candidate: str | None
    limits: Limits
    balancer: str
    targets: Mapping[str, str]
    cluster: str
    services: Mapping[str, str]
    database: str
    log_groups: Mapping[str, str]
    log_namespace: str
    alarms: Sequence[str]
    composites: Sequence[str]
    marks: Sequence[Mark] = field(default=())


@dataclass(frozen=True, slots=True)
class _Line:
    """One metric of a chart: a series, or an expression over hidden ones."""

    label: str
    series: Sequence[Series]
    expression: str | None = None
    colour: str | None = None


def dashboard_json(subjects: Subjects) -> str:
    """The whole dashboard; the same text for the same subjects."""
    slots = tuple(subjects.targets)
    rows: list[tuple[int, list[Widget]]] = [
        (2, [_text("# Last 5 minutes\nThe candidate beside the live version, against the plan's limits")]),
        (4, [*_now(subjects, "Live", subjects.live), *_candidate(subjects)]),
        (2, [_text("# Service level\nWithin the plan, or beyond one of its bounds: each version as a whole")]),
        (4, [_alarms("Each version against the plan", subjects.composites), _availability(subjects)]),
        (2, [_text("# Trends\nBoth slots; lines are the plan's limits: hold and rollback")]),
        (
            6,
            [
                _chart(subjects, "Error rate, %", [_errors(slot) for slot in slots], ("error_rate", 100)),
                _chart(subjects, "Latency, ms", [_quantile(slot, each) for slot in slots for each in PERCENTILES],
                       ("p95_ms", 1)),
                _chart(subjects, "Throughput, requests a second", [_rate(slot) for slot in slots], None),
            ],
        ),
        (
            6,
            [
                _chart(subjects, "Memory in use, %", [_plain(slot, metrics.memory(slot)) for slot in slots],
                       ("memory", 100)),
                _chart(subjects, "CPU in use, %", [_plain(slot, metrics.cpu(slot)) for slot in slots], ("cpu", 100)),
                _chart(subjects, "Healthy tasks", [_plain(slot, metrics.healthy(slot)) for slot in slots], None),
            ],
        ),
        (
            6,
            [
                _chart(subjects, "Connections to the database",
                       [_Line("connections", [metrics.database("connections")])], ("database_connections", 1)),
                _chart(subjects, "Database CPU, %", [_Line("CPU", [metrics.database("cpu")])], None),
                _chart(subjects, "Conversation turns: P95, ms", [_plain(slot, metrics.turn_latency(slot))
                                                                for slot in slots], ("turn_p95_ms", 1)),
            ],
        ),
        (2, [_text("# Alarms and events\nOpen and past alarms; steps of the rollout, rollbacks among them")]),
        (8, [_alarms("All alarms", subjects.alarms), _events(subjects.marks)]),
        (8, [_log(subjects)]),
    ]  # fmt: skip
    return json.dumps(
        {"start": "-PT3H", "periodOverride": "inherit", "widgets": _stacked(rows)},
        sort_keys=True,
        separators=(",", ":"),
    )


def _stacked(rows: Sequence[tuple[int, Sequence[Widget]]]) -> list[Widget]:
    """Widgets from top to bottom, those of a row equally wide."""
    placed: list[Widget] = []
    top = 0
    for height, widgets in rows:
        width = COLUMNS // len(widgets)
        placed += [
            {**widget, "x": position * width, "y": top, "width": width, "height": height}
            for position, widget in enumerate(widgets)
        ]
        top += height
    return placed


def _text(markdown: str) -> Widget:
    return {"type": "text", "properties": {"markdown": markdown, "background": "transparent"}}


def _now(subjects: Subjects, who: str, slot: str) -> list[Widget]:
    """Requests, error rate and latency of one slot."""
    return [
        _number(subjects, f"{who} ({slot}): requests", _Line("requests", [metrics.requests(slot)])),
        _number(subjects, f"{who} ({slot}): errors, %", _errors(slot), "error_rate"),
        _number(subjects, f"{who} ({slot}): P95, ms", _quantile(slot, "p95_ms"), "p95_ms"),
    ]


def _candidate(subjects: Subjects) -> list[Widget]:
    if subjects.candidate is not None:
        return _now(subjects, "Candidate", subjects.candidate)
    return [_text(f"**Candidate: {what}**\n\nNo rollout is under way.") for what in ("requests", "errors", "P95")]


def _errors(slot: str) -> _Line:
    expression = "100 * (errors + refused) / requests"
    return _Line(slot, metrics.answers(slot), expression, COLOUR_OF_SLOT.get(slot))


def _quantile(slot: str, metric: str) -> _Line:
    seconds = metrics.latency(slot, metric)
    return _Line(f"{slot} {seconds.stat}", [seconds], f"1000 * {seconds.id}")


def _rate(slot: str) -> _Line:
    return _Line(slot, [metrics.requests(slot)], "requests / PERIOD(requests)", COLOUR_OF_SLOT.get(slot))


def _plain(slot: str, series: Series) -> _Line:
    return _Line(slot, [series], None, COLOUR_OF_SLOT.get(slot))


def _availability(subjects: Subjects) -> Widget:
    expression = "100 * (1 - unanswered / (handled + unanswered))"
    line = _Line("answered", metrics.unanswered(), expression)
    return _number(subjects, "Requests that got an answer, %: last day", line, "availability", period=86_400)


def _number(subjects: Subjects, title: str, line: _Line, metric: str | None = None, period: int = RECENT) -> Widget:
    shown = _metric(subjects, title + _told(subjects.limits, metric), [line], period)
    properties = {**shown["properties"], "view": "singleValue", "setPeriodToTimeRange": False, "sparkline": True}
    return {**shown, "properties": properties}


def _told(limits: Limits, metric: str | None) -> str:
    """The bounds of a metric in words: a single value has no lines."""
    limit = limits.get(metric) if metric is not None else None
    if metric is None or limit is None:
        return ""
    written = (("hold", limit.hold), ("rollback", limit.rollback))
    bounds = ", ".join(f"{name} {show(metric, value)}" for name, value in written if value is not None)
    return f" ({bounds})"


def _chart(subjects: Subjects, title: str, lines: Sequence[_Line], limit: tuple[str, int] | None) -> Widget:
    shown = _metric(subjects, title, lines, MINUTE)
    annotations: dict[str, Any] = {"vertical": [{"label": each.title, "value": each.at} for each in _newest(subjects)]}
    if limit is not None:
        annotations["horizontal"] = _bounds(subjects.limits, *limit)
    annotations = {kind: listed for kind, listed in annotations.items() if listed}
    properties = {**shown["properties"], "view": "timeSeries", "stacked": False, "yAxis": {"left": {"min": 0}}}
    return {**shown, "properties": {**properties, "annotations": annotations} if annotations else properties}


def _newest(subjects: Subjects) -> Sequence[Mark]:
    return sorted(subjects.marks, key=lambda mark: mark.at)[-MARKS:]


def _metric(subjects: Subjects, title: str, lines: Sequence[_Line], period: int) -> Widget:
    listed = [metric for number, line in enumerate(lines) for metric in _metrics(subjects, number, line)]
    return {
        "type": "metric",
        "properties": {"title": title, "region": subjects.region, "period": period, "metrics": listed},
    }


def _metrics(subjects: Subjects, number: int, line: _Line) -> list[list[Any]]:
    """The series of a line, and its expression. Ids are made unique, since all lines of a chart share them."""
    look = {"label": line.label, **({"color": line.colour} if line.colour is not None else {})}
    if line.expression is None:
        return [_array(subjects, series, {"stat": series.stat, **look}) for series in line.series]
    expression = line.expression
    found: list[list[Any]] = []
    for series in line.series:
        identity = f"{series.id}_{number}"
        expression = _renamed(expression, series.id, identity)
        found.append(_array(subjects, series, {"id": identity, "stat": series.stat, "visible": False}))
    return [*found, [{"expression": expression, "id": f"line_{number}", **look}]]


def _renamed(expression: str, identity: str, other: str) -> str:
    """`expression` with one id for another; ids stand between spaces and brackets."""
    spaced = expression.replace("(", "( ").replace(")", " )")
    words = [other if word == identity else word for word in spaced.split(" ")]
    return " ".join(words).replace("( ", "(").replace(" )", ")")


def _array(subjects: Subjects, series: Series, options: Mapping[str, Any]) -> list[Any]:
    """A metric as a dashboard writes it: namespace, name, dimensions one after another, options."""
    dimensions = _dimensions(subjects, series)
    flat = [part for pair in dimensions.items() for part in pair]
    return [series.namespace or subjects.log_namespace, series.name, *flat, dict(options)]


def _dimensions(subjects: Subjects, series: Series) -> Mapping[str, str]:
    match series.subject:
        case Subject.BALANCER:
            return {"LoadBalancer": subjects.balancer}
        case Subject.TARGETS:
            return {"LoadBalancer": subjects.balancer, "TargetGroup": subjects.targets[series.of]}
        case Subject.TASKS:
            return {"ClusterName": subjects.cluster, "ServiceName": subjects.services[series.of]}
        case Subject.DATABASE:
            return {"DBInstanceIdentifier": subjects.database}
        case Subject.CACHE:
            return {"CacheClusterId": series.of}
        case Subject.LOGS:
            return {}


def _alarms(title: str, arns: Sequence[str]) -> Widget:
    """Nothing can be shown of no alarm: a widget without one is refused."""
    if not arns:
        return _text(f"**{title}**\n\nThe plan has no such limit.")
    return {"type": "alarm", "properties": {"title": title, "alarms": list(arns), "sortBy": "stateUpdatedTimestamp"}}


def _events(marks: Sequence[Mark]) -> Widget:
    newest = sorted(marks, key=lambda mark: mark.at, reverse=True)[:MARKS]
    lines = [f"| {mark.at} | {mark.title} |" for mark in newest] or ["| | none on record |"]
    return _text("\n".join(["**Events**", "", "| when (UTC) | what |", "|---|---|", *lines]))


def _log(subjects: Subjects) -> Widget:
    groups = " | ".join(f"SOURCE '{group}'" for group in subjects.log_groups.values())
    query = (
        f"{groups} | fields @timestamp, @log, @message | filter level in ['ERROR', 'CRITICAL'] or severity in "
        "['ERROR', 'CRITICAL'] | sort @timestamp desc | limit 50"
    )
    properties = {"title": "Logged errors", "region": subjects.region, "view": "table", "query": query}
    return {"type": "log", "properties": properties}


def _bounds(limits: Limits, metric: str, times: int) -> list[dict[str, Any]]:
    """Lines at a metric's bounds, shaded on the bad side. `times`: from its base unit to that of the chart."""
    limit = limits.get(metric)
    if limit is None:
        return []
    side = "above" if METRICS[metric].upper else "below"
    written = ((f"{metric} hold", limit.hold, AMBER), (f"{metric} rollback", limit.rollback, RED))
    return [
        {"label": label, "value": float(value * times), "color": colour, "fill": side}
        for label, value, colour in written
        if value is not None
    ]
