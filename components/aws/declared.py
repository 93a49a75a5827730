"""What a traffic listener and its rules for cohorts declare, judged against the transition."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.guard import Declared
from headgate import carrier, cohorts, transition
from headgate.problems import Violation
from headgate.transition import Transition


def listener(slots: Sequence[str]) -> Declared:
    """R-02, R-05 and R-27 on a listener whose target groups are those of `slots`, in that order."""

    def judge(inputs: Mapping[str, Any], change: Transition) -> tuple[Violation, ...]:
        forward = _forward(inputs, "defaultActions")
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


def cohort_rule(slots: Sequence[str]) -> Declared:
    """R-02, R-05 and R-27 on a rule for cohorts whose target groups are those of `slots`, in that order."""

    def judge(inputs: Mapping[str, Any], change: Transition) -> tuple[Violation, ...]:
        forward = _forward(inputs, "actions")
        groups = forward.get("targetGroups") if forward else None
        values = _values(inputs)
        priority = inputs.get("priority")
        if forward is None or not isinstance(groups, Sequence) or values is None:
            return (transition.unjudged("a rule for cohorts has no forward action, or another condition than them"),)
        if isinstance(priority, bool) or not isinstance(priority, int | float):
            return (transition.unjudged("a rule for cohorts has no priority"),)
        weights = [group.get("weight") if isinstance(group, Mapping) else None for group in groups]
        stickiness = forward.get("stickiness")
        held = stickiness if isinstance(stickiness, Mapping) else {}
        split = dict(zip(slots, weights, strict=False))
        return (
            *carrier.check_weights(weights, carrier=True),
            *carrier.check_cohort_rule(priority - cohorts.FIRST_PRIORITY, values, split, change.proposed),
            *carrier.check_cohort_cookie(held.get("enabled")),
        )

    return judge


def _values(inputs: Mapping[str, Any]) -> Sequence[Any] | None:
    """What the only condition, that on the cohort, compares with; None when there is another or it cannot be read."""
    conditions = inputs.get("conditions")
    only = conditions[0] if isinstance(conditions, Sequence) and len(conditions) == 1 else None
    # Providers leave notes of their own under names with two underscores.
    given = {key for key, each in only.items() if each and key[:2] != "__"} if isinstance(only, Mapping) else set()
    header = only["httpHeader"] if isinstance(only, Mapping) and given == {"httpHeader"} else None
    if not isinstance(header, Mapping) or header.get("httpHeaderName") != cohorts.HEADER:
        return None
    values = header.get("values")
    return values if isinstance(values, Sequence) and not isinstance(values, str) else None


def _forward(inputs: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    actions = inputs.get(key)
    first = actions[0] if isinstance(actions, Sequence) and actions else None
    forward = first.get("forward") if isinstance(first, Mapping) else None
    return forward if isinstance(forward, Mapping) else None
