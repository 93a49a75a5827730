"""The committed stack files as settings, at any point of a rollout."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from headgate import settings
from headgate.gates import registry
from headgate.plan import IDLE
from headgate.settings import Settings
from headgate.state import Release
from headgate.traffic.port import Reading

STACKS = Path(__file__).resolve().parents[2] / "stacks"


def values(stack: str) -> dict[str, Any]:
    """The configuration of a committed stack file by full key."""
    parsed: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]
    return parsed


def load(stack: str) -> Settings:
    """A committed stack file: at rest, with a candidate named."""
    ours = {key.removeprefix("headgate:"): value for key, value in values(stack).items() if key.startswith("headgate:")}
    return settings.parse(ours, f"stacks/Pulumi.{stack}.yaml", registry.KNOWN)


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
    """Bootstrap, each step, promotion, back to the standby, and (`again-...`) a rollout that is taken back."""
    start = load(stack)
    old, new = start.release.live, start.release.candidate
    assert new is not None
    yield Point("bootstrap", start, 0)
    wait = 60
    for step in start.plan.steps:
        yield Point(step.name, replace(start, step=step.name), wait)
        wait = step.bake
    yield Point("promoted", replace(start, step=IDLE, release=Release(live=new, standby=old)), wait)
    yield Point("rolled-back", start, 60)
    again = replace(start, release=replace(start.release, rollout="again"))
    wait = 60
    for step in start.plan.steps[:2]:
        yield Point(f"again-{step.name}", replace(again, step=step.name), wait)
        wait = step.bake
    yield Point("again-idle", again, 1)
