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
    """`last`: the stack's last outputs. `change`: the transition as a mapping. `rollout`: what the carrier is
    registered after. `guard`: its hooks.
    """

    last: Mapping[str, Any]
    change: Mapping[str, Any]
    rollout: Rollout
    guard: CarrierGuard


def begin(settings: Settings, clock: Clock, port: TrafficPort, declared: Declared) -> Beginning:
    """Decides the transition that `settings` ask for and registers it; `declared` judges the carrier's own inputs."""
    last = ledger.outputs()
    change = ledger.decide(last.get(ledger.OUTPUT), settings, port, clock.now())
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
    return Beginning(last, change, rollout, guard)
