"""What people are told of a change."""

from dataclasses import replace

import pytest

from headgate.lifecycle.outcome import Ended, File, Outcome
from headgate.notify import Level
from headgate.notify.events import Facts, of
from tests.support.inbox import TOKEN
from tests.support.rollouts import PLAN, walk

STACK = "greenflow-production"
STATES = {name: recorded.state for name, recorded in walk().items()}
ADVANCED = Outcome(
    "advance", STACK, Ended.DONE, "at green-10", before=STATES["green-up"], after=STATES["green-10"],
    observed={"blue": 90, "green": 10}, file=File.CHANGED, then="headgate advance",
)  # fmt: skip


def test_the_facts_of_the_runbook() -> None:
    said = of(ADVANCED, Facts("anna@example.com", PLAN, "https://ci.example.com/run/1?x=2"))
    assert said.title == f"[{STACK}] advance: green-10, 10 % to the candidate"
    assert said.body.splitlines() == [
        "Who: anna@example.com",
        "What: advance: at green-10",
        "Rollout: 2026.02.11",
        "Step: green-up -> green-10",
        "Users: blue 90, green 10 per cent, as read back",
        "Bake: 5m at green-10 before the next step",
        "Link: https://ci.example.com/run/1?x=2",
        f"Next: headgate advance --stack {STACK}",
    ]


@pytest.mark.parametrize(
    ("verb", "ended", "level", "tags"),
    [
        ("start", Ended.DONE, Level.INFO, ("team",)),
        ("advance", Ended.DONE, Level.INFO, ("team",)),
        ("advance", Ended.HELD, Level.WARNING, ("team",)),
        ("advance", Ended.FAILED, Level.FAILURE, ("team", "on-call")),
        ("promote", Ended.DONE, Level.SUCCESS, ("team",)),
        ("promote", Ended.INTERRUPTED, Level.FAILURE, ("team", "on-call")),
        ("retire", Ended.DONE, Level.INFO, ("team",)),
        ("rollback", Ended.DONE, Level.WARNING, ("team", "on-call")),
        ("rollback", Ended.FAILED, Level.FAILURE, ("team", "on-call")),
    ],
)
def test_who_hears_it(verb: str, ended: Ended, level: Level, tags: tuple[str, ...]) -> None:
    said = of(replace(ADVANCED, verb=verb, ended=ended), Facts())
    assert (said.severity, said.tags) == (level, tags)


def test_a_hold_says_why_and_no_bake() -> None:
    reasons = tuple(f"reason {number}" for number in range(7))
    held = replace(ADVANCED, ended=Ended.HELD, reasons=reasons, after=STATES["green-up"], observed=None)
    said = of(held, Facts(plan=PLAN))
    assert said.title == f"[{STACK}] advance held: green-up, 0 % to the candidate"
    assert "Why: reason 4\nWhy: and 2 more\n" in said.body
    assert "Bake" not in said.body
    assert "Users" not in said.body


def test_without_any_state() -> None:
    said = of(
        Outcome("rollback", STACK, Ended.FAILED, "pulumi does not answer", then="env -u X headgate rollback"), Facts()
    )
    assert said.title == f"[{STACK}] rollback failed"
    assert said.body == "What: rollback: pulumi does not answer\nNext: env -u X headgate rollback"


def test_no_secret_goes_out() -> None:
    said = of(replace(ADVANCED, said=f"saw slack://{TOKEN}", reasons=(f"https://u:{TOKEN}@h/{TOKEN}",)), Facts())
    assert TOKEN not in said.title + said.body
