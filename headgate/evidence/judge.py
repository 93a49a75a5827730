"""May a record count? And what do all records together say of a gate? Pure: key, time and authors are arguments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from headgate import duration
from headgate.evidence.record import APPROVAL, ASKED, Evidence, about, genuine, intact
from headgate.report import Verdict
from headgate.settings import PRODUCTION
from headgate.state import State
from headgate.windows import show_moment
from headgate.wire import show

MOST_TOLD = 3  # refused records that one result names
MOST_CHARACTERS = 300  # of a text out of a record, in a message


@dataclass(frozen=True, slots=True)
class Terms:
    """What a record must fulfil. `max_age`: seconds. `signed`: a signature is needed. `key`: what it is checked with.

    `authors`: who asked for the change, in small letters; they may not approve it in production. `asked`: gate ->
    digest of its settings today.
    """

    max_age: int
    signed: bool = False
    key: bytes | None = field(default=None, repr=False)
    authors: frozenset[str] = frozenset()
    asked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Judged:
    """A record and why it does not count; `refusal` is empty when it does."""

    evidence: Evidence
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found about a step. `damaged`: one line for each file that is no record. `error`: why the records
    could not be read at all."""

    records: tuple[Judged, ...] = ()
    damaged: tuple[str, ...] = ()
    error: str = ""


def judged(records: Iterable[Evidence], state: State, terms: Terms, now: int, damaged: Sequence[str] = ()) -> Findings:
    """Every record with its refusal, about the step that `state` is at."""
    return Findings(tuple(Judged(each, refusal(each, state, terms, now)) for each in records), tuple(damaged))


def refusal(evidence: Evidence, state: State, terms: Terms, now: int) -> str:
    """Why `evidence` does not count at `now` (epoch seconds) for leaving the step `state` is at; empty when it does."""
    return (
        _forged(evidence, terms) or _foreign(evidence, state, terms) or _stale(evidence, state, terms, now)
        or (_unfit_approval(evidence, state, terms) if evidence.gate == APPROVAL else "")
    )  # fmt: skip


def _forged(evidence: Evidence, terms: Terms) -> str:
    if not intact(evidence):
        return "its digest is not that of its content: it was edited or damaged"
    if terms.signed and not evidence.signature:
        return "it is not signed (headgate:evidence.signed)"
    if terms.signed and terms.key is None:
        return "its signature cannot be checked without the key"
    if evidence.signature and terms.key is not None and not genuine(evidence, terms.key):
        return "its signature was not made with this key"
    return ""


def _foreign(evidence: Evidence, state: State, terms: Terms) -> str:
    words = {"stack": "stack", "rollout_id": "rollout", "step": "step", "candidate_image": "candidate image"}
    for name, needed in about(state).items():
        found = getattr(evidence, name)
        if found != needed:
            return f"it is about {words[name]} {show(found)} (needs {needed!r})"
    asked = terms.asked.get(evidence.gate)
    if asked is not None and evidence.details.get(ASKED) != asked:
        return "the settings of the gate have changed since"
    return ""


def _stale(evidence: Evidence, state: State, terms: Terms, now: int) -> str:
    if evidence.at > now:
        return f"it is from the future, {evidence.at - now} s ahead"
    if evidence.at < state.entered_at:
        return "it is from before the step was entered"
    if evidence.gate == APPROVAL:
        expires = evidence.expires
        if expires is None:
            return "it does not say when it expires"
        return f"it expired {show_moment(expires)}" if now >= expires else ""
    age = now - evidence.at
    return f"it is {duration.show(age)} old (at most {duration.show(terms.max_age)})" if age > terms.max_age else ""


def _unfit_approval(evidence: Evidence, state: State, terms: Terms) -> str:
    if not evidence.by.strip():
        return "it does not say who approved"
    if state.environment != PRODUCTION:
        return ""
    if not terms.authors:
        return "nobody can tell who asked for this change, so nobody else can approve it (set HEADGATE_ACTOR)"
    if canonical(evidence.by) in terms.authors:
        return f"{clean(evidence.by)} asked for this change, and somebody else must approve it"
    return ""


def canonical(who: str) -> str:
    """A person as names are compared: small letters, no space around."""
    return who.strip().casefold()


def found(gate: str, findings: Findings, state: State) -> tuple[Verdict, tuple[str, ...], dict[str, float], int]:
    """Verdict, reasons, figures and time of the newest record of `gate` that counts; else why there is none, at 0."""
    if findings.error:
        return Verdict.INCONCLUSIVE, (f"the evidence could not be read: {findings.error}",), {}, 0
    own = sorted((each for each in findings.records if each.evidence.gate == gate), key=lambda each: -each.evidence.at)
    counting = next((each.evidence for each in own if not each.refusal), None)
    if counting is not None:
        return counting.verdict, _said(counting), dict(counting.figures), counting.at
    refused = [f"the record {_which(each.evidence)} is refused: {each.refusal}" for each in own[:MOST_TOLD]]
    if len(own) > MOST_TOLD:
        refused.append(f"and {len(own) - MOST_TOLD} older ones")
    missing = f"there is no evidence for step {state.step} (run: {command(gate, state)})"
    damaged = [f"{each} is refused" for each in findings.damaged[:MOST_TOLD]]
    last = [f"run: {command(gate, state)}"] if refused else [missing]
    return Verdict.INCONCLUSIVE, (*refused, *damaged, *last), {}, 0


def command(gate: str, state: State) -> str:
    """What makes a record of `gate`."""
    stack = f"--stack {state.system}-{state.environment}"
    if gate == APPROVAL:
        return f"headgate approve {state.step} {stack} --by NAME --for 4h"
    return f"headgate gate --record {stack}"


def _said(evidence: Evidence) -> tuple[str, ...]:
    if evidence.gate != APPROVAL or evidence.verdict is not Verdict.PASSED or evidence.expires is None:
        return tuple(map(clean, evidence.reasons))
    return (f"approved by {clean(evidence.by)} until {show_moment(evidence.expires)}", *map(clean, evidence.reasons))


def _which(evidence: Evidence) -> str:
    return f"of {show_moment(evidence.at)}" + (f" by {clean(evidence.by)}" if evidence.by else "")


def clean(text: str) -> str:
    """`text` of a record as a terminal may show it: anybody may have written it."""
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return shown if len(shown) <= MOST_CHARACTERS else shown[: MOST_CHARACTERS - 3] + "..."
