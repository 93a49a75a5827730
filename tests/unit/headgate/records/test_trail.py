"""A history is told apart as the rules tell transitions apart."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from headgate.records import trail
from headgate.records.trail import rollouts
from tests.support import histories
from tests.support.histories import Asked, entries, history
from tests.support.situations import READINESS_AND_DRIFT

ROLLOUT = "2026.02.11"


@pytest.mark.parametrize(
    ("asked", "moves"),
    [
        (histories.TO_GREEN_10, ["bootstrap", "start", "advance"]),
        (histories.TAKEN_BACK, ["bootstrap", "start", "advance", "back"]),
        (histories.WHOLE, ["bootstrap", "start", "advance", "advance", "advance", "promote", "retire"]),
        (histories.STUMBLED, ["bootstrap", "start", "advance", "advance", "advance"]),
    ],
    ids=["to-green-10", "taken-back", "whole", "stumbled"],
)
def test_what_each_update_did(asked: Sequence[Asked], moves: list[str]) -> None:
    found = list(reversed(entries(asked)))
    assert [entry.move for entry in found] == moves
    assert [entry.rollout for entry in found] == ["", *[ROLLOUT] * (len(moves) - 1)]
    assert rollouts(found) == (ROLLOUT,)


def test_split_and_versions() -> None:
    newest = entries(histories.TO_GREEN_10)[0]
    assert (newest.step, newest.weight, dict(newest.split)) == ("green-10", 10, {"blue": 90, "green": 10})
    assert (newest.live, newest.candidate) == ("2026.01.28", ROLLOUT)


def test_a_failed_update_leaves_the_rollout_where_it_was() -> None:
    newest = entries(
        (*histories.TO_GREEN_10, ("idle", histories.PROMOTED[-1][1], "failed"), ("green-50", histories.DURING))
    )
    assert newest[0].move == "advance"


def test_what_is_no_update_or_cannot_be_read_is_told_without_a_move() -> None:
    past = history(histories.TO_GREEN_10)
    other = (
        replace(past[0], kind="refresh"),
        replace(past[1], config={}),
        replace(past[2], config={"headgate:step": "x"}),
    )
    found = trail(other, READINESS_AND_DRIFT)
    assert [(entry.move, entry.rollout, entry.number) for entry in found] == [("", "", 3), ("", "", 2), ("", "", 1)]


def test_no_history() -> None:
    assert trail((), READINESS_AND_DRIFT) == ()
