"""The JSON of `headgate status --json`. Keys are only added, never renamed or dropped, within one schema number."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from headgate.cli.ahead import Next
from headgate.cli.situation import Situation
from headgate.clock import Clock, RehearsalClock
from headgate.problems import Violation
from headgate.report import GateResult
from headgate.state import Version
from headgate.traffic import Reading

SCHEMA = 1


def to_json(situations: Iterable[Situation], clock: Clock) -> dict[str, Any]:
    """One object: `schema`, `rehearsal_scale` (null with the system's clock) and `stacks`, a list. Of each stack:

    - `stack`, `system`, `environment`
    - `phase`: idle, rolling-out, rolled-back or promoted; null before the first deployment. `rollout`: its id
    - `recorded`: whether the record could be read, also when it is empty
    - `now`: epoch seconds of the clock in force, by which bakes are counted
    - `step`: {name, number, of, weight, entered_at}; number and of are null at idle
    - `asked_step`: what the stack file says; `pending`: whether the file differs from the record in any way
    - `versions`: {live, candidate, standby}, each {version, slot, image, desired, healthy} or null
    - `traffic`: {asked, observed, weight_asked, weight_observed, as_asked}; splits are per cent by slot, null when
      unknown
    - `bake`: {seconds, elapsed, left} or null; `retain_until`: epoch seconds or null
    - `next`: {kind, step, weight, may_go, gates, blocked_by} or null; gates are {gate, verdict, reasons}, blocked_by
      are {rule, must, found, fix}
    - `last_update`: {kind, result, message, started, ended} or null
    - `cloud`: {reachable, error, unsteady}, the last one a reason by slot
    - `problems`: texts
    """
    scale = clock.scale if isinstance(clock, RehearsalClock) else None
    return {"schema": SCHEMA, "rehearsal_scale": scale, "stacks": [_stack(each) for each in situations]}


def gates_json(results: Iterable[GateResult]) -> list[dict[str, Any]]:
    """[{gate, verdict, reasons}]."""
    return [
        {"gate": result.gate, "verdict": str(result.verdict), "reasons": list(result.reasons)} for result in results
    ]


def _stack(found: Situation) -> dict[str, Any]:
    state, settings = found.state, found.settings
    return {
        "stack": found.stack,
        "system": settings.system if settings else state.system if state else None,
        "environment": settings.environment if settings else state.environment if state else None,
        "phase": str(state.phase) if state else None,
        "rollout": state.rollout_id if state else None,
        "recorded": found.known,
        "now": found.now,
        "step": _step(found),
        "asked_step": settings.step if settings else None,
        "pending": found.next is not None and found.next.kind in ("apply", "deploy"),
        "versions": _versions(found),
        "traffic": _traffic(found),
        "bake": _bake(found),
        "retain_until": state.retain_until if state else None,
        "next": _next(found.next),
        "last_update": asdict(found.update) if found.update else None,
        "cloud": {
            "reachable": found.live is not None,
            "error": found.cloud_error,
            "unsteady": dict(found.live.unsteady) if isinstance(found.live, Reading) else {},
        },
        "problems": list(found.problems),
    }


def _step(found: Situation) -> dict[str, Any] | None:
    state, plan = found.state, found.plan
    if state is None or plan is None:
        return None
    position = plan.index(state.step)
    return {
        "name": state.step,
        "number": None if position is None else position + 1,
        "of": None if position is None else len(plan.steps),
        "weight": state.weight,
        "entered_at": state.entered_at,
    }


def _versions(found: Situation) -> dict[str, Any]:
    state = found.state
    source = state or (found.settings.release if found.settings else None)
    return {
        role: None if source is None else _version(getattr(source, role), found)
        for role in ("live", "candidate", "standby")
    }


def _version(version: Version | None, found: Situation) -> dict[str, Any] | None:
    if version is None:
        return None
    live = found.live
    return {
        **asdict(version),
        "desired": live.desired.get(version.slot, 0) if live else None,
        "healthy": live.healthy.get(version.slot, 0) if live else None,
    }


def _traffic(found: Situation) -> dict[str, Any]:
    state, live = found.state, found.live
    slot = state.candidate.slot if state and state.candidate else None
    observed = dict(live.split) if live is not None and live.exists else None
    return {
        "asked": state.split if state else None,
        "observed": observed,
        "weight_asked": state.weight if state else None,
        "weight_observed": observed.get(slot, 0) if observed is not None and slot else None,
        "as_asked": found.as_asked,
    }


def _bake(found: Situation) -> dict[str, int] | None:
    if found.bake is None:
        return None
    seconds, elapsed = found.bake
    return {"seconds": seconds, "elapsed": elapsed, "left": max(0, seconds - elapsed)}


def _next(following: Next | None) -> dict[str, Any] | None:
    if following is None:
        return None
    return {
        "kind": str(following.kind),
        "step": following.proposed.step,
        "weight": following.proposed.weight,
        "may_go": following.may_go,
        "gates": gates_json(following.results),
        "blocked_by": [_violation(each) for each in following.blocked_by],
    }


def _violation(violation: Violation) -> dict[str, str]:
    return {
        "rule": str(violation.rule),
        "must": violation.must,
        "found": violation.found,
        "fix": violation.fix,
    }
