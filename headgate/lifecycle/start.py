"""`start`: a candidate is written into the stack file, and the first step of the plan is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headgate.cli.situation import Situation
from headgate.engine import EngineError
from headgate.lifecycle.change import RELEASE, STEP, Change, carry_out, stopped, unusable
from headgate.lifecycle.edges import Edges
from headgate.lifecycle.outcome import Ended, File, Outcome
from headgate.plan import IDLE
from headgate.settings import Settings
from headgate.state import Phase, State
from headgate.systems import SYSTEMS, digest_of

VERB = "start"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The candidate as asked for. `slot`, `rollout`: None leaves them to be derived."""

    image: str
    version: str
    slot: str | None = None
    rollout: str | None = None


def start(edges: Edges, wanted: Wanted | None = None, *, only_write: bool = False) -> Outcome:
    """Writes `wanted` as the candidate and takes the first step; without `wanted`, the candidate that the stack file
    names. `only_write`: the step is left for `advance`, and nothing is applied."""
    with edges.progress.phase("reading"):
        before = edges.look({})
    problems = unusable(before)
    state, settings = before.state, before.settings
    if problems or state is None or settings is None:
        return stopped(edges, VERB, before, Ended.FAILED, "it cannot be told where the rollout is", reasons=problems)
    refused = _refused(edges, before, state, settings, wanted)
    if refused is not None:
        return refused
    values, gone = _candidate(state, settings, wanted)
    if only_write:
        return _write(edges, before, values, gone)
    first = settings.plan.step_names[0]
    return carry_out(edges, Change(VERB, before, {**values, STEP: first}, f"{VERB}: {first}", gone))


def _refused(
    edges: Edges, before: Situation, state: State, settings: Settings, wanted: Wanted | None
) -> Outcome | None:
    """What is clear without asking anybody."""
    if state.phase is Phase.ROLLING_OUT:
        said = f"rollout {state.rollout_id} is under way at {state.step}; one at a time (R-11)"
        return stopped(edges, VERB, before, Ended.HELD, said, then="headgate advance")
    if wanted is None:
        if settings.release.candidate is not None:
            return None
        said, then = "the stack file names no candidate", "headgate start --image NAME@sha256:... --version LABEL"
        return stopped(edges, VERB, before, Ended.FAILED, said, then=then)
    if not digest_of(wanted.image):
        said = f"the image is {wanted.image!r}, and a candidate is pinned by its digest: NAME@sha256:<64 hex digits>"
        return stopped(edges, VERB, before, Ended.FAILED, said)
    if digest_of(wanted.image) == digest_of(settings.release.live.image):
        said = f"that image is live already, as {settings.release.live.version}"
        return stopped(edges, VERB, before, Ended.FAILED, said)
    if wanted.slot is None and _free_slot(settings) is None:
        kept = settings.release.standby.version if settings.release.standby else "another version"
        said = f"every slot is taken: {kept} is kept as standby"
        return stopped(edges, VERB, before, Ended.HELD, said, then="headgate retire")
    return None


def _candidate(state: State, settings: Settings, wanted: Wanted | None) -> tuple[dict[str, object], tuple[str, ...]]:
    """The values to write and the keys that go."""
    release = settings.release
    values: dict[str, object] = {}
    label, rollout = release.candidate.version if release.candidate else "", release.rollout
    if wanted is not None:
        slot = wanted.slot or _free_slot(settings)
        place = {"slot": slot} if slot else {}
        values[f"{RELEASE}.candidate"] = {"version": wanted.version, **place, "image": wanted.image}
        label, rollout = wanted.version, wanted.rollout
    rollout = rollout or _another_id(label, state.rolled_back_id)
    if rollout == label:
        return values, (f"{RELEASE}.rollout",)
    return {**values, f"{RELEASE}.rollout": rollout}, ()


def _free_slot(settings: Settings) -> str | None:
    """The fixed slot that nobody needs; empty where a slot is derived from the image; None when there is none."""
    slots = SYSTEMS[settings.system].slots
    if not slots:
        return ""
    taken = {version.slot for version in (settings.release.live, settings.release.standby) if version}
    return next((slot for slot in slots if slot not in taken), None)


def _another_id(label: str, rolled_back: str) -> str:
    """The label itself, unless it was taken back under that id: then `<label>-2`, and so on (R-13)."""
    if rolled_back == label:
        return f"{label}-2"
    number = rolled_back.removeprefix(f"{label}-")
    if number != rolled_back and number.isdecimal():
        return f"{label}-{int(number) + 1}"
    return label


def _write(edges: Edges, before: Situation, values: Mapping[str, object], gone: tuple[str, ...]) -> Outcome:
    """Only the stack file."""
    values = {**values, STEP: IDLE}
    wanted = edges.look(values, gone)
    try:
        if wanted.settings is not None:
            edges.operator.set_values(edges.stack, values, gone)
    except EngineError as error:
        said = "the stack file could not be written"
        return stopped(edges, VERB, before, Ended.FAILED, said, reasons=(str(error),))
    if wanted.settings is None:
        return stopped(
            edges, VERB, before, Ended.FAILED, "the configuration would not be valid", reasons=wanted.problems
        )
    release = wanted.settings.release
    name = f"{release.candidate.version} in {release.candidate.slot}" if release.candidate else "nothing"
    outcome = stopped(edges, VERB, before, Ended.DONE, "")
    said = f"the stack file names {name} as candidate; nothing is applied"
    return replace(outcome, said=said, file=File.CHANGED, then="headgate start")
