"""Alignment and reduction of time series: `Aggregation` of Cloud Monitoring, pure.

Which aligner and reducer takes what, and what comes out, is what the discovery document of monitoring v3 says of
`Aggregation.perSeriesAligner` and `crossSeriesReducer`. Periods end at the end of the asked interval and are counted
backwards; a period without a point has no value here (Google interpolates some of them).
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.google.services import _distributions as distributions
from sandbox.google.services._distributions import Distribution

Value = int | float | bool | str | Distribution
Labels = tuple[tuple[str, str], ...]

NUMERIC = frozenset({"INT64", "DOUBLE"})
_SPREAD = frozenset({"DISTRIBUTION"})
_TRUTH = frozenset({"BOOL"})
_PERCENTILES = {"99": 0.99, "95": 0.95, "50": 0.5, "05": 0.05}


class InvalidAggregation(Exception):
    """This aggregation does not fit these series; the message says why."""


@dataclass(frozen=True)
class Point:
    """start, end: seconds since 1970; equal for a gauge."""

    start: float
    end: float
    value: Value


@dataclass(frozen=True)
class Line:
    """One time series. points: oldest first. labels: field -> value (`resource.labels.location`)."""

    labels: Labels
    kind: str  # GAUGE, DELTA or CUMULATIVE
    type: str  # BOOL, INT64, DOUBLE, STRING or DISTRIBUTION
    points: tuple[Point, ...]


@dataclass(frozen=True)
class _Step:
    """What an aligner or reducer takes and gives. `to`: the value type of the result; None keeps that of the input."""

    kinds: frozenset[str]
    types: frozenset[str]
    fold: Callable[[Sequence[Value]], Value]
    to: str | None = None


def _add(values: Sequence[Value]) -> Value:
    if isinstance(values[0], Distribution):
        return distributions.merge([value for value in values if isinstance(value, Distribution)])
    return sum(_numbers(values))


def _mean(values: Sequence[Value]) -> float:
    if isinstance(values[0], Distribution):
        return distributions.merge([value for value in values if isinstance(value, Distribution)]).mean
    return math.fsum(_numbers(values)) / len(values)


def _percentile(share: float) -> Callable[[Sequence[Value]], float]:
    def fold(values: Sequence[Value]) -> float:
        if isinstance(values[0], Distribution):
            merged = distributions.merge([value for value in values if isinstance(value, Distribution)])
            return distributions.percentile(merged, share)
        ordered = sorted(_numbers(values))
        place = share * (len(ordered) - 1)
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        return float(low + (high - low) * (place - math.floor(place)))

    return fold


def _numbers(values: Sequence[Value]) -> list[int | float]:
    return [value for value in values if isinstance(value, int | float)]


def _deviation(values: Sequence[Value]) -> float:
    return statistics.pstdev(_numbers(values))


def _share_true(values: Sequence[Value]) -> float:
    return sum(value is True for value in values) / len(values)


_GAUGE, _GAUGE_DELTA = frozenset({"GAUGE"}), frozenset({"GAUGE", "DELTA"})
_RISING = frozenset({"DELTA", "CUMULATIVE"})
_ANY = NUMERIC | _SPREAD | _TRUTH | {"STRING"}

ALIGNERS: Mapping[str, _Step] = {
    "ALIGN_DELTA": _Step(_RISING, NUMERIC | _SPREAD, _add),
    "ALIGN_RATE": _Step(_RISING, NUMERIC, _add, "DOUBLE"),
    "ALIGN_NEXT_OLDER": _Step(_GAUGE, _ANY, lambda values: values[-1]),
    "ALIGN_MIN": _Step(_GAUGE_DELTA, NUMERIC, lambda values: min(_numbers(values))),
    "ALIGN_MAX": _Step(_GAUGE_DELTA, NUMERIC, lambda values: max(_numbers(values))),
    "ALIGN_MEAN": _Step(_GAUGE_DELTA, NUMERIC, _mean, "DOUBLE"),
    "ALIGN_COUNT": _Step(_GAUGE_DELTA, NUMERIC | _TRUTH, len, "INT64"),
    "ALIGN_SUM": _Step(_GAUGE_DELTA, NUMERIC | _SPREAD, _add),
    "ALIGN_STDDEV": _Step(_GAUGE_DELTA, NUMERIC, _deviation, "DOUBLE"),
    "ALIGN_COUNT_TRUE": _Step(_GAUGE, _TRUTH, lambda values: sum(v is True for v in values), "INT64"),
    "ALIGN_COUNT_FALSE": _Step(_GAUGE, _TRUTH, lambda values: sum(v is False for v in values), "INT64"),
    "ALIGN_FRACTION_TRUE": _Step(_GAUGE, _TRUTH, _share_true, "DOUBLE"),
    **{
        f"ALIGN_PERCENTILE_{name}": _Step(_GAUGE_DELTA, _SPREAD, _percentile(share), "DOUBLE")
        for name, share in _PERCENTILES.items()
    },
}

REDUCERS: Mapping[str, _Step] = {
    "REDUCE_MEAN": _Step(_GAUGE_DELTA, NUMERIC | _SPREAD, _mean, "DOUBLE"),
    "REDUCE_MIN": _Step(_GAUGE_DELTA, NUMERIC, lambda values: min(_numbers(values))),
    "REDUCE_MAX": _Step(_GAUGE_DELTA, NUMERIC, lambda values: max(_numbers(values))),
    "REDUCE_SUM": _Step(_GAUGE_DELTA, NUMERIC | _SPREAD, _add),
    "REDUCE_STDDEV": _Step(_GAUGE_DELTA, NUMERIC, _deviation, "DOUBLE"),
    "REDUCE_COUNT": _Step(_GAUGE_DELTA, _ANY, len, "INT64"),
    "REDUCE_COUNT_TRUE": _Step(_GAUGE_DELTA, _TRUTH, lambda values: sum(v is True for v in values), "INT64"),
    "REDUCE_COUNT_FALSE": _Step(_GAUGE_DELTA, _TRUTH, lambda values: sum(v is False for v in values), "INT64"),
    "REDUCE_FRACTION_TRUE": _Step(_GAUGE_DELTA, _TRUTH, _share_true, "DOUBLE"),
    **{
        f"REDUCE_PERCENTILE_{name}": _Step(_GAUGE_DELTA, NUMERIC | _SPREAD, _percentile(share), "DOUBLE")
        for name, share in _PERCENTILES.items()
    },
}


def align(line: Line, aligner: str, period_s: float, interval: tuple[float, float]) -> Line:
    """One value for each period of the interval that has a point. Raises InvalidAggregation."""
    step = _step(ALIGNERS, aligner, line)
    points = _gains(line.points) if line.kind == "CUMULATIVE" else line.points
    start, end = interval
    periods: dict[int, list[Value]] = {}
    for point in points:
        if start < point.end <= end:
            periods.setdefault(int((end - point.end) // period_s), []).append(point.value)
    stays_delta = line.kind in _RISING and step.to is None
    aligned = []
    for number in sorted(periods, reverse=True):
        value = step.fold(periods[number])
        if aligner == "ALIGN_RATE":
            value = float(sum(_numbers(periods[number]))) / period_s
        until = end - number * period_s
        aligned.append(Point(until - period_s if stays_delta else until, until, value))
    return replace(line, kind="DELTA" if stays_delta else "GAUGE", type=step.to or line.type, points=tuple(aligned))


def reduce(lines: Sequence[Line], reducer: str, group_by: Sequence[str]) -> list[Line]:
    """Aligned series put together; those that agree in `group_by` become one. Raises InvalidAggregation."""
    groups: dict[Labels, list[Line]] = {}
    for line in lines:
        kept = tuple(pair for pair in line.labels if pair[0] in group_by)
        groups.setdefault(kept, []).append(line)
    return [_reduced(kept, members, _step(REDUCERS, reducer, members[0])) for kept, members in groups.items()]


def _reduced(labels: Labels, members: Sequence[Line], step: _Step) -> Line:
    moments: dict[tuple[float, float], list[Value]] = {}
    for line in members:
        for point in line.points:
            moments.setdefault((point.start, point.end), []).append(point.value)
    points = tuple(Point(*moment, step.fold(values)) for moment, values in sorted(moments.items()))
    first = members[0]
    if step.to is None:
        return replace(first, labels=labels, points=points)
    gauge = tuple(replace(point, start=point.end) for point in points)
    return replace(first, labels=labels, kind="GAUGE", type=step.to, points=gauge)


def _step(steps: Mapping[str, _Step], name: str, line: Line) -> _Step:
    step = steps.get(name)
    if step is None:
        raise InvalidAggregation(f"{name} is not emulated; expected one of {', '.join(steps)}")
    if line.kind not in step.kinds or line.type not in step.types:
        raise InvalidAggregation(
            f"The aggregation {name} cannot be applied to metrics with kind {line.kind} and value type {line.type}."
        )
    return step


def _gains(points: Sequence[Point]) -> tuple[Point, ...]:
    """A cumulative series as deltas. A new start time is a reset: what was counted since is the gain."""
    gained = []
    for earlier, later in zip((None, *points), points, strict=False):
        if earlier is None:
            continue
        if later.start != earlier.start:
            gained.append(later)
        elif isinstance(later.value, Distribution) and isinstance(earlier.value, Distribution):
            gained.append(replace(later, start=earlier.end, value=distributions.difference(later.value, earlier.value)))
        else:
            change = _numbers([later.value])[0] - _numbers([earlier.value])[0]
            gained.append(replace(later, start=earlier.end, value=change))
    return tuple(gained)
