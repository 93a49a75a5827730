"""The record of one rollout (R-A7): start, end, duration, what was noticed and how it was solved. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from headgate import duration
from headgate.evidence.record import Evidence
from headgate.moves import Move
from headgate.plan import IDLE
from headgate.records.incident import IncidentRecord
from headgate.records.redact import cleaned
from headgate.records.trail import Entry
from headgate.report import Verdict

SCHEMA = 1


class Came(StrEnum):
    """Where a rollout came to."""

    UNDER_WAY = "under way"
    PROMOTED = "promoted"
    TAKEN_BACK = "taken back"
    RETIRED = "promoted, former version retired"


@dataclass(frozen=True, slots=True)
class Found:
    """What a gate found at a step; `at`: epoch seconds of the clock that bakes are counted by."""

    gate: str
    verdict: str
    at: int
    by: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step: when the update that took it ended, when the one that left it began (None: not left), what was found."""

    step: str
    weight: int
    update: int
    entered: int
    left: int | None
    gates: tuple[Found, ...] = ()

    @property
    def stayed(self) -> int | None:
        """Seconds."""
        return None if self.left is None else self.left - self.entered


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that did not go well; `solved`: how it came right, empty when it did not."""

    at: int
    what: str
    solved: str = ""


@dataclass(frozen=True, slots=True)
class RolloutRecord:
    """One rollout of `stack`. Times are epoch seconds; `finished` is None while it is under way.

    `live`: the version before it. `whole`: the history goes back to its start. `incidents`: their ids.
    """

    stack: str
    rollout: str
    candidate: str
    image: str
    live: str
    came: Came
    started: int
    finished: int | None
    whole: bool
    steps: tuple[StepTaken, ...]
    issues: tuple[Issue, ...]
    incidents: tuple[str, ...]
    updates: tuple[Entry, ...]

    @property
    def seconds(self) -> int | None:
        return None if self.finished is None else self.finished - self.started


def build(
    stack: str,
    rollout: str,
    entries: Sequence[Entry],
    evidence: Mapping[str, Sequence[Evidence]],
    incidents: Iterable[IncidentRecord] = (),
) -> RolloutRecord | None:
    """The record of `rollout` from `entries` of the history, newest first; None when none of them is about it.

    `evidence`: by step, in any order. `incidents`: of this rollout.
    """
    own = [entry for entry in reversed(entries) if entry.rollout == rollout and _counts(entry)]
    if not own:
        return None
    done = [entry for entry in own if entry.succeeded]
    named = next((entry for entry in own if entry.candidate), own[0])
    finished = next((each for each in reversed(done) if each.move in (Move.PROMOTE, Move.BACK)), None)
    came = _came(done)
    known = sorted(incidents, key=lambda incident: incident.at)
    return RolloutRecord(
        stack=stack,
        rollout=rollout,
        candidate=named.candidate or named.live,
        image=named.image,
        live=named.live if named.candidate else "",
        came=came,
        started=own[0].started,
        finished=finished.finished if finished is not None and came is not Came.UNDER_WAY else None,
        whole=own[0].move == Move.START,
        steps=tuple(_steps(done, evidence)),
        issues=tuple(sorted((*_troubles(own), *_not_passed(evidence)), key=lambda issue: issue.at)),
        incidents=tuple(incident.id for incident in known),
        updates=tuple(own),
    )


def _counts(entry: Entry) -> bool:
    """After its end a rollout keeps its id; updates that leave it alone are not about it."""
    return entry.step != IDLE or entry.move not in (Move.STAY, Move.EDIT)


def _came(done: Sequence[Entry]) -> Came:
    moves = [entry.move for entry in done if entry.step == IDLE]
    if not moves:
        return Came.UNDER_WAY
    return {Move.PROMOTE: Came.PROMOTED, Move.RETIRE: Came.RETIRED}.get(Move(moves[-1]), Came.TAKEN_BACK)


def _steps(done: Sequence[Entry], evidence: Mapping[str, Sequence[Evidence]]) -> Iterator[StepTaken]:
    places = [entry for entry in done if entry.move not in (Move.STAY, Move.EDIT)]
    for entry, following in zip(places, (*places[1:], None), strict=True):
        if entry.step == IDLE:
            continue
        left = following.started if following is not None else None
        gates = sorted(map(found, evidence.get(entry.step, ())), key=lambda each: each.at)
        yield StepTaken(entry.step, entry.weight or 0, entry.number, entry.finished, left, tuple(gates))


def found(evidence: Evidence) -> Found:
    """What a piece of evidence says, as a record tells it."""
    reasons = tuple(map(cleaned, evidence.reasons))
    return Found(evidence.gate, str(evidence.verdict), evidence.at, cleaned(evidence.by), reasons)


def _troubles(own: Sequence[Entry]) -> Iterator[Issue]:
    for position, entry in enumerate(own):
        if entry.succeeded and entry.move == Move.BACK:
            to = "idle" if entry.step == IDLE else f"step {entry.step}"
            yield Issue(entry.started, f"users were taken back to {to} ({_called(entry)})")
        if entry.succeeded or entry.ended is None:
            continue
        later = next((each for each in own[position + 1 :] if each.succeeded), None)
        solved = f"update {later.number} ({_called(later)}) succeeded {_after(entry, later)} later" if later else ""
        yield Issue(entry.finished, f"update {entry.number} ({_called(entry)}) {entry.result}", solved)


def _called(entry: Entry) -> str:
    return entry.message or entry.move or entry.kind


def _after(entry: Entry, later: Entry) -> str:
    return duration.show(max(0, later.finished - entry.finished))


def _not_passed(evidence: Mapping[str, Sequence[Evidence]]) -> Iterator[Issue]:
    for step, records in evidence.items():
        for record in records:
            if record.verdict is Verdict.PASSED:
                continue
            passed = [each.at for each in records if _settles(each, record)]
            why = "; ".join(record.reasons)
            what = cleaned(f"gate {record.gate} at {step}: {record.verdict}" + (f" ({why})" if why else ""))
            yield Issue(record.at, what, f"it passed {duration.show(min(passed) - record.at)} later" if passed else "")


def _settles(later: Evidence, record: Evidence) -> bool:
    return later.gate == record.gate and later.verdict is Verdict.PASSED and later.at > record.at


def to_dict(record: RolloutRecord) -> dict[str, Any]:
    """`record` as plain JSON values: the fields of `RolloutRecord`, `seconds`, and `stayed` of each step."""
    plain = asdict(record)
    steps = [{**each, "stayed": step.stayed} for each, step in zip(plain["steps"], record.steps, strict=True)]
    return {"schema": SCHEMA, **plain, "came": str(record.came), "seconds": record.seconds, "steps": steps}
