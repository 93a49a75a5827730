"""The record of an incident (R-B16), made right after a rollback. Pure.

What Headgate can tell is filled in; cause, impact in the business and improvements are people's, who add them when they
acknowledge it. A record is never changed: what people add is kept beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from headgate import duration, wire
from headgate.evidence.naming import part
from headgate.evidence.record import Evidence
from headgate.records.redact import cleaned, redacted
from headgate.records.trail import Entry, Past
from headgate.report import Verdict
from headgate.state import Phase, State, Version

SCHEMA = 1
MOST_HISTORY = 10  # updates told in a record


class Severity(StrEnum):
    """R-A8, as far as Headgate can tell: OUTAGE, users are not seen to be back; MAJOR, some were on the version that
    was taken back; MINOR, nobody was."""

    MINOR = "minor"
    MAJOR = "major"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate had found before."""

    gate: str
    step: str
    verdict: str
    at: int
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """A rollback of `stack` at `at` (epoch seconds of the clock that bakes are counted by).

    `detected_within`: seconds from when the step was entered to `at`, so the most that detection can have taken.
    `rollback_seconds`: from the agreement to the answer of the cloud; `total_seconds`: to the end. `split_before`,
    `split_after`: as read, None when it could not be. `configuration`: what was deployed, without secrets, of update
    `configuration_update`. `left`: what was not done. `continues`: the id of an open incident that this one goes on.
    """

    id: str
    stack: str
    rollout: str
    step: str
    at: int
    kind: str
    severity: Severity
    detected_within: int | None
    rollback_seconds: float | None
    total_seconds: float | None
    by: str
    symptoms: tuple[str, ...]
    cause: str
    impact: str
    actions: tuple[str, ...]
    improvements: tuple[str, ...]
    left: tuple[str, ...]
    split_before: Mapping[str, int] | None
    split_after: Mapping[str, int] | None
    tasks: Mapping[str, int]
    configuration: Mapping[str, object]
    configuration_update: int | None
    gates: tuple[Gate, ...]
    history: tuple[Mapping[str, object], ...]
    continues: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`by` took over at `at`, and what they know by now; empty where they say nothing."""

    incident: str
    by: str
    at: int
    severity: str = ""
    cause: str = ""
    impact: str = ""
    improvements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What a rollback did, as its own result says: see `lifecycle.rolled_back.Rollback`.

    `confirmed`: the split that was read back is all with `target`. `away`: somebody was elsewhere before.
    """

    stack: str
    began: int
    before: State | None
    target: Version | None
    confirmed: bool
    away: bool
    split_before: Mapping[str, int] | None
    split_after: Mapping[str, int] | None
    traffic_seconds: float | None
    seconds: float | None
    reason: str = ""
    by: str = ""
    actions: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def build(
    taken: Taken,
    history: Sequence[Past],
    entries: Sequence[Entry],
    evidence: Sequence[Evidence],
    continues: str = "",
) -> IncidentRecord:
    """The record. `history` and `entries` (its `trail`): newest first, empty when they could not be read."""
    state = taken.before
    rollout = state.rollout_id if state is not None else ""
    deployed = _deployed(state, history, entries)
    symptoms = (taken.reason, *(f"gate {each.gate}: {'; '.join(each.reasons)}" for each in _newest_bad(evidence)))
    return IncidentRecord(
        id=id_of(taken.began, rollout or taken.stack),
        stack=taken.stack,
        rollout=rollout,
        step=state.step if state is not None else "",
        at=taken.began,
        kind=_kind(state),
        severity=_severity(taken),
        detected_within=None if state is None else max(0, taken.began - state.entered_at),
        rollback_seconds=_tenths(taken.traffic_seconds),
        total_seconds=_tenths(taken.seconds),
        by=cleaned(taken.by),
        symptoms=tuple(cleaned(each) for each in symptoms if each.strip()),
        cause="",
        impact=_impact(taken),
        actions=tuple(map(cleaned, taken.actions)),
        improvements=(),
        left=tuple(map(cleaned, taken.left)),
        split_before=_copy(taken.split_before),
        split_after=_copy(taken.split_after),
        tasks=dict(state.tasks) if state is not None else {},
        configuration={key: redacted(value, key) for key, value in (deployed.config if deployed else {}).items()},
        configuration_update=deployed.number if deployed else None,
        gates=tuple(map(_gate, sorted(evidence, key=lambda each: each.at))),
        history=tuple(_told(entry) for entry in entries[:MOST_HISTORY]),
        continues=continues,
    )


def id_of(at: int, about: str) -> str:
    """`20260211T140500Z-2026.02.11`: sorts by time, and is safe as a part of a path."""
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}-{part(about)}"


def amended(incident: IncidentRecord, notes: Sequence[Acknowledgement]) -> IncidentRecord:
    """`incident` with all that people added, the newest word on each thing."""
    for note in sorted(notes, key=lambda each: each.at):
        incident = replace(
            incident,
            severity=Severity(note.severity) if note.severity else incident.severity,
            cause=note.cause or incident.cause,
            impact=note.impact or incident.impact,
            improvements=(*incident.improvements, *note.improvements),
        )
    return incident


