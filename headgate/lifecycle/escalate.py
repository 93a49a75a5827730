"""`notify escalate`: tells the next tier of every incident that nobody has acknowledged, whenever something runs it."""

from collections.abc import Sequence
from dataclasses import dataclass

from headgate.evidence import EvidenceError
from headgate.notify import Delivery, Notifier
from headgate.notify.escalation import TIERS, Alarm, Tier, due, message
from headgate.records.store import Case, RecordStore


@dataclass(frozen=True, slots=True)
class Told:
    """A tier that was to be told of `incident`. No deliveries: the stack file names nobody for it."""

    incident: str
    tier: Tier
    deliveries: tuple[Delivery, ...]

    @property
    def reached(self) -> bool:
        """Whether anybody was told."""
        return any(each.sent for each in self.deliveries)


@dataclass(frozen=True, slots=True)
class Escalated:
    """What was told; `unanswered`: ids of open incidents; `problems`: a line each."""

    told: tuple[Told, ...]
    unanswered: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether everybody who was to be told was."""
        return not self.problems and all(each.deliveries and all(one.sent for one in each.deliveries)
                                         for each in self.told)  # fmt: skip


def escalate(records: RecordStore, notifier: Notifier, now: int, tiers: Sequence[Tier] = TIERS) -> Escalated:
    """Tells who is due at `now` (epoch seconds), each tier of an incident once. A tier that could not be reached is
    tried again by the next run. Raises EvidenceError when the records cannot be read."""
    found = records.cases()
    told: list[Told] = []
    problems = list(found.damaged)
    for case in found.unanswered:
        for tier in due(case.incident, case.acknowledged_at, now, tiers, case.told):
            one = Told(case.incident.id, tier, notifier.send(message(_alarm(case), tier, now)))
            told.append(one)
            try:
                if one.reached:
                    records.put_told(one.incident, tier.number, now)
            except EvidenceError as error:
                problems.append(f"{one.incident}: tier {tier.number} was told, and will be again: {error}")
    return Escalated(tuple(told), tuple(case.incident.id for case in found.unanswered), tuple(problems))


def _alarm(case: Case) -> Alarm:
    record = case.record
    return Alarm(record.id, record.stack, record.at, record.kind, str(record.severity), record.impact, record.left)
