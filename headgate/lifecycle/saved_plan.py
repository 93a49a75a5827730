"""The engine's saved plan, with the record of the rollout left open. Pure.

`pulumi up --plan` refuses a resource whose inputs are others than the plan says. The record carries the time and what
was observed, so it is never the same twice: its values, and the output that repeats them, are marked as not known yet,
which the engine takes any value for (pulumi 3.259, resource/plugin: `UnknownStringValue`). Rules, policies and guards
judge them again in the update. Everything else is held to the plan.
"""

import json
from typing import Any

from headgate.changes import ROLLOUT

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STACK = "pulumi:pulumi:Stack"
OUTPUT = "rollout"


def opened(text: str) -> str:
    """The plan file's text to update by. Raises ValueError when it has another shape."""
    try:
        plan: dict[str, Any] = json.loads(text)
        for resource in plan["resourcePlans"].values():
            goal = resource.get("goal") or {}
            if goal.get("type") == ROLLOUT:
                _open(goal.get("inputDiff"), None)
            elif goal.get("type") == STACK:
                _open(goal.get("outputDiff"), OUTPUT)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the engine's saved plan has another shape than expected ({error!r})") from error
    return json.dumps(plan)


def _open(diff: dict[str, Any] | None, only: str | None) -> None:
    """Values of a difference become unknown: all, or those under one name."""
    for kind in ("adds", "updates"):
        values = (diff or {}).get(kind) or {}
        for name in values:
            if only in (None, name):
                values[name] = UNKNOWN
