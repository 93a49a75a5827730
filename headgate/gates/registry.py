"""Every gate there is, by the name a plan uses."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from headgate.gate_settings import COMMAND
from headgate.gates.contract import Gate, GateContext, Where
from headgate.gates.drift import Drift
from headgate.gates.evidenced import Evidenced
from headgate.gates.readiness import Readiness
from headgate.report import GateResult, Verdict

APPROVAL, SMOKE, SECURITY = "approval", "smoke", "security"
_COMMANDS = "a command of `headgate:commands`, named after the colon, ended with exit code 0"

KNOWN: Mapping[str, Gate] = MappingProxyType(
    {
        gate.name: gate
        for gate in (
            Readiness(),
            Drift(),
            Evidenced(SMOKE, "the candidate, asked without users, answers as `headgate:smoke` says"),
            Evidenced(SECURITY, "HTTPS, security headers and CORS are as `headgate:security` says"),
            Evidenced(APPROVAL, "somebody approved, and in production nobody who asked for the change"),
        )
    }
)
# What a plan may name besides: one gate for each command.
FAMILIES: Mapping[str, str] = MappingProxyType({f"{COMMAND}<name>": _COMMANDS})


def get(name: str) -> Gate | None:
    """The gate called `name`, or None."""
    if name.startswith(COMMAND) and len(name) > len(COMMAND):
        return Evidenced(name, _COMMANDS)
    return KNOWN.get(name)


def beforehand(names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` whose evidence an update reads."""
    return tuple(name for name in names if (gate := get(name)) is not None and gate.where is Where.BEFOREHAND)


def run(names: Iterable[str], context: GateContext, gates: Mapping[str, Gate] | None = None) -> tuple[GateResult, ...]:
    """One result per name, in order. Never raises: a gate that is unknown or that breaks is inconclusive."""
    return tuple(_run(name, context, gates) for name in names)


def _run(name: str, context: GateContext, gates: Mapping[str, Gate] | None) -> GateResult:
    gate = get(name) if gates is None else gates.get(name)
    if gate is None:
        known = ", ".join(sorted(KNOWN if gates is None else gates))
        return context.result(name, Verdict.INCONCLUSIVE, [f"gate {name!r} is not known (known: {known})"])
    try:
        return gate.run(context)
    except Exception as error:  # noqa: BLE001 - a gate that breaks must hold the rollout, not end the update half-way
        broke = f"the gate broke: {type(error).__name__}: {error}"
        return context.result(name, Verdict.INCONCLUSIVE, [broke])
