"""Writes an approval: somebody agrees that the current step is left, for so long."""

from collections.abc import Iterator
from dataclasses import dataclass

from headgate import duration
from headgate.cli.situation import Situation
from headgate.evidence import Evidence, EvidenceStore
from headgate.evidence.identity import Identity
from headgate.evidence.judge import canonical
from headgate.evidence.record import APPROVAL, EXPIRES, about, sealed
from headgate.plan import IDLE
from headgate.report import Verdict
from headgate.state import State

LONGEST = 7 * 86400  # seconds; own choice: longer than a weekend, shorter than anybody's memory of what was agreed to
LONGEST_NAME = 120


class Refused(Exception):
    """The approval would not count; `problems` says everything that is wrong, a line each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who approves that `step` is left, for how long (seconds)."""

    step: str
    by: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Approved:
    """The approval, where it is kept, and the step that it lets the rollout go on to."""

    evidence: Evidence
    place: str
    following: str


def approve(
    situation: Situation, wanted: Wanted, identity: Identity, *, store: EvidenceStore, key: bytes | None
) -> Approved:
    """Keeps an approval of `wanted.by` for the step that the rollout is at.

    Raises Refused when it would not count, and EvidenceError when it cannot be kept.
    """
    problems = tuple(_problems(situation, wanted, identity))
    state, following = situation.state, situation.next
    if problems or state is None or following is None:
        raise Refused(problems)
    made = Evidence(
        **about(state),
        gate=APPROVAL,
        verdict=Verdict.PASSED,
        at=situation.now,
        by=wanted.by.strip(),
        details={EXPIRES: str(situation.now + wanted.seconds)},
    )
    kept = sealed(made, key)
    return Approved(kept, store.put(kept), following.proposed.step)


def _problems(situation: Situation, wanted: Wanted, identity: Identity) -> Iterator[str]:
    by, state = wanted.by.strip(), situation.state
    if not by or not by.isprintable() or len(by) > LONGEST_NAME:
        yield f"--by: found {wanted.by!r}; expected a name or an e-mail address"
    if not 1 <= wanted.seconds <= LONGEST:
        yield f"--for: found {duration.show(wanted.seconds)}; expected 1s to {duration.show(LONGEST)}"
    if situation.settings is None or state is None or situation.next is None:
        yield from situation.problems or ("there is no step to leave: no rollout is under way",)
        return
    yield from _wrong_step(situation, state, wanted.step)
    if not situation.settings.production:
        return
    authors = identity.authors(situation.settings.file)
    if not authors:
        yield (
            f"nobody can tell who asked for this change: {situation.settings.file} has no commit here. Run it in the "
            "checkout, or set HEADGATE_ACTOR to who asked."
        )
    elif canonical(by) in authors:
        yield f"{by} asked for this change; in production somebody else must approve it"


def _wrong_step(situation: Situation, state: State, step: str) -> Iterator[str]:
    if state.step == IDLE:
        yield "there is no step to leave: no rollout is under way"
    elif step != state.step:
        following = situation.next.proposed.step if situation.next else ""
        goes_on = f", which lets it go on to {following}" if following not in ("", IDLE) else ""
        yield f"the rollout is at step {state.step}, not {step!r}: approve {state.step}{goes_on}"
    elif situation.next is not None and APPROVAL not in [each.gate for each in situation.next.results]:
        yield f"step {step} asks for no approval: name the gate {APPROVAL} in headgate:plan, or go on without"
