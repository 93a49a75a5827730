"""What the users of a run got."""

from collections import Counter
from dataclasses import dataclass, field

from sandbox.histogram import Histogram

# Reasons kept in words; more kinds than this say nothing that the first ones do not.
_MOST_REASONS = 20


@dataclass(slots=True)
class VersionFigures:
    """Figures of one version: its answers, those of 500 and above, and their latency as the user saw it."""

    requests: int = 0
    errors: int = 0
    latency: Histogram = field(default_factory=Histogram)

    def as_json(self) -> dict[str, object]:
        return {"requests": self.requests, "errors": self.errors, **_quantiles(self.latency)}


@dataclass(slots=True)
class Summary:
    """Counts over a run. A request is *lost* when no version answered it: the connection failed, the
    answer was cut short or too late, or the router answered 400 or above in its own name (what is sent is
    in order). `errors` are answers of 500 and above by a version. `switches` counts the times a user was
    answered by another slot than before. Of the `writes` that were confirmed, `missing` could not be read
    back, and `unverified` were not asked for or got no clear answer."""

    seconds: float = 0.0
    users: int = 0
    requests: int = 0
    errors: int = 0
    client_errors: int = 0
    lost: int = 0
    switches: int = 0
    writes: int = 0
    missing: int = 0
    unverified: int = 0
    by_slot: Counter[str] = field(default_factory=Counter)
    first_by_slot: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    versions: dict[str, VersionFigures] = field(default_factory=dict)
    lost_reasons: Counter[str] = field(default_factory=Counter)
    latency: Histogram = field(default_factory=Histogram)

    @property
    def by_version(self) -> dict[str, int]:
        return {version: figures.requests for version, figures in self.versions.items()}

    def count_lost(self, reason: str) -> None:
        self.lost += 1
        if reason in self.lost_reasons or len(self.lost_reasons) < _MOST_REASONS:
            self.lost_reasons[reason] += 1

    def count_answer(self, version: str, status: int, latency_ms: float) -> None:
        figures = self.versions.setdefault(version, VersionFigures())
        figures.requests += 1
        figures.latency.add(latency_ms)
        self.by_status[status] += 1
        self.latency.add(latency_ms)
        if status >= 500:
            figures.errors += 1
            self.errors += 1
        elif status >= 400:
            self.client_errors += 1

    def as_json(self) -> dict[str, object]:
        return {
            "seconds": round(self.seconds, 3),
            "users": self.users,
            "requests": self.requests,
            "errors": self.errors,
            "client_errors": self.client_errors,
            "lost": self.lost,
            "lost_reasons": dict(self.lost_reasons),
            "switches": self.switches,
            "writes": self.writes,
            "missing_writes": self.missing,
            "unverified_writes": self.unverified,
            "by_slot": dict(self.by_slot),
            "first_by_slot": dict(self.first_by_slot),
            "by_version": self.by_version,
            "by_status": {str(status): count for status, count in sorted(self.by_status.items())},
            "versions": {version: figures.as_json() for version, figures in self.versions.items()},
            **_quantiles(self.latency),
        }


def _quantiles(latency: Histogram) -> dict[str, float | None]:
    """Quantiles in milliseconds; None when nothing was counted."""
    values = {f"p{q}_ms": latency.quantile(q / 100) for q in (50, 95, 99)}
    return {name: None if value is None else round(value, 3) for name, value in values.items()}
