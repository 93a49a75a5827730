"""The exact binomial test, against scipy's."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from sandbox.load import binomial_interval, within_binomial_interval

CASES = st.integers(1, 3000).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n), st.floats(0, 1), st.sampled_from([0.9, 0.99, 0.999]))
)


@given(CASES)
def test_is_the_clopper_pearson_interval(case: tuple[int, int, float, float]) -> None:
    successes, n, p, confidence = case
    interval = binomtest(successes, n).proportion_ci(confidence, method="exact")
    # On the very edge, rounding decides, here and in scipy.
    assume(min(abs(p - interval.low), abs(p - interval.high)) > 1e-9)
    expected = interval.low <= p <= interval.high
    assert within_binomial_interval(successes, n, p, confidence) is bool(expected)


@given(st.integers(0, 3000), st.floats(0.001, 0.999), st.sampled_from([0.9, 0.99, 0.999]))
def test_the_interval_is_that_of_the_exact_quantiles(n: int, p: float, confidence: float) -> None:
    tail = (1 - confidence) / 2
    low, high = binomial_interval(n, p, confidence)
    assert binom.cdf(low, n, p) >= tail * (1 - 1e-9)
    assert binom.cdf(low - 1, n, p) < tail * (1 + 1e-9)
    assert binom.sf(high - 1, n, p) >= tail * (1 - 1e-9)
    assert binom.sf(high, n, p) < tail * (1 + 1e-9)


@given(st.integers(1, 500), st.floats(0, 1))
def test_interval_and_test_agree(n: int, p: float) -> None:
    low, high = binomial_interval(n, p)
    fitting = [k for k in range(n + 1) if within_binomial_interval(k, n, p)]
    assert fitting == list(range(low, high + 1))


@pytest.mark.parametrize(
    ("successes", "n", "p", "fits"),
    [
        (200, 2000, 0.1, True),
        (166, 2000, 0.1, True),
        (165, 2000, 0.1, False),
        (0, 2000, 0.0, True),
        (1, 2000, 0.0, False),
        (2000, 2000, 1.0, True),
        (1999, 2000, 1.0, False),
        (0, 0, 0.5, True),
        (500_000, 1_000_000, 0.5, True),
        (502_000, 1_000_000, 0.5, False),
    ],
)
def test_known_cases(successes: int, n: int, p: float, fits: bool) -> None:
    assert within_binomial_interval(successes, n, p) is fits


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((3, 2, 0.5), "successes"),
        ((-1, 2, 0.5), "successes"),
        ((0, -1, 0.5), "n:"),
        ((0, 1, 1.5), "p:"),
        ((0, 1, float("nan")), "p:"),
        ((0, 1, 0.5, 1.0), "confidence"),
    ],
)
def test_what_is_not_a_case_is_refused(arguments: tuple[int, int, float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        within_binomial_interval(*arguments)
