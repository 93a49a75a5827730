"""Who is told next (R-B22)."""

from dataclasses import dataclass

import pytest

from headgate.notify.escalation import TIERS, Alarm, Tier, due, message
from headgate.notify_settings import TIERS as KNOWN

AT = 1_767_225_600
MINUTE = 60


@dataclass(frozen=True)
class Happened:
    at: int = AT


@pytest.mark.parametrize(
    ("later", "acknowledged", "told", "expected"),
    [
        (0, None, (), []),
        (5 * MINUTE - 1, None, (), []),
        (5 * MINUTE, None, (), [1]),
        (5 * MINUTE, None, (1,), []),
        (30 * MINUTE, None, (1,), [2]),
        (59 * MINUTE, None, (1, 2), []),
        (60 * MINUTE, None, (1, 2), [3]),
        (90 * MINUTE, None, (), [1, 2, 3]),
        (90 * MINUTE, None, (1, 2, 3), []),
        (30 * MINUTE, 29 * MINUTE, (1,), []),
        (30 * MINUTE, 31 * MINUTE, (1,), [2]),
        (-MINUTE, None, (), []),
    ],
)
def test_when(later: int, acknowledged: int | None, told: tuple[int, ...], expected: list[int]) -> None:
    at = None if acknowledged is None else AT + acknowledged
    assert [tier.number for tier in due(Happened(), at, AT + later, told=frozenset(told))] == expected


def test_tiers_of_ones_own() -> None:
    assert due(Happened(), None, AT + 10, (Tier(1, 10, ("team",)),)) == (Tier(1, 10, ("team",)),)


def test_every_tier_is_one_that_a_stack_file_may_name() -> None:
    assert {tag for tier in TIERS for tag in tier.tags} == set(KNOWN)


def test_what_it_says() -> None:
    alarm = Alarm(
        "20260101T000000Z-x", "greenflow-production", AT, "rollback", "major", "10 % of users", ("run it again",)
    )
    said = message(alarm, TIERS[1], AT + 1800)
    assert said.title == "[greenflow-production] not acknowledged for 30m: rollback (tier 2)"
    assert said.tags == ("leads",)
    assert "Next: headgate acknowledge 20260101T000000Z-x --stack greenflow-production --by NAME" in said.body
    assert "Left: run it again" in said.body
