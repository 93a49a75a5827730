"""Gate readiness, as a table of everything that can be missing."""

from dataclasses import replace

import pytest

from headgate.gates import GateContext
from headgate.gates.readiness import Readiness
from headgate.report import Live, Verdict
from headgate.state import State
from headgate.traffic.port import Reading
from tests.support.rollouts import NEW, PLAN, START, image, live, walk

STATE = walk()["green-up"].state  # green asks for 2 tasks
READY = live(STATE)


def run(reading: Live | None, state: State = STATE, error: str = "") -> tuple[Verdict, tuple[str, ...]]:
    result = Readiness().run(GateContext(state, PLAN, reading, error, START))
    assert result.gate == "readiness"
    assert (result.rollout_id, result.step) == (state.rollout_id, state.step)
    return result.verdict, result.reasons


def green(reading: Live, **counts: int) -> Live:
    return replace(reading, **{key: {**getattr(reading, key), "green": count} for key, count in counts.items()})


def test_a_candidate_that_runs_in_full_passes() -> None:
    assert STATE.tasks["green"] == 2
    assert run(READY) == (Verdict.PASSED, ())


def test_more_than_asked_passes() -> None:
    assert run(green(READY, desired=5, healthy=6)) == (Verdict.PASSED, ())


@pytest.mark.parametrize(
    ("reading", "reasons"),
    [
        (Live(exists=False), ["the traffic carrier does not exist (needs the first deployment)"]),
        (
            replace(READY, images={**READY.images, "green": image("c")}),
            [f"slot green runs {image('c')} (needs {NEW.image})"],
        ),
        (
            replace(READY, images={"blue": READY.images["blue"]}),
            [f"slot green has no image deployed (needs {NEW.image})"],
        ),
        (green(READY, desired=1, healthy=1), ["slot green wants 1 task (needs 2)"]),
        (green(READY, healthy=1), ["slot green has 1 healthy task (needs 2)"]),
        (green(READY, desired=4, healthy=3), ["slot green has 3 healthy tasks (needs 4)"]),
        (
            green(READY, desired=0, healthy=0),
            ["slot green wants 0 tasks (needs 2)", "slot green has 0 healthy tasks (needs 1)"],
        ),
        (
            Live(exists=True, split=READY.split),
            [
                f"slot green has no image deployed (needs {NEW.image})",
                "slot green wants 0 tasks (needs 2)",
                "slot green has 0 healthy tasks (needs 1)",
            ],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_shortfall_is_a_reason(reading: Live, reasons: list[str]) -> None:
    assert run(reading) == (Verdict.FAILED, tuple(reasons))


def test_a_service_that_still_changes_does_not_pass() -> None:
    unsteady = {"green": "2 deployments are in progress"}
    reading = Reading(True, READY.split, READY.healthy, READY.desired, READY.images, unsteady=unsteady)
    verdict, reasons = run(reading)
    assert verdict is Verdict.FAILED
    assert reasons == (
        "the service of slot green is not steady: 2 deployments are in progress (needs one finished deployment)",
    )
    assert run(replace(reading, unsteady={"blue": "1 of 2 tasks run"})) == (Verdict.PASSED, ())


def test_a_candidate_that_asks_for_no_task_never_passes() -> None:
    state = replace(STATE, candidate_tasks=0)
    assert run(green(READY, desired=0, healthy=0), state)[0] is Verdict.FAILED


def test_without_a_reading_it_is_inconclusive() -> None:
    assert run(None, error="timed out") == (Verdict.INCONCLUSIVE, ("the cloud could not be read: timed out",))
    assert run(None) == (Verdict.INCONCLUSIVE, ("the cloud could not be read: no reading was made",))


def test_without_a_candidate_it_is_inconclusive() -> None:
    verdict, reasons = run(READY, walk()["before"].state)
    assert (verdict, reasons) == (Verdict.INCONCLUSIVE, ("no candidate is being rolled out",))


def test_figures() -> None:
    result = Readiness().run(GateContext(STATE, PLAN, READY, "", START))
    assert dict(result.figures) == {"asked": 2, "desired": 2, "healthy": 2}
    assert result.at == START
    assert result.candidate_image == NEW.image
