"""`advance`: the next step of the plan, or all that are left, one by one."""

from dataclasses import replace

from headgate import duration
from headgate.cli.situation import Situation
from headgate.lifecycle.change import STEP, Change, carry_out, stopped, told, unusable
from headgate.lifecycle.edges import Edges, Proposal
from headgate.lifecycle.outcome import Ended, File, Outcome
from headgate.plan import IDLE, Plan
from headgate.state import Phase, State

VERB = "advance"
BEAT = 1.0  # seconds between two looks at the clock while a step bakes
LOOK = 60  # beats between two looks at the stack: somebody, or the guardian, may have given traffic back


def advance(edges: Edges, to: str | None = None, *, auto: bool = False) -> Outcome:
    """Takes the next step, which must be `to` when that is named.

    `auto`: goes on step by step to `to`, or to the last step, waiting out each bake; it ends at the first thing that
    holds it. It never promotes.
    """
    if auto:
        return _auto(edges, to)
    before = _read(edges)
    following = _following(edges, before)
    if isinstance(following, Outcome):
        return following
    if to is not None and to != following:
        return _not_the_next(edges, before, to, following)
    return _take(edges, before, following)


def _read(edges: Edges) -> Situation:
    with edges.progress.phase("reading"):
        return edges.look({})


def _take(edges: Edges, before: Situation, step: str, more: tuple[str, ...] = ()) -> Outcome:
    return carry_out(edges, Change(VERB, before, {STEP: step}, f"{VERB}: {step}", more=more))


def _following(edges: Edges, before: Situation) -> str | Outcome:
    """The step that comes next, or why there is none."""
    problems = unusable(before)
    state, settings = before.state, before.settings
    if problems or state is None or settings is None:
        return stopped(edges, VERB, before, Ended.FAILED, "it cannot be told where the rollout is", reasons=problems)
    following = _next_of(state, settings.plan)
    if following is None:
        return _over(edges, before, state, settings.plan.step_names)
    release = settings.release
    if state.phase is Phase.ROLLED_BACK and state.rolled_back_id == (release.rollout or state.rollout_id):
        said = f"rollout {state.rolled_back_id} was taken back and is not taken up again (R-13)"
        return stopped(edges, VERB, before, Ended.HELD, said, then="headgate start")
    if settings.step not in (state.step, following):
        reason = f"headgate:step is {settings.step!r} in the stack file, and {state.step!r} is recorded"
        said = "the stack file asks for another step, not applied yet"
        return stopped(
            edges, VERB, before, Ended.HELD, said, reasons=(reason,), then=f"pulumi config set {STEP} {state.step}"
        )
    if release.candidate is None:
        then = "headgate start --image NAME@sha256:... --version LABEL"
        return stopped(edges, VERB, before, Ended.FAILED, "there is no candidate in the stack file", then=then)
    return following


def _next_of(state: State, plan: Plan) -> str | None:
    names = plan.step_names
    if state.phase is Phase.ROLLING_OUT:
        position = plan.index(state.step)
        return None if position is None or position + 1 >= len(names) else names[position + 1]
    return names[0] if names and state.phase is not Phase.PROMOTED else None


def _over(edges: Edges, before: Situation, state: State, steps: tuple[str, ...]) -> Outcome:
    if state.phase is Phase.PROMOTED:
        said = f"{state.live.version} is promoted, no rollout is under way"
        return stopped(edges, VERB, before, Ended.FAILED, said, then="headgate retire")
    if steps and state.step == steps[-1]:
        said = f"{state.step} is the last step of the plan"
        return stopped(edges, VERB, before, Ended.FAILED, said, then="headgate promote")
    reason = f"{state.step!r} is not a step of headgate:plan; its steps: {', '.join(steps) or 'none'}"
    return stopped(edges, VERB, before, Ended.FAILED, "the plan does not say what comes next", reasons=(reason,))


def _not_the_next(edges: Edges, before: Situation, to: str, following: str) -> Outcome:
    known = before.settings is not None and before.settings.plan.step(to) is not None
    said = f"the next step is {following}, not {to}" if known else f"the plan has no step {to!r}"
    reason = "steps are taken one at a time (R-03)" if known else f"the next step is {following}"
    return stopped(edges, VERB, before, Ended.FAILED, said, reasons=(reason,), then=f"headgate {VERB} --to {following}")


