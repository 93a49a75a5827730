"""Gate drift: asked split = observed split."""

import pytest

from headgate.gates import GateContext
from headgate.gates.drift import Drift
from headgate.report import Live, Verdict
from tests.support.rollouts import PLAN, START, walk

WALK = walk()


def run(step: str, reading: Live | None, error: str = "") -> tuple[Verdict, tuple[str, ...]]:
    result = Drift().run(GateContext(WALK[step].state, PLAN, reading, error, START))
    return result.verdict, result.reasons


@pytest.mark.parametrize(
    ("step", "split"),
    [
        ("green-10", {"blue": 90, "green": 10}),
        ("green-up", {"blue": 100}),
        ("green-up", {"blue": 100, "green": 0}),
        ("green-100", {"green": 100}),
        ("promoted", {"green": 100, "blue": 0}),
        ("before", {"blue": 100, "green": 0}),
    ],
)
def test_as_asked(step: str, split: dict[str, int]) -> None:
    assert run(step, Live(exists=True, split=split)) == (Verdict.PASSED, ())


@pytest.mark.parametrize(
    ("split", "shown"),
    [
        ({"blue": 100, "green": 0}, "blue 100"),
        ({"blue": 89, "green": 11}, "blue 89, green 11"),
        ({"blue": 10, "green": 90}, "blue 10, green 90"),
        ({"blue": 90, "green": 10, "rule 10 -> green": 100}, "blue 90, green 10, rule 10 -> green 100"),
        ({"blue": 90, "target group old": 10}, "blue 90, target group old 10"),
        ({}, "nothing"),
    ],
)
def test_otherwise_both_are_said(split: dict[str, int], shown: str) -> None:
    reason = f"the balancer routes {shown} (needs blue 90, green 10)"
    assert run("green-10", Live(exists=True, split=split)) == (Verdict.FAILED, (reason,))


def test_nothing_to_compare_never_passes() -> None:
    assert run("green-10", None, "timed out") == (Verdict.INCONCLUSIVE, ("the cloud could not be read: timed out",))
    assert run("green-10", Live(exists=False))[0] is Verdict.FAILED


def test_a_split_that_is_already_the_next_one_passes_and_any_other_does_not() -> None:
    now, ahead = WALK["green-up"].state, WALK["green-10"].state
    for split, verdict in (({"blue": 90, "green": 10}, Verdict.PASSED), ({"blue": 50, "green": 50}, Verdict.FAILED)):
        context = GateContext(now, PLAN, Live(exists=True, split=split), "", START, ahead)
        assert Drift().run(context).verdict is verdict


@pytest.mark.parametrize(
    ("split", "verdict"),
    [
        ({"blue": 50, "green": 50, "cohorts -> blue": 90, "cohorts -> green": 10}, Verdict.PASSED),
        ({"blue": 50, "green": 50, "cohorts -> blue": 70, "cohorts -> green": 30}, Verdict.PASSED),
        ({"blue": 50, "green": 50, "cohorts -> blue": 100}, Verdict.FAILED),
        ({"blue": 50, "green": 50, "cohorts -> blue": 40, "cohorts -> green": 60}, Verdict.FAILED),
        ({"blue": 50, "green": 50, "cohorts -> blue": 70, "cohorts -> target group old": 30}, Verdict.FAILED),
        (
            {"blue": 50, "green": 50, "rule 7 -> green": 100, "cohorts -> blue": 90, "cohorts -> green": 10},
            Verdict.FAILED,
        ),
        ({"blue": 90, "green": 10, "cohorts -> blue": 50, "cohorts -> green": 50}, Verdict.FAILED),
    ],
)
def test_rules_for_cohorts_that_were_not_all_written_pass_on_the_way_to_the_next_split(
    split: dict[str, int], verdict: Verdict
) -> None:
    now, ahead = WALK["green-10"].state, WALK["green-50"].state
    assert Drift().run(GateContext(now, PLAN, Live(exists=True, split=split), "", START, ahead)).verdict is verdict


def test_other_users_in_a_share_of_the_same_size_are_drift() -> None:
    split = {"blue": 90, "green": 10, "cohorts -> blue": 90, "cohorts -> green": 10}
    assert run("green-10", Live(exists=True, split=split))[0] is Verdict.FAILED
