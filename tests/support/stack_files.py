"""The committed stack files as settings, at any point of a rollout."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from headgate import windows
from headgate.gates import registry
from headgate.plan import IDLE, digest_of
from headgate.settings import Settings
from headgate.state import Release
from headgate.systems import SYSTEMS
from headgate.traffic.port import Reading
from stacks import configuration
from stacks.configuration import Configuration

STACKS = Path(__file__).resolve().parents[2] / "stacks"
START = 1_767_225_600  # 2026-01-01 00:00:00 UTC, a Thursday
PRODUCTION = ("greenflow-production", "ion-production")
SHORTLY = 60  # seconds


def values(stack: str) -> dict[str, Any]:
    """The configuration of a committed stack file by full key."""
    parsed: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]
    return parsed


def ours(stack: str) -> dict[str, Any]:
    """The `headgate:` keys of a committed stack file, without that prefix."""
    return {key.removeprefix("headgate:"): value for key, value in values(stack).items() if key.startswith("headgate:")}


def configured(stack: str) -> Configuration:
    """A whole committed stack file: at rest, with a candidate named."""
    return configuration.parse(ours(stack), f"stacks/Pulumi.{stack}.yaml", registry.KNOWN)


def load(stack: str) -> Settings:
    """What every system says of itself, from a committed stack file."""
    return configured(stack).settings


def created(settings: Settings) -> Settings:
    """`settings` with a stand-in for the digest that the program of the system adds: of the newest version alone."""
    if SYSTEMS[settings.system].fixed:
        return settings
    newest = settings.asked.newest
    return settings.with_template(digest_of([newest.version, newest.slot, newest.image]))


def healthy(split: Mapping[str, int], tasks: Mapping[str, int], images: Mapping[str, str]) -> Reading:
    """A cloud that routes `split` and in which all `tasks` run and are well, by slot."""
    return Reading(True, dict(split), dict(tasks), dict(tasks), dict(images))


@dataclass(frozen=True)
class Point:
    """A configuration on the way of a rollout, and how long after the one before it is applied, in seconds."""

    name: str
    settings: Settings
    after: int


def walk(stack: str) -> Iterator[Point]:
    """Bootstrap (at `START`), each step as soon as it may be taken, promotion, back to the standby, and (`again-...`)
    a rollout that is taken back."""
    start = load(stack)
    old, new = start.release.live, start.release.candidate
    assert new is not None
    moment = START

    def at(name: str, settings: Settings, after: int) -> Point:
        """A point at the first moment from `after` seconds on at which its windows are open."""
        nonlocal moment
        calendar = settings.plan.calendar
        first = settings.step == settings.plan.step_names[0]
        listed = calendar.start if first else calendar.advance if settings.step != IDLE else ()
        opens = windows.next_opening(listed, moment + after)
        after, moment = opens - moment, opens
        return Point(name, settings, after)

    yield at("bootstrap", start, 0)
    wait = SHORTLY
    for step in start.plan.steps:
        yield at(step.name, replace(start, step=step.name), wait)
        wait = step.bake
    yield at("promoted", replace(start, step=IDLE, release=Release(live=new, standby=old)), wait)
    yield at("rolled-back", start, SHORTLY)
    again = replace(start, release=replace(start.release, rollout="again"))
    wait = SHORTLY
    for step in start.plan.steps[:2]:
        yield at(f"again-{step.name}", replace(again, step=step.name), wait)
        wait = step.bake
    yield at("again-idle", again, 1)
