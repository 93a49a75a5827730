"""A distribution value of Cloud Monitoring: reading, merging, percentiles, writing.

Source: `Distribution` of the discovery document of monitoring v3, and
https://cloud.google.com/monitoring/api/v3/distribution-metrics.
"""

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class InvalidDistribution(Exception):
    """The value is no distribution, or two do not fit together; the message says why."""


@dataclass(frozen=True)
class Distribution:
    """options: the bucket options as they were sent. bounds: of the buckets, ascending; counts: one more."""

    options: Mapping[str, Any]
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    count: int
    mean: float
    squares: float  # the sum of squared deviations from the mean


def read(value: Mapping[str, Any]) -> Distribution:
    """A distribution from its JSON; raises InvalidDistribution."""
    options = value.get("bucketOptions", {})
    bounds = _bounds(options)
    if any(low >= high for low, high in itertools.pairwise(bounds)):
        raise InvalidDistribution("bucketOptions: the bounds must ascend")
    given = [int(count) for count in value.get("bucketCounts", ())]
    if len(given) > len(bounds) + 1:
        raise InvalidDistribution(f"bucketCounts: found {len(given)}; expected at most {len(bounds) + 1}")
    count = int(value.get("count", 0))
    # Trailing buckets that are empty may be left out.
    counts = (*given, *[0] * (len(bounds) + 1 - len(given)))
    if sum(counts) != count:
        raise InvalidDistribution(f"count: found {count}; expected the sum of bucketCounts, {sum(counts)}")
    return Distribution(
        options, bounds, counts, count, float(value.get("mean", 0)), float(value.get("sumOfSquaredDeviation", 0))
    )


def write(value: Distribution) -> dict[str, Any]:
    counts = list(value.counts)
    while counts and counts[-1] == 0:
        counts.pop()
    return {
        "count": str(value.count),
        "mean": value.mean,
        "sumOfSquaredDeviation": value.squares,
        "bucketOptions": dict(value.options),
        "bucketCounts": [str(count) for count in counts],
    }


def merge(values: Iterable[Distribution]) -> Distribution:
    """All values of at least one distribution in one; raises InvalidDistribution when the buckets differ."""
    first, *others = values
    merged = first
    for other in others:
        if other.bounds != merged.bounds:
            raise InvalidDistribution("distributions with different buckets cannot be put together")
        count = merged.count + other.count
        shift = other.mean - merged.mean
        merged = Distribution(
            merged.options,
            merged.bounds,
            tuple(a + b for a, b in zip(merged.counts, other.counts, strict=True)),
            count,
            merged.mean + shift * other.count / count if count else 0.0,
            merged.squares + other.squares + (shift**2 * merged.count * other.count / count if count else 0.0),
        )
    return merged


def difference(later: Distribution, earlier: Distribution) -> Distribution:
    """What a cumulative distribution gained between two points."""
    if later.bounds != earlier.bounds:
        raise InvalidDistribution("distributions with different buckets cannot be put together")
    count = later.count - earlier.count
    mean = (later.mean * later.count - earlier.mean * earlier.count) / count if count else 0.0
    counts = tuple(a - b for a, b in zip(later.counts, earlier.counts, strict=True))
    shift = mean - earlier.mean
    spread = shift**2 * earlier.count * count / later.count if later.count else 0.0
    return Distribution(
        later.options, later.bounds, counts, count, mean, max(0.0, later.squares - earlier.squares - spread)
    )


def percentile(value: Distribution, share: float) -> float:
    """The value below which `share` (0 to 1) lies, linear inside its bucket; NaN when there is none."""
    if value.count == 0:
        return math.nan
    rank, below = share * value.count, 0
    for index, count in enumerate(value.counts):
        if count and below + count >= rank:
            low, high = _edges(value.bounds, index)
            return low + (high - low) * max(0.0, rank - below) / count
        below += count
    return _edges(value.bounds, len(value.counts) - 1)[1]


def _edges(bounds: tuple[float, ...], index: int) -> tuple[float, float]:
    """A bucket's edges. The two outer buckets have one only: what is known of their values is that edge."""
    if not bounds:
        return 0.0, 0.0
    low = bounds[index - 1] if index else min(0.0, bounds[0])
    high = bounds[index] if index < len(bounds) else bounds[-1]
    return low, high


def _bounds(options: Mapping[str, Any]) -> tuple[float, ...]:
    if linear := options.get("linearBuckets"):
        steps = range(int(linear["numFiniteBuckets"]) + 1)
        return tuple(float(linear.get("offset", 0)) + float(linear["width"]) * step for step in steps)
    if exponential := options.get("exponentialBuckets"):
        steps = range(int(exponential["numFiniteBuckets"]) + 1)
        return tuple(float(exponential["scale"]) * float(exponential["growthFactor"]) ** step for step in steps)
    return tuple(float(bound) for bound in options.get("explicitBuckets", {}).get("bounds", ()))
