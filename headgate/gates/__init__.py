"""Gates: what must be true before a step is left. One contract, one registry; inconclusive never passes."""

from headgate.gates.contract import Gate, GateContext, Where
from headgate.gates.registry import FAMILIES, KNOWN, beforehand, get, run

__all__ = ["FAMILIES", "KNOWN", "Gate", "GateContext", "Where", "beforehand", "get", "run"]
