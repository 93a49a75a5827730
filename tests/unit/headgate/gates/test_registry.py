"""The registry runs every gate that is asked for and never raises."""

import pytest

from headgate import gates
from headgate.gates import GateContext
from headgate.gates.registry import run
from headgate.report import GateResult, Verdict
from tests.support.rollouts import PLAN, START, live, walk

STATE = walk()["green-10"].state
CONTEXT = GateContext(STATE, PLAN, live(STATE), "", START)


class Broken:
    name = "broken"
    summary = "breaks"

    def run(self, context: GateContext) -> GateResult:
        raise RuntimeError(f"at {context.state.step}")


def test_every_gate_is_known_by_its_own_name() -> None:
    assert {"readiness", "drift"} <= set(gates.KNOWN)
    for name, gate in gates.KNOWN.items():
        assert gates.get(name) is gate
        assert gate.name == name
        assert gate.summary


def test_no_gate_has_another_name() -> None:
    assert gates.get("slo2") is None


def test_results_come_in_the_order_asked_for() -> None:
    results = gates.run(["drift", "readiness", "drift"], CONTEXT)
    assert [result.gate for result in results] == ["drift", "readiness", "drift"]
    assert all(result.verdict is Verdict.PASSED for result in results)


def test_an_unknown_gate_is_inconclusive() -> None:
    (result,) = gates.run(["smok"], CONTEXT)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reasons == ("gate 'smok' is not known (known: drift, readiness)",)


def test_a_gate_that_breaks_is_inconclusive_and_the_others_still_run() -> None:
    results = run(["broken", "drift"], CONTEXT, {"broken": Broken(), "drift": gates.KNOWN["drift"]})
    assert [result.verdict for result in results] == [Verdict.INCONCLUSIVE, Verdict.PASSED]
    assert results[0].reasons == ("the gate broke: RuntimeError: at green-10",)


@pytest.mark.parametrize("name", ["drift", "readiness", "unknown"])
def test_a_result_is_about_this_rollout_step_and_image(name: str) -> None:
    (result,) = gates.run([name], CONTEXT)
    assert STATE.candidate is not None
    assert (result.rollout_id, result.step, result.candidate_image, result.at) == (
        STATE.rollout_id,
        "green-10",
        STATE.candidate.image,
        START,
    )
