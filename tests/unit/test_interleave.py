"""The rounds of a comparison, without a clock."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.bench.interleave import Cost, interleaved, measured


def test_works_take_turns_and_the_least_of_each_figure_is_kept() -> None:
    order: list[str] = []
    costs = iter([Cost(3, 1), Cost(9, 5), Cost(4, 6), Cost(2, 2), Cost(5, 3), Cost(4, 4)])

    def measure(run: Callable[[], object]) -> Cost:
        run()
        return next(costs)

    works = {name: partial(order.append, name) for name in ("without", "with")}
    best = interleaved(works, 3, measure)

    assert order == ["without", "with", "with", "without", "without", "with"]
    assert best == {"without": Cost(2, 1), "with": Cost(4, 4)}


def test_a_comparison_has_a_round() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        interleaved({}, 0)


def test_a_work_that_fails_ends_the_comparison() -> None:
    def fail() -> None:
        raise AssertionError("the preview failed")

    with pytest.raises(AssertionError, match="the preview failed"):
        interleaved({"with": fail}, 1)


def test_a_cost_is_no_less_than_nothing() -> None:
    cost = measured(lambda: None)
    assert cost.seconds >= 0
    assert cost.processor >= 0
