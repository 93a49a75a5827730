"""What gates found before an update: recorded, kept, read again, judged."""

from headgate.evidence.judge import Findings, Terms, judged
from headgate.evidence.record import Evidence
from headgate.evidence.store import EvidenceError, EvidenceStore, FsspecStore, Shelf

__all__ = ["Evidence", "EvidenceError", "EvidenceStore", "Findings", "FsspecStore", "Shelf", "Terms", "judged"]
