"""Every gate there is, by the name a plan uses."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from headgate.gates.contract import Gate, GateContext
from headgate.gates.drift import Drift
from headgate.gates.readiness import Readiness
from headgate.report import GateResult, Verdict

KNOWN: Mapping[str, Gate] = MappingProxyType({gate.name: gate for gate in (Readiness(), Drift())})


def get(name: str) -> Gate | None:
    """The gate called `name`, or None."""
    return KNOWN.get(name)


def run(names: Iterable[str], context: GateContext, gates: Mapping[str, Gate] = KNOWN) -> tuple[GateResult, ...]:
    """One result per name, in order. Never raises: a gate that is unknown or that breaks is inconclusive."""
    return tuple(_run(name, context, gates) for name in names)


def _run(name: str, context: GateContext, gates: Mapping[str, Gate]) -> GateResult:
    gate = gates.get(name)
    if gate is None:
        known = ", ".join(sorted(gates))
        return context.result(name, Verdict.INCONCLUSIVE, [f"gate {name!r} is not known (known: {known})"])
    try:
        return gate.run(context)
    except Exception as error:  # noqa: BLE001 - a gate that breaks must hold the rollout, not end the update half-way
        broke = f"the gate broke: {type(error).__name__}: {error}"
        return context.result(name, Verdict.INCONCLUSIVE, [broke])
