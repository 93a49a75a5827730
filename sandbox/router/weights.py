"""Weights of a forward action: ratios from 0 to 999, not per cent.

Source: User Guide for Application Load Balancers, forward actions: two groups of weight 10 get half each;
of weights 10 and 20, the second gets twice as much as the first.
"""

from collections.abc import Sequence

from sandbox.router.model import WeightedGroup

LARGEST = 999


def choose(groups: Sequence[WeightedGroup], uniform: float) -> WeightedGroup | None:
    """The group that a uniform number in [0, 1) falls on; None when no group has a weight.

    A group of weight w out of a total of t is chosen for a share of exactly w/t of the numbers, and a
    group of weight 0 for none.
    """
    total = sum(group.weight for group in groups)
    point = int(uniform * total)
    for group in groups:
        if point < group.weight:
            return group
        point -= group.weight
    return None


def per_cent(groups: Sequence[WeightedGroup]) -> list[float]:
    """The share of each group in per cent; all 0 when no group has a weight."""
    total = sum(group.weight for group in groups)
    return [100 * group.weight / total if total else 0.0 for group in groups]
