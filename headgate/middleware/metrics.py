"""The figures of each version, kept with prometheus_client in a registry of their own.

Memory is bounded: versions, dependencies and events are declared up front, what was not declared is counted under
`other`, and of a request nothing stays but counts. docs/middleware.md lists the metrics.
"""

import math
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, Summary
from prometheus_client.exposition import choose_encoder

from headgate.middleware.core import OTHER, STATUS_CLASSES
from headgate.middleware.quantiles import EDGES_MS

REQUESTS = "headgate_requests"
ERRORS = "headgate_request_errors"
DURATION = "headgate_request_duration_seconds"
IN_FLIGHT = "headgate_requests_in_flight"
DEPENDENCIES = "headgate_dependency_calls"
EVENTS = "headgate_event_value"
REFUSED = "headgate_events_refused"

OK, FAILED = "ok", "failed"


class Metrics:
    """The figures of every version in this process: a `core.Meter`."""

    def __init__(
        self,
        versions: Iterable[str],
        *,
        dependencies: Iterable[str] = (),
        events: Iterable[str] = (),
        registry: CollectorRegistry | None = None,
    ) -> None:
        """Raises ValueError when `registry` has metrics of these names already."""
        self.registry = CollectorRegistry() if registry is None else registry
        self._families = _Families(self.registry)
        self._dependencies = tuple(dict.fromkeys((*dependencies, OTHER)))
        self._events = tuple(dict.fromkeys((*events, OTHER)))
        self._versions = {version: self._version(version) for version in versions}
        ProcessCollector(registry=self.registry)

    def began(self, version: str) -> None:
        """See core.Meter."""
        self.recorder(version).in_flight.inc()

    def ended(self, version: str, status_class: str, failed: bool, seconds: float | None) -> None:
        """See core.Meter."""
        self.recorder(version).ended(status_class, failed, seconds)

    def recorder(self, version: str) -> "VersionMetrics":
        """See core.Meter. A version that was not declared is `other`."""
        return self._versions.get(version) or self._versions.setdefault(OTHER, self._version(OTHER))

    def exposition(self, accept: str = "") -> tuple[str, bytes]:
        """See core.Meter."""
        try:
            encode, media_type = choose_encoder(accept)
        except (ValueError, TypeError):  # a version in the Accept header that is none
            encode, media_type = choose_encoder("")
        return media_type, encode(self.registry)

    def _version(self, version: str) -> "VersionMetrics":
        return VersionMetrics(version, self._families, self._dependencies, self._events)


class _Families:
    """The metrics before they are divided by version."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(REQUESTS, "Requests that ended", ["version", "status"], registry=registry)
        self.errors = Counter(
            ERRORS, "Requests answered with 5xx, raised or left unfinished, each once", ["version"], registry=registry
        )
        self.duration = Histogram(
            DURATION,
            "From the arrival of a request to the end of its answer",
            ["version"],
            buckets=[edge / 1000 for edge in EDGES_MS],
            registry=registry,
        )
        self.in_flight = Gauge(IN_FLIGHT, "Requests under way", ["version"], registry=registry)
        self.dependencies = Counter(
            DEPENDENCIES, "Calls to other services", ["version", "dependency", "result"], registry=registry
        )
        self.events = Summary(
            EVENTS, "Business events: how many, and their values", ["version", "event"], registry=registry
        )
        self.refused = Counter(REFUSED, "Events whose value is not a finite number", ["version"], registry=registry)


class VersionMetrics:
    """The figures of one version: a `core.Recorder`.

    Every series of a version is made here, so that all are exposed from the start, as 0, and none is added later.
    """

    def __init__(
        self, version: str, families: _Families, dependencies: tuple[str, ...], events: tuple[str, ...]
    ) -> None:
        self.in_flight = families.in_flight.labels(version)
        self._requests = {status: families.requests.labels(version, status) for status in STATUS_CLASSES}
        self._errors = families.errors.labels(version)
        self._duration = families.duration.labels(version)
        self._refused = families.refused.labels(version)
        self._events = {event: families.events.labels(version, event) for event in events}
        self._dependencies = {
            (dependency, result == OK): families.dependencies.labels(version, dependency, result)
            for dependency in dependencies
            for result in (OK, FAILED)
        }

    def ended(self, status_class: str, failed: bool, seconds: float | None) -> None:
        """A request ended; see core.Meter."""
        self.in_flight.dec()
        (self._requests.get(status_class) or self._requests[OTHER]).inc()
        if failed:
            self._errors.inc()
        if seconds is not None:
            self._duration.observe(seconds)

    def dependency(self, name: str, ok: bool) -> None:
        """See core.Recorder. A name that was not declared is `other`."""
        (self._dependencies.get((name, bool(ok))) or self._dependencies[OTHER, bool(ok)]).inc()

    def event(self, name: str, value: float = 1.0) -> None:
        """See core.Recorder. A name that was not declared is `other`; a value that is not finite is refused."""
        if not math.isfinite(value):
            self._refused.inc()
            return
        (self._events.get(name) or self._events[OTHER]).observe(value)
