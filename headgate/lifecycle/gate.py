"""Runs every gate of the current step now, also those that an update only reads the evidence of, and records them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from headgate import gate_settings, gates
from headgate.cli.situation import Situation
from headgate.evidence import Evidence, EvidenceStore
from headgate.evidence.record import ASKED, about, sealed
from headgate.gate_settings import COMMAND
from headgate.gates import GateContext, command, security, smoke
from headgate.gates.asking import Asker
from headgate.gates.command import Runner
from headgate.gates.registry import APPROVAL
from headgate.report import GateResult, Verdict
from headgate.settings import Settings
from headgate.state import State
from headgate.traffic.candidate import Address
from headgate.traffic.port import TrafficError


class NoStep(Exception):
    """There is no step to leave; the message says why."""


@dataclass(frozen=True, slots=True)
class Probes:
    """The outside of gates that run beforehand.

    `address`: what reaches the candidate alone, as the cloud tells it; raises TrafficError. `folder`: where Pulumi.yaml
    is; `environ`: what commands get.
    """

    address: Callable[[Settings], Address]
    asker: Asker
    runner: Runner
    folder: Path
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recording:
    """How results are recorded: where, with which key, in whose name."""

    store: EvidenceStore
    key: bytes | None
    by: str


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gates of `step`, which is to be left for `following`, found. `kept`: where each record is."""

    stack: str
    step: str
    following: str
    results: tuple[GateResult, ...]
    kept: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(result.verdict is Verdict.PASSED for result in self.results)


def run(situation: Situation, probes: Probes, recording: Recording | None = None) -> Gated:
    """Runs the gates of the step that `situation` is at. An approval is never run: its evidence was read already.

    With a `recording` every result of a gate that ran beforehand is kept, whatever it is: the newest one counts.
    Raises NoStep, and EvidenceError when a record cannot be kept.
    """
    following, state, settings = situation.next, situation.state, situation.settings
    if following is None or state is None or settings is None:
        why = "; ".join(situation.problems) or "no rollout is under way"
        raise NoStep(f"stack {situation.stack}: there is no step to leave: {why}")
    context = GateContext(state, settings.plan, situation.live, situation.cloud_error, situation.now)
    results = tuple(_really(each, settings, probes, context) for each in following.results)
    kept: tuple[str, ...] = ()
    if recording is not None:
        ran = [each for each in results if each.gate in ran_beforehand(result.gate for result in results)]
        kept = tuple(recording.store.put(_record(each, state, settings, recording)) for each in ran)
    return Gated(situation.stack, state.step, following.proposed.step, results, kept)


def ran_beforehand(names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that a verb runs and an update reads."""
    return tuple(name for name in gates.beforehand(names) if name != APPROVAL)


def _really(read: GateResult, settings: Settings, probes: Probes, context: GateContext) -> GateResult:
    """The result of really running a gate; `read` itself where an update would run it, or nothing can."""
    name = read.gate
    if name not in ran_beforehand([name]):
        return read
    try:
        if name.startswith(COMMAND):
            return _command(name, settings, probes, context)
        if name == smoke.NAME:
            return smoke.run(settings.smoke, _asked(settings, probes), probes.asker, context)
        return security.run(settings.security, _looked_at(settings, probes), probes.asker, context)
    except TrafficError as error:
        return context.result(name, Verdict.INCONCLUSIVE, [str(error)])


def _command(name: str, settings: Settings, probes: Probes, context: GateContext) -> GateResult:
    known = settings.commands.get(name.removeprefix(COMMAND))
    if known is None:
        reason = f"headgate:commands has no {name.removeprefix(COMMAND)} any more"
        return context.result(name, Verdict.INCONCLUSIVE, [reason])
    return command.run(name, known, context, folder=probes.folder, environ=probes.environ, runner=probes.runner)


def _asked(settings: Settings, probes: Probes) -> Address:
    return named(settings.smoke.address) if settings.smoke.address else probes.address(settings)


def _looked_at(settings: Settings, probes: Probes) -> Address:
    """An edge adds headers and answers for CORS, so what stands behind it proves nothing about them."""
    if settings.security.address:
        return named(settings.security.address)
    if settings.details.get("edge") is not None:
        return Address(f"https://{settings.domain}", settings.domain)
    return _asked(settings, probes)


def named(url: str) -> Address:
    """An address of the stack file, under its own name."""
    return Address(url, urlsplit(url).netloc)


def _record(result: GateResult, state: State, settings: Settings, recording: Recording) -> Evidence:
    digests = gate_settings.asked(settings.smoke, settings.security, settings.commands)
    made = Evidence(
        **about(state),
        gate=result.gate,
        verdict=result.verdict,
        reasons=result.reasons,
        figures=dict(result.figures),
        at=result.at,
        by=recording.by,
        details={ASKED: digests[result.gate]} if result.gate in digests else {},
    )
    return sealed(made, recording.key)


def lines(gated: Gated) -> Sequence[str]:
    """One line for each gate, then where the records are."""
    if not gated.results:
        return (f"no gate has to pass to leave step {gated.step}",)
    said = [
        f"{each.gate} {each.verdict}" + (f": {'; '.join(each.reasons)}" if each.reasons else "")
        for each in gated.results
    ]
    return (*said, *(f"recorded in {place}" for place in gated.kept))
