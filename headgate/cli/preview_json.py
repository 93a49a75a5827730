"""The JSON of `headgate preview --json`. Keys are only added, never renamed or dropped, within one schema number."""

from dataclasses import asdict
from typing import Any

from headgate.changes import Change
from headgate.cli.status_json import gates_json
from headgate.lifecycle.preview import Held, Preview
from headgate.plan import Plan
from headgate.state import State

SCHEMA = 1


def to_json(found: Preview) -> dict[str, Any]:
    """One object:

    - `schema`, `stack`; `clean`: the update may be made; `failed`: why there is no preview, else empty
    - `move`: bootstrap, stay, start, advance, back, promote, retire or edit; null when it is not known
    - `before`, `after`: {phase, step, number, of, weight, rollout, split, versions} or null; number and of are null at
      idle, `split` is per cent by slot, `versions` are {live, candidate, standby}, each {version, slot, image} or null
    - `changes`: [{op, name, type, urn, paths, because}] without what only exists in the program; `counts`: by operation
    - `held`: [{rule, must, found, fix, judges, resource}]; judges are preview, policy pack, guard
    - `advice`: [{policy, message, resource}]; `diagnostics`: [{severity, message, resource}], warnings and errors
    - `gates`: [{gate, verdict, reasons}], results the update rests on; `bake`: {seconds, elapsed, left} or null, of the
      step before
    - `stopped`: the preview ended early, so that changes are not all
    - `plan_file`: where the engine's plan was saved, or null
    """
    return {
        "schema": SCHEMA,
        "stack": found.stack,
        "clean": found.clean,
        "failed": found.failed,
        "move": None if found.move is None else str(found.move),
        "before": place(found.before, found.plan),
        "after": place(found.after, found.plan),
        "changes": [_change(each) for each in found.changes.touched],
        "counts": dict(found.changes.counts),
        "held": [_held(each) for each in found.held],
        "advice": [
            {"policy": each.policy, "message": each.message, "resource": _named(each.urn)} for each in found.advice
        ],
        "diagnostics": [
            {"severity": each.severity, "message": each.message, "resource": _named(each.urn)}
            for each in found.changes.diagnostics
        ],
        "gates": gates_json(found.gates),
        "bake": None
        if found.bake is None
        else {"seconds": found.bake[0], "elapsed": found.bake[1], "left": found.left},
        "stopped": found.stopped,
        "plan_file": None if found.saved is None else str(found.saved),
    }


def place(state: State | None, plan: Plan | None) -> dict[str, Any] | None:
    """Where a rollout is, as plain values."""
    if state is None:
        return None
    position = plan.index(state.step) if plan else None
    versions = {"live": state.live, "candidate": state.candidate, "standby": state.standby}
    return {
        "phase": str(state.phase),
        "step": state.step,
        "number": None if position is None else position + 1,
        "of": len(plan.steps) if plan and position is not None else None,
        "weight": state.weight,
        "rollout": state.rollout_id,
        "split": state.split,
        "versions": {role: None if version is None else asdict(version) for role, version in versions.items()},
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "op": change.op,
        "name": change.name,
        "type": change.type,
        "urn": change.urn,
        "paths": list(change.paths),
        "because": list(change.because),
    }


def _held(held: Held) -> dict[str, Any]:
    violation = held.violation
    return {
        "rule": str(violation.rule),
        "must": violation.must,
        "found": violation.found,
        "fix": violation.fix,
        "judges": [str(judge) for judge in held.judges],
        "resource": held.resource,
    }


def _named(urn: str) -> str:
    return urn.rpartition("::")[2]
