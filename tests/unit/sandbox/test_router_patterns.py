"""Wildcards of listener rules: the shared table, and an oracle that is slow and obviously right."""

import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.router.patterns import matches

TABLE: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "tables" / "alb_matching.json").read_text()
)


@pytest.mark.parametrize("row", TABLE["patterns"], ids=lambda row: f"{row['pattern']}~{row['value']!r}")
def test_pattern_of_the_shared_table(row: dict[str, Any]) -> None:
    found = matches(
        row["pattern"],
        row["value"],
        case_sensitive=row.get("case_sensitive", False),
        escapes=row.get("escapes", False),
    )
    assert found is row["matches"], row.get("why")


@pytest.mark.parametrize("row", TABLE["cohorts"], ids=lambda row: str(row["per_cent"]))
def test_cohort_patterns_take_exactly_their_share(row: dict[str, Any]) -> None:
    cohorts = [f"{number:02}" for number in range(100)]
    held = [cohort for cohort in cohorts if any(matches(pattern, cohort) for pattern in row["patterns"])]
    assert held == cohorts[: row["per_cent"]]


def oracle(pattern: str, value: str) -> bool:
    """The definition, followed to the letter."""

    @cache
    def fits(p: int, v: int) -> bool:
        if p == len(pattern):
            return v == len(value)
        if pattern[p] == "*":
            return any(fits(p + 1, rest) for rest in range(v, len(value) + 1))
        return v < len(value) and (pattern[p] in {"?", value[v]}) and fits(p + 1, v + 1)

    return fits(0, 0)


@given(st.text("ab.*?", max_size=8), st.text("ab.", max_size=10))
def test_agrees_with_the_definition(pattern: str, value: str) -> None:
    assert matches(pattern, value, case_sensitive=True) is oracle(pattern, value)


@given(st.text(max_size=20))
def test_any_text_matches_itself_escaped_and_a_star(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    assert matches(escaped, value, escapes=True)
    assert matches("*", value)
    assert matches("?" * len(value), value)


def test_many_stars_on_a_long_value_do_not_take_for_ever() -> None:
    began = time.process_time()
    assert not matches("*a" * 5 + "b", "a" * 16_000)
    assert time.process_time() - began < 2
