"""How a forward action splits: the shared table, and exactness over the whole range of chance."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.router.model import TargetGroup, WeightedGroup
from sandbox.router.weights import LARGEST, choose, per_cent

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "tables" / "alb_matching.json").read_text())["weights"]


def groups(weights: list[int]) -> list[WeightedGroup]:
    return [WeightedGroup(TargetGroup(f"group-{number}"), weight) for number, weight in enumerate(weights)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["weights"]))
def test_share_of_the_shared_table(row: dict[str, Any]) -> None:
    assert [round(share, 4) for share in per_cent(groups(row["weights"]))] == row["per_cent"]


@given(st.lists(st.integers(0, LARGEST), min_size=1, max_size=5))
def test_chance_is_split_exactly_by_weight(weights: list[int]) -> None:
    total = sum(weights)
    candidates = groups(weights)
    chosen = Counter(choose(candidates, (point + 0.5) / total) for point in range(total))
    assert {group: chosen[group] for group in candidates} == dict(zip(candidates, weights, strict=True))


@given(st.lists(st.integers(0, LARGEST), max_size=5), st.floats(0, 1, exclude_max=True, allow_subnormal=False))
def test_a_group_without_weight_is_never_chosen(weights: list[int], uniform: float) -> None:
    chosen = choose(groups(weights), uniform)
    if sum(weights) == 0:
        assert chosen is None
    else:
        assert chosen is not None
        assert chosen.weight > 0
