"""What the next update would do, and whether anything holds it: the engine's preview, judged."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from headgate import change_rules, transition
from headgate.changes import Changes, Finding, parse
from headgate.engine import Engine, EngineError, Operator, Run
from headgate.lifecycle import saved_plan
from headgate.migration import Migration
from headgate.moves import Move, classify
from headgate.plan import Plan
from headgate.problems import RuleId, Violation
from headgate.report import GateResult
from headgate.state import Recorded, State
from headgate.traffic.kinds import KINDS
from headgate.transition import Transition

OUTPUT = "rollout"  # the stack output that holds the recorded transition

# As `Violation` writes itself, and as rules of the policy pack speak: "rule-id: finding. Do: remedy".
_WHOLE = re.compile(r"(?P<rule>[\w -]{1,80}?): (?P<must>.+?) Found: (?P<found>.+?) Do: (?P<fix>.+)")
_SHORT = re.compile(r"(?P<rule>[\w-]{1,80}): (?P<found>.+?) Do: (?P<fix>.+)")
_REFUSES = "refuses this change:"
_SAID_ANYWAY = ("preview failed", "failed to run remediation: context canceled")


class Judge(StrEnum):
    """Who holds an update."""

    PREVIEW = "preview"
    """The rules on what happens to resources (`headgate.change_rules`)."""
    PACK = "policy pack"
    GUARD = "guard"
    """A hook of the program, which needs neither."""


@dataclass(frozen=True, slots=True)
class Held:
    """One rule that holds the update, and who says so. `resource`: its name in the program, empty for the whole."""

    violation: Violation
    judges: tuple[Judge, ...]
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A judged preview.

    `before`, `after`: the recorded state and the one that the update would record; None where there is none, or where
    the preview did not get that far. `move`: what kind of change that is. `plan`: the plan in force after it.
    `gates`: results that the update rests on. `bake`: seconds that the step before must stay and has stayed.
    `advice`: findings of policies that hold nothing. `failed`: why there is no preview to speak of, else empty.
    `stopped`: the preview ended early, so that `changes` are not all. `saved`: the file that holds the engine's plan.
    """

    stack: str
    before: State | None
    after: State | None
    move: Move | None
    plan: Plan | None
    changes: Changes
    held: tuple[Held, ...] = ()
    advice: tuple[Finding, ...] = ()
    gates: tuple[GateResult, ...] = ()
    bake: tuple[int, int] | None = None
    failed: str = ""
    stopped: bool = False
    saved: Path | None = None

    @property
    def clean(self) -> bool:
        """The update may be made."""
        return not self.failed and not self.held

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What holds the update."""
        return tuple(each.violation for each in self.held)

    @property
    def errors(self) -> tuple[str, ...]:
        """What the engine says that went wrong, besides what guards refuse."""
        said = (each.message for each in self.changes.diagnostics if each.severity == "error")
        return tuple(dict.fromkeys(each for each in said if _REFUSES not in each and each not in _SAID_ANYWAY))

    @property
    def left(self) -> int:
        """Seconds of bake that are left of the step before."""
        return max(0, self.bake[0] - self.bake[1]) if self.bake else 0


def preview(
    stack: str,
    engine: Engine,
    operator: Operator,
    *,
    now: int,
    migration: Migration | None = None,
    save: Path | None = None,
    refresh: bool = False,
) -> Preview:
    """Runs the engine's preview of `stack` and judges it. Nothing changes. `now`: epoch seconds.

    `save`: the file for the engine's plan, with the record left open (`saved_plan`); `pulumi up --plan` holds an update
    to it. Raises EngineError when the engine cannot be run at all, or its plan not be used; a preview that fails is a
    result.
    """
    recorded = _recorded(engine, stack)
    run = operator.preview(stack, plan=save, refresh=refresh)
    found = judge(stack, run, recorded, now=now, migration=migration, saved=save)
    if found.saved is not None:
        try:
            found.saved.write_text(saved_plan.opened(found.saved.read_text()))
        except (OSError, ValueError) as error:
            raise EngineError(f"the plan in {found.saved} cannot be used: {error}") from error
    return found


def judge(
    stack: str,
    run: Run,
    recorded: object,
    *,
    now: int,
    migration: Migration | None = None,
    saved: Path | None = None,
) -> Preview:
    """Judges a preview that was run. `recorded`: the stack output `rollout`. Never raises."""
    changes = parse(run.output)
    ended = run.code == 0 and changes.succeeded and not run.interrupted
    last = transition.read(recorded)
    asked = transition.read(changes.rollout.new) if changes.rollout is not None else None
    change = asked if isinstance(asked, Transition) else None
    before = last.proposed if isinstance(last, Transition) else _state(change.previous if change else None)
    after = change.proposed if change else None
    found: list[Held] = []
    if after is not None:
        found += [
            Held(each, (Judge.PREVIEW,))
            for each in change_rules.check(changes, before, after, now, kinds=KINDS, migration=migration)
            # A preview that stopped half-way is incomplete by nature; what stopped it is told instead.
            if ended or each.rule is not RuleId.FAIL_CLOSED
        ]
    elif ended:
        unread = changes.problems or ("the preview shows no Rollout, so nobody knows where the traffic would go",)
        found += [Held(transition.unjudged(each), (Judge.PREVIEW,)) for each in unread]
    held = _together([*found, *_of_pack(changes), *_of_guards(changes)])
    return Preview(
        stack=stack,
        before=before,
        after=after,
        move=classify(before, after) if after else None,
        plan=change.plan if change else None,
        changes=changes,
        held=held,
        advice=tuple(each for each in changes.findings if not each.blocks),
        gates=change.report.results if change and before != after else (),
        bake=_bake(last, change, now),
        failed="" if ended or held else _why(run, changes),
        stopped=not ended,
        saved=saved if ended and saved is not None and saved.exists() else None,
    )


def _recorded(engine: Engine, stack: str) -> object:
    """The stack's output; None for a stack that was never deployed, of which the engine knows nothing."""
    try:
        return engine.output(stack, OUTPUT)
    except EngineError:
        # The engine's own preview says whether the stack is there; the program reads the record itself and refuses.
        return None


