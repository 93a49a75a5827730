"""What every system begins with: the transition, decided and judged before anything else is registered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

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
    """Decides the transition that `settings` ask for and registers it; `declared` judges the carrier's own inputs.

    Everything that is declared afterwards is registered after it: the policy pack has seen which way the run goes
    before it judges anything else, and when the transition is refused nothing else begins.
    """
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
    pulumi.runtime.register_stack_transformation(_after(rollout))
    guard = CarrierGuard("traffic", change, declared, clock.now, lambda: port.read_live().exists)
    return Beginning(last, change, rollout, guard)


def _after(rollout: Rollout) -> pulumi.ResourceTransformation:
    """Holds what has no parent until `rollout` is registered; what has one waits for that anyway.

    A dependency on an empty list that is known then, and not on the component: that would wait for its children, of
    which it has none, and would be written into every resource's state.
    """
    registered = rollout.urn.apply(lambda _: list[pulumi.Resource]())

    def hold(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.opts.parent is not None:
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(depends_on=registered))
        return pulumi.ResourceTransformationResult(args.props, opts)

    return hold
