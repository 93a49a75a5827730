"""What a rollout rule judges by, and what a rule is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from headgate.moves import Move
from headgate.plan import Plan
from headgate.problems import RuleId, Violation
from headgate.report import Report
from headgate.state import State


@dataclass(frozen=True, slots=True)
class Context:
    previous: State
    previous_plan: Plan
    proposed: State
    plan: Plan
    now: int
    report: Report
    move: Move

    @property
    def moment(self) -> int:
        return self.proposed.changed_at


@dataclass(frozen=True, slots=True)
class Rule:
    """One rollout rule. `binds_going_back`: also judged when traffic is given back."""

    id: RuleId
    judge: Callable[[Context], Iterable[Violation]]
    binds_going_back: bool = False
