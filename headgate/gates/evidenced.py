"""Gates that cannot run inside an update: they run or are given beforehand, and here their evidence is read."""

from dataclasses import dataclass, replace

from headgate.evidence import judge
from headgate.gates.contract import GateContext, Where
from headgate.report import GateResult


@dataclass(frozen=True, slots=True)
class Evidenced:
    """The gate `name` as an update sees it: the newest record about this very step that counts.

    The result carries the time of the record, not of the reading.
    """

    name: str
    summary: str
    where: Where = Where.BEFOREHAND

    def run(self, context: GateContext) -> GateResult:
        """Inconclusive without a record that counts; the reasons say which were refused, and why."""
        verdict, reasons, figures, at = judge.found(self.name, context.findings, context.state)
        result = context.result(self.name, verdict, reasons, figures)
        return replace(result, at=at) if at else result
