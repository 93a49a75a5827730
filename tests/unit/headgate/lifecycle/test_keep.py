"""A rollback leaves a record of its incident and of the rollout, whatever else is down."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.engine import EngineError, Update
from headgate.evidence import EvidenceError, FsspecStore
from headgate.lifecycle import keep
from headgate.lifecycle.keep import NoRecord, Shelves
from headgate.lifecycle.rollback import Wanted, Way, rollback
from headgate.lifecycle.rolled_back import Rollback
from headgate.records.incident import Severity
from headgate.records.store import FsspecRecords
from tests.support.fake_evidence import FakeEvidence
from tests.support.fake_stack import FakeStack

At = Callable[[str], FakeStack]


def shelves(stack: FakeStack, evidence: Any = None) -> Shelves:
    records = FsspecRecords("kept", stack.stack, stack.folder)
    return Shelves(records, evidence or FsspecStore("kept", stack.stack, stack.folder), "anna@example.com")


def past(stack: FakeStack, *steps: str) -> None:
    """A history in which the stack took these steps."""
    made = []
    for number, step in enumerate(steps, 1):
        began = stack.clock.now() - 3600 * (len(steps) - number + 1)
        config = {**stack.values, "headgate:step": step}
        made.append(Update("update", "succeeded", f"to {step}", began, began + 60, number, config))
    stack.engine.past[stack.stack] = tuple(reversed(made))


def taken_back(stack: FakeStack, reason: str = "errors", **wanted: Any) -> Rollback:
    kept: list[Rollback] = []

    def after(result: Rollback) -> tuple[str, ...]:
        kept.append(result)
        return ()

    way = Way(stack.edges(), lambda *_: stack.traffic, lambda: False, after, lambda: 0.0)
    rollback(way, Wanted(reason, **wanted))
    return kept[0]


def test_an_incident_from_what_a_rollback_did(at: At) -> None:
    stack = at("green-10")
    past(stack, "idle", "green-up", "green-10")
    result = taken_back(stack)
    of = shelves(stack)
    said = keep.incident(result, stack.engine, of)
    (case,) = of.records.cases().cases
    record = case.incident
    assert said == (
        f"incident {record.id}, major: {stack.folder}/kept/records/{stack.stack}/{record.id}.incident.md",
        f"whoever takes over: headgate acknowledge {record.id} --stack {stack.stack} --by NAME",
    )
    assert (record.step, record.severity, record.by) == ("green-10", Severity.MAJOR, "anna@example.com")
    assert (record.split_before, record.split_after) == ({"blue": 90, "green": 10}, {"blue": 100, "green": 0})
    assert record.actions[0].startswith("users: everybody is on ")
    assert record.configuration_update == 3
    assert record.left == ()


def test_nobody_was_moved_back(at: At) -> None:
    stack = at("green-10")
    stack.traffic.unreachable = "no answer"
    result = taken_back(stack, traffic_only=True)
    of = shelves(stack)
    keep.incident(result, stack.engine, of, traffic_only=True)
    record = of.records.cases().cases[0].incident
    assert record.severity is Severity.OUTAGE
    assert record.history == ()
    assert any("headgate rollback" in each for each in record.left)


def test_a_second_rollback_goes_on_with_the_first(at: At) -> None:
    stack = at("green-10")
    result, of = taken_back(stack), shelves(stack)
    keep.incident(result, stack.engine, of)
    said = keep.incident(replace(result, began=result.began + 60), stack.engine, of)
    newest, first = of.records.cases().cases
    assert newest.incident.continues == first.incident.id
    assert f"headgate acknowledge {first.incident.id} " in said[-1]
    assert of.records.cases().unanswered == (first,)
    keep.incident(replace(result, began=result.began + keep.ONE_INCIDENT + 1), stack.engine, of)
    assert len(of.records.cases().unanswered) == 2


def test_what_is_down_is_said_and_the_rest_is_kept(at: At) -> None:
    stack = at("green-10")
    result = taken_back(stack)
    stack.engine.broken = "the backend does not answer"
    of = shelves(stack, FakeEvidence(broken="no such bucket"))
    said = keep.incident(result, stack.engine, of)
    assert said[:2] == (
        "the record of the incident lacks the history: the backend does not answer",
        "the record of the incident lacks the evidence: no such bucket",
    )
    assert len(of.records.cases().cases) == 1


def test_no_store(at: At, tmp_path: Path) -> None:
    stack = at("green-10")
    result = taken_back(stack)
    (stack.folder / "kept").write_text("")
    said = keep.incident(result, stack.engine, shelves(stack, FakeEvidence()))
    assert said[-1].startswith("the incident was NOT recorded: ")
    assert keep.kept_rollout(stack.stack, None, stack.engine, shelves(stack))[0].startswith(
        "the record of the rollout was NOT"
    )


def test_the_record_of_the_newest_rollout(at: At) -> None:
    stack = at("green-10")
    past(stack, "idle", "green-up", "green-10")
    of = shelves(stack)
    keep.incident(taken_back(stack), stack.engine, of)
    made = keep.rollout(stack.stack, None, stack.engine, of)
    assert [step.step for step in made.steps] == ["green-up", "green-10"]
    assert made.incidents == (of.records.cases().cases[0].incident.id,)
    (said,) = keep.kept_rollout(stack.stack, None, stack.engine, of)
    assert Path(said.removeprefix("record of the rollout: ")).read_text().startswith("# Rollout ")


@pytest.mark.parametrize(("wanted", "said"), [("2031", "has no rollout '2031'; rollouts of its history: "), (None, "")])
def test_no_such_rollout(at: At, wanted: str | None, said: str) -> None:
    stack = at("green-10")
    past(stack, *(("idle", "green-up") if wanted else ()))
    with pytest.raises(NoRecord, match=said or "no rollout is among the last 0 updates"):
        keep.rollout(stack.stack, wanted, stack.engine, shelves(stack))


def test_errors_of_the_edges_come_through(at: At) -> None:
    stack = at("green-10")
    past(stack, "idle", "green-up")
    with pytest.raises(EvidenceError):
        keep.rollout(stack.stack, None, stack.engine, shelves(stack, FakeEvidence(broken="no")))
    stack.engine.broken = "no"
    with pytest.raises(EngineError):
        keep.rollout(stack.stack, None, stack.engine, shelves(stack))
