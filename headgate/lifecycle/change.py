"""The way of every change: judged, written, previewed, judged again, agreed to, applied, read back, told.

Whatever ends it early leaves a known state, and the outcome says which: until the update begins the stack file is put
back as it was; afterwards only when the update is seen to have changed nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headgate import migration as migrations
from headgate.cli.situation import Situation
from headgate.engine import EngineError, Run
from headgate.lifecycle import saved_plan, words
from headgate.lifecycle.edges import Declined, Edges, Proposal
from headgate.lifecycle.gate import ran_beforehand
from headgate.lifecycle.outcome import Ended, File, Outcome
from headgate.lifecycle.preview import OUTPUT, Preview, judge
from headgate.problems import RuleId
from headgate.report import Verdict
from headgate.state import State, Unreadable

NOTHING = "nothing was changed"
RELEASE, STEP = "headgate:release", "headgate:step"
MIGRATION = f"headgate:{migrations.KEY}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a verb wants: configuration values by full key or path, those that go, and a message for the history.

    `more`: lines to be agreed to beside what the change itself would do.
    """

    verb: str
    before: Situation
    values: Mapping[str, object]
    message: str
    remove: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


def carry_out(edges: Edges, change: Change) -> Outcome:
    """Does it, or says why not. Never raises for anything that a user, an engine or a cloud can cause."""
    trip = _Trip(edges, change)
    try:
        outcome = trip.go()
    except KeyboardInterrupt:
        outcome = trip.interrupted()
    except (EngineError, OSError, ValueError) as error:
        outcome = trip.broke(str(error))
    return told(edges, outcome) if outcome.applied else outcome


def told(edges: Edges, outcome: Outcome) -> Outcome:
    """`outcome`, sent to people. A message that cannot be sent is said and changes nothing."""
    return replace(outcome, told=(*outcome.told, *edges.tell(outcome)))


