"""What a rollback has to know before it moves anybody: which system, and who gets everybody. Quick, or without."""

from collections.abc import Mapping
from dataclasses import dataclass

from headgate import gates, return_path, transition
from headgate import settings as configuration
from headgate.engine import EngineError
from headgate.lifecycle.bounded import TooLong, within
from headgate.lifecycle.edges import Edges
from headgate.lifecycle.preview import OUTPUT
from headgate.reader import Reader
from headgate.return_path import Doubt, Target
from headgate.settings import PROJECT, Settings, SettingsError
from headgate.state import State
from headgate.systems import SYSTEMS
from headgate.transition import Transition

PATIENCE = 5.0  # seconds for the record; it takes 0.3 from a folder and 1 to 2 from a bucket, and users wait


class NoWay(Exception):
    """It cannot be told who gets everybody; `usage`: until somebody names the slot."""

    def __init__(self, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage


@dataclass(frozen=True, slots=True)
class Found:
    """`settings` say how to reach the traffic; `others`: the keys of everybody else, such as the providers.

    `state`: what is recorded, None when nothing is or it could not be read. `notes`: what was done without.
    """

    settings: Settings
    others: Mapping[str, object]
    state: State | None
    target: Target
    notes: tuple[str, ...]


def find(edges: Edges, to_slot: str | None = None) -> Found:
    """From the stack file and the record, and without the record when that is not there in time. Raises NoWay."""
    notes: list[str] = []
    settings, others = _configured(edges, notes)
    state = _recorded(edges, notes)
    readable = settings is not None and bool(settings.release.live.slot)
    asked = settings.release if settings is not None and readable else None
    found = return_path.target(state, asked, settings.step if settings is not None else "")
    if settings is None or found is None:
        raise NoWay("; ".join(notes) or "the stack file names no live version")
    return Found(settings, others, state, _chosen(found, to_slot), tuple(notes))


def _chosen(found: Target | Doubt, to_slot: str | None) -> Target:
    answers = (found,) if isinstance(found, Target) else found.answers
    if to_slot is None and isinstance(found, Target):
        return found
    chosen = next((each for each in answers if each.slot == to_slot), None)
    if chosen is not None:
        return chosen
    known = "; or ".join(f"--to-slot {each.slot} for {each.version.version}, {each.why}" for each in answers)
    if isinstance(found, Doubt):
        raise NoWay(f"{found.why}. Name who gets everybody: {known}", usage=True)
    raise NoWay(f"nobody goes back to slot {to_slot!r}: {known}", usage=True)


def _configured(edges: Edges, notes: list[str]) -> tuple[Settings | None, Mapping[str, object]]:
    """What the stack file says; when that is of no use, what the last update ran with."""
    try:
        values = edges.file.values()
    except (OSError, ValueError) as error:
        notes.append(f"the stack file cannot be read: {error}")
    else:
        settings = _usable(values, f"Pulumi.{edges.stack}.yaml", notes)
        if settings is not None:
            return settings, _others(values)
    try:
        last = within(PATIENCE, lambda: edges.engine.last_update(edges.stack))
    except (EngineError, TooLong) as error:
        notes.append(f"nor can the history: {error}")
        return None, {}
    settings = _usable(last.config, f"update {last.number}", notes) if last is not None else None
    return settings, _others(last.config) if last is not None else {}


def _usable(values: Mapping[str, object], label: str, notes: list[str]) -> Settings | None:
    """Settings that say at least which system this is; what else is wrong with them stops no rollback."""
    own = {key.removeprefix(f"{PROJECT}:"): value for key, value in values.items() if key.startswith(f"{PROJECT}:")}
    try:
        return configuration.parse(own, label, gates.KNOWN)
    except SettingsError as error:
        notes.append(f"{str(error).splitlines()[0].rstrip(':')} ({error.problems[0]}); used as far as it goes")
    settings = configuration.read(own, Reader(label), gates.KNOWN)
    return settings if settings.system in SYSTEMS and settings.environment else None


def _others(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if not key.startswith(f"{PROJECT}:")}


def _recorded(edges: Edges, notes: list[str]) -> State | None:
    try:
        last = transition.read(within(PATIENCE, lambda: edges.engine.output(edges.stack, OUTPUT)))
    except (EngineError, TooLong) as error:
        notes.append(f"the record was not read ({error}); the stack file decides")
        return None
    if isinstance(last, Transition):
        return last.proposed
    why = "nothing is recorded" if last is None else f"the record cannot be understood ({last.reason})"
    notes.append(f"{why}; the stack file decides")
    return None