def _kind(state: State | None) -> str:
    if state is None:
        return "rollback without a record of the rollout"
    if state.phase is Phase.PROMOTED:
        return "rollback after promotion"
    return f"rollback during the rollout, at step {state.step}" if state.phase is Phase.ROLLING_OUT else "rollback"


def _severity(taken: Taken) -> Severity:
    if not taken.confirmed:
        return Severity.OUTAGE
    return Severity.MAJOR if taken.away or (taken.before is not None and taken.before.weight > 0) else Severity.MINOR


def _impact(taken: Taken) -> str:
    """In users and time; what it meant to them only people know."""
    state, before = taken.before, taken.split_before
    back = taken.target.slot if taken.target is not None else ""
    if before is not None and back:
        share = 100 - before.get(back, 0)
    elif state is not None and state.phase is not Phase.PROMOTED:
        share = state.weight
    else:
        return "not known: the split before could not be read"
    if share <= 0:
        return "no user was on the version that was taken back"
    since = f" for at most {duration.show(max(0, taken.began - state.entered_at))}" if state is not None else ""
    return f"{share} % of users were on the version that was taken back{since}"


def _deployed(state: State | None, history: Sequence[Past], entries: Sequence[Entry]) -> Past | None:
    """The newest update that ran with the state that was taken back."""
    for past, entry in zip(history, entries, strict=False):
        fits = state is not None and (entry.step, entry.live) == (state.step, state.live.version)
        if fits and entry.succeeded and past.config:
            return past
    return None


def _newest_bad(evidence: Sequence[Evidence]) -> list[Evidence]:
    newest = {each.gate: each for each in sorted(evidence, key=lambda each: each.at)}
    return [each for each in newest.values() if each.verdict is not Verdict.PASSED]


def _gate(evidence: Evidence) -> Gate:
    reasons = tuple(map(cleaned, evidence.reasons))
    return Gate(evidence.gate, evidence.step, str(evidence.verdict), evidence.at, reasons, dict(evidence.figures))


def _told(entry: Entry) -> dict[str, object]:
    names = ("number", "result", "message", "started", "ended", "move", "step")
    return {name: getattr(entry, name) for name in names}


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _copy(split: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if split is None else dict(split)


def to_dict(value: IncidentRecord | Acknowledgement) -> dict[str, Any]:
    """`value` as plain JSON values; `incident_from_dict` and `acknowledgement_from_dict` read it back unchanged."""
    return {"schema": SCHEMA, **asdict(value)}


def incident_from_dict(raw: Mapping[str, Any]) -> IncidentRecord:
    """Raises KeyError, TypeError, ValueError or AttributeError on another shape."""
    wire.known_schema(raw["schema"], SCHEMA)
    return IncidentRecord(
        id=wire.text(raw["id"]),
        stack=wire.text(raw["stack"]),
        rollout=wire.text(raw["rollout"]),
        step=wire.text(raw["step"]),
        at=wire.moment(raw["at"]),
        kind=wire.text(raw["kind"]),
        severity=Severity(raw["severity"]),
        detected_within=None if raw["detected_within"] is None else wire.whole(raw["detected_within"]),
        rollback_seconds=_figure(raw["rollback_seconds"]),
        total_seconds=_figure(raw["total_seconds"]),
        by=wire.text(raw["by"]),
        symptoms=tuple(map(wire.text, raw["symptoms"])),
        cause=wire.text(raw["cause"]),
        impact=wire.text(raw["impact"]),
        actions=tuple(map(wire.text, raw["actions"])),
        improvements=tuple(map(wire.text, raw["improvements"])),
        left=tuple(map(wire.text, raw["left"])),
        split_before=_split(raw["split_before"]),
        split_after=_split(raw["split_after"]),
        tasks=_split(raw["tasks"]) or {},
        configuration=dict(raw["configuration"]),
        configuration_update=None if raw["configuration_update"] is None else wire.whole(raw["configuration_update"]),
        gates=tuple(
            Gate(
                wire.text(each["gate"]), wire.text(each["step"]), wire.text(each["verdict"]), wire.moment(each["at"]),
                tuple(map(wire.text, each["reasons"])), {key: float(figure) for key, figure in each["figures"].items()},
            )
            for each in raw["gates"]
        ),
        history=tuple(dict(each) for each in raw["history"]),
        continues=wire.text(raw["continues"]),
    )  # fmt: skip


def acknowledgement_from_dict(raw: Mapping[str, Any]) -> Acknowledgement:
    """Raises KeyError, TypeError or ValueError on another shape."""
    wire.known_schema(raw["schema"], SCHEMA)
    severity = wire.text(raw["severity"])
    return Acknowledgement(
        incident=wire.text(raw["incident"]),
        by=wire.text(raw["by"]),
        at=wire.moment(raw["at"]),
        severity=str(Severity(severity)) if severity else "",
        cause=wire.text(raw["cause"]),
        impact=wire.text(raw["impact"]),
        improvements=tuple(map(wire.text, raw["improvements"])),
    )


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)


def _split(raw: Mapping[str, Any] | None) -> dict[str, int] | None:
    return None if raw is None else {str(slot): wire.whole(share) for slot, share in raw.items()}
