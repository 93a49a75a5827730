"""Who is told next of an incident that nobody acknowledges (R-B22). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headgate import duration
from headgate.notify.message import Level, Message
from headgate.notify_settings import LEADS, MANAGEMENT, ON_CALL, TEAM
from headgate.windows import show_moment


@dataclass(frozen=True, slots=True)
class Tier:
    """`number` counts from 1; `after`: seconds without acknowledgement; `tags`: who is told then."""

    number: int
    after: int
    tags: tuple[str, ...]


TIERS = (
    Tier(1, 5 * 60, (TEAM, ON_CALL)),
    Tier(2, 30 * 60, (LEADS,)),
    Tier(3, 60 * 60, (MANAGEMENT,)),
)


class Incident(Protocol):
    """What escalation needs of `records.IncidentRecord`."""

    @property
    def at(self) -> int: ...


def due(
    incident: Incident,
    acknowledged_at: int | None,
    now: int,
    tiers: Sequence[Tier] = TIERS,
    told: frozenset[int] = frozenset(),
) -> tuple[Tier, ...]:
    """The tiers to tell at `now` (epoch seconds), first to last: all whose time has come, but those in `told`.

    None once somebody has acknowledged it. Several at once, when nobody looked for a while.
    """
    if acknowledged_at is not None and acknowledged_at <= now:
        return ()
    return tuple(tier for tier in tiers if now - incident.at >= tier.after and tier.number not in told)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a message about an incident that nobody acknowledged says."""

    id: str
    stack: str
    at: int
    kind: str
    severity: str
    impact: str
    left: tuple[str, ...] = ()


def message(alarm: Alarm, tier: Tier, now: int) -> Message:
    """To the people of `tier`."""
    waited = duration.show(max(0, now - alarm.at))
    lines = [
        f"What: {alarm.kind}, {alarm.severity}",
        f"When: {show_moment(alarm.at)}, {waited} ago, and nobody has acknowledged it",
        f"Impact: {alarm.impact}",
        *(f"Left: {each}" for each in alarm.left),
        f"Incident: {alarm.id}",
        f"Next: headgate acknowledge {alarm.id} --stack {alarm.stack} --by NAME",
    ]
    title = f"[{alarm.stack}] not acknowledged for {waited}: {alarm.kind} (tier {tier.number})"
    return Message(title, "\n".join(lines), Level.FAILURE, tier.tags)


def acknowledged(incident: str, stack: str, by: str) -> Message:
    """To all who have heard of it so far or soon would have."""
    body = f"Who: {by}\nWhat: takes over incident {incident}\nNext: headgate record {incident} --stack {stack}"
    return Message(f"[{stack}] acknowledged by {by}: {incident}", body, Level.INFO, (TEAM, ON_CALL))


def trial(stack: str, by: str, tags: tuple[str, ...]) -> Message:
    """A message that tries out the way."""
    body = (
        f"Who: {by or 'not known'}\nWhat: a test of this way to reach you. Nothing has happened, nothing is to be done."
    )
    return Message(f"[{stack}] test message", body, Level.INFO, tags)
