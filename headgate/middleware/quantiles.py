"""Latency histogram with fixed edges: any number of instances add up, and a limit on an edge is judged exactly.

A quantile of a whole is not the mean of its parts' quantiles, and a mean is not a quantile at all, so what is kept and
added are counts per bucket. Every latency limit in use (100, 150, 200, 300, 500 and 800 ms) is an edge: "P95 within
200 ms" is then known from counts alone, whatever is guessed about the inside of a bucket.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

# Part of the interface: histograms add up only while every instance, also one of last month, has the same edges.
EDGES_MS: tuple[float, ...] = (
    1, 2.5, 5, 10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 800, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Buckets:
    """Counts of latencies: `counts[i]` are those in (edges_ms[i-1], edges_ms[i]], the last those above every edge."""

    edges_ms: tuple[float, ...]
    counts: tuple[float, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for edges that do not rise or counts that do not fit."""
        if not self.edges_ms or any(low >= high for low, high in pairwise(self.edges_ms)):
            raise ValueError(f"edges_ms: found {self.edges_ms!r}, expected at least one, each above the one before")
        if len(self.counts) != len(self.edges_ms) + 1 or any(not 0 <= count < math.inf for count in self.counts):
            raise ValueError(f"counts: found {self.counts!r}, expected {len(self.edges_ms) + 1} of them, none below 0")

    @property
    def total(self) -> float:
        return sum(self.counts)

    def bounds(self, q: float) -> tuple[float, float] | None:
        """The edges in milliseconds between which the quantile `q` (0..1) lies for certain; None without a count.

        Nearest rank: the smallest latency that a share `q` of the requests did not exceed.
        """
        found = self._find(q)
        return None if found is None else (found[0], found[1])

    def quantile(self, q: float) -> float | None:
        """The quantile `q` (0..1) in milliseconds, as if latencies lay evenly inside a bucket; None without a count.

        It is at or below an edge exactly when the true quantile is. Above the last edge it is infinite: beyond every
        limit, rather than a number that nobody measured.
        """
        found = self._find(q)
        if found is None:
            return None
        low, high, position = found
        return low + (high - low) * position if high < math.inf else math.inf

    def within(self, limit_ms: float) -> float | None:
        """The share (0..1) of requests that took at most `limit_ms`; None without a count.

        Raises ValueError when `limit_ms` is not an edge, because then the counts do not say.
        """
        if limit_ms not in self.edges_ms:
            raise ValueError(f"limit_ms: found {limit_ms!r}, expected one of the edges {self.edges_ms}")
        total = self.total
        return sum(self.counts[: self.edges_ms.index(limit_ms) + 1]) / total if total else None

    def since(self, earlier: "Buckets") -> "Buckets":
        """What was counted after `earlier`; all of it when the counter has started again in between."""
        _same_edges(self, earlier)
        counts = tuple(now - then for now, then in zip(self.counts, earlier.counts, strict=True))
        return self if any(count < 0 for count in counts) else Buckets(self.edges_ms, counts)

    def _find(self, q: float) -> tuple[float, float, float] | None:
        """Lower and upper edge of the bucket that holds the quantile, and how far into it the quantile is (0..1]."""
        if not 0 <= q <= 1:
            raise ValueError(f"q: found {q!r}, expected a share from 0 to 1, such as 0.95")
        total = self.total
        if not total:
            return None
        # As a fraction of decimals: 0.07 * 100 is 7.000000000000001 as a float, and the rank would be 8.
        rank = max(1, math.ceil(Fraction(str(q)) * Fraction(total)))
        before = 0.0
        edges = zip((0.0, *self.edges_ms), (*self.edges_ms, math.inf), self.counts, strict=True)
        for low, high, count in edges:
            if before + count >= rank:
                return low, high, (rank - before) / count
            before += count
        return self.edges_ms[-1], math.inf, 1.0  # counts that are no whole numbers may round below the rank


def of(latencies_ms: Iterable[float], edges_ms: tuple[float, ...] = EDGES_MS) -> Buckets:
    """The histogram of latencies in milliseconds."""
    counts = [0] * (len(edges_ms) + 1)
    for latency in latencies_ms:
        counts[bisect_left(edges_ms, latency)] += 1
    return Buckets(edges_ms, tuple(counts))


def from_cumulative(cumulative: Mapping[float, float]) -> Buckets:
    """From counts of latencies at most the edge (milliseconds), as Prometheus exposes them.

    Raises ValueError without the edge infinity or when counts fall.
    """
    if math.inf not in cumulative:
        raise ValueError(f"found the edges {sorted(cumulative)}, expected infinity among them")
    edges = sorted(cumulative)
    counts = [cumulative[edges[0]]]
    counts += [cumulative[high] - cumulative[low] for low, high in pairwise(edges)]
    return Buckets(tuple(edges[:-1]), tuple(counts))


def merge(parts: Iterable[Buckets], edges_ms: tuple[float, ...] = EDGES_MS) -> Buckets:
    """The histogram of all the parts' latencies. Raises ValueError when a part has other edges."""
    whole = Buckets(edges_ms, (0,) * (len(edges_ms) + 1))
    for part in parts:
        _same_edges(whole, part)
        whole = Buckets(edges_ms, tuple(map(sum, zip(whole.counts, part.counts, strict=True))))
    return whole


def _same_edges(one: Buckets, other: Buckets) -> None:
    if one.edges_ms != other.edges_ms:
        raise ValueError(
            f"found the edges {other.edges_ms}, expected {one.edges_ms}: counts of different buckets cannot be added"
        )
