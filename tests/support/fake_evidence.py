"""An in-memory `EvidenceStore`."""

from dataclasses import dataclass, field

from headgate.evidence import Evidence, EvidenceError, Shelf


@dataclass
class FakeEvidence:
    """`records`: all there are, whatever they are about. `broken`: every call raises with it."""

    records: list[Evidence] = field(default_factory=list)
    damaged: tuple[str, ...] = ()
    broken: str = ""
    readings: int = 0

    def put(self, evidence: Evidence) -> str:
        self._refuse()
        self.records.append(evidence)
        return f"memory/{len(self.records)}"

    def all(self, rollout_id: str, step: str) -> tuple[Evidence, ...]:
        return self.shelf(rollout_id, step).records

    def shelf(self, rollout_id: str, step: str) -> Shelf:
        self.readings += 1
        self._refuse()
        return Shelf(tuple(self.records), self.damaged)

    def _refuse(self) -> None:
        if self.broken:
            raise EvidenceError(self.broken)
