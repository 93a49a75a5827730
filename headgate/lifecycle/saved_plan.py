"""The engine's saved plan, with what is no change of a resource left open. Pure.

`pulumi up --plan` refuses what differs from the plan. Two things differ always or may differ by rights: the record,
which carries the time and what was observed; and outputs of components and of the stack, which follow from what clouds
answer. Both are marked as not known yet, which the engine takes any value for (pulumi 3.259: resource/deploy/plan.go,
`checkDiff`; it looks at outputs only where a program registers them, after the resources behind them were changed).
Inputs and options of every resource are held to the plan. Rules, policies and guards judge the record in the update.
"""

import json
from typing import Any

from headgate.changes import ROLLOUT

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # how the engine writes a value that is not known
STACK = "pulumi:pulumi:Stack"


def opened(text: str) -> str:
    """The plan file's text to update by. Raises ValueError when it has another shape."""
    try:
        plan: dict[str, Any] = json.loads(text)
        for resource in plan["resourcePlans"].values():
            goal = resource["goal"]
            if goal is None or goal["custom"]:
                continue
            inputs, outputs = goal["inputDiff"], goal.setdefault("outputDiff", {})
            if goal["type"] == ROLLOUT:
                for kind in ("adds", "updates"):
                    inputs[kind] = dict.fromkeys(inputs.get(kind) or (), UNKNOWN)
            names = {*(resource.get("state") or ()), *(outputs.get("adds") or ()), *(outputs.get("updates") or ())}
            # What may be added may also be another value, the same one, or not there.
            goal["outputDiff"] = {**outputs, "adds": dict.fromkeys(sorted(names), UNKNOWN), "updates": {}}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the engine's saved plan has another shape than expected ({error!r})") from error
    return json.dumps(plan)
