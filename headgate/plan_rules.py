"""Is a plan well formed (R-01), and is one plan looser than another (R-15)?"""

import itertools
from collections.abc import Iterable

from headgate import duration, limits, windows
from headgate.plan import Plan
from headgate.problems import RuleId, Violation


def wellformed(plan: Plan) -> Iterable[Violation]:
    weights = [step.weight for step in plan.steps]
    path = "-".join(str(weight) for weight in weights) or "no steps"
    faults: list[tuple[str, str]] = []
    if not plan.steps or weights[-1] != 100:
        faults.append(("the last step must have weight 100", f"weights {path}"))
    if any(after <= before for before, after in itertools.pairwise(weights)):
        faults.append(("weights must rise with every step", f"weights {path}"))
    first = next((weight for weight in weights if weight > 0), None)
    if first is not None and first > plan.max_first_weight:
        faults.append((f"the first step with traffic may have at most {plan.max_first_weight} %", f"{first} %"))
    jumps = [after - before for before, after in zip([0, *weights], weights, strict=False)]
    if any(jump > plan.max_increment for jump in jumps):
        faults.append((f"no step may add more than {plan.max_increment} %", f"weights {path}"))
    faults.extend(
        (f"a step must bake at least {plan.min_bake} s", f"{step.name!r} bakes {step.bake} s")
        for step in plan.steps[:-1]
        if step.bake < plan.min_bake
    )
    if not any(step.gates for step in plan.steps):
        faults.append(("at least one step must have a gate", "no gates"))
    for must, found in faults:
        yield Violation(
            RuleId.PLAN_WELLFORMED,
            f"In headgate:plan {must}.",
            f"{found}.",
            "Correct headgate:plan.steps in the stack file.",
        )


def loosened(old: Plan, new: Plan) -> tuple[str, ...]:
    """One line for everything in `new` that is looser than in `old`. Another list of steps always counts as looser."""
    found = []
    if [(step.name, step.weight) for step in old.steps] != [(step.name, step.weight) for step in new.steps]:
        found.append(f"steps {_path(old)} became {_path(new)}")
    else:
        for before, after in zip(old.steps, new.steps, strict=True):
            if after.bake < before.bake:
                found.append(
                    f"bake of {after.name!r} went from {duration.show(before.bake)} to {duration.show(after.bake)}"
                )
            dropped = [gate for gate in before.gates if gate not in after.gates]
            if dropped:
                found.append(f"step {after.name!r} lost the gates {', '.join(dropped)}")
    for name, before_value, after_value in (
        ("retention", old.retention, new.retention),
        ("min_bake", old.min_bake, new.min_bake),
    ):
        if after_value < before_value:
            found.append(f"{name} went from {duration.show(before_value)} to {duration.show(after_value)}")
    for name, before_value, after_value in (
        ("max_first_weight", old.max_first_weight, new.max_first_weight),
        ("max_increment", old.max_increment, new.max_increment),
        ("stickiness", old.stickiness, new.stickiness),
    ):
        if after_value > before_value:
            found.append(f"{name} went from {before_value} to {after_value}")
    return (*found, *windows.loosened(old.calendar, new.calendar), *limits.loosened(old.limits, new.limits))


def _path(plan: Plan) -> str:
    return " ".join(f"{step.name}={step.weight}" for step in plan.steps)
