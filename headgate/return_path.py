"""The way back: which slot gets everybody, and which earlier configuration is written again. Pure.

An update is whole when its step was idle: one version had everything. What goes back by default is what a version is,
`headgate:release`, `headgate:step` and the keys that a version keeps for ever (`System.made_of`); the rest of the
infrastructure stays as it is (docs/adr/0015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from headgate.plan import IDLE
from headgate.state import Phase, Release, State, Version
from headgate.systems import SYSTEMS, System, slot_of

RELEASE = "headgate:release"
STEP = "headgate:step"
SYSTEM = "headgate:system"
ENVIRONMENT = "headgate:environment"


class Past(Protocol):
    """An entry of a stack's history (`headgate.engine.Update`)."""

    @property
    def number(self) -> int: ...

    @property
    def kind(self) -> str: ...

    @property
    def result(self) -> str: ...

    @property
    def config(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Target:
    """Who gets everybody; `why` says how that is known."""

    version: Version
    why: str

    @property
    def slot(self) -> str:
        return self.version.slot


@dataclass(frozen=True, slots=True)
class Doubt:
    """It cannot be told who: one of these, which somebody has to name."""

    answers: tuple[Target, ...]
    why: str


def target(state: State | None, asked: Release | None, step: str = IDLE) -> Target | Doubt | None:
    """Who gets everybody: the live version during a rollout, the standby after a promotion.

    `state`: what is recorded, None when nothing is or it cannot be read; `asked` and `step`: what the stack file says,
    None when it cannot be used. The record decides, for the file may be ahead of it or older. None: neither is known.
    """
    if state is not None:
        return _recorded(state, asked, step)
    if asked is None:
        return None
    if step == IDLE and asked.standby is not None:
        return Target(asked.standby, "the stack file names it as standby; the record was not read")
    return Target(asked.live, "the stack file names it as live; the record was not read")


def _recorded(state: State, asked: Release | None, step: str) -> Target | Doubt:
    if state.phase is not Phase.PROMOTED or state.standby is None:
        phase = f"step {state.step}" if state.phase is Phase.ROLLING_OUT else str(state.phase)
        return Target(state.live, f"recorded as live, {phase}")
    standby = Target(state.standby, "recorded as standby, promoted")
    retired = asked is not None and step == IDLE and asked.live == state.live and asked.standby is None
    if not retired:
        return standby
    live = Target(state.live, "live by record and stack file")
    why = (
        f"the stack file retires {state.standby.version}, which is not recorded as done: "
        f"whether anything of it still runs in {state.standby.slot} is not known"
    )
    return Doubt((standby, live), why)


@dataclass(frozen=True, slots=True)
class Choice:
    """What to write so that the stack file asks for a good configuration.

    `update`: number of the update that ran with it; None when it was made from the present file. `values`: full key ->
    value, and `remove`: keys that go; both only where the file differs. `kept`: keys that were others then and stay.
    `untold`: keys that were secret then; the history does not tell their values, so they stay too.
    """

    update: int | None
    values: Mapping[str, object]
    remove: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoChoice:
    """The update that was asked for cannot be used; `usable` are the numbers of those that can, newest first."""

    why: str
    usable: tuple[int, ...]


def previous_good(
    history: Sequence[Past], now: Mapping[str, object], version: Version, to: int | None = None
) -> Choice | NoChoice:
    """The newest configuration, applied without an error, under which `version` had everything.

    `history`: newest first. `now`: what the stack file says, by full key. `to`: the update to take instead, with all of
    its keys. Without one in the history it is made from the present file, with the step idle and `version` live.
    """
    usable = [each for each in history if _whole(each) and live_of(each.config) == version]
    if to is not None:
        chosen = next((each for each in usable if each.number == to), None)
        if chosen is None:
            return NoChoice(_why_not(history, to, version), tuple(each.number for each in usable))
        return _back_to(chosen, now, every=True)
    if usable:
        return _back_to(usable[0], now, every=False)
    return derived(now, version)


def derived(now: Mapping[str, object], version: Version) -> Choice:
    """The present file with the step idle and `version` live. A promotion is taken back by the same keys that made it:
    the standby is live again, and the version that was live is the candidate."""
    release = _mapping(now.get(RELEASE))
    values: dict[str, object] = {}
    if now.get(STEP, IDLE) != IDLE:
        values[STEP] = IDLE
    if live_of(now) == version:
        return Choice(None, values)
    was_live, standby = release.get("live"), release.get("standby")
    if _version(now, standby) == version:
        return Choice(None, {RELEASE: {"live": standby, "candidate": was_live}, **values})
    written = {"version": version.version, "image": version.image}
    if _system(now).fixed or slot_of(_stack(now), version.image) != version.slot:
        written["slot"] = version.slot
    return Choice(None, {RELEASE: {"live": written}, **values})


def live_of(config: Mapping[str, object]) -> Version | None:
    """The live version that a configuration names; None when it names none that can be read."""
    return _version(config, _mapping(config.get(RELEASE)).get("live"))


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[str, ...]:
    """Keys whose values differ, as far as both can be told; an absent step is idle."""
    keys = sorted({*one, *other} - {STEP})
    found = [key for key in keys if _told(one.get(key)) and _told(other.get(key)) and not _same(key, one, other)]
    return (*found, *(() if _same(STEP, one, other) else (STEP,)))


def _whole(past: Past) -> bool:
    return (past.kind, past.result) == ("update", "succeeded") and past.config.get(STEP, IDLE) == IDLE


def _back_to(past: Past, now: Mapping[str, object], *, every: bool) -> Choice:
    config = past.config
    differ = differing(now, config)
    goes = {RELEASE, STEP, *_system(now).made_of}
    back = [key for key in differ if every or key in goes]
    untold = tuple(sorted(key for key in config if not _told(config[key]) and (every or key in goes)))
    return Choice(
        update=past.number,
        values={key: config.get(key, IDLE) if key == STEP else config[key] for key in back if key in {*config, STEP}},
        remove=tuple(key for key in back if key not in config and key != STEP),
        kept=tuple(key for key in differ if key not in back),
        untold=untold,
    )


def _why_not(history: Sequence[Past], to: int, version: Version) -> str:
    past = next((each for each in history if each.number == to), None)
    if past is None:
        return f"there is no update {to} among the last {len(history)} of the history"
    if past.kind != "update":
        return f"entry {to} of the history is no update, its kind is {past.kind}"
    if past.result != "succeeded":
        return f"update {to} {past.result}"
    if past.config.get(STEP, IDLE) != IDLE:
        return f"update {to} was at step {past.config[STEP]}, where users were on two versions"
    live = live_of(past.config)
    name = f"{live.version} in {live.slot}" if live else "no version that can be read"
    return f"with update {to} everybody was on {name}, and the way back leads to {version.version} in {version.slot}"


def _same(key: str, one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    absent = IDLE if key == STEP else None
    return _canonical(one.get(key, absent)) == _canonical(other.get(key, absent))


def _canonical(value: object) -> object:
    """A history tells scalars as text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _told(value: object) -> bool:
    """Whether a value is there to read: it is no secret, neither as the history nor as a stack file has one."""
    if isinstance(value, Mapping):
        return "secure" not in value and all(map(_told, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_told, value))
    return value is None or isinstance(value, str | int | float)


def _version(config: Mapping[str, object], raw: object) -> Version | None:
    if not isinstance(raw, Mapping) or not raw.get("image"):
        return None
    image = str(raw["image"])
    return Version(str(raw.get("version", "")), str(raw.get("slot") or slot_of(_stack(config), image)), image)


def _system(config: Mapping[str, object]) -> System:
    name = str(config.get(SYSTEM, ""))
    return SYSTEMS.get(name, System(name))


def _stack(config: Mapping[str, object]) -> str:
    return f"{config.get(SYSTEM, '')}-{config.get(ENVIRONMENT, '')}"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
