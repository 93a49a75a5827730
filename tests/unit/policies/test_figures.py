"""The catalogue in numbers: every row is in one group, and the figures say what is implemented."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from policies import figures
from policies.figures import CATALOGUE, groups

FOUND: dict[str, Any] = {
    "cases": 12,
    "kill_rate": {"mutants": 4, "killed": 3, "rate": 0.75, "survived": ["Bucket-versioning"]},
    "recorded_preview": {"resources": 100, "preview": 0.4, "pack": 0.1, "ratio": 1.25},
}

ENGINE = {"without": 3.0, "with": 3.9, "ratio": 1.3}


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


def test_the_figures_are_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "measured", lambda *, engine: FOUND | ({"engine_preview": ENGINE} if engine else {}))
    monkeypatch.setattr(figures, "RESULT", tmp_path / "new" / "policies.json")

    assert figures.main(["--engine"]) == 0

    said = capsys.readouterr().out
    for words in ("113/113", "3 of 4 refused (75.0 %)", "survived: Bucket-versioning", "ratio 1.30", "OVER BUDGET"):
        assert words in said
    written = json.loads((tmp_path / "new" / "policies.json").read_text())
    assert written["engine_preview"] == ENGINE
    assert {each["name"] for each in written["rows"]} >= {"databases", figures.ALL, "rollout"}
    assert figures.main([]) == 0
    assert "OVER BUDGET" not in capsys.readouterr().out
