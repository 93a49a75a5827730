"""The dashboard of a rollout as Cloud Monitoring's JSON (R-B21). No Pulumi here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.gcp.queries import QUANTILES, Queries
from headgate.limits import METRICS, Limits

COLUMNS = 48
HALF = COLUMNS // 2
THIRD = COLUMNS // 3
RECENT = 300  # seconds: the last five minutes (R-B21)
TREND_WINDOW = 120  # seconds each point of a trend looks back
DAY = 86_400  # seconds

Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the dashboard shows. `candidate`: none outside a rollout. `changes`, `failures`: filters of log entries."""

    service: str
    host: str
    live: str
    candidate: str | None
    limits: Limits
    memory_bytes: int
    changes: str
    failures: str
    labels: Mapping[str, str]


def dashboard_json(subject: Subject) -> str:
    """The whole dashboard; the same text for the same subject."""
    recent = Queries(subject.service, RECENT, subject.memory_bytes)
    trend = Queries(subject.service, TREND_WINDOW, subject.memory_bytes)
    rows = [
        _row(2, [_header("Last 5 minutes", "The candidate beside the live version, coloured by the plan's limits")]),
        _row(8, [*_now("Live", subject.live, recent, subject.limits), *_candidate(subject, recent)]),
        _row(2, [_header("Service level", "What the plan promises, over the last day")]),
        _row(8, [_availability(subject), _instances(trend)]),
        _row(2, [_header("Trends", "Every revision; lines are the plan's limits: hold and rollback")]),
        _row(12, [_error_trend(trend, subject.limits), _latency_trend(trend, subject.limits), _throughput(trend)]),
        _row(12, [_memory_trend(trend, subject.limits), _cpu_trend(trend, subject.limits), _turns(trend, subject)]),
        _row(2, [_header("Alerts and events", "Open and past incidents; shifts of traffic, rollbacks among them")]),
        _row(14, [_incidents(), _log("Changes of the service", subject.changes)]),
        _row(14, [_log("Failed requests", subject.failures)]),
    ]
    return json.dumps(
        {
            "displayName": f"{subject.service} rollout",
            "labels": dict(subject.labels),
            "mosaicLayout": {"columns": COLUMNS, "tiles": _stacked(rows)},
            "annotations": {
                "eventAnnotations": [
                    {"eventType": kind, "displayName": title, "enabled": True}
                    for kind, title in (
                        ("CLOUD_RUN_DEPLOYMENT", "Change of the service"),
                        ("CLOUD_ALERTING_ALERT", "Alert"),
                        ("UPTIME_CHECK_FAILURE", "Failing uptime check"),
                    )
                ]
            },
        },
        sort_keys=True,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    height: int
    widgets: Sequence[Widget]


def _row(height: int, widgets: Sequence[Widget]) -> _Row:
    return _Row(height, widgets)


def _stacked(rows: Sequence[_Row]) -> list[dict[str, Any]]:
    """Tiles from top to bottom, those of a row equally wide."""
    tiles: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        width = COLUMNS // len(row.widgets)
        for position, widget in enumerate(row.widgets):
            tiles.append(
                {"xPos": position * width, "yPos": top, "width": width, "height": row.height, "widget": widget}
            )
        top += row.height
    return tiles


def _header(title: str, subtitle: str) -> Widget:
    return {"title": title, "sectionHeader": {"subtitle": subtitle, "dividerBelow": False}}


def _now(who: str, revision: str, queries: Queries, limits: Limits) -> list[Widget]:
    """Requests, error rate and latency of one revision."""
    picked = {"revision_name": revision}
    return [
        _score(f"{who}: requests", queries.requests(**picked), []),
        _score(
            f"{who}: error rate", queries.error_rate_or_zero(**picked), _colours(limits, "error_rate"), unit="10^2.%"
        ),
        _score(f"{who}: P95", queries.latency(QUANTILES["p95_ms"], **picked), _colours(limits, "p95_ms"), unit="ms"),
    ]


def _candidate(subject: Subject, queries: Queries) -> list[Widget]:
    if subject.candidate is not None:
        return _now("Candidate", subject.candidate, queries, subject.limits)
    nothing = {"content": "No rollout is under way.", "format": "MARKDOWN"}
    return [{"title": f"Candidate: {what}", "text": nothing} for what in ("requests", "error rate", "P95")]


def _score(title: str, query: str, thresholds: list[dict[str, Any]], unit: str | None = None) -> Widget:
    asked: dict[str, Any] = {"prometheusQuery": query}
    if unit is not None:
        asked["unitOverride"] = unit
    return {
        "title": title,
        "scorecard": {
            "timeSeriesQuery": asked,
            "thresholds": thresholds,
            "sparkChartView": {"sparkChartType": "SPARK_LINE"},
        },
    }


def _availability(subject: Subject) -> Widget:
    query = {
        "timeSeriesFilter": {
            "filter": (
                'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND '
                f'resource.label.host="{subject.host}"'
            ),
            "aggregation": {
                "alignmentPeriod": f"{DAY}s",
                "perSeriesAligner": "ALIGN_FRACTION_TRUE",
                "crossSeriesReducer": "REDUCE_MEAN",
            },
        },
        "unitOverride": "10^2.%",
    }
    return {
        "title": "Availability, seen from outside",
        "scorecard": {
            "timeSeriesQuery": query,
            "thresholds": _colours(subject.limits, "availability"),
            "gaugeView": {"lowerBound": 0.99, "upperBound": 1.0},
        },
    }


def _instances(queries: Queries) -> Widget:
    return _chart("Instances", [queries.instances()], [], "instances")


def _error_trend(queries: Queries, limits: Limits) -> Widget:
    return _chart("Error rate", [queries.error_rate_or_zero()], _lines(limits, "error_rate"), "share")


def _latency_trend(queries: Queries, limits: Limits) -> Widget:
    quantiles = [queries.latency(quantile) for quantile in QUANTILES.values()]
    return _chart("Latency: P50, P95, P99", quantiles, [*_lines(limits, "p95_ms"), *_lines(limits, "p99_ms")], "ms")


def _throughput(queries: Queries) -> Widget:
    return _chart("Throughput", [queries.throughput()], [], "requests a second")


def _memory_trend(queries: Queries, limits: Limits) -> Widget:
    return _chart("Memory in use", [queries.memory()], _lines(limits, "memory"), "share")


def _cpu_trend(queries: Queries, limits: Limits) -> Widget:
    return _chart("CPU in use", [queries.cpu()], _lines(limits, "cpu"), "share")


def _turns(queries: Queries, subject: Subject) -> Widget:
    query = queries.turn_latency(QUANTILES["p95_ms"])
    return _chart("Conversation turns: P95", [query], _lines(subject.limits, "turn_p95_ms"), "ms")


def _incidents() -> Widget:
    return {"title": "Incidents", "incidentList": {}}


def _log(title: str, log_filter: str) -> Widget:
    return {"title": title, "logsPanel": {"filter": log_filter}}


def _chart(title: str, queries: Sequence[str], thresholds: list[dict[str, Any]], axis: str) -> Widget:
    return {
        "title": title,
        "xyChart": {
            "dataSets": [
                {"plotType": "LINE", "targetAxis": "Y1", "timeSeriesQuery": {"prometheusQuery": query}}
                for query in queries
            ],
            "thresholds": thresholds,
            "yAxis": {"label": axis, "scale": "LINEAR"},
        },
    }


def _bounds(limits: Limits, metric: str) -> list[tuple[str, float]]:
    limit = limits.get(metric)
    written = (("hold", limit.hold), ("rollback", limit.rollback)) if limit is not None else ()
    return [(name, float(value)) for name, value in written if value is not None]


def _lines(limits: Limits, metric: str) -> list[dict[str, Any]]:
    """Lines across a chart; they have no colour there (Dashboards API, Threshold)."""
    return [
        {"label": f"{metric} {name}", "value": value, "targetAxis": "Y1"} for name, value in _bounds(limits, metric)
    ]


def _colours(limits: Limits, metric: str) -> list[dict[str, Any]]:
    """Yellow from hold, red from rollback, on the bad side."""
    side = "ABOVE" if METRICS[metric].upper else "BELOW"
    colour = {"hold": "YELLOW", "rollback": "RED"}
    return [
        {"label": name, "value": value, "color": colour[name], "direction": side}
        for name, value in _bounds(limits, metric)
    ]