@dataclass(slots=True)
class _Trip:
    edges: Edges
    change: Change
    original: str | None = field(default=None, init=False)  # the stack file before it was written
    written: str | None = field(default=None, init=False)  # and after
    applying: bool = field(default=False, init=False)

    def go(self) -> Outcome:
        edges, change = self.edges, self.change
        with edges.progress.phase("reading and gates"):
            wanted = edges.look(change.values, change.remove)
        if _waits_for_gates(wanted):
            with edges.progress.phase("gates"):
                problems = edges.gate(wanted)
            if problems:
                return self._end(Ended.HELD, "a gate could not be run and recorded", problems)
            wanted = edges.look(change.values, change.remove)
        stopped = self._judged(wanted)
        if stopped is not None or wanted.next is None:
            return stopped or self._end(Ended.HELD, "there is nothing to change")
        proposed = wanted.next.proposed
        self.original = edges.file.text()
        edges.operator.set_values(edges.stack, change.values, change.remove)
        self.written = edges.file.text()
        found = self._previewed()
        if isinstance(found, Outcome):
            return found
        lines = (*words.would(change.before.state, proposed, found.changes), *change.more)
        production = wanted.settings is not None and wanted.settings.production
        try:
            edges.confirm(Proposal(edges.stack, production, lines))
        except Declined as answer:
            return self._undone(Ended.DECLINED, "not agreed to", (str(answer),))
        return self._applied(proposed, self._held_to(found))

    def _judged(self, wanted: Situation) -> Outcome | None:
        if wanted.settings is None:
            return self._end(Ended.FAILED, "the configuration would not be valid", words.listed(wanted.problems))
        if wanted.next is None:
            return self._end(Ended.HELD, "it cannot be judged", words.listed(wanted.problems))
        if wanted.next.blocked_by:
            return self._end(Ended.HELD, "held", words.held_by(wanted.next, wanted.bake))
        return None

    def _previewed(self) -> Preview | Outcome:
        edges = self.edges
        migration, problems = migrations.parse(edges.file.values().get(MIGRATION), MIGRATION)
        if problems:
            return self._undone(Ended.FAILED, "the stack file cannot be used", tuple(map(str, problems)))
        with edges.progress.phase("preview"):
            recorded = edges.engine.output(edges.stack, OUTPUT)
            run = edges.operator.preview(edges.stack, plan=self._plan)
        if run.interrupted:
            return self.interrupted()
        found = judge(edges.stack, run, recorded, now=edges.clock.now(), migration=migration, saved=self._plan)
        if found.failed:
            reasons = words.listed([found.failed.replace("; ", "\n")])
            return self._undone(Ended.FAILED, "the preview failed", reasons[: words.MOST_LINES])
        if found.held:
            held = tuple(map(words.said, found.violations))
            return self._undone(Ended.HELD, "held by the preview", held)
        return found

    @property
    def _plan(self) -> Path | None:
        return self.edges.plans / f"{self.edges.stack}.json" if self.edges.plans is not None else None

    def _held_to(self, found: Preview) -> Path | None:
        """The saved plan to update by."""
        if found.saved is None:
            return None
        try:
            found.saved.write_text(saved_plan.opened(found.saved.read_text()))
        except (OSError, ValueError) as error:
            self.edges.progress.say(f"the update is not held to the preview's plan: {error}")
            return None
        return found.saved

    def _applied(self, proposed: State, plan: Path | None) -> Outcome:
        edges, change = self.edges, self.change
        before = _fingerprint(edges)
        self.applying = True
        with edges.progress.phase(f"update ({change.message})") as note:
            run = edges.operator.up(edges.stack, plan=plan, message=change.message, on_line=note)
        with edges.progress.phase("reading back"):
            after = edges.look({})
        if run.code != 0:
            return self._not_applied(run, before, after, proposed)
        observed = after.live.split if after.live is not None else None
        outcome = Outcome(
            change.verb, edges.stack, Ended.FAILED, "", (), change.before.state, after.state, observed, File.CHANGED
        )
        if after.state is None or not _same_place(after.state, proposed):
            said = f"the update ended well, but the record is another: {words.where(after.state, observed)}"
            return replace(outcome, said=said, reasons=words.listed(after.problems), then="headgate status")
        if after.as_asked is None:
            said = "applied and recorded; the split could not be read back"
            return replace(outcome, said=said, reasons=words.listed([after.cloud_error]), then="headgate status")
        if not after.as_asked:
            said = f"applied, but users do not go where they should: {words.where(after.state, observed)}"
            return replace(outcome, said=said, then="headgate status")
        said = words.place_change(change.before.state, proposed)
        if run.interrupted:
            said += "; Ctrl-C came when it was done"
        return replace(outcome, ended=Ended.DONE, said=f"{said}: done; {words.where(after.state, observed)}")

    def _not_applied(self, run: Run, before: str | None, after: Situation, proposed: State) -> Outcome:
        """The update failed or was interrupted: what is there now?"""
        change = self.change
        reasons = words.last_lines(run)
        ended = Ended.INTERRUPTED if run.interrupted else Ended.FAILED
        what = "the update was interrupted" if run.interrupted else "the update failed"
        observed = after.live.split if after.live is not None else None
        untouched = (
            before is not None
            and before == _fingerprint(self.edges)
            and after.known
            and after.state == change.before.state
            and _split(after) == _split(change.before) is not None
        )
        if untouched:
            outcome = self._undone(ended, what, reasons)
            return replace(outcome, then="headgate doctor") if words.locked(run) else outcome
        left = words.where(after.state, observed)
        return Outcome(
            verb=change.verb,
            stack=self.edges.stack,
            ended=ended,
            said=f"{what}, and part of it may be applied; the stack file keeps what was asked for. {left}",
            reasons=(*reasons, *words.listed(after.problems)),
            before=change.before.state,
            after=after.state,
            observed=observed,
            file=File.CHANGED,
            then=self._mends(run, after, proposed),
        )

    def _mends(self, run: Run, after: Situation, proposed: State) -> str:
        """The command that goes on from an update that ended half-way."""
        if words.locked(run) or not after.known:
            return "headgate doctor"
        if after.state is not None and _same_place(after.state, proposed):
            return "pulumi up"  # recorded already: the verb would take the step after it
        return f"headgate {self.change.verb}"

    def interrupted(self) -> Outcome:
        """Ctrl-C came while nothing of the engine was running, or in a preview."""
        if self.applying:
            said = "interrupted after the update; what it did was not read back"
            return replace(self._end(Ended.INTERRUPTED, said), file=File.CHANGED, then="headgate status")
        return self._undone(Ended.INTERRUPTED, "interrupted")

    def broke(self, why: str) -> Outcome:
        """Pulumi cannot be run, or the stack file cannot be read or written."""
        if self.applying:
            said = "what the update did could not be found out; the stack file keeps what was asked for"
            return replace(self._end(Ended.FAILED, said, (why,)), file=File.CHANGED, then="headgate doctor")
        return self._undone(Ended.FAILED, "it could not be carried out", (why,))

    def _undone(self, ended: Ended, what: str, reasons: tuple[str, ...] = ()) -> Outcome:
        """Nothing is applied: the stack file becomes what it was, and says what the stack has."""
        if self.original is None:
            return self._end(ended, what, reasons)
        try:
            now = self.edges.file.text()
            if self.written is not None and now != self.written:
                said = f"{what}; {NOTHING} in the stack. Somebody changed its file meanwhile, so it was left alone"
                return replace(self._end(ended, what, reasons), said=said, then="git diff")
            if now == self.original:
                return self._end(ended, what, reasons)
            self.edges.file.put_back(self.original)
        except OSError as error:
            said = f"{what}; {NOTHING} in the stack, but its file could not be put back: {error}"
            return replace(self._end(ended, what, reasons), said=said, then="git diff")
        return replace(
            self._end(ended, what, reasons), said=f"{what}; {NOTHING}, the stack file is as before", file=File.PUT_BACK
        )

    def _end(self, ended: Ended, what: str, reasons: tuple[str, ...] = ()) -> Outcome:
        return stopped(self.edges, self.change.verb, self.change.before, ended, what, reasons=reasons)