def _state(previous: object) -> State | None:
    return previous.state if isinstance(previous, Recorded) else None


def _of_pack(changes: Changes) -> Iterator[Held]:
    for finding in changes.findings:
        if finding.blocks:
            # The first line is the policy's description.
            said = finding.message.splitlines()[-1]
            yield Held(_violation(said, finding.policy), (Judge.PACK,), finding.urn.rpartition("::")[2])


def _of_guards(changes: Changes) -> Iterator[Held]:
    for diagnostic in changes.diagnostics:
        _, refuses, listed = diagnostic.message.partition(_REFUSES)
        if refuses:
            for line in filter(None, map(str.strip, listed.splitlines())):
                yield Held(_violation(line, "guard"), (Judge.GUARD,), diagnostic.urn.rpartition("::")[2])


def _violation(said: str, rule: str) -> Violation:
    """What a rule said, taken apart again."""
    whole, short = _WHOLE.fullmatch(said), _SHORT.fullmatch(said)
    if whole is not None:
        return Violation(whole["rule"], whole["must"], whole["found"], whole["fix"])
    if short is not None:
        return Violation(short["rule"], "", short["found"], short["fix"])
    return Violation(rule, "", said, "")


def _together(found: Sequence[Held]) -> tuple[Held, ...]:
    """One entry per violation and resource, with everybody who says so."""
    kept: dict[tuple[str, str, str], Held] = {}
    for each in found:
        key = (str(each.violation.rule), each.violation.found, each.resource)
        known = kept.get(key)
        judges = dict.fromkeys((*(known.judges if known else ()), *each.judges))
        kept[key] = Held(known.violation if known else each.violation, tuple(judges), each.resource)
    return tuple(kept.values())


def _bake(last: object, change: Transition | None, now: int) -> tuple[int, int] | None:
    if not isinstance(last, Transition):
        return None
    state = last.proposed
    plans = [last.plan, *([change.plan] if change else [])]
    steps = [step for plan in plans if (step := plan.step(state.step))]
    return (max(step.bake for step in steps), max(0, now - state.entered_at)) if steps else None


def _why(run: Run, changes: Changes) -> str:
    if run.interrupted:
        return "interrupted; a preview changes nothing"
    errors = [each.message for each in changes.diagnostics if each.severity == "error"]
    said = [each for each in errors if each not in _SAID_ANYWAY] or errors
    said = said or [line.removeprefix("error: ") for line in run.errors.splitlines() if line.strip()]
    said = said or list(changes.problems) or [f"pulumi preview ended with exit code {run.code}"]
    return "; ".join(dict.fromkeys(line.strip() for line in said))
