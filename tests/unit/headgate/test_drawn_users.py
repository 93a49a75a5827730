"""Which users are in the candidate's share: the same ones for as long as a rollout is under way (R-15)."""

from dataclasses import replace

import pytest

from headgate import cohorts, transition
from headgate import state as states
from headgate.plan import IDLE
from headgate.problems import RuleId
from headgate.state import Recorded, Release
from tests.support.rollouts import AFTER, DURING, HOUR, NOTHING_DEPLOYED, PLAN, START, Change, asked, good

UP, TEN, FIFTY, ALL = PLAN.step_names
ONE, OTHER = (cohorts.drawn_by({"salt": salt, "header": "x-user"}) for salt in ("one", "other"))


def change(before: Recorded, step: str, drawn_by: str, release: Release = DURING) -> Change:
    now = before.state.changed_at + HOUR
    wanted = replace(asked(step, release), assignment=drawn_by)
    proposed = states.propose(before.state, wanted, PLAN, now)
    return Change(before, proposed, PLAN, now, good(before.state))


def reached(last: str, drawn_by: str) -> Recorded:
    wanted = replace(asked(IDLE), assignment=drawn_by)
    first = states.propose(None, wanted, PLAN, START)
    recorded = Change(None, first, PLAN, START, NOTHING_DEPLOYED).accepted()
    for step in PLAN.step_names[: PLAN.step_names.index(last) + 1]:
        recorded = change(recorded, step, drawn_by).accepted()
    return recorded


@pytest.mark.parametrize(("before", "after"), [(ONE, OTHER), (ONE, ""), ("", ONE)])
@pytest.mark.parametrize(("at", "to"), [(UP, UP), (UP, TEN), (TEN, TEN), (TEN, FIFTY), (FIFTY, TEN), (ALL, ALL)])
def test_other_users_are_refused_while_a_rollout_is_under_way(before: str, after: str, at: str, to: str) -> None:
    assert change(reached(at, before), to, after).check() == {RuleId.PLAN_FROZEN}
    if to != at:
        change(reached(at, before), to, before).accepted()


@pytest.mark.parametrize(("before", "after"), [(ONE, OTHER), (ONE, ""), ("", ONE)])
@pytest.mark.parametrize("at", PLAN.step_names)
def test_going_back_to_idle_is_open_whatever_the_users_are_drawn_by(before: str, after: str, at: str) -> None:
    change(reached(at, before), IDLE, after).accepted()


def test_so_are_the_start_and_the_end_of_a_rollout() -> None:
    change(reached(ALL, ONE), IDLE, OTHER, AFTER).accepted()
    change(change(reached(TEN, ONE), IDLE, ONE).accepted(), IDLE, OTHER).accepted()


def test_the_message_says_what_to_do() -> None:
    refused = change(reached(TEN, ONE), TEN, "")
    (violation,) = judged(refused)
    assert f"by cohort (digest {ONE[:12]}) before, by chance now" in violation
    assert "Put headgate:cohorts back as it was, or set headgate:step to idle" in violation


def judged(refused: Change) -> list[str]:
    found = transition.check(refused.previous, refused.proposed, refused.plan, refused.now, refused.report)
    return [str(each) for each in found]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"salt": "s", "header": "X-User"}, {"salt": "s", "header": "x-user", "cookie": None}, True),
        ({"salt": "s", "header": "x"}, {"salt": "t", "header": "x"}, False),
        ({"salt": "s", "header": "x"}, {"salt": "s", "cookie": "x"}, False),
        ({"salt": "s", "cookie": "a"}, {"salt": "s", "cookie": "A"}, False),
        (None, "greenflow", True),
    ],
)
def test_what_users_are_drawn_by(one: object, other: object, same: bool) -> None:
    assert (cohorts.drawn_by(one) == cohorts.drawn_by(other)) is same


def test_it_is_recorded_only_where_there_is_something() -> None:
    for drawn_by in (ONE, ""):
        state = reached(TEN, drawn_by).state
        assert ("assignment" in states.to_dict(state)) is bool(drawn_by)
        assert states.from_dict(states.to_dict(state)) == state
