"""Everything outside that a verb needs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from headgate.cli.situation import Situation
from headgate.clock import Clock
from headgate.engine import Engine, Operator
from headgate.lifecycle.outcome import Outcome


class Declined(Exception):
    """Nobody agreed to the change; the message says what was answered."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody is asked to agree to; `lines` say what would happen."""

    stack: str
    production: bool
    lines: tuple[str, ...]


class Look(Protocol):
    """Reads everything about the stack."""

    def __call__(self, values: Mapping[str, object], remove: Sequence[str] = ()) -> Situation:
        """The situation as if `values` and `remove` were written (see `Operator.set_values`); nothing is written."""
        ...


class StackFile(Protocol):
    """The stack's configuration file."""

    def values(self) -> Mapping[str, object]:
        """What it says by full key, with the project's defaults. Raises OSError or ValueError."""
        ...

    def text(self) -> str:
        """The whole file. Raises OSError."""
        ...

    def put_back(self, text: str) -> None:
        """Makes it `text` again. Raises OSError."""
        ...


class Progress(Protocol):
    """Tells people what goes on; `headgate.cli.progress` has real ones."""

    def say(self, message: str) -> None: ...

    def phase(self, label: str) -> AbstractContextManager[Callable[[str], None]]: ...

    def bar(self, label: str, total: int) -> AbstractContextManager[Callable[[int], None]]: ...


@dataclass(frozen=True, slots=True)
class Edges:
    """The outside of a verb that changes `stack`.

    `gate` runs the gates beforehand that hold what a situation comes to next, records what they found, and returns a
    line for each that could not be. `confirm` returns when somebody agrees, else raises Declined. `tell` sends an
    outcome to people and returns a line about each delivery. `plans`: a folder for the engine's saved plans; None: an
    update is not held to a plan. `sleep`: takes seconds.
    """

    stack: str
    look: Look
    file: StackFile
    engine: Engine
    operator: Operator
    gate: Callable[[Situation], tuple[str, ...]]
    confirm: Callable[[Proposal], None]
    tell: Callable[[Outcome], tuple[str, ...]]
    progress: Progress
    clock: Clock
    sleep: Callable[[float], None]
    plans: Path | None = None
