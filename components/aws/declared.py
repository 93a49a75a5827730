"""What a traffic listener declares, judged against the transition."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.guard import Declared
from headgate import carrier, transition
from headgate.problems import Violation
from headgate.transition import Transition


def listener(slots: Sequence[str]) -> Declared:
    """R-02, R-05 and R-27 on a listener whose target groups are those of `slots`, in that order."""

    def judge(inputs: Mapping[str, Any], change: Transition) -> tuple[Violation, ...]:
        forward = _forward(inputs)
        groups = forward.get("targetGroups") if forward else None
        if forward is None or not isinstance(groups, Sequence):
            return (transition.unjudged("the traffic listener has no forward action with target groups"),)
        weights = [group.get("weight") if isinstance(group, Mapping) else None for group in groups]
        step = change.plan.step(change.proposed.step)
        bake = step.bake if step else 0
        stickiness = forward.get("stickiness")
        held = stickiness if isinstance(stickiness, Mapping) else {}
        return (
            *carrier.check_weights(weights, carrier=True),
            *carrier.check_split(dict(zip(slots, weights, strict=False)), change.proposed),
            *carrier.check_stickiness(held.get("enabled"), held.get("duration"), change.proposed, bake),
        )

    return judge


def _forward(inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    actions = inputs.get("defaultActions")
    first = actions[0] if isinstance(actions, Sequence) and actions else None
    forward = first.get("forward") if isinstance(first, Mapping) else None
    return forward if isinstance(forward, Mapping) else None
