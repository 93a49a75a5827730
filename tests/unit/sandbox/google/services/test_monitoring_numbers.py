"""Distributions, alignment and reduction, against numbers worked out by hand."""

import dataclasses
import math
import random
import statistics
from typing import Any

import pytest

from sandbox.google.services import _distributions as distributions
from sandbox.google.services._alignment import (
    ALIGNERS,
    InvalidAggregation,
    Line,
    Point,
    Value,
    align,
    reduce,
)

OPTIONS: dict[str, Any] = {"explicitBuckets": {"bounds": [0, 10, 20, 30]}}


def spread(*values: float) -> distributions.Distribution:
    """The distribution of these values."""
    counts = [0] * 5
    for value in values:
        counts[sum(value >= bound for bound in (0, 10, 20, 30))] += 1
    mean = statistics.fmean(values)
    return distributions.read(
        {
            "count": str(len(values)),
            "mean": mean,
            "sumOfSquaredDeviation": sum((value - mean) ** 2 for value in values),
            "bucketOptions": OPTIONS,
            "bucketCounts": [str(count) for count in counts],
        }
    )


def line(*values: Value, kind: str = "GAUGE", type_: str = "INT64", step: float = 30.0, **labels: str) -> Line:
    """One value every `step` seconds, the first at `step`."""
    points = [
        Point((number if kind == "DELTA" else number + 1) * step, (number + 1) * step, value)
        for number, value in enumerate(values)
    ]
    return Line(tuple(sorted(labels.items())), kind, type_, tuple(points))


def values_of(found: Line) -> list[Value]:
    return [point.value for point in found.points]


@pytest.mark.parametrize(
    ("options", "bounds"),
    [
        (OPTIONS, (0, 10, 20, 30)),
        ({"linearBuckets": {"numFiniteBuckets": 3, "width": 5, "offset": 1}}, (1, 6, 11, 16)),
        ({"exponentialBuckets": {"numFiniteBuckets": 3, "growthFactor": 2, "scale": 1}}, (1, 2, 4, 8)),
        ({}, ()),
    ],
)
def test_bounds_of_buckets(options: dict[str, Any], bounds: tuple[float, ...]) -> None:
    assert distributions.read({"bucketOptions": options}).bounds == bounds


@pytest.mark.parametrize(
    "wrong",
    [
        {"bucketOptions": {"explicitBuckets": {"bounds": [1, 1]}}},
        {"bucketOptions": OPTIONS, "bucketCounts": ["0", "0", "0", "0", "0", "1"], "count": "1"},
        {"bucketOptions": OPTIONS, "bucketCounts": ["1"], "count": "2"},
    ],
)
def test_what_is_no_distribution(wrong: dict[str, Any]) -> None:
    with pytest.raises(distributions.InvalidDistribution):
        distributions.read(wrong)


def test_merging_is_as_if_all_values_were_in_one() -> None:
    numbers = random.Random(7)
    values = [numbers.uniform(0, 35) for _ in range(200)]
    whole, parts = (
        spread(*values),
        distributions.merge([spread(*values[:30]), spread(*values[30:90]), spread(*values[90:])]),
    )
    assert parts.counts == whole.counts
    assert parts.mean == pytest.approx(whole.mean)
    assert parts.squares == pytest.approx(whole.squares)
    gained = distributions.difference(whole, spread(*values[:50]))
    assert gained.counts == spread(*values[50:]).counts
    assert gained.mean == pytest.approx(statistics.fmean(values[50:]))
    assert gained.squares == pytest.approx(spread(*values[50:]).squares)


def test_different_buckets_are_not_merged() -> None:
    other = distributions.read({"bucketOptions": {"explicitBuckets": {"bounds": [1]}}})
    with pytest.raises(distributions.InvalidDistribution):
        distributions.merge([spread(1), other])
    with pytest.raises(distributions.InvalidDistribution):
        distributions.difference(spread(1), other)


def test_what_is_read_is_written() -> None:
    sent = distributions.write(spread(1, 2, 15))
    assert sent["bucketCounts"] == ["0", "2", "1"]
    assert distributions.read(sent) == spread(1, 2, 15)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ((5,) * 10, 0.5, 5.0),
        ((5,) * 10, 1.0, 10.0),
        ((5,) * 5 + (15,) * 5, 0.5, 10.0),
        ((5,) * 5 + (15,) * 5, 0.75, 15.0),
        ((45,), 0.99, 30.0),
        ((-5,), 0.5, 0.0),
    ],
)
def test_percentiles(values: tuple[float, ...], share: float, expected: float) -> None:
    assert distributions.percentile(spread(*values), share) == pytest.approx(expected)


def test_the_percentile_of_nothing() -> None:
    assert math.isnan(distributions.percentile(distributions.read({"bucketOptions": OPTIONS}), 0.5))


