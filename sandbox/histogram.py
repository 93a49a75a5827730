"""Latency histogram with logarithmic buckets: small, mergeable, and right about quantiles to 1 %.

A quantile of a whole is not the mean of the quantiles of its parts, so what is kept and merged are
counts per bucket. Bucket i holds latencies in (edge(i-1), edge(i)] milliseconds, edges growing by 2 %;
a quantile is read as the geometric middle of its bucket, at most 1 % away from the measured value.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

# The shortest latency told apart: below it, timer noise is larger than what would be measured.
SMALLEST_MS = 0.01
GROWTH = 1.02
_LOG_GROWTH = math.log(GROWTH)

# One hour: no request of the sandbox lives longer.
LARGEST_MS = 3_600_000.0


def bucket_of(latency_ms: float) -> int:
    """The bucket of a latency in milliseconds. What is not a number counts as the largest."""
    if not latency_ms < LARGEST_MS:
        latency_ms = LARGEST_MS
    if latency_ms <= SMALLEST_MS:
        return 0
    return math.ceil(math.log(latency_ms / SMALLEST_MS) / _LOG_GROWTH)


def middle_of(bucket: int) -> float:
    """The latency in milliseconds that stands for a bucket."""
    if bucket <= 0:
        return SMALLEST_MS
    return SMALLEST_MS * math.exp((bucket - 0.5) * _LOG_GROWTH)


class Histogram:
    """Counts of latencies per bucket."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self._counts: Counter[int] = Counter(counts or {})

    @classmethod
    def of(cls, latencies_ms: Iterable[float]) -> "Histogram":
        return cls(Counter(map(bucket_of, latencies_ms)))

    def add(self, latency_ms: float) -> None:
        self._counts[bucket_of(latency_ms)] += 1

    def merge(self, other: "Histogram") -> None:
        """Take in another histogram's counts; the same as having seen its latencies here."""
        self._counts.update(other.counts)

    @property
    def counts(self) -> Mapping[int, int]:
        return dict(self._counts)

    @property
    def total(self) -> int:
        return self._counts.total()

    def quantile(self, q: float) -> float | None:
        """The latency in milliseconds that a share `q` (0..1) of the requests did not exceed.

        Nearest rank: a value that occurred, never one between two. None when nothing was counted.
        """
        total = self.total
        if total == 0:
            return None
        rank = max(1, math.ceil(q * total))
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= rank:
                return middle_of(bucket)
        raise AssertionError(f"rank {rank} of {total} not reached: q={q} is outside 0..1")
