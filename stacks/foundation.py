"""What every system begins with: the transition, decided and judged before anything else is registered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.guard import CarrierGuard, Declared
from components.rollout import Rollout
from headgate.clock import Clock
from headgate.settings import Settings
from headgate.traffic.port import TrafficPort
from stacks import ledger


@dataclass(frozen=True, slots=True)
class Beginning:
    """`change`: the transition as a mapping; `rollout`: what the carrier is registered after; `guard`: its hooks."""

    change: Mapping[str, Any]
    rollout: Rollout
    guard: CarrierGuard


def begin(settings: Settings, clock: Clock, port: TrafficPort, declared: Declared) -> Beginning:
    """Decides the transition that `settings` ask for and registers it; `declared` judges the carrier's own inputs."""
    change = ledger.decide(ledger.recorded(), settings, port, clock.now())
    rollout = Rollout(
        "rollout",
        {
            "previous": change["previous"],
            "unreadable": change["unreadable"],
            "proposed": change["proposed"],
            "plan": change["plan"],
            "report": change["report"],
        },
        now=clock.now,
    )
    guard = CarrierGuard("traffic", change, declared, clock.now, lambda: port.read_live().exists)
    return Beginning(change, rollout, guard)
