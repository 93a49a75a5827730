"""What the figures of two versions say beside each other: pure functions over what was scraped.

A counter counts since its process started. So of each instance two scrapes are taken, `since` gives what lies between
them, `merge` adds the instances of one version up, and `compare` says by how many per cent the candidate differs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from headgate.middleware.quantiles import Buckets
from headgate.middleware.quantiles import merge as merge_buckets


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to one other service."""

    ok: float = 0
    failed: float = 0


@dataclass(frozen=True, slots=True)
class Events:
    """Events of one kind: how many, and the sum of their values."""

    count: float = 0
    total: float = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The figures of one version, counted over `seconds` (None where not known).

    `requests` by status class. `memory_bytes` is of the largest instance. Memory and CPU are None where the process
    served other versions too, because they cannot be told apart.
    """

    version: str
    seconds: float | None
    requests: Mapping[str, float]
    errors: float
    latency: Buckets
    dependencies: Mapping[str, Calls] = field(default_factory=dict)
    events: Mapping[str, Events] = field(default_factory=dict)
    memory_bytes: float | None = None
    cpu_seconds: float | None = None
    instances: int = 1

    @property
    def total(self) -> float:
        return sum(self.requests.values())


def since(earlier: Snapshot, later: Snapshot) -> Snapshot:
    """What one instance counted between two scrapes; all of `later` when it was started again in between.

    Raises ValueError for two versions or two sets of edges.
    """
    _same_version(earlier, later)
    started_again = later.total < earlier.total or (
        later.seconds is not None and earlier.seconds is not None and later.seconds < earlier.seconds
    )
    if started_again:
        return later
    before_calls, before_events = earlier.dependencies, earlier.events
    return replace(
        later,
        seconds=_minus(later.seconds, earlier.seconds),
        requests={status: count - earlier.requests.get(status, 0) for status, count in later.requests.items()},
        errors=later.errors - earlier.errors,
        latency=later.latency.since(earlier.latency),
        dependencies={
            name: Calls(calls.ok - before.ok, calls.failed - before.failed)
            for name, calls in later.dependencies.items()
            for before in (before_calls.get(name, Calls()),)
        },
        events={
            name: Events(events.count - before.count, events.total - before.total)
            for name, events in later.events.items()
            for before in (before_events.get(name, Events()),)
        },
        cpu_seconds=_minus(later.cpu_seconds, earlier.cpu_seconds),
    )


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """The version as a whole, out of its instances over the same stretch of time.

    Raises ValueError for no snapshot, two versions or two sets of edges.
    """
    parts = tuple(snapshots)
    if not parts:
        raise ValueError("snapshots: found none, expected at least one")
    first = parts[0]
    for part in parts:
        _same_version(first, part)
    calls = [part.dependencies for part in parts]
    events = [part.events for part in parts]
    return Snapshot(
        version=first.version,
        seconds=_unless_unknown(max, [part.seconds for part in parts]),
        requests=_added([part.requests for part in parts]),
        errors=sum(part.errors for part in parts),
        latency=merge_buckets([part.latency for part in parts], first.latency.edges_ms),
        dependencies={
            name: Calls(
                sum(each[name].ok for each in calls if name in each),
                sum(each[name].failed for each in calls if name in each),
            )
            for name in _names(calls)
        },
        events={
            name: Events(
                sum(each[name].count for each in events if name in each),
                sum(each[name].total for each in events if name in each),
            )
            for name in _names(events)
        },
        memory_bytes=_unless_unknown(max, [part.memory_bytes for part in parts]),
        cpu_seconds=_unless_unknown(sum, [part.cpu_seconds for part in parts]),
        instances=sum(part.instances for part in parts),
    )


def figures(snapshot: Snapshot) -> dict[str, float | None]:
    """The metrics of a version, each None where there is nothing to compute it from.

    `error_rate` and `…success_rate` in per cent; `…_ms` in milliseconds, infinite above the largest edge; `cpu` in per
    cent of one core per instance; `event.<name>.per_request` is how many there were per request, `.mean` their mean
    value.
    """
    seconds, total = snapshot.seconds, snapshot.total
    found: dict[str, float | None] = {
        "requests": total,
        "requests_per_second": _ratio(total, seconds),
        "error_rate": _ratio(100 * snapshot.errors, total),
        "p50_ms": snapshot.latency.quantile(0.5),
        "p95_ms": snapshot.latency.quantile(0.95),
        "p99_ms": snapshot.latency.quantile(0.99),
        "memory_bytes": snapshot.memory_bytes,
        "cpu": None
        if snapshot.cpu_seconds is None or seconds is None
        else _ratio(100 * snapshot.cpu_seconds, seconds * snapshot.instances),
    }
    for name, calls in snapshot.dependencies.items():
        found[f"dependency.{name}.success_rate"] = _ratio(100 * calls.ok, calls.ok + calls.failed)
    for name, events in snapshot.events.items():
        found[f"event.{name}.per_request"] = _ratio(events.count, total)
        found[f"event.{name}.mean"] = _ratio(events.total, events.count)
    return found


def compare(live: Snapshot, candidate: Snapshot) -> dict[str, float | None]:
    """By how many per cent of live's figure the candidate's differs, per metric: 50.0 where 100 ms became 150 ms.

    None where that is undefined: a figure is missing or infinite, or it was 0 for live and is not for the candidate.
    """
    before, after = figures(live), figures(candidate)
    names = [*before, *(name for name in after if name not in before)]
    return {name: _difference(before.get(name), after.get(name)) for name in names}


def _difference(live: float | None, candidate: float | None) -> float | None:
    if live is None or candidate is None or not abs(live) + abs(candidate) < float("inf"):
        return None
    if live == 0:
        return 0.0 if candidate == 0 else None
    return 100 * (candidate - live) / abs(live)


def _ratio(part: float, whole: float | None) -> float | None:
    return part / whole if whole else None


def _minus(later: float | None, earlier: float | None) -> float | None:
    return None if later is None or earlier is None else later - earlier


def _unless_unknown(combine: Callable[[list[float]], float], values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return combine(known) if len(known) == len(values) else None


def _added(parts: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(part.get(name, 0) for part in parts) for name in _names(parts)}


def _names(parts: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for part in parts for name in part))


def _same_version(one: Snapshot, other: Snapshot) -> None:
    if one.version != other.version:
        raise ValueError(f"found figures of version {other.version!r}, expected {one.version!r} as in the first")
