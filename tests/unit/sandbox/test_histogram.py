"""Quantiles out of buckets: close to the true ones, and the same however the parts were merged."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.histogram import GROWTH, LARGEST_MS, SMALLEST_MS, Histogram, bucket_of, middle_of

LATENCIES = st.lists(st.floats(SMALLEST_MS, LARGEST_MS), min_size=1, max_size=200)


@given(LATENCIES, st.floats(0, 1))
def test_a_quantile_is_within_one_per_cent_of_the_measured_value(values: list[float], q: float) -> None:
    measured = sorted(values)[max(1, math.ceil(q * len(values))) - 1]
    found = Histogram.of(values).quantile(q)
    assert found is not None
    assert measured / math.sqrt(GROWTH) * 0.999 <= found <= measured * math.sqrt(GROWTH) * 1.001


@given(st.lists(LATENCIES, max_size=5))
def test_merging_parts_is_counting_the_whole(parts: list[list[float]]) -> None:
    merged = Histogram()
    for part in parts:
        merged.merge(Histogram.of(part))
    assert merged.counts == Histogram.of(value for part in parts for value in part).counts


@pytest.mark.parametrize("value", [0.0, -1.0, SMALLEST_MS, LARGEST_MS, math.inf, math.nan])
def test_any_number_has_a_bucket(value: float) -> None:
    assert 0 <= bucket_of(value) <= bucket_of(LARGEST_MS)


@given(st.integers(0, bucket_of(LARGEST_MS) - 1))
def test_the_middle_of_a_bucket_lies_in_it(bucket: int) -> None:
    assert bucket_of(middle_of(bucket)) == bucket


def test_nothing_counted_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None
