"""GreenFlow's rollout for tests of the core: its plan, its versions, and every state a rollout passes through.

`walk` takes the real way: each state is proposed from the one before, with a report in which all gates passed.
"""

from dataclasses import dataclass, replace
from typing import Any

from headgate import state as states
from headgate import transition
from headgate.plan import IDLE, Plan, Step
from headgate.problems import RuleId
from headgate.report import GateResult, Live, Report, Verdict
from headgate.state import Asked, Recorded, Release, State, Unreadable, Version

MINUTE, HOUR = 60, 3600
START = 1_767_225_600  # 2026-01-01 00:00:00 UTC


def image(letter: str) -> str:
    return f"registry.example/greenflow-api@sha256:{letter * 64}"


OLD = Version("2026.01.28", "blue", image("a"))
NEW = Version("2026.02.11", "green", image("b"))

PLAN = Plan(
    steps=(
        Step("green-up", 0, 5 * MINUTE, ("readiness",)),
        Step("green-10", 10, 5 * MINUTE, ("slo",)),
        Step("green-50", 50, 10 * MINUTE, ("slo",)),
        Step("green-100", 100, 30 * MINUTE, ("slo",)),
    ),
    stickiness=5 * MINUTE,
)

NOTHING_DEPLOYED = Report(Live(exists=False))
BEFORE = Release(live=OLD)
DURING = Release(live=OLD, candidate=NEW)
AFTER = Release(live=NEW, standby=OLD)
RETIRED = Release(live=NEW)


def asked(step: str = IDLE, release: Release = DURING, tasks: int = 6) -> Asked:
    return Asked("greenflow", "production", release, step, tasks, minimum_tasks=2)


def results(previous: State, plan: Plan = PLAN, verdict: Verdict = Verdict.PASSED) -> tuple[GateResult, ...]:
    """A result of every gate of the plan about the step that `previous` is at."""
    gates = {gate for step in plan.steps for gate in step.gates} | {"readiness"}
    candidate = previous.candidate.image if previous.candidate else ""
    return tuple(
        GateResult(gate, previous.rollout_id, previous.step, candidate, verdict, at=previous.changed_at)
        for gate in sorted(gates)
    )


def live(state: State) -> Live:
    """The cloud as `state` asks for it, everything healthy."""
    versions = [version for version in (state.live, state.candidate, state.standby) if version]
    images = {version.slot: version.image for version in versions}
    return Live(True, dict(state.split), dict(state.tasks), dict(state.tasks), images)


def good(previous: State, plan: Plan = PLAN) -> Report:
    return Report(live(previous), results(previous, plan))


@dataclass(frozen=True)
class Change:
    """Arguments of `transition.check`."""

    previous: Recorded | Unreadable | None
    proposed: State
    plan: Plan
    now: int
    report: Report

    def check(self) -> frozenset[RuleId]:
        """Ids of the rules it breaks."""
        found = transition.check(self.previous, self.proposed, self.plan, self.now, self.report)
        return frozenset(RuleId(violation.rule) for violation in found)

    def accepted(self) -> Recorded:
        found = transition.check(self.previous, self.proposed, self.plan, self.now, self.report)
        assert not found, "\n".join(map(str, found))
        return Recorded(self.proposed, self.plan)


def bootstrap(release: Release = BEFORE, step: str = IDLE, plan: Plan = PLAN) -> Change:
    proposed = states.propose(None, asked(step, release), plan, START)
    return Change(None, proposed, plan, START, NOTHING_DEPLOYED)


def change(
    previous: Recorded,
    step: str,
    release: Release | None = None,
    *,
    wait: int = HOUR,
    plan: Plan | None = None,
    tasks: int = 6,
    report: Report | None = None,
    **forged: Any,
) -> Change:
    """`previous` -> `step`, proposed `wait` seconds after the last change; `forged` replaces fields of the proposal.

    Without a `report` every gate passed and the cloud is as it was asked to be.
    """
    state = previous.state
    if release is None:
        release = Release(state.live, state.candidate, state.standby)
    plan = plan or previous.plan
    now = state.changed_at + wait
    proposed = states.propose(state, asked(step, release, tasks), plan, now)
    report = good(state, previous.plan) if report is None else report
    return Change(previous, replace(proposed, **forged), plan, now, report)


def walk(plan: Plan = PLAN) -> dict[str, Recorded]:
    """A whole rollout, accepted change by change: `before`, each step by name, `promoted`, `retired`."""
    recorded = bootstrap(plan=plan).accepted()
    found = {"before": recorded}
    for step in plan.steps:
        recorded = change(recorded, step.name, DURING).accepted()
        found[step.name] = recorded
    recorded = change(recorded, IDLE, AFTER).accepted()
    found["promoted"] = recorded
    found["retired"] = change(recorded, IDLE, RETIRED, wait=plan.retention).accepted()
    return found


def forge(recorded: Recorded, **fields: Any) -> Recorded:
    """`recorded` with fields of its state replaced."""
    return Recorded(replace(recorded.state, **fields), recorded.plan)


def replan(plan: Plan = PLAN, /, **fields: Any) -> Plan:
    """`plan` with fields replaced; `weights=` and `bakes=` replace those of the steps in order."""
    weights = fields.pop("weights", [step.weight for step in plan.steps])
    bakes = fields.pop("bakes", [step.bake for step in plan.steps])
    gates = fields.pop("gates", [step.gates for step in plan.steps])
    names = [step.name for step in plan.steps]
    steps = tuple(map(Step, names, weights, bakes, gates))
    return replace(plan, steps=steps, **fields)
