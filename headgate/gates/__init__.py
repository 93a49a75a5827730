"""Gates: what must be true before a step is left. One contract, one registry; inconclusive never passes."""

from headgate.gates.contract import Gate, GateContext
from headgate.gates.registry import KNOWN, get, run

__all__ = ["KNOWN", "Gate", "GateContext", "get", "run"]
