"""The guard on the traffic carrier: hooks that see every write to it, whatever the policy pack does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi

from components.rollout import judge, refuse
from headgate import carrier, transition
from headgate.problems import RuleId, Violation


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
        slots: Sequence[str],
        now: Callable[[], int],
        carrier_exists: Callable[[], bool],
    ) -> None:
        """`change`: the transition as a mapping (`headgate.transition.to_dict`). `slots`: order of the target groups.

        `carrier_exists` asks the cloud; it is called only when a create arrives although a state is recorded.
        """
        self.written = False
        self._change = change
        self._slots = tuple(slots)
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
        declared = judge_declared(args.new_inputs or {}, self._change, self._slots)
        refuse((*judge(self._change, self._now()), *declared))
        self.written = True


def judge_declared(inputs: Mapping[str, Any], change: Mapping[str, Any], slots: Sequence[str]) -> tuple[Violation, ...]:
    """R-02, R-05 and R-27 on the listener's own inputs (camelCase, as the provider gets them)."""
    read = transition.read(change)
    if not isinstance(read, transition.Transition):
        return (transition.unjudged("the transition is not known"),)
    forward = _forward(inputs)
    groups = forward.get("targetGroups") if forward else None
    if forward is None or not isinstance(groups, Sequence):
        return (transition.unjudged("the traffic listener has no forward action with target groups"),)
    weights = [group.get("weight") if isinstance(group, Mapping) else None for group in groups]
    step = read.plan.step(read.proposed.step)
    stickiness = forward.get("stickiness")
    held = stickiness if isinstance(stickiness, Mapping) else {}
    return (
        *carrier.check_weights(weights, carrier=True),
        *carrier.check_split(dict(zip(slots, weights, strict=False)), read.proposed),
        *carrier.check_stickiness(held.get("enabled"), held.get("duration"), read.proposed, step.bake if step else 0),
    )


def _forward(inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    actions = inputs.get("defaultActions")
    first = actions[0] if isinstance(actions, Sequence) and actions else None
    forward = first.get("forward") if isinstance(first, Mapping) else None
    return forward if isinstance(forward, Mapping) else None


def _replacement(name: str) -> Violation:
    return Violation(
        RuleId.FAIL_CLOSED,
        f"The traffic listener {name!r} is changed in place, never replaced; a replacement drops traffic.",
        "a create while the listener exists and a state is recorded.",
        "Take back the change that forces the replacement (port, balancer or name).",
    )
