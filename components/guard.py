"""The guard on the traffic carrier: hooks that see every write to it, whatever the policy pack does."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components.rollout import judge, refuse
from headgate import transition
from headgate.problems import RuleId, Violation
from headgate.state import Phase, Recorded
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

    def beside(self, name: str, declared: Declared) -> pulumi.ResourceHookBinding:
        """Hooks for what routes users beside the carrier, such as its rules: judged by `declared` like the carrier.

        It may be created while the carrier exists: without it users go where the carrier sends them.
        """
        hook = pulumi.ResourceHook(
            f"{name}-beside", lambda args: self._allow(args, declared), pulumi.ResourceHookOptions(on_dry_run=True)
        )
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    def unchanged(self, name: str) -> pulumi.ResourceHookBinding:
        """Hooks for what says which user is in which cohort: no write to it while a rollout is under way and stays so.

        Going back is never refused: then it no longer matters who is in which cohort.
        """
        hook = pulumi.ResourceHook(
            f"{name}-unchanged", self._refuse_during_rollout, pulumi.ResourceHookOptions(on_dry_run=True)
        )
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    def _refuse_during_rollout(self, args: pulumi.ResourceHookArgs) -> None:
        read = transition.read(self._change)
        if not isinstance(read, Transition):
            refuse((transition.unjudged("the transition is not known"),))
        elif isinstance(read.previous, Recorded):
            during = {read.previous.state.phase, read.proposed.phase} == {Phase.ROLLING_OUT}
            refuse((_frozen(args.name, read.proposed.step),) if during else ())

    def _before_create(self, args: pulumi.ResourceHookArgs) -> None:
        recorded = self._change.get("previous") is not None or self._change.get("unreadable") is not None
        if recorded and self._carrier_exists():
            refuse((_replacement(args.name),))
        self._allow(args, self._declared)

    def _before_update(self, args: pulumi.ResourceHookArgs) -> None:
        self._allow(args, self._declared)

    def _allow(self, args: pulumi.ResourceHookArgs, declared: Declared) -> None:
        refuse((*judge(self._change, self._now()), *self._judge_declared(args.new_inputs or {}, declared)))
        self.written = True

    def _judge_declared(self, inputs: Mapping[str, Any], declared: Declared) -> tuple[Violation, ...]:
        read = transition.read(self._change)
        if not isinstance(read, Transition):
            return (transition.unjudged("the transition is not known"),)
        return declared(inputs, read)


def _replacement(name: str) -> Violation:
    return Violation(
        RuleId.FAIL_CLOSED,
        f"The traffic carrier {name!r} is changed in place, never replaced; a replacement drops traffic.",
        "a create while the carrier exists and a state is recorded.",
        "Take back the change that forces the replacement (its name, port, balancer or place).",
    )


def _frozen(name: str, step: str) -> Violation:
    return Violation(
        RuleId.PLAN_FROZEN,
        f"Which user is in which cohort ({name!r}) stays as it is during a rollout, or users change their version.",
        f"a write to it at step {step!r}.",
        "Take the change of headgate:cohorts out, or set headgate:step to idle first.",
    )
