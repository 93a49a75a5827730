"""What comes next, and what stands in its way."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from headgate import gates
from headgate.cli.ahead import Kind, Next, look
from headgate.gates import GateContext
from headgate.plan import IDLE
from headgate.report import GateResult, Live
from headgate.settings import Settings
from headgate.state import Release, State, Unreadable
from headgate.transition import Transition
from tests.support.rollouts import BEFORE, DURING, NEW, OLD, live
from tests.support.situations import parsed, walk

WALK = walk()
AFTER = Release(NEW, standby=OLD)
LONG = 7 * 86400


def ahead(
    last: Transition | Unreadable | None,
    settings: Settings,
    reading: Live | None,
    wait: int = LONG,
    error: str = "",
) -> Next | None:
    now = (last.proposed.changed_at if isinstance(last, Transition) else 0) + wait

    def run(names: Sequence[str], state: State, proposed: State) -> tuple[GateResult, ...]:
        return gates.run(names, GateContext(state, settings.plan, reading, error, now, proposed))

    return look(last, settings, run, live=reading, error=error, now=now)


def rules(following: Next | None) -> list[str]:
    assert following is not None
    return [violation.rule.split()[0] for violation in following.blocked_by]


@pytest.mark.parametrize(
    ("at", "release", "kind", "step"),
    [
        ("before", BEFORE, None, ""),
        ("green-up", DURING, Kind.STEP, "green-10"),
        ("green-10", DURING, Kind.STEP, "green-50"),
        ("green-50", DURING, Kind.STEP, "green-100"),
        ("green-100", DURING, Kind.PROMOTE, IDLE),
        ("promoted", AFTER, Kind.RETIRE, IDLE),
    ],
)
def test_the_way_through_a_rollout(at: str, release: Release, kind: Kind | None, step: str) -> None:
    last = WALK[at]
    configured = parsed(release, last.proposed.step)
    following = ahead(last, configured, live(last.proposed))
    if kind is None:
        assert following is None
        return
    assert following is not None
    assert (following.kind, following.proposed.step) == (kind, step)
    assert following.may_go, following.blocked_by


def test_promotion_makes_the_candidate_live_and_keeps_the_old_one() -> None:
    following = ahead(WALK["green-100"], parsed(step="green-100"), live(WALK["green-100"].proposed))
    assert following is not None
    assert (following.proposed.live, following.proposed.standby, following.proposed.candidate) == (NEW, OLD, None)


def test_before_the_bake_is_over() -> None:
    last = WALK["green-10"]
    assert rules(ahead(last, parsed(step="green-10"), live(last.proposed), wait=120)) == ["R-06"]


def test_with_the_gates_that_do_not_pass() -> None:
    last = WALK["green-10"]
    reading = replace(live(last.proposed), split={"blue": 100, "green": 0}, healthy={"blue": 6, "green": 0})
    following = ahead(last, parsed(step="green-10"), reading)
    assert following is not None
    assert {result.gate: str(result.verdict) for result in following.results} == {
        "readiness": "failed",
        "drift": "failed",
    }
    assert not following.may_go


def test_without_a_reading_nothing_may_go_on() -> None:
    last = WALK["green-10"]
    following = ahead(last, parsed(step="green-10"), None, error="timed out")
    assert following is not None
    assert not following.may_go
    assert "timed out" in " ".join(violation.found for violation in following.blocked_by)


def test_what_the_file_asks_for_and_is_not_applied_yet() -> None:
    last = WALK["green-10"]
    following = ahead(last, parsed(step="green-50"), live(last.proposed))
    assert following is not None
    assert (following.kind, following.proposed.step, following.may_go) == (Kind.APPLY, "green-50", True)


def test_a_jump_in_the_file_is_held_with_its_rule() -> None:
    last = WALK["green-10"]
    assert "R-03" in rules(ahead(last, parsed(step="green-100"), live(last.proposed)))


def test_a_rollback_in_the_file_may_go_at_any_time() -> None:
    following = ahead(WALK["green-50"], parsed(step=IDLE), None, wait=1, error="timed out")
    assert following is not None
    assert (following.kind, following.may_go, following.results) == (Kind.APPLY, True, ())


def test_a_rollout_that_was_taken_back_is_not_taken_up_again() -> None:
    assert rules(ahead(WALK["back"], parsed(), live(WALK["back"].proposed))) == ["R-13"]


def test_first_deployment() -> None:
    following = ahead(None, parsed(), Live(exists=False))
    assert following is not None
    assert (following.kind, following.may_go) == (Kind.DEPLOY, True)
    assert rules(ahead(None, parsed(step="green-10"), Live(exists=False))) != []


def test_a_record_that_cannot_be_understood() -> None:
    following = ahead(Unreadable("it has no 'plan'"), parsed(), None, error="timed out")
    assert following is not None
    assert following.kind is Kind.DEPLOY
    assert not following.may_go
