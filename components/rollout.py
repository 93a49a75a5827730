"""The rollout as a resource: what the policy pack judges, what a diff shows, and the guard that needs neither."""

from collections.abc import Callable, Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from headgate import transition
from headgate.problems import Violation

TYPE = "headgate:index:Rollout"


class RolloutArgs(TypedDict):
    """Inputs of `Rollout`; every value plain and known at preview. Shapes: `headgate.transition.to_dict`."""

    previous: NotRequired[pulumi.Input[Mapping[str, Any]]]
    """The recorded state and its plan; absent on the first deployment."""
    unreadable: NotRequired[pulumi.Input[str]]
    """Why the recorded state cannot be read; absent when it can."""
    proposed: pulumi.Input[Mapping[str, Any]]
    """The state that the configuration asks for."""
    plan: pulumi.Input[Mapping[str, Any]]
    """The plan of the configuration."""
    report: pulumi.Input[Mapping[str, Any]]
    """The live split and the gate results that the transition rests on."""


class Rollout(pulumi.ComponentResource):
    """The transition from the recorded state to the proposed one, judged before anything else changes.

    Creates: nothing in a cloud; it is the root of the traffic carrier, which is registered only after it.
    Changes during a rollout: `proposed`, `previous` and `report`, with every step.
    Replaces on: nothing.
    """

    def __init__(
        self,
        name: str,
        args: RolloutArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        now: Callable[[], int],
    ) -> None:
        """`now` gives epoch seconds; it is asked when the guard judges, not before.

        The guard raises, and so vetoes the operation, in previews as well as in updates, with or without a policy pack.
        """
        hook = pulumi.ResourceHook(
            f"{name}-guard",
            lambda hook_args: refuse(judge(hook_args.new_inputs or {}, now())),
            pulumi.ResourceHookOptions(on_dry_run=True),
        )
        guarded = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]))
        inputs = {key: value for key, value in args.items() if value is not None}
        super().__init__(TYPE, name, inputs, pulumi.ResourceOptions.merge(opts, guarded))
        self.register_outputs({})


def judge(inputs: Mapping[str, Any], now: int) -> tuple[Violation, ...]:
    """The violations of the transition in `inputs` (form of `RolloutArgs`); inputs that cannot be read are one too."""
    read = transition.read(inputs)
    if not isinstance(read, transition.Transition):
        reason = read.reason if read is not None else "there is nothing to judge"
        return (transition.unjudged(reason),)
    return transition.check(read.previous, read.proposed, read.plan, now, read.report)


def refuse(violations: tuple[Violation, ...]) -> None:
    """Raises RolloutRefused with every violation, or returns when there is none."""
    if violations:
        raise RolloutRefused(violations)


class RolloutRefused(pulumi.RunError):
    """A transition that breaks rollout rules; the message names each rule, what was found and what to do."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        super().__init__("the rollout guard refuses this change:\n" + "\n".join(f"  {each}" for each in violations))
