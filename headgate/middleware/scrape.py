"""Reads back what `metrics` exposes: the figures of one version out of one scrape of one process."""

import math
from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from headgate.middleware import metrics
from headgate.middleware.comparison import Calls, Events, Snapshot
from headgate.middleware.core import OTHER
from headgate.middleware.quantiles import from_cumulative

_MEMORY, _CPU, _STARTED = "process_resident_memory_bytes", "process_cpu_seconds", "process_start_time_seconds"


def snapshot(text: str, version: str, at: float) -> Snapshot:
    """The figures of `version`, scraped at `at` (epoch seconds), in the text format that a request without Accept gets.

    Raises ValueError when the text is no such format or holds nothing about the version.
    """
    try:
        families = {family.name: family for family in text_string_to_metric_families(text)}
    except ValueError as error:
        raise ValueError(f"found no Prometheus text ({error}); is that the address of the metrics path?") from error
    served = {labels["version"] for _, labels, _ in _samples(families.get(metrics.IN_FLIGHT))} - {OTHER}
    if version not in served:
        raise ValueError(f"found figures of {sorted(served) or 'no version'}, expected some of version {version!r}")

    def of_version(family: str, suffix: str) -> list[tuple[dict[str, str], float]]:
        return [
            (labels, value)
            for name, labels, value in _samples(families.get(family))
            if labels.get("version") == version and name == family + suffix
        ]

    def of_process(family: str) -> float | None:
        return next((value for name, _, value in _samples(families.get(family)) if not name.endswith("_created")), None)

    calls = {(labels["dependency"], labels["result"]): n for labels, n in of_version(metrics.DEPENDENCIES, "_total")}
    counts = {labels["event"]: n for labels, n in of_version(metrics.EVENTS, "_count")}
    totals = {labels["event"]: n for labels, n in of_version(metrics.EVENTS, "_sum")}
    started, alone = of_process(_STARTED), len(served) == 1
    return Snapshot(
        version=version,
        seconds=None if started is None else max(0.0, at - started),
        requests={labels["status"]: n for labels, n in of_version(metrics.REQUESTS, "_total")},
        errors=sum(n for _, n in of_version(metrics.ERRORS, "_total")),
        latency=from_cumulative({_edge_ms(each["le"]): n for each, n in of_version(metrics.DURATION, "_bucket")}),
        dependencies={
            name: Calls(calls.get((name, metrics.OK), 0), calls.get((name, metrics.FAILED), 0))
            for name in dict.fromkeys(name for name, _ in calls)
        },
        events={name: Events(count, totals.get(name, 0)) for name, count in counts.items()},
        memory_bytes=of_process(_MEMORY) if alone else None,
        cpu_seconds=of_process(_CPU) if alone else None,
    )


def _samples(family: Metric | None) -> Iterable[tuple[str, dict[str, str], float]]:
    return [] if family is None else [(each.name, each.labels, each.value) for each in family.samples]


def _edge_ms(seconds: str) -> float:
    # 0.0025 s is 2.5 ms; six digits take back what the multiplication adds.
    edge = float(seconds)
    return edge if math.isinf(edge) else round(edge * 1000, 6)
