"""Keeps the record of a rollout, and of the incident that a rollback is. Nothing that fails here stops anything."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from headgate import gates
from headgate.carrier import routed
from headgate.engine import Engine, EngineError, Update
from headgate.evidence import Evidence, EvidenceError, EvidenceStore
from headgate.lifecycle.bounded import TooLong, within
from headgate.lifecycle.outcome import File
from headgate.lifecycle.rolled_back import Rollback
from headgate.records import RolloutRecord, trail
from headgate.records import rollout as rollouts
from headgate.records.incident import Taken, build
from headgate.records.store import Cases, RecordStore
from headgate.records.trail import rollouts as known_rollouts

HISTORY = 200  # updates that are looked through
PATIENCE = 20.0  # seconds for one answer of the engine or of the store
ONE_INCIDENT = 86400  # seconds in which another rollback of the same rollout goes on with an incident that is open

T = TypeVar("T")


class NoRecord(Exception):
    """There is nothing to make a record of; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where records and evidence of a stack are, and who acts."""

    records: RecordStore
    evidence: EvidenceStore
    by: str = ""


def rollout(stack: str, wanted: str | None, engine: Engine, shelves: Shelves) -> RolloutRecord:
    """The record of the rollout `wanted`, or of the newest. Raises NoRecord, EngineError, EvidenceError and TooLong."""
    entries = trail(within(PATIENCE, lambda: engine.history(stack, HISTORY)), gates.KNOWN)
    known = known_rollouts(entries)
    name = wanted or next(iter(known), None)
    if name is None:
        raise NoRecord(f"no rollout is among the last {len(entries)} updates of {stack}")
    steps = {entry.step for entry in entries if entry.rollout == name}
    evidence = within(PATIENCE, lambda: {step: shelves.evidence.all(name, step) for step in sorted(steps)})
    incidents = [case.incident for case in within(PATIENCE, shelves.records.cases).cases]
    made = rollouts.build(stack, name, entries, evidence, [each for each in incidents if each.rollout == name])
    if made is None:
        raise NoRecord(f"{stack} has no rollout {name!r}; rollouts of its history: {', '.join(known) or 'none'}")
    return made


def kept_rollout(stack: str, wanted: str | None, engine: Engine, shelves: Shelves) -> tuple[str, ...]:
    """Keeps that record; a line about where, or about why not."""
    try:
        made = rollout(stack, wanted, engine, shelves)
        place = within(PATIENCE, lambda: shelves.records.put_rollout(made))
    except (NoRecord, EngineError, EvidenceError, TooLong) as error:
        return (f"the record of the rollout was NOT kept: {error}",)
    return (f"record of the rollout: {place}",)


def incident(result: Rollback, engine: Engine, shelves: Shelves, *, traffic_only: bool = False) -> tuple[str, ...]:
    """Keeps the record of the incident that `result` is; lines about where, what it lacks, and what comes next.

    `traffic_only`: the engine is not asked.
    """
    lacks: list[str] = []
    state = result.before
    history: tuple[Update, ...] = ()
    if not traffic_only:
        history = _tried(lacks, "the history", lambda: engine.history(result.stack, HISTORY), ())
    entries = trail(history, gates.KNOWN)
    evidence: tuple[Evidence, ...] = ()
    if state is not None and state.rollout_id:
        find = shelves.evidence.all
        evidence = _tried(lacks, "the evidence", lambda: find(state.rollout_id, state.step), ())
    cases = _tried(lacks, "earlier incidents", shelves.records.cases, Cases())
    made = build(_taken(result, shelves.by), history, entries, evidence, _open(cases, result))
    try:
        place = within(PATIENCE, lambda: shelves.records.put_incident(made))
    except (EvidenceError, TooLong) as error:
        return (*lacks, f"the incident was NOT recorded: {error}")
    of = made.continues or made.id
    then = f"headgate acknowledge {of} --stack {result.stack} --by NAME"
    return (*lacks, f"incident {made.id}, {made.severity}: {place}", f"whoever takes over: {then}")


def _taken(result: Rollback, by: str) -> Taken:
    given, target = result.given, result.target
    before = given.before if given is not None else None
    return Taken(
        stack=result.stack,
        began=result.began,
        before=result.before,
        target=target.version if target is not None else None,
        confirmed=given is not None and given.done,
        away=given is not None and target is not None and routed(before or {target.slot: 100}) != {target.slot: 100},
        split_before=before,
        split_after=result.observed if result.observed is not None else given.after if given is not None else None,
        traffic_seconds=result.traffic_seconds,
        seconds=result.seconds,
        reason=result.reason,
        by=by,
        actions=tuple(_actions(result)),
        left=_left(result),
    )


def _actions(result: Rollback) -> Sequence[str]:
    found = [result.traffic] if result.traffic else []
    if result.file is File.CHANGED:
        update = result.choice.update if result.choice is not None else None
        found.append(f"stack file: {f'the configuration of update {update}' if update else 'set to idle'}")
    if result.updated:
        found.append(f"update: {result.said}")
    return [*found, *result.notes]


def _left(result: Rollback) -> tuple[str, ...]:
    left = (*result.reasons, f"next: {result.then}") if result.then else result.reasons
    return (result.said, *left) if left and not result.updated else left


def _open(cases: Cases, result: Rollback) -> str:
    """The id of the open incident of the same rollout, which this rollback goes on with; empty when there is none."""
    rollout_id = result.before.rollout_id if result.before is not None else ""
    for case in cases.unanswered:
        if case.incident.rollout == rollout_id and 0 <= result.began - case.incident.at <= ONE_INCIDENT:
            return case.incident.id
    return ""


def _tried(lacks: list[str], what: str, read: Callable[[], T], otherwise: T) -> T:
    try:
        return within(PATIENCE, read)
    except (EngineError, EvidenceError, TooLong) as error:
        lacks.append(f"the record of the incident lacks {what}: {error}")
        return otherwise
