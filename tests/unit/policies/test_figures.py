"""The catalogue in numbers: every row is in one group, and the figures say what is implemented."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from policies import figures
from policies.figures import CATALOGUE, groups

FOUND: dict[str, Any] = {
    "cases": 12,
    "recorded_preview": {"resources": 100, "preview": 0.4, "pack": 0.1, "ratio": 1.25},
}

ENGINE = {"runs": 5, "without": 3.0, "with": 3.9, "ratio": 1.3, "processor": 1.21}
SURVIVED = {"mutants": 4, "killed": 3, "rate": 0.75, "survived": ["Bucket-versioning"]}
KILLED = {"mutants": 4, "killed": 4, "rate": 1.0, "survived": []}


def test_every_row_is_in_one_group() -> None:
    listed = json.loads(CATALOGUE.read_text())["rows"]
    rows = Counter(row for each in listed for row in range(each["first"], each["last"] + 1))
    assert rows == Counter(range(1, 114))
    assert sum(len(each["later"]) for each in listed) == 24
    assert all(each["first"] <= row <= each["last"] for each in listed for row in each["later"])


def test_every_row_of_the_catalogue_has_a_policy() -> None:
    *listed, rollout = groups(figures.implemented())
    assert {each.name: each.missing for each in listed if each.missing} == {}
    # These need the old state or the operations: no policy sees those, the guard and the command line do.
    assert set(rollout.missing) <= {"R-20", "R-21", "R-22", "R-23", "R-26"}


def test_every_rule_is_about_rows_that_there_are() -> None:
    known = {str(row) for row in range(1, 114)} | {f"R-{row:02}" for row in range(1, 30)}
    assert {row.strip() for row in figures.implemented()} <= known


def test_what_is_missing_is_counted_by_tier() -> None:
    found = {each.name: each for each in groups(["1", "2", " 7", "R-05"])}
    assert (found["network"].implemented, found["network"].total) == (3, 8)
    assert (found["network"].first_tier_implemented, found["network"].first_tier) == (2, 6)
    assert found["network"].missing == ("3", "4", "5", "6", "8")
    assert found["rollout"].implemented == 1


def found(rate: Mapping[str, Any], *, engine: bool) -> dict[str, Any]:
    """What a measurement answers, without one."""
    return FOUND | {"kill_rate": rate} | ({"engine_preview": ENGINE} if engine else {})


def test_the_figures_are_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "new" / "policies.json"

    assert figures.main(["--engine"], partial(found, SURVIVED), result) == 1

    said = capsys.readouterr().out
    for words in (
        "113/113",
        "3 of 4 refused (75.0 %)",
        "survived: Bucket-versioning",
        "test cases in the tables     12",
        "fastest of 5, by turns",
        "ratio 1.30, budget 1.25: OVER BUDGET",
        "processors, which other programs do not stretch: ratio 1.21",
    ):
        assert words in said
    written = json.loads(result.read_text())
    assert written["engine_preview"] == ENGINE
    assert written["cases"] == 12
    assert written["budget"] == figures.BUDGET
    assert {each["name"] for each in written["rows"]} >= {"databases", figures.ALL, "rollout"}


def test_without_the_engine_there_is_no_ratio_to_a_budget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "policies.json"
    assert figures.main([], partial(found, KILLED), result) == 0
    assert "budget" not in capsys.readouterr().out
    assert "engine_preview" not in json.loads(result.read_text())
