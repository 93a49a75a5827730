"""Rollout rules on time: bakes, windows, and a record that only ever follows the one before it."""

from collections.abc import Iterable

from headgate import duration, windows
from headgate import state as states
from headgate.context import Context
from headgate.moves import Move
from headgate.problems import RuleId, Violation


def judge_bake(context: Context) -> Iterable[Violation]:
    """R-06."""
    if context.move not in (Move.ADVANCE, Move.PROMOTE):
        return
    previous = context.previous
    steps = (context.previous_plan.step(previous.step), context.plan.step(previous.step))
    bake = max((step.bake for step in steps if step), default=0)
    stayed = context.moment - previous.entered_at
    if stayed < 0:
        yield from_the_future(previous.entered_at, context.moment)
    elif stayed < bake:
        yield Violation(
            RuleId.BAKE_ELAPSED,
            f"Step {previous.step!r} must bake {duration.show(bake)} before the next.",
            f"{duration.show(stayed)} so far.",
            f"Wait another {duration.show(bake - stayed)}, then run the update again. Going back needs no wait.",
        )


def judge_window(context: Context) -> Iterable[Violation]:
    """R-28."""
    calendar, moment = context.plan.calendar, context.moment
    listed = {Move.START: calendar.start, Move.ADVANCE: calendar.advance}.get(context.move, ())
    if not windows.is_open(listed, moment):
        what = "starts" if context.move is Move.START else "advances"
        yield Violation(
            RuleId.WINDOW,
            f"A rollout {what} only in its window, {windows.show_windows(listed)}.",
            f"{windows.show_moment(moment)}.",
            f"Wait until {windows.show_moment(windows.next_opening(listed, moment))}. Going back needs no window.",
        )
    if context.move is Move.STAY:
        return
    freeze = windows.frozen(calendar.freezes, moment)
    if freeze is not None:
        yield Violation(
            RuleId.WINDOW,
            f"Nothing moves forward during the freeze {windows.show_freeze(freeze)}.",
            f"{windows.show_moment(moment)}.",
            f"Wait until {windows.show_moment(freeze.until)}. Going back is always allowed.",
        )


def judge_sequence(context: Context) -> Iterable[Violation]:
    """R-14: compare and swap."""
    previous, proposed = context.previous, context.proposed
    faults = []
    if proposed.sequence != previous.sequence + 1 or proposed.previous_digest != previous.digest:
        faults.append(f"sequence {proposed.sequence} after {previous.sequence}, made from another state")
    if (proposed.system, proposed.environment) != (previous.system, previous.environment):
        faults.append(f"{proposed.system}-{proposed.environment} after {previous.system}-{previous.environment}")
    faults.extend(_underived(context))
    for fault in faults:
        yield Violation(
            RuleId.COMPARE_AND_SWAP,
            "The proposed state must follow the recorded one directly.",
            f"{fault}.",
            "Somebody else changed the stack: run the preview again and look at it.",
        )
    skewed = proposed.changed_at > context.now or proposed.changed_at < previous.changed_at
    if skewed and context.move is not Move.BACK:  # two machines' clocks may differ; that must not stop a rollback
        yield from_the_future(max(proposed.changed_at, previous.changed_at), min(context.now, proposed.changed_at))


# Fields that follow from the recorded state, the configuration and the time, and that no other rule looks at.
_DERIVED = ("phase", "entered_at", "retain_until", "rolled_back_id", "plan_digest")


def _underived(context: Context) -> Iterable[str]:
    """Fields of the proposed state that are not what the recorded one and the configuration lead to."""
    proposed = context.proposed
    release = states.Release(proposed.live, proposed.candidate, proposed.standby, proposed.rollout_id or None)
    asked = states.Asked(
        proposed.system, proposed.environment, release, proposed.step, proposed.live_tasks, minimum_tasks=0
    )
    derived = states.propose(context.previous, asked, context.plan, context.moment)
    for name in _DERIVED:
        found, expected = getattr(proposed, name), getattr(derived, name)
        if found != expected:
            yield f"{name} {found!r} instead of {expected!r}"


def from_the_future(stamp: int, moment: int) -> Violation:
    return Violation(
        RuleId.COMPARE_AND_SWAP,
        "No time in the state may lie in the future.",
        f"{stamp} is {stamp - moment} s ahead of {moment}.",
        "Correct the clock of this machine, or wait until the time has come.",
    )
