"""The guard on the traffic carrier: hooks that see every write to it, whatever the policy pack does."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components.rollout import judge, refuse
from headgate import transition
from headgate.problems import RuleId, Violation
from headgate.transition import Transition

Declared = Callable[[Mapping[str, Any], Transition], tuple[Violation, ...]]
"""Judges the carrier's own inputs (camelCase, as the provider gets them) against the transition."""


class CarrierGuard:
    """Refuses a write to the traffic carrier that the transition does not ask for.

    A replacement does not call `before_update` but `before_create` without old inputs, so both are bound; a create is
    refused while the carrier still exists and a state is recorded. `written` tells afterwards whether this run of the
    program let a write through: then the provider was asked to apply the split and has to answer for it.
    """

    def __init__(
        self,
        name: str,
        change: Mapping[str, Any],
        declared: Declared,
        now: Callable[[], int],
        carrier_exists: Callable[[], bool],
    ) -> None:
        """`change`: the transition as a mapping (`headgate.transition.to_dict`). `declared` knows this kind of carrier.

        `carrier_exists` asks the cloud; it is called only when a create arrives although a state is recorded.
        """
        self.written = False
        self._change = change
        self._declared = declared
        self._now = now
        self._carrier_exists = carrier_exists
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        create = pulumi.ResourceHook(f"{name}-carrier-create", self._before_create, options)
        update = pulumi.ResourceHook(f"{name}-carrier-update", self._before_update, options)
        self.binding = pulumi.ResourceHookBinding(before_create=[create], before_update=[update])

    def _before_create(self, args: pulumi.ResourceHookArgs) -> None:
        recorded = self._change.get("previous") is not None or self._change.get("unreadable") is not None
        if recorded and self._carrier_exists():
            refuse((_replacement(args.name),))
        self._allow(args)

    def _before_update(self, args: pulumi.ResourceHookArgs) -> None:
        self._allow(args)

    def _allow(self, args: pulumi.ResourceHookArgs) -> None:
        refuse((*judge(self._change, self._now()), *self._judge_declared(args.new_inputs or {})))
        self.written = True

    def _judge_declared(self, inputs: Mapping[str, Any]) -> tuple[Violation, ...]:
        read = transition.read(self._change)
        if not isinstance(read, Transition):
            return (transition.unjudged("the transition is not known"),)
        return self._declared(inputs, read)


def _replacement(name: str) -> Violation:
    return Violation(
        RuleId.FAIL_CLOSED,
        f"The traffic carrier {name!r} is changed in place, never replaced; a replacement drops traffic.",
        "a create while the carrier exists and a state is recorded.",
        "Take back the change that forces the replacement (its name, port, balancer or place).",
    )
