"""GreenFlow's rollout as a verb that reads sees it: settings, record and reading of every state on the way."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from headgate import settings, transition
from headgate.plan import IDLE, Plan, Step
from headgate.report import Report
from headgate.settings import Settings
from headgate.state import Recorded, Release, Version
from headgate.transition import Transition
from tests.support.rollouts import BEFORE, DURING, MINUTE, Change, bootstrap, change

STACK = "greenflow-production"
READINESS_AND_DRIFT = ("readiness", "drift")
PLAN = Plan(
    steps=(
        Step("green-up", 0, 5 * MINUTE, READINESS_AND_DRIFT),
        Step("green-10", 10, 5 * MINUTE, READINESS_AND_DRIFT),
        Step("green-50", 50, 10 * MINUTE, READINESS_AND_DRIFT),
        Step("green-100", 100, 30 * MINUTE, READINESS_AND_DRIFT),
    )
)


def raw(release: Release = DURING, step: str = IDLE, plan: Plan = PLAN) -> dict[str, Any]:
    """The `headgate:` keys of a stack file, without that prefix."""
    written = {
        role: {"version": version.version, "slot": version.slot, "image": version.image}
        for role in ("live", "candidate", "standby")
        if isinstance(version := getattr(release, role), Version)
    }
    steps = [
        {"name": step.name, "weight": step.weight, "bake": f"{step.bake}s", "gates": list(step.gates)}
        for step in plan.steps
    ]
    return {
        "system": "greenflow",
        "environment": "production",
        "owner": "team",
        "domain": "api.example.com",
        "release": written,
        "step": step,
        "plan": {"steps": steps, "retention": "72h"},
        "capacity": {"tasks": 6, "minimum_tasks": 2, "maximum_tasks": 24},
        "network": {"cidr": "10.20.0.0/16", "availability_zones": ["us-east-1a", "us-east-1b", "us-east-1c"]},
        "database": {"instance_class": "db.m7g.large", "allocated_storage": 200},
        "cache": {"node_type": "cache.r7g.large", "nodes": 2},
    }


def parsed(release: Release = DURING, step: str = IDLE) -> Settings:
    return settings.parse(raw(release, step), f"stacks/Pulumi.{STACK}.yaml", READINESS_AND_DRIFT)


def write_project(folder: Path, values: Mapping[str, Any], stack: str = STACK) -> None:
    """A project with one stack file in `folder`."""
    (folder / "stacks").mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: headgate\nruntime: python\nstackConfigDir: stacks\n")
    config = {"aws:region": "us-east-1", **{f"headgate:{key}": value for key, value in values.items()}}
    (folder / "stacks" / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))


def made(step: Change) -> Transition:
    """The transition that recorded an accepted change."""
    step.accepted()
    return Transition(step.previous, step.proposed, step.plan, step.report)  # type: ignore[arg-type]


def walk(plan: Plan = PLAN) -> dict[str, Transition]:
    """The transition that made each state of a rollout: `before`, each step, `promoted`, `back` (from green-10)."""
    return {name: made(step) for name, step in _changes(plan).items()}


def _changes(plan: Plan) -> dict[str, Change]:
    found = {"before": bootstrap(BEFORE, plan=plan)}
    recorded = found["before"].accepted()
    for step in plan.steps:
        found[step.name] = change(recorded, step.name, DURING)
        recorded = found[step.name].accepted()
        if step.name == "green-10":
            found["back"] = change(recorded, IDLE, DURING, wait=MINUTE, report=Report())
    found["promoted"] = change(recorded, IDLE, _after(recorded))
    return found


def _after(recorded: Recorded) -> Release:
    assert recorded.state.candidate is not None
    return Release(recorded.state.candidate, standby=recorded.state.live)


def output(made: Transition) -> dict[str, Any]:
    """The stack output `rollout`, with the floats that Pulumi makes of numbers."""
    floats = _floats(transition.to_dict(made))
    assert isinstance(floats, dict)
    return floats


def _floats(value: object) -> object:
    if isinstance(value, dict):
        return {key: _floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_floats(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
