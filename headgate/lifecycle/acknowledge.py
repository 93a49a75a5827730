"""`acknowledge`: somebody takes over an incident, and says what they know."""

from dataclasses import dataclass

from headgate.records import Acknowledgement
from headgate.records.incident import Severity
from headgate.records.redact import cleaned
from headgate.records.store import Case, RecordStore

LONGEST_NAME = 120


class Refused(Exception):
    """It cannot be told who acknowledges what; `usage`: it was asked for wrongly."""

    def __init__(self, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who acknowledges which incident (None: the one that is open), and what they add."""

    by: str
    incident: str | None = None
    severity: str = ""
    cause: str = ""
    impact: str = ""
    improvements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The incident, and where the note is kept. `first`: nobody had acknowledged it before."""

    case: Case
    place: str
    first: bool


def acknowledge(stack: str, records: RecordStore, wanted: Wanted, now: int) -> Acknowledged:
    """Keeps an acknowledgement at `now` (epoch seconds). Raises Refused and EvidenceError."""
    by = wanted.by.strip()
    if not by or not by.isprintable() or len(by) > LONGEST_NAME:
        raise Refused(f"--by: found {wanted.by!r}; expected a name or an e-mail address", usage=True)
    if wanted.severity and wanted.severity not in set(Severity):
        known = ", ".join(Severity)
        raise Refused(f"--severity: found {wanted.severity!r}; expected one of: {known}", usage=True)
    case = _chosen(stack, records, wanted.incident)
    note = Acknowledgement(
        incident=case.incident.id,
        by=by,
        at=now,
        severity=wanted.severity,
        cause=cleaned(wanted.cause),
        impact=cleaned(wanted.impact),
        improvements=tuple(cleaned(each) for each in wanted.improvements),
    )
    return Acknowledged(case, records.put_acknowledgement(note), first=case.acknowledged_at is None)


def _chosen(stack: str, records: RecordStore, wanted: str | None) -> Case:
    found = records.cases()
    if not found.cases:
        raise Refused(f"{stack} has no incident; a rollback makes one")
    ids = ", ".join(case.incident.id for case in found.cases[:5])
    if wanted is not None:
        case = next((case for case in found.cases if case.incident.id == wanted), None)
        if case is None:
            raise Refused(f"{stack} has no incident {wanted!r}; its newest: {ids}")
        return case
    if not found.unanswered:
        raise Refused(f"every incident of {stack} is acknowledged; to add to one, name it: {ids}")
    if len(found.unanswered) > 1:
        opened = ", ".join(case.incident.id for case in found.unanswered)
        raise Refused(f"{len(found.unanswered)} incidents of {stack} are open; name one: {opened}", usage=True)
    return found.unanswered[0]
