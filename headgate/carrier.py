"""Rules on the resource that carries the traffic, as it is declared: its weights, its stickiness, its single owner."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from headgate import duration
from headgate.problems import RuleId, Violation
from headgate.state import Phase, State

Share = TypeVar("Share")

NATIVE_STRATEGIES = frozenset(
    {"BLUE_GREEN", "CANARY", "LINEAR"}
)  # ECS: strategies that move listener weights themselves
FOREIGN_CONTROLLERS = frozenset({"CODE_DEPLOY", "EXTERNAL"})  # ECS: deployment controllers that own the traffic


def check_weights(weights: Sequence[object], *, carrier: bool) -> tuple[Violation, ...]:
    """R-02 on one forward action: `weights` per target group as declared, None where a group has none.

    Every weight a whole number from 0 to 100, together 100 (a balancer takes ratios, so 1 and 1 would mean 50/50).
    The traffic carrier (`carrier`) always names exactly two groups, also when one gets nothing.
    """
    problems = []
    shown = "/".join("none" if weight is None else str(_plain(weight)) for weight in weights)
    numbers = [_plain(weight) for weight in weights]
    if not all(isinstance(number, int) and 0 <= number <= 100 for number in numbers):
        problems.append("every weight must be a whole number from 0 to 100")
    elif sum(number for number in numbers if isinstance(number, int)) != 100:
        problems.append("the weights must sum to 100")
    if carrier and len(weights) != 2:
        problems.append("the traffic listener must forward to exactly two target groups")
    return tuple(
        Violation(
            RuleId.WEIGHTS_SUM_100,
            f"In a forward action {problem}.",
            f"weights {shown or 'none'}.",
            "Let Headgate derive the weights from headgate:step; do not write them by hand.",
        )
        for problem in problems
    )


def check_split(observed: Mapping[str, object], proposed: State) -> tuple[Violation, ...]:
    """R-05: the carrier declares, by slot, the weights the proposed state asks for. Slots with 0 may be left out."""
    asked = routed(proposed.split)
    declared = routed({slot: _plain(weight) for slot, weight in observed.items()})
    if declared == asked:
        return ()
    return (
        Violation(
            RuleId.WEIGHT_MATCHES_PLAN,
            f"At step {proposed.step!r} the traffic listener must carry {show_split(asked)}.",
            f"{show_split(declared)}.",
            "Let the listener take its weights from the plan and the step.",
        ),
    )


def check_stickiness(enabled: object, seconds: object, proposed: State, bake: int) -> tuple[Violation, ...]:
    """R-27: while both versions get traffic, a cookie may hold a user no longer than the step's `bake` (seconds).

    At weights 0 and 100 stickiness must be off.
    """
    if enabled is not True:
        return ()
    held = _plain(seconds)
    both = proposed.phase is Phase.ROLLING_OUT and 0 < proposed.weight < 100
    if both and isinstance(held, int) and held <= bake:
        return ()
    expected = f"at most the bake of step {proposed.step!r}, {duration.show(bake)}," if both else "off"
    return (
        Violation(
            RuleId.STICKINESS_BOUNDED,
            f"Stickiness of the traffic listener must be {expected} or a cookie keeps users where the weight does not.",
            f"{held} s." if held is not None else "stickiness without a duration.",
            "Set headgate:plan.stickiness no longer than the shortest bake, or remove it.",
        ),
    )


def check_owner(controller: object, strategy: object, alternate_target_group: bool) -> tuple[Violation, ...]:
    """R-25: nobody but the plan moves the weights: no foreign controller, no native traffic strategy of the service."""
    found = []
    if controller in FOREIGN_CONTROLLERS:
        found.append(f"deployment controller {controller}")
    if strategy in NATIVE_STRATEGIES:
        found.append(f"deployment strategy {strategy}")
    if alternate_target_group:
        found.append("an alternate target group")
    if not found:
        return ()
    return (
        Violation(
            RuleId.ONE_OWNER,
            "Exactly one owner may move the traffic of a service; here it is the plan.",
            f"{', '.join(found)} on the service.",
            "Use the ECS deployment controller with the ROLLING strategy and leave the weights to headgate:step.",
        ),
    )


def routed(split: Mapping[str, Share]) -> dict[str, Share]:
    """`split` without those that get nothing, to compare one with another: a slot with 0 may be left out."""
    return {target: share for target, share in split.items() if share}


def show_split(split: Mapping[str, object]) -> str:
    """`blue 90, green 10`, slots in order of name."""
    return ", ".join(f"{slot} {weight}" for slot, weight in sorted(split.items())) or "nothing"


def _plain(value: object) -> object:
    """Pulumi sends every number as a float: 10.0 is 10. Booleans are not numbers here."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return repr(value) if isinstance(value, bool) else value
