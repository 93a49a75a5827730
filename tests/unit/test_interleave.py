"""The rounds of a comparison, without a clock."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.bench.bench_engine import EMPTY, Figures, report
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


def test_what_the_engine_took_is_shown_against_an_empty_preview() -> None:
    empty, slow, quick = Cost(1.0, 1.0), Cost(3.0, 4.0), Cost(1.5, 1.5)
    figures = Figures(
        with_pack={EMPTY: empty, "preview": slow, "up": slow, "up --skip-preview": quick},
        without={EMPTY: empty, "preview": quick},
        resources=242,
    )
    said = report(figures, 3)
    assert "242 resources; the least of 3 runs each" in said
    assert "up                   3.00 s  ratio  3.00   processors   4.00 s  ratio  4.00  OVER BUDGET" in said
    assert said.count("within budget") == said.count("OVER BUDGET") == 1
