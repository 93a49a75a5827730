"""A clock that tests move, and the figures as they stand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from headgate.middleware import metrics as names
from headgate.middleware.core import Fixed, Instrument, Split, Versions, header
from headgate.middleware.metrics import Metrics


@dataclass
class Clock:
    """Nanoseconds, moved by hand."""

    now: int = 5_000_000_000

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: float) -> None:
        self.now += round(ms * 1_000_000)


@dataclass
class Bench:
    """Everything a test of an adapter needs."""

    versions: Versions = field(default_factory=lambda: Fixed("1"))
    clock: Clock = field(default_factory=Clock)
    metrics: Metrics = field(default_factory=lambda: Metrics(["1", "2"], dependencies=["search"], events=["accepted"]))

    def instrument(self, **changes: Any) -> Instrument:
        return Instrument(self.versions, self.metrics, clock=self.clock, **changes)

    def value(self, name: str, version: str = "1", **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {"version": version, **labels})

    def requests(self, version: str = "1") -> dict[str, float]:
        """How many requests ended, by status; without those that are 0."""
        statuses = ("1xx", "2xx", "3xx", "4xx", "5xx", "aborted", "other")
        found = {status: self.value(f"{names.REQUESTS}_total", version, status=status) or 0 for status in statuses}
        return {status: count for status, count in found.items() if count}

    def errors(self, version: str = "1") -> float | None:
        return self.value(f"{names.ERRORS}_total", version)

    def in_flight(self, version: str = "1") -> float | None:
        return self.value(names.IN_FLIGHT, version)

    def duration(self, version: str = "1") -> tuple[float | None, float | None]:
        """How many requests were timed, and the sum of their times in seconds."""
        return self.value(f"{names.DURATION}_count", version), self.value(f"{names.DURATION}_sum", version)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def split() -> Callable[..., Split]:
    """A split of versions 1 and 2 by the header X-User-Id."""

    def make(weight: Callable[[], int], **changes: Any) -> Split:
        options: dict[str, Any] = {"salt": "ion", "weight": weight, "user_key": [header("X-User-Id")], **changes}
        return Split("1", "2", **options)

    return make