def stopped(
    edges: Edges, verb: str, now: Situation, ended: Ended, said: str, *, reasons: tuple[str, ...] = (), then: str = ""
) -> Outcome:
    """A verb that ends before it changed anything; `now` is what it saw."""
    observed = now.live.split if now.live is not None else None
    return Outcome(verb, edges.stack, ended, f"{said}; {NOTHING}", reasons, now.state, now.state, observed, then=then)


def unusable(situation: Situation) -> tuple[str, ...]:
    """Why a verb cannot tell where the rollout is; empty when it can."""
    if situation.settings is None or not situation.known:
        return words.listed(situation.problems)
    if isinstance(situation.last, Unreadable):
        return words.listed(situation.problems)
    if situation.last is None:
        return ("nothing is deployed yet; the first update is `pulumi up` at step idle",)
    return ()


def _waits_for_gates(wanted: Situation) -> bool:
    """Whether nothing but gates holds it, and one of them is run by a verb."""
    following = wanted.next
    if following is None or {each.rule for each in following.blocked_by} != {RuleId.GATES_PASSED}:
        return False
    missing = (result.gate for result in following.results if result.verdict is not Verdict.PASSED)
    return bool(ran_beforehand(missing))


def _same_place(one: State, other: State) -> bool:
    places = [(each.phase, each.step, each.live, each.candidate, each.standby) for each in (one, other)]
    return places[0] == places[1]


def _split(situation: Situation) -> Mapping[str, int] | None:
    return situation.live.split if situation.live is not None else None


def _fingerprint(edges: Edges) -> str | None:
    """A digest of all that the checkpoint says of resources, without the times of writing; None when it is not known.

    The stack's own resource is left out: its outputs are written by updates that changed nothing.
    """
    try:
        deployment: Any = edges.engine.deployment(edges.stack).get("deployment")
        if deployment.get("pending_operations"):
            return None
        resources = [
            {key: value for key, value in each.items() if key not in ("created", "modified", "sourcePosition")}
            for each in deployment.get("resources") or ()
            if each.get("type") != saved_plan.STACK
        ]
    except (EngineError, AttributeError, TypeError):
        return None
    return hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()
