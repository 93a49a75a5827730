"""How a rollback ended, as one value that is printed, written as JSON, recorded as an incident and sent to people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.carrier import show_split
from headgate.lifecycle import outcome as outcomes
from headgate.lifecycle.outcome import Ended, File, Outcome
from headgate.return_path import STEP, Choice, Target
from headgate.state import State
from headgate.traffic.port import GivenBack

VERB = "rollback"


@dataclass(frozen=True, slots=True)
class Rollback:
    """A rollback of `stack`.

    `ended` DONE: everybody is with `target`, and what was asked for is done; else something is left, which `then` goes
    on with. `given`: what giving traffic back came to; None when it was not begun or no write got through (`refused`
    says why). `choice`: what was, or was to be, written into the stack file; `file`: what became of that. `updated`:
    whether an update was run.
    `before`, `after`: the recorded states; `observed`: the split that was read last.
    `began`: epoch seconds of the clock that bakes are counted by. `traffic_seconds`, `seconds`: from the agreement to
    the answer of the cloud, and to the end; None before that. `usage`: it was asked for wrongly. `idle`: there was
    nothing to take back. `notes`: what was done without.
    """

    stack: str
    ended: Ended
    said: str
    reason: str = ""
    target: Target | None = None
    given: GivenBack | None = None
    refused: str = ""
    choice: Choice | None = None
    file: File = File.UNTOUCHED
    updated: bool = False
    before: State | None = None
    after: State | None = None
    observed: Mapping[str, int] | None = None
    began: int = 0
    traffic_seconds: float | None = None
    seconds: float | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    then: str = ""
    told: tuple[str, ...] = ()
    usage: bool = False
    idle: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything may be another than before."""
        moved = self.refused != "" or (self.given is not None and self.given.needed)
        return moved or self.file is File.CHANGED or self.updated

    @property
    def traffic(self) -> str:
        """Where users are, in a line; empty before anybody was to be moved."""
        if self.target is None or (self.given is None and not self.refused):
            return ""
        name = f"{self.target.version.version} in {self.target.slot}"
        if self.given is None:
            return f"users: NOT given back to {name}: {self.refused}"
        took = f" after {self.traffic_seconds:.1f} s" if self.traffic_seconds is not None else ""
        if self.given.done:
            how = f"everybody is on {name}{took}" if self.given.needed else f"everybody was on {name} already"
            return f"users: {how}"
        seen = "the split could not be read back" if self.given.after is None else show_split(self.given.after)
        return f"users: given back to {name}, but NOT confirmed: {seen}"

    @property
    def commit(self) -> str:
        """A message to commit the stack file with; empty when it was not changed."""
        if self.file is not File.CHANGED or self.target is None:
            return ""
        version = self.target.version
        of = f"the configuration of update {self.choice.update}" if self.choice and self.choice.update else "step idle"
        body = f"Everybody is on {version.version} in {version.slot} again; {of} is in force."
        title = f"{VERB}: {self.stack} to {version.version}"
        return "\n\n".join(filter(None, (title, self.reason, body)))

    @property
    def outcome(self) -> Outcome:
        """As other verbs end, for people who are told."""
        reasons = tuple(filter(None, (self.traffic, *self.reasons)))
        return Outcome(
            VERB, self.stack, self.ended, self.said, reasons, self.before, self.after, self.observed, self.file,
            self.then, (), self.told,
        )  # fmt: skip


def to_json(result: Rollback) -> dict[str, Any]:
    """The keys of every verb, and of this one: `reason`; `target` {version, slot, why}; `traffic` {done, before, after,
    writes, seconds, trouble, error}; `from_update`: number of the update whose configuration was written;
    `changed_keys`, `kept_keys`; `updated`; `seconds`; `notes`; `commit_message`."""
    given, target, choice = result.given, result.target, result.choice
    traffic = {
        "done": given is not None and given.done,
        "before": dict(given.before) if given and given.before is not None else None,
        "after": dict(given.after) if given and given.after is not None else None,
        "writes": given.writes if given else 0,
        "seconds": _tenths(result.traffic_seconds),
        "trouble": list(given.trouble) if given else [],
        "error": result.refused or None,
    }
    return {
        **outcomes.to_json(result.outcome),
        "reasons": list(result.reasons),
        "reason": result.reason or None,
        "target": {"version": target.version.version, "slot": target.slot, "why": target.why} if target else None,
        "traffic": traffic,
        "from_update": choice.update if choice else None,
        "changed_keys": sorted({*choice.values, *choice.remove}) if choice else [],
        "kept_keys": list(choice.kept) if choice else [],
        "updated": result.updated,
        "seconds": _tenths(result.seconds),
        "notes": list(result.notes),
        "commit_message": result.commit or None,
    }


def asks_for_idle(config: Mapping[str, object]) -> bool:
    return config.get(STEP, "idle") == "idle"


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
