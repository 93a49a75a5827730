"""What people are told of a change: the runbook's facts, a line each. Pure."""

from dataclasses import dataclass

from headgate import duration
from headgate.carrier import show_split
from headgate.lifecycle.outcome import Ended, Outcome
from headgate.notify.message import Level, Message
from headgate.notify_settings import ON_CALL, TEAM
from headgate.plan import IDLE, Plan
from headgate.records.redact import cleaned
from headgate.state import State

MOST_REASONS = 5

_ROLLBACK = "rollback"
_WAITING = (Level.WARNING, (TEAM,))
_URGENT = (Level.FAILURE, (TEAM, ON_CALL))
_DONE = {
    "start": (Level.INFO, (TEAM,)),
    "advance": (Level.INFO, (TEAM,)),
    "promote": (Level.SUCCESS, (TEAM,)),
    "retire": (Level.INFO, (TEAM,)),
    _ROLLBACK: (Level.WARNING, (TEAM, ON_CALL)),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What an outcome does not say itself. `by`: who runs it. `link`: where more is, such as the run of a pipeline."""

    by: str = ""
    plan: Plan | None = None
    link: str = ""


def of(outcome: Outcome, facts: Facts) -> Message:
    """The message about a verb's end."""
    level, tags = _who(outcome)
    return Message(_title(outcome), "\n".join(_lines(outcome, facts)), level, tags)


def _who(outcome: Outcome) -> tuple[Level, tuple[str, ...]]:
    if outcome.ended is Ended.DONE:
        return _DONE.get(outcome.verb, (Level.INFO, (TEAM,)))
    return _WAITING if outcome.ended in (Ended.HELD, Ended.DECLINED) else _URGENT


def _title(outcome: Outcome) -> str:
    place = _place(outcome.after)
    how = "" if outcome.ended is Ended.DONE else f" {outcome.ended}"
    return f"[{outcome.stack}] {outcome.verb}{how}" + (f": {place}" if place else "")


def _lines(outcome: Outcome, facts: Facts) -> list[str]:
    before, after = outcome.before, outcome.after
    rollout = next((state.rollout_id for state in (after, before) if state is not None and state.rollout_id), "")
    moved = before is not None and after is not None and before.step != after.step
    found = {
        "Who": facts.by,
        "What": f"{outcome.verb}: {outcome.said}",
        "Rollout": rollout,
        "Step": f"{before.step} -> {after.step}" if moved and before and after else after.step if after else "",
        "Users": "" if outcome.observed is None else f"{show_split(outcome.observed)} per cent, as read back",
        "Bake": _bake(after, facts.plan) if outcome.ended is Ended.DONE else "",
    }
    lines = [f"{name}: {cleaned(text)}" for name, text in found.items() if text]
    lines += [f"Why: {cleaned(reason)}" for reason in outcome.reasons[:MOST_REASONS]]
    if len(outcome.reasons) > MOST_REASONS:
        lines.append(f"Why: and {len(outcome.reasons) - MOST_REASONS} more")
    if facts.link:
        lines.append(f"Link: {facts.link}")
    if outcome.then:
        lines.append(f"Next: {_next(outcome)}")
    return lines


def _bake(state: State | None, plan: Plan | None) -> str:
    step = plan.step(state.step) if plan is not None and state is not None else None
    return f"{duration.show(step.bake)} at {step.name} before the next step" if step is not None else ""


def _place(state: State | None) -> str:
    if state is None:
        return ""
    return str(state.phase) if state.step == IDLE else f"{state.step}, {state.weight} % to the candidate"


def _next(outcome: Outcome) -> str:
    """With the stack, for the one who reads it may have another one selected."""
    ours = outcome.then.startswith("headgate ") and "--stack" not in outcome.then
    return cleaned(f"{outcome.then} --stack {outcome.stack}" if ours else outcome.then)