def _auto(edges: Edges, to: str | None) -> Outcome:
    taken: list[str] = []
    agreed = edges
    while True:
        before = _read(edges)
        if taken and before.state is not None and before.state.step in (to, _goal(before)):
            return _reached(edges, before, taken)
        following = _following(edges, before)
        if isinstance(following, Outcome):
            return _ended(edges, following, taken)
        goal = to or _goal(before)
        if not _leads_to(before, following, goal):
            return _ended(edges, _not_the_next(edges, before, goal, following), taken)
        over = _bake(edges, before)
        if isinstance(over, Outcome):
            return _ended(edges, over, taken)
        more = () if taken else (f"then on, step by step, to {goal}",)
        outcome = _take(agreed, over, following, more)
        if outcome.ended is not Ended.DONE:
            return _ended(edges, outcome, taken)
        taken.append(following)
        edges.progress.say(outcome.said)
        agreed = replace(edges, confirm=_agreed)


def _agreed(_: Proposal) -> None:
    """Once was enough: for all steps."""


def _goal(before: Situation) -> str:
    """The last step of the plan."""
    return before.plan.step_names[-1] if before.plan is not None and before.plan.steps else IDLE


def _leads_to(before: Situation, following: str, goal: str) -> bool:
    plan = before.plan
    ahead, end = (plan.index(following), plan.index(goal)) if plan is not None else (None, None)
    return ahead is not None and end is not None and ahead <= end


def _reached(edges: Edges, before: Situation, taken: list[str]) -> Outcome:
    step = before.state.step if before.state else IDLE
    return Outcome(
        verb=VERB,
        stack=edges.stack,
        ended=Ended.DONE,
        said=f"at step {step}; taken: {', '.join(taken)}",
        before=before.state,
        after=before.state,
        observed=before.live.split if before.live is not None else None,
        file=File.CHANGED,
        then="headgate promote" if step == _goal(before) else f"headgate {VERB}",
        taken=tuple(taken),
    )


def _ended(edges: Edges, outcome: Outcome, taken: list[str]) -> Outcome:
    """The end of a walk that did not get to its goal. A hold that nobody watches is told to people; a change that was
    applied has been already."""
    outcome = replace(outcome, taken=tuple(taken), then=outcome.then or f"headgate {VERB} --auto")
    unwatched = outcome.ended in (Ended.HELD, Ended.FAILED) and not outcome.applied
    return told(edges, outcome) if unwatched and taken else outcome


def _bake(edges: Edges, before: Situation) -> Situation | Outcome:
    """Waits until the step has baked, and reads again. An Outcome is what ended the wait."""
    if before.bake is None or before.state is None or before.bake[1] >= before.bake[0]:
        return before
    state, (seconds, _) = before.state, before.bake
    beats = 0
    try:
        with edges.progress.bar(f"{state.step} bakes", seconds) as at:
            while (stayed := edges.clock.now() - state.entered_at) < seconds:
                at(stayed)
                edges.sleep(BEAT)
                beats += 1
                if beats % LOOK == 0 and (moved := _moved(edges, edges.look({}), state)) is not None:
                    return moved
        return _read(edges)
    except KeyboardInterrupt:
        left = duration.show(max(0, seconds - (edges.clock.now() - state.entered_at)))
        said = f"interrupted while {state.step} bakes, {left} left; the rollout stays there"
        return stopped(edges, VERB, before, Ended.INTERRUPTED, said)


def _moved(edges: Edges, now: Situation, state: State) -> Outcome | None:
    """Somebody else moved the rollout. What cannot be read now is no reason to stop waiting: the step is judged after
    its bake."""
    if now.state is not None and now.state != state:
        said = f"somebody else moved the rollout to {now.state.step}"
    elif now.as_asked is False:
        said = f"users no longer go where step {state.step} says; somebody or the guardian moved them"
    else:
        return None
    return stopped(edges, VERB, now, Ended.HELD, said, then="headgate status")
