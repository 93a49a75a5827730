"""What every gate is given and what it must answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from headgate.evidence.judge import Findings
from headgate.plan import Plan
from headgate.report import GateResult, Live, Verdict
from headgate.state import State


class Where(StrEnum):
    """Where a gate runs. INSIDE an update it reads the cloud. BEFOREHAND it asks, runs or waits for something, and is
    recorded; the update reads the record."""

    INSIDE = "inside the update"
    BEFOREHAND = "beforehand"


NO_FINDINGS = Findings(error="nobody looked for any")


@dataclass(frozen=True, slots=True)
class GateContext:
    """The recorded `state` whose step is to be left, the `plan`, and what the cloud reports.

    `live` is None when the cloud could not be read; `error` then says why. `now`: epoch seconds. `proposed`: the state
    that is asked for next, when there is one. `findings`: the evidence about this step.
    """

    state: State
    plan: Plan
    live: Live | None
    error: str
    now: int
    proposed: State | None = None
    findings: Findings = NO_FINDINGS

    def result(
        self, gate: str, verdict: Verdict, reasons: Sequence[str], figures: Mapping[str, float] | None = None
    ) -> GateResult:
        """A result of `gate` about exactly this rollout, step and candidate image."""
        candidate = self.state.candidate
        return GateResult(
            gate=gate,
            rollout_id=self.state.rollout_id,
            step=self.state.step,
            candidate_image=candidate.image if candidate else "",
            verdict=verdict,
            reasons=tuple(reasons),
            figures=tuple(sorted((figures or {}).items())),
            at=self.now,
        )

    def unread(self, gate: str) -> GateResult:
        """The result of a gate that needs a reading when there is none."""
        why = self.error or "no reading was made"
        return self.result(gate, Verdict.INCONCLUSIVE, [f"the cloud could not be read: {why}"])


class Gate(Protocol):
    """One check. `name` is what a plan writes; `summary` says in one line what it requires; `where`: see `Where`."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...

    @property
    def where(self) -> Where: ...

    def run(self, context: GateContext) -> GateResult:
        """PASSED, FAILED or INCONCLUSIVE, with a reason for everything that is not as it must be."""
        ...
