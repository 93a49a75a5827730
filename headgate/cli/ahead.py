"""What comes next in a rollout, and what stands in its way now. Pure: readings and results are arguments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from headgate import state as states
from headgate import transition
from headgate.plan import IDLE
from headgate.problems import Violation
from headgate.report import GateResult, Live, Report
from headgate.settings import Settings
from headgate.state import Asked, Phase, Recorded, Release, State, Unreadable
from headgate.transition import Transition

RunGates = Callable[[Sequence[str], State, State], tuple[GateResult, ...]]  # names, recorded state, proposed state


class Kind(StrEnum):
    """What the next update would do. APPLY: the configuration already asks for something that is not recorded."""

    DEPLOY = "deploy"
    APPLY = "apply"
    STEP = "step"
    PROMOTE = "promote"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class Next:
    """The next update: what it proposes, the gates that were run for it, and every rule that would refuse it now."""

    kind: Kind
    proposed: State
    results: tuple[GateResult, ...]
    blocked_by: tuple[Violation, ...]

    @property
    def may_go(self) -> bool:
        return not self.blocked_by


def look(
    last: Transition | Unreadable | None,
    settings: Settings,
    run_gates: RunGates,
    *,
    live: Live | None,
    error: str,
    now: int,
) -> Next | None:
    """The next update after the recorded transition `last`, or None when nothing is left to do.

    `live`, `error`: the reading, as in `headgate.report.Report`. `now`: epoch seconds.
    """
    found = _next_asked(last, settings, now)
    if found is None:
        return None
    kind, asked = found
    change = transition.resolve(last, asked, settings.plan, now)
    names = transition.needs(change)
    results: tuple[GateResult, ...] = ()
    if names and isinstance(change.previous, Recorded):
        results = run_gates(names, change.previous.state, change.proposed)
    report = Report(live, results, error)
    blocked = transition.check(change.previous, change.proposed, change.plan, now, report)
    return Next(kind, change.proposed, results, blocked)


def _next_asked(last: Transition | Unreadable | None, settings: Settings, now: int) -> tuple[Kind, Asked] | None:
    asked = settings.asked
    if not isinstance(last, Transition):
        return Kind.DEPLOY, asked
    state = last.proposed
    if states.propose(state, asked, settings.plan, now) is not state:
        return Kind.APPLY, asked
    names = settings.plan.step_names
    if state.phase is Phase.PROMOTED:
        return Kind.RETIRE, replace(asked, step=IDLE, release=Release(state.live))
    if state.phase is not Phase.ROLLING_OUT:
        return (Kind.STEP, replace(asked, step=names[0])) if state.candidate and names else None
    position = settings.plan.index(state.step)
    if position is not None and position + 1 < len(names):
        return Kind.STEP, replace(asked, step=names[position + 1])
    if state.candidate is None:
        return None
    return Kind.PROMOTE, replace(asked, step=IDLE, release=Release(state.candidate, standby=state.live))
