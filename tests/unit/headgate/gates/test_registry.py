"""The registry runs every gate that is asked for and never raises."""

from dataclasses import replace

import pytest

from headgate import gates
from headgate.evidence import Evidence, Terms, judged
from headgate.evidence.record import about, sealed
from headgate.gates import GateContext, Where
from headgate.gates.registry import run
from headgate.report import GateResult, Verdict
from tests.support.rollouts import PLAN, START, live, walk

STATE = walk()["green-10"].state
CONTEXT = GateContext(STATE, PLAN, live(STATE), "", START)


class Broken:
    name = "broken"
    summary = "breaks"
    where = Where.INSIDE

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
    assert result.reasons == ("gate 'smok' is not known (known: approval, drift, readiness, security, smoke)",)


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


def test_every_gate_says_where_it_runs() -> None:
    where = {name: gate.where for name, gate in gates.KNOWN.items()}
    assert where == {
        "readiness": Where.INSIDE,
        "drift": Where.INSIDE,
        "smoke": Where.BEFOREHAND,
        "security": Where.BEFOREHAND,
        "approval": Where.BEFOREHAND,
    }
    assert gates.beforehand(["drift", "smoke", "command:migration", "no such gate"]) == ("smoke", "command:migration")


def test_a_command_is_a_gate_by_its_name() -> None:
    gate = gates.get("command:migration")
    assert gate is not None
    assert gate.name == "command:migration"
    assert gates.get("command:") is None
    assert gates.get("command") is None


@pytest.mark.parametrize("name", ["smoke", "security", "approval", "command:migration"])
def test_without_evidence_a_gate_that_runs_beforehand_holds(name: str) -> None:
    (result,) = gates.run([name], CONTEXT)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reasons == ("the evidence could not be read: nobody looked for any",)
    assert result.at == START


def test_a_result_of_evidence_carries_the_time_of_the_record() -> None:
    at = STATE.entered_at + 5
    record = sealed(Evidence(**about(STATE), gate="smoke", verdict=Verdict.PASSED, figures={"checks": 2}, at=at), None)
    findings = judged([record], STATE, Terms(max_age=60), at + 10)
    (result,) = gates.run(["smoke"], replace(CONTEXT, now=at + 10, findings=findings))
    assert (result.verdict, result.at, result.figures) == (Verdict.PASSED, at, (("checks", 2),))