@pytest.mark.parametrize(
    ("aligner", "given", "expected"),
    [
        ("ALIGN_MEAN", line(1, 3, 5, 7), [2.0, 6.0]),
        ("ALIGN_MIN", line(1, 3, 5, 7), [1, 5]),
        ("ALIGN_MAX", line(1, 3, 5, 7), [3, 7]),
        ("ALIGN_SUM", line(1, 3, 5, 7), [4, 12]),
        ("ALIGN_COUNT", line(1, 3, 5, 7), [2, 2]),
        ("ALIGN_STDDEV", line(1, 3, 5, 9), [1.0, 2.0]),
        ("ALIGN_NEXT_OLDER", line(1, 3, 5, 7), [3, 7]),
        ("ALIGN_DELTA", line(1, 3, 5, 7, kind="DELTA"), [4, 12]),
        ("ALIGN_RATE", line(30, 30, 60, 60, kind="DELTA"), [1.0, 2.0]),
        ("ALIGN_COUNT_TRUE", line(True, False, True, True, type_="BOOL"), [1, 2]),
        ("ALIGN_COUNT_FALSE", line(True, False, True, True, type_="BOOL"), [1, 0]),
        ("ALIGN_FRACTION_TRUE", line(True, False, True, True, type_="BOOL"), [0.5, 1.0]),
        ("ALIGN_PERCENTILE_50", line(spread(5), spread(15), kind="DELTA", type_="DISTRIBUTION", step=60), [5.0, 15.0]),
    ],
)
def test_aligners(aligner: str, given: Line, expected: list[Value]) -> None:
    assert values_of(align(given, aligner, 60, (0, 120))) == expected


def test_a_period_without_points_has_no_value() -> None:
    sparse = dataclasses.replace(line(1), points=(Point(10, 10, 1), Point(190, 190, 2)))
    aligned = align(sparse, "ALIGN_SUM", 60, (0, 240))
    assert [(point.end, point.value) for point in aligned.points] == [(60, 1), (240, 2)]


def test_periods_are_counted_from_the_end_of_the_interval() -> None:
    aligned = align(line(1, 2, 4, 8, step=10), "ALIGN_SUM", 20, (0, 35))
    # 10 is in (-5, 15], 20 and 30 in (15, 35]; 40 is after the interval.
    assert [(point.end, point.value) for point in aligned.points] == [(15, 1), (35, 6)]


def test_kinds_of_aligned_series() -> None:
    deltas = align(line(1, 3, kind="DELTA"), "ALIGN_DELTA", 60, (0, 60))
    assert (deltas.kind, deltas.type, deltas.points) == ("DELTA", "INT64", (Point(0, 60, 4),))
    rate = align(line(1, 3, kind="DELTA"), "ALIGN_RATE", 60, (0, 60))
    assert (rate.kind, rate.type, rate.points[0].start) == ("GAUGE", "DOUBLE", 60)


def test_a_cumulative_series_is_read_by_its_gains() -> None:
    points = (Point(0, 30, 10), Point(0, 60, 25), Point(60, 90, 5), Point(60, 120, 9))
    series = dataclasses.replace(line(1, kind="CUMULATIVE"), points=points)
    # 15 gained by 60; 5 since the reset at 60 and 4 more.
    assert values_of(align(series, "ALIGN_DELTA", 60, (0, 120))) == [15, 9]
    spreads = tuple(Point(0, 30 * number, spread(*[5] * number)) for number in (1, 2, 3))
    merged = align(dataclasses.replace(series, type="DISTRIBUTION", points=spreads), "ALIGN_DELTA", 60, (30, 90))
    assert [getattr(value, "count", None) for value in values_of(merged)] == [2]


@pytest.mark.parametrize(
    ("aligner", "given"),
    [
        ("ALIGN_PERCENTILE_99", line(1)),
        ("ALIGN_MEAN", line(1, kind="CUMULATIVE")),
        ("ALIGN_MEAN", line("x", type_="STRING")),
        ("ALIGN_RATE", line(1)),
        ("ALIGN_RATE", line(spread(1), kind="DELTA", type_="DISTRIBUTION")),
        ("ALIGN_COUNT_TRUE", line(1)),
        ("ALIGN_INTERPOLATE", line(1)),
    ],
)
def test_aligners_that_do_not_fit(aligner: str, given: Line) -> None:
    with pytest.raises(InvalidAggregation):
        align(given, aligner, 60, (0, 120))


@pytest.mark.parametrize(
    ("reducer", "expected"),
    [
        ("REDUCE_SUM", [4, 6]),
        ("REDUCE_MEAN", [2.0, 3.0]),
        ("REDUCE_MIN", [1, 2]),
        ("REDUCE_MAX", [3, 4]),
        ("REDUCE_COUNT", [2, 2]),
        ("REDUCE_STDDEV", [1.0, 1.0]),
        ("REDUCE_PERCENTILE_50", [2.0, 3.0]),
    ],
)
def test_reducers(reducer: str, expected: list[Value]) -> None:
    (reduced,) = reduce([line(1, 2, revision="a"), line(3, 4, revision="b")], reducer, [])
    assert values_of(reduced) == expected
    assert reduced.labels == ()


def test_series_that_agree_are_put_together() -> None:
    lines = [line(1, revision="a", code="2"), line(2, revision="a", code="5"), line(4, revision="b", code="2")]
    reduced = {each.labels: values_of(each) for each in reduce(lines, "REDUCE_SUM", ["revision"])}
    assert reduced == {(("revision", "a"),): [3], (("revision", "b"),): [4]}


def test_the_percentile_of_several_distributions() -> None:
    lines = [line(spread(5, 5), type_="DISTRIBUTION"), line(spread(15, 15), type_="DISTRIBUTION")]
    (reduced,) = reduce(lines, "REDUCE_PERCENTILE_50", [])
    assert values_of(reduced) == [10.0]
    with pytest.raises(InvalidAggregation):
        reduce(lines, "REDUCE_MAX", [])


def test_every_aligner_of_the_table_says_what_it_takes() -> None:
    assert all(step.kinds <= {"GAUGE", "DELTA", "CUMULATIVE"} and step.types for step in ALIGNERS.values())
