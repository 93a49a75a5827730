"""How a verb ended, as one value that is printed, written as JSON and sent to people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from headgate.state import State


class Ended(StrEnum):
    """HELD: a gate or a rule does not let it go on. DECLINED: nobody agreed. INTERRUPTED: Ctrl-C."""

    DONE = "done"
    HELD = "held"
    FAILED = "failed"
    DECLINED = "declined"
    INTERRUPTED = "interrupted"


class File(StrEnum):
    """What became of the stack file."""

    UNTOUCHED = "unchanged"
    CHANGED = "changed"
    PUT_BACK = "put back"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How `verb` ended on `stack`.

    `said`: one line. `reasons`: a line each, why it did not go on. `before`, `after`: the recorded states, None where
    none is known. `observed`: the split that was read last, slot -> per cent. `then`: the command that comes next.
    `taken`: the steps that were taken. `told`: a line for each message that was sent.
    """

    verb: str
    stack: str
    ended: Ended
    said: str
    reasons: tuple[str, ...] = ()
    before: State | None = None
    after: State | None = None
    observed: Mapping[str, int] | None = None
    file: File = File.UNTOUCHED
    then: str = ""
    taken: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def applied(self) -> bool:
        """Whether the stack may be another than before."""
        return self.file is File.CHANGED


def to_json(outcome: Outcome) -> dict[str, Any]:
    """`outcome` as plain JSON values; the keys are in docs/cli.md."""
    return {
        "verb": outcome.verb,
        "stack": outcome.stack,
        "ended": str(outcome.ended),
        "said": outcome.said,
        "reasons": list(outcome.reasons),
        "before": _place(outcome.before),
        "after": _place(outcome.after),
        "observed": None if outcome.observed is None else dict(outcome.observed),
        "configuration": str(outcome.file),
        "next": outcome.then or None,
        "taken": list(outcome.taken),
        "told": list(outcome.told),
    }


def _place(state: State | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "phase": str(state.phase),
        "rollout": state.rollout_id,
        "step": state.step,
        "weight": state.weight,
        "split": state.split,
    }
