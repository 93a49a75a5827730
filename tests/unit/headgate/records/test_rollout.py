"""The record of a rollout (R-A7)."""

import json
from collections.abc import Sequence

import pytest

from headgate.evidence.record import Evidence, about
from headgate.records import markdown
from headgate.records.rollout import Came, RolloutRecord, build, to_dict
from headgate.report import Verdict
from tests.support import histories
from tests.support.histories import TOOK, Asked, entries
from tests.support.rollouts import HOUR, START, walk

STACK, ROLLOUT = "greenflow-production", "2026.02.11"


def smoke(verdict: Verdict, at: int, step: str = "green-10") -> Evidence:
    return Evidence(
        **about(walk()[step].state), gate="smoke", verdict=verdict, reasons=("api: 500 | down",), at=at, by="a"
    )


def built(asked: Sequence[Asked], *evidence: Evidence) -> RolloutRecord:
    by_step = {step: [each for each in evidence if each.step == step] for step in {each.step for each in evidence}}
    record = build(STACK, ROLLOUT, entries(asked), by_step)
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("asked", "came", "finished"),
    [
        (histories.TO_GREEN_10, Came.UNDER_WAY, None),
        (histories.TAKEN_BACK, Came.TAKEN_BACK, 3),
        (histories.PROMOTED, Came.PROMOTED, 5),
        (histories.WHOLE, Came.RETIRED, 5),
        ((*histories.PROMOTED, ("idle", histories.DURING)), Came.UNDER_WAY, None),
    ],
    ids=["under-way", "taken-back", "promoted", "retired", "another-candidate"],
)
def test_start_end_and_duration(asked: Sequence[Asked], came: Came, finished: int | None) -> None:
    record = built(asked)
    if came is Came.UNDER_WAY and finished is None and len(asked) > 4:
        came, finished = Came.TAKEN_BACK, 6  # the standby is live again
    assert (record.came, record.started, record.whole) == (came, START + HOUR, True)
    expected = None if finished is None else (finished - 1) * HOUR + TOOK
    assert record.seconds == expected
    assert (record.live, record.candidate) == ("2026.01.28", ROLLOUT)


def test_steps_and_how_long_each_stayed() -> None:
    steps = built(histories.PROMOTED).steps
    assert [(step.step, step.weight, step.stayed) for step in steps] == [
        ("green-up", 0, HOUR - TOOK), ("green-10", 10, HOUR - TOOK), ("green-50", 50, HOUR - TOOK),
        ("green-100", 100, HOUR - TOOK),
    ]  # fmt: skip
    assert built(histories.TO_GREEN_10).steps[-1].stayed is None


def test_what_failed_and_how_it_was_solved() -> None:
    bad, good = smoke(Verdict.FAILED, START + 10), smoke(Verdict.PASSED, START + 310)
    issues = built(histories.STUMBLED, bad, good).issues
    assert [(issue.what, issue.solved) for issue in issues] == [
        ("gate smoke at green-10: failed (api: 500 | down)", "it passed 5m later"),
        ("update 4 (update to green-50) failed", "update 5 (update to green-50) succeeded 1h later"),
    ]


def test_what_was_not_solved() -> None:
    record = built(
        (*histories.TO_GREEN_10, ("green-50", histories.DURING, "failed")), smoke(Verdict.INCONCLUSIVE, START)
    )
    assert [issue.solved for issue in record.issues] == ["", ""]


def test_a_way_back_is_an_issue() -> None:
    assert [issue.what for issue in built(histories.TAKEN_BACK).issues] == [
        "users were taken back to idle (update to idle)"
    ]


def test_a_rollout_that_the_history_does_not_know() -> None:
    assert build(STACK, "2030", entries(histories.WHOLE), {}) is None


def test_a_history_that_does_not_go_back_to_the_start() -> None:
    record = build(STACK, ROLLOUT, entries(histories.TO_GREEN_10[2:]), {})
    assert record is not None
    assert not record.whole
    assert "the history does not go back further" in markdown.rollout(record)


def test_as_json() -> None:
    plain = json.loads(json.dumps(to_dict(built(histories.PROMOTED))))
    assert (plain["schema"], plain["came"], plain["steps"][0]["stayed"]) == (1, "promoted", HOUR - TOOK)


def test_as_markdown_nothing_breaks_a_table() -> None:
    text = markdown.rollout(built(histories.STUMBLED, smoke(Verdict.FAILED, START + 10)))
    assert "# Rollout 2026.02.11 of greenflow-production" in text
    assert r"api: 500 \| down" in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "\\|" not in line]
    assert all(line.endswith(" |") for line in rows)
