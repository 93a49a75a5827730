"""Ratios of a balancer as whole per cents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.traffic.shares import per_cent


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ((90, 10), (90, 10)),
        ((1, 1), (50, 50)),
        ((1, 0), (100, 0)),
        ((0, 0), (0, 0)),
        ((2, 1), (67, 33)),
        ((999, 1), (99, 1)),  # the one user in a thousand is not hidden
        ((999, 0), (100, 0)),
        ((1, 1, 1), (34, 33, 33)),
        ((998, 1, 1, 1), (97, 1, 1, 1)),
    ],
)
def test_per_cent(weights: tuple[int, ...], shares: tuple[int, ...]) -> None:
    names = [f"group {number}" for number in range(len(weights))]
    assert per_cent(dict(zip(names, weights, strict=True))) == dict(zip(names, shares, strict=True))


def test_nothing_is_nothing() -> None:
    assert per_cent({}) == {}


# A forward action takes at most five target groups, with weights from 0 to 999.
@given(st.dictionaries(st.text(max_size=3), st.integers(0, 999), min_size=1, max_size=5))
def test_shares_are_whole_together_100_and_hide_nobody(weights: dict[str, int]) -> None:
    shares = per_cent(weights)
    total = sum(weights.values())
    assert sum(shares.values()) == (100 if total else 0)
    for name, weight in weights.items():
        assert (shares[name] > 0) == (weight > 0)
        if total:
            assert abs(shares[name] - 100 * weight / total) < len(weights)
