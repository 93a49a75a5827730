"""What each update of a stack's history did to a rollout. Pure.

A history tells configurations. Each is read as the program reads it, and the state follows from the one before, so that
a step, a promotion and a way back are told apart by the same rules that judged them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from headgate import return_path
from headgate import settings as configuration
from headgate.moves import Move, classify
from headgate.reader import PROJECT, Reader
from headgate.records.redact import cleaned
from headgate.state import Phase, State, propose
from headgate.systems import SYSTEMS

SUCCEEDED = "succeeded"
UPDATE = "update"
_NEEDED = ("system", "environment", "release", "step", "plan")


class Past(return_path.Past, Protocol):
    """An entry of a stack's history, with when it was and what was said of it."""

    @property
    def message(self) -> str: ...

    @property
    def started(self) -> int: ...

    @property
    def ended(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One update. Times are epoch seconds of the engine's own clock; `ended` is None while it runs.

    `move`: what it asked for (`moves.Move`), empty when that cannot be told. `rollout`: the id of the rollout it was
    about, empty when about none. `split`: slot -> per cent as asked for. `live`, `candidate`: version labels.
    """

    number: int
    kind: str
    result: str
    message: str
    started: int
    ended: int | None
    move: str = ""
    rollout: str = ""
    step: str = ""
    weight: int | None = None
    split: Mapping[str, int] = field(default_factory=dict)
    live: str = ""
    candidate: str = ""
    image: str = ""

    @property
    def succeeded(self) -> bool:
        return self.result == SUCCEEDED

    @property
    def finished(self) -> int:
        """When it ended; when it began while it runs."""
        return self.started if self.ended is None else self.ended


def trail(history: Sequence[Past], known_gates: Collection[str]) -> tuple[Entry, ...]:
    """One entry for each of `history`, which is newest first, as the answer is."""
    found: list[Entry] = []
    state: State | None = None
    for past in reversed(history):
        proposed = _proposed(past, state, known_gates) if past.kind == UPDATE else None
        found.append(_entry(past, state, proposed))
        if proposed is not None and past.result == SUCCEEDED:
            state = proposed
    return tuple(reversed(found))


def rollouts(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The ids of all rollouts in `entries`, newest first."""
    return tuple(dict.fromkeys(entry.rollout for entry in entries if entry.rollout))


def _entry(past: Past, state: State | None, proposed: State | None) -> Entry:
    entry = Entry(past.number, past.kind, past.result, cleaned(past.message), past.started, past.ended)
    if proposed is None:
        return entry
    move = classify(state, proposed)
    candidate = proposed.candidate
    return Entry(
        entry.number, entry.kind, entry.result, entry.message, entry.started, entry.ended,
        move=str(move),
        rollout=_rollout(move, state, proposed),
        step=proposed.step,
        weight=proposed.weight,
        split=proposed.split,
        live=proposed.live.version,
        candidate=candidate.version if candidate else "",
        image=candidate.image if candidate else "",
    )  # fmt: skip


def _rollout(move: Move, state: State | None, proposed: State) -> str:
    if move is Move.RETIRE and state is not None:
        return state.rollout_id
    return "" if proposed.phase is Phase.IDLE else proposed.rollout_id


def _proposed(past: Past, state: State | None, known_gates: Collection[str]) -> State | None:
    """The state that the update asked for; None when its configuration does not tell."""
    own: dict[str, Any] = {
        key.removeprefix(f"{PROJECT}:"): value for key, value in past.config.items() if key.startswith(f"{PROJECT}:")
    }
    reader = Reader("update")
    settings = configuration.read(own, reader, known_gates)
    needed = tuple(f"update: {PROJECT}:{key}" for key in _NEEDED)
    if any(problem.where.startswith(needed) for problem in reader.problems) or settings.system not in SYSTEMS:
        return None
    return propose(state, settings.asked, settings.plan, past.started if past.ended is None else past.ended)
