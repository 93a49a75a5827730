"""The rollout rules, one function each. `transition.check` decides which of them apply; ids are in docs/policies.md."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from headgate import duration, plan_rules, windows
from headgate import report as reports
from headgate import state as states
from headgate.moves import Move
from headgate.plan import IDLE, Plan
from headgate.problems import RuleId, Violation
from headgate.report import Report
from headgate.state import Phase, Recorded, State

READINESS = "readiness"  # the gate that answers for R-18


def gates_to_leave(previous: Recorded, proposed: State, plan: Plan) -> tuple[str, ...]:
    steps = (previous.plan.step(previous.state.step), plan.step(previous.state.step))
    gates = [gate for step in steps if step for gate in step.gates]
    if previous.state.weight == 0 and proposed.weight > 0:
        gates.append(READINESS)
    return tuple(dict.fromkeys(gates))


@dataclass(frozen=True, slots=True)
class Context:
    previous: State
    previous_plan: Plan
    proposed: State
    plan: Plan
    now: int
    report: Report
    move: Move

    @property
    def moment(self) -> int:
        return self.proposed.changed_at


@dataclass(frozen=True, slots=True)
class Rule:
    """One rollout rule. `binds_going_back`: also judged when traffic is given back."""

    id: RuleId
    judge: Callable[[Context], Iterable[Violation]]
    binds_going_back: bool = False


def _judge_plan(context: Context) -> Iterable[Violation]:
    return plan_rules.wellformed(context.plan)


def _judge_weights(context: Context) -> Iterable[Violation]:
    return weights(context.proposed)


def weights(proposed: State) -> Iterable[Violation]:
    named = [version.slot for version in (proposed.live, proposed.candidate, proposed.standby) if version]
    split = proposed.split
    if len(set(named)) == len(named) and sum(split.values()) == 100 and 0 <= proposed.weight <= 100:
        return
    yield Violation(
        RuleId.WEIGHTS_SUM_100,
        "Shares must be whole per cents from 0 to 100 that sum to 100, each slot named once.",
        f"slots {', '.join(named)} with {show_split(split)}.",
        "Give every version in headgate:release its own slot and take weights from the plan.",
    )


def _judge_step_order(context: Context) -> Iterable[Violation]:
    previous, proposed, plan = context.previous, context.proposed, context.plan
    position = plan.index(proposed.step)
    must = found = ""
    if proposed.step != IDLE and position is None:
        must, found = f"The step must be idle or one of: {', '.join(plan.step_names)}.", f"{proposed.step!r}."
    elif context.move is Move.START and position != 0:
        must, found = f"A rollout starts at the first step, {plan.steps[0].name!r}.", f"{proposed.step!r}."
    elif context.move is Move.ADVANCE and previous.step != proposed.step:
        before = plan.index(previous.step)
        if before is None or position is None or position != before + 1:
            following = plan.steps[before + 1].name if before is not None and before + 1 < len(plan.steps) else "none"
            must = f"Steps are taken one at a time; after {previous.step!r} comes {following!r}."
            found = f"{previous.step!r} -> {proposed.step!r}."
    elif context.move is Move.PROMOTE and plan.steps and previous.step != plan.steps[-1].name:
        must = f"Promotion comes after the last step, {plan.steps[-1].name!r}."
        found = f"promotion at {previous.step!r}."
    elif context.move in (Move.EDIT, Move.RETIRE, Move.START) and proposed.live.slot != previous.live.slot:
        must = f"The live slot changes only by promoting a candidate; it is {previous.live.slot!r}."
        found = f"headgate:release.live.slot {proposed.live.slot!r}."
    if must:
        yield Violation(RuleId.NO_STEP_SKIP, must, found, "Set headgate:step to the next step, or to idle to go back.")


def _judge_weight_jump(context: Context) -> Iterable[Violation]:
    proposed = context.proposed
    if proposed.candidate is None or context.move not in (Move.START, Move.ADVANCE, Move.STAY):
        return
    recorded = context.previous.weight if context.previous.phase is Phase.ROLLING_OUT else 0
    live = context.report.live
    actual = live.split.get(proposed.candidate.slot, recorded) if live is not None and live.exists else recorded
    allowed = min(context.plan.max_increment, context.previous_plan.max_increment)
    if proposed.weight <= recorded or proposed.weight - actual <= allowed:
        return
    yield Violation(
        RuleId.MAX_WEIGHT_JUMP,
        f"One update may add at most {allowed} % to the candidate.",
        f"{actual} % -> {proposed.weight} % (recorded {recorded} %, observed {actual} %).",
        "Take the steps of the plan one at a time.",
    )


def _judge_weight_of_step(context: Context) -> Iterable[Violation]:
    proposed = context.proposed
    step = context.plan.step(proposed.step)
    expected = step.weight if step else 0
    if proposed.weight != expected:
        yield Violation(
            RuleId.WEIGHT_MATCHES_PLAN,
            f"At step {proposed.step!r} the weight is {expected}.",
            f"{proposed.weight}.",
            "Let Headgate derive the weight from headgate:plan and headgate:step.",
        )


def _judge_bake(context: Context) -> Iterable[Violation]:
    if context.move not in (Move.ADVANCE, Move.PROMOTE):
        return
    previous = context.previous
    steps = (context.previous_plan.step(previous.step), context.plan.step(previous.step))
    bake = max((step.bake for step in steps if step), default=0)
    stayed = context.moment - previous.entered_at
    if stayed < 0:
        yield from_the_future(previous.entered_at, context.moment)
    elif stayed < bake:
        yield Violation(
            RuleId.BAKE_ELAPSED,
            f"Step {previous.step!r} must bake {duration.show(bake)} before the next.",
            f"{duration.show(stayed)} so far.",
            f"Wait another {duration.show(bake - stayed)}, then run the update again. Going back needs no wait.",
        )


def _judge_gates(context: Context) -> Iterable[Violation]:
    if context.move not in (Move.ADVANCE, Move.PROMOTE):
        return
    previous = context.previous
    image = previous.candidate.image if previous.candidate else ""
    recorded = Recorded(previous, context.previous_plan)
    for gate in gates_to_leave(recorded, context.proposed, context.plan):
        result = context.report.result(gate, previous.rollout_id, previous.step, image)
        if result is not None and result.verdict is reports.Verdict.PASSED:
            continue
        reasons = (
            "; ".join(result.reasons)
            if result
            else f"no result for this step ({context.report.error or 'it did not run'})"
        )
        verdict = str(result.verdict) if result else "missing"
        yield Violation(
            RuleId.CANDIDATE_READY if gate == READINESS else RuleId.GATES_PASSED,
            f"Gate {gate!r} must pass before step {previous.step!r} is left.",
            f"{verdict}: {reasons or 'no reason given'}.",
            "Mend what the gate found and run the update again, or go back.",
        )


def _judge_live_frozen(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    expected: states.Version | None = None
    if previous.phase is Phase.ROLLING_OUT:
        expected = previous.candidate if context.move is Move.PROMOTE else previous.live
    elif previous.phase is Phase.PROMOTED and context.move is Move.BACK:
        expected = previous.standby
    if expected is not None and proposed.live != expected:
        yield Violation(
            RuleId.LIVE_FROZEN,
            f"During a rollout headgate:release.live stays {_name(expected)}.",
            f"{_name(proposed.live)}.",
            "Take the change of the live version out; go back to idle first if the live version needs a fix.",
        )
    yield from _resettled(context, RuleId.LIVE_FROZEN, (proposed.live, proposed.standby))


def _judge_candidate_frozen(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    both = previous.phase is Phase.ROLLING_OUT and proposed.phase is Phase.ROLLING_OUT
    if both and proposed.rollout_id == previous.rollout_id and proposed.candidate != previous.candidate:
        yield Violation(
            RuleId.CANDIDATE_FROZEN,
            f"During rollout {previous.rollout_id!r} headgate:release.candidate stays {_name(previous.candidate)}.",
            f"{_name(proposed.candidate)}.",
            "Go back to idle, then start a new rollout with a new version label.",
        )
    if proposed.phase is Phase.ROLLING_OUT and proposed.candidate is None:
        yield Violation(
            RuleId.CANDIDATE_FROZEN,
            f"Step {proposed.step!r} needs headgate:release.candidate.",
            "no candidate.",
            "Name the candidate, or set headgate:step to idle.",
        )
    yield from _resettled(context, RuleId.CANDIDATE_FROZEN, (proposed.candidate,))


def _resettled(context: Context, rule: RuleId, versions: Collection[states.Version | None]) -> Iterable[Violation]:
    """What a slot was created with stays as it is, also outside a rollout."""
    slots = {version.slot for version in versions if version}
    before = {each.slot: each.settings for each in context.previous.created}
    for each in context.proposed.created:
        if each.slot in slots and before.get(each.slot, each.settings) != each.settings:
            yield Violation(
                rule,
                f"What runs in slot {each.slot!r} keeps the settings that it was created with.",
                f"image or settings with digest {each.settings[:12]}, created with {before[each.slot][:12]}.",
                "Take the change of image and settings out, or roll it out as a new candidate with a slot of its own.",
            )


def _judge_images(context: Context) -> Iterable[Violation]:
    return images(context.proposed)


def images(proposed: State) -> Iterable[Violation]:
    for role, version in (
        ("live", proposed.live),
        ("candidate", proposed.candidate),
        ("standby", proposed.standby),
    ):
        if version is not None and not by_digest(version.image):
            yield Violation(
                RuleId.IMAGES_BY_DIGEST,
                f"headgate:release.{role}.image must end in @sha256: and 64 hex digits.",
                f"{version.image!r}.",
                "Pin the image by the digest the registry shows for it.",
            )
    candidate = proposed.candidate
    if candidate is not None and candidate.image == proposed.live.image:
        yield Violation(
            RuleId.IMAGES_BY_DIGEST,
            "Candidate and live must be different images.",
            f"both are {candidate.image!r}.",
            "Put the new image into headgate:release.candidate.",
        )


def by_digest(image: str) -> bool:
    """Whether `image` is pinned: `name@sha256:` and 64 lower-case hex digits."""
    name, separator, digest = image.rpartition("@sha256:")
    return bool(name and separator) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")


def _judge_single_active(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    if previous.phase is not Phase.ROLLING_OUT or context.move in (Move.BACK, Move.PROMOTE):
        return
    if proposed.rollout_id != previous.rollout_id:
        yield Violation(
            RuleId.SINGLE_ACTIVE,
            f"Rollout {previous.rollout_id!r} is under way at step {previous.step!r}; one at a time.",
            f"rollout {proposed.rollout_id!r}.",
            "Finish it, or set headgate:step to idle to give traffic back, before the next starts.",
        )


def _judge_abort(context: Context) -> Iterable[Violation]:
    proposed = context.proposed
    if proposed.step == IDLE and proposed.weight != 0:
        yield Violation(
            RuleId.ABORT_ALWAYS_ALLOWED,
            "At step idle the live version has all traffic.",
            f"{proposed.weight} % on the candidate.",
            "Let Headgate derive the weight from headgate:step.",
        )


def _judge_resume(context: Context) -> Iterable[Violation]:
    proposed = context.proposed
    if context.move is Move.START and proposed.rollout_id and proposed.rollout_id == context.previous.rolled_back_id:
        yield Violation(
            RuleId.NO_RESUME_AFTER_ABORT,
            f"Rollout {proposed.rollout_id!r} was taken back and may not be resumed.",
            f"step {proposed.step!r} under the same id.",
            "Give the candidate a new version label, or set headgate:release.rollout to a new id.",
        )


def _judge_sequence(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    faults = []
    if proposed.sequence != previous.sequence + 1 or proposed.previous_digest != previous.digest:
        faults.append(f"sequence {proposed.sequence} after {previous.sequence}, made from another state")
    if (proposed.system, proposed.environment) != (previous.system, previous.environment):
        faults.append(f"{proposed.system}-{proposed.environment} after {previous.system}-{previous.environment}")
    faults.extend(_underived(context))
    for fault in faults:
        yield Violation(
            RuleId.COMPARE_AND_SWAP,
            "The proposed state must follow the recorded one directly.",
            f"{fault}.",
            "Somebody else changed the stack: run the preview again and look at it.",
        )
    skewed = proposed.changed_at > context.now or proposed.changed_at < previous.changed_at
    if skewed and context.move is not Move.BACK:  # two machines' clocks may differ; that must not stop a rollback
        yield from_the_future(max(proposed.changed_at, previous.changed_at), min(context.now, proposed.changed_at))


# Fields that follow from the recorded state, the configuration and the time, and that no other rule looks at.
_DERIVED = ("phase", "entered_at", "retain_until", "rolled_back_id", "plan_digest")


def _underived(context: Context) -> Iterable[str]:
    """Fields of the proposed state that are not what the recorded one and the configuration lead to."""
    proposed = context.proposed
    release = states.Release(proposed.live, proposed.candidate, proposed.standby, proposed.rollout_id or None)
    asked = states.Asked(
        proposed.system, proposed.environment, release, proposed.step, proposed.live_tasks, minimum_tasks=0
    )
    derived = states.propose(context.previous, asked, context.plan, context.moment)
    for name in _DERIVED:
        found, expected = getattr(proposed, name), getattr(derived, name)
        if found != expected:
            yield f"{name} {found!r} instead of {expected!r}"


def from_the_future(stamp: int, moment: int) -> Violation:
    return Violation(
        RuleId.COMPARE_AND_SWAP,
        "No time in the state may lie in the future.",
        f"{stamp} is {stamp - moment} s ahead of {moment}.",
        "Correct the clock of this machine, or wait until the time has come.",
    )


def _judge_plan_frozen(context: Context) -> Iterable[Violation]:
    # Back to idle ends the rollout, and any plan may come with it. A step back goes on under the plan in force.
    ends = context.move is Move.BACK and context.proposed.phase is not Phase.ROLLING_OUT
    if context.previous.phase is not Phase.ROLLING_OUT or ends:
        return
    for change in plan_rules.loosened(context.previous_plan, context.plan):
        yield Violation(
            RuleId.PLAN_FROZEN,
            "During a rollout the plan may only become stricter.",
            f"{change}.",
            "Take the change out, or go back to idle before the plan is changed.",
        )


def _judge_standby(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    if context.move is Move.PROMOTE:
        kept_until = context.moment + context.plan.retention
        if proposed.standby != previous.live or (proposed.retain_until or 0) < kept_until:
            yield Violation(
                RuleId.STANDBY_RETAINED,
                f"A promotion keeps the former live version {_name(previous.live)} as headgate:release.standby.",
                f"standby {_name(proposed.standby)}.",
                "Write the former live version into headgate:release.standby.",
            )
        return
    if previous.phase is not Phase.PROMOTED or context.move is Move.BACK:
        return
    until = previous.retain_until or 0
    kept = proposed.standby == previous.standby and (proposed.retain_until or 0) >= until
    if not kept and context.moment < until:
        yield Violation(
            RuleId.STANDBY_RETAINED,
            f"The standby {_name(previous.standby)} is kept until {until} (epoch seconds).",
            f"standby {_name(proposed.standby)}, {duration.show(until - context.moment)} too early.",
            "Wait until the retention is over before the standby or its slot is changed.",
        )


def _judge_capacity(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    faults = []
    busy = Phase.ROLLING_OUT in (previous.phase, proposed.phase)
    if busy and proposed.live_tasks < previous.live_tasks:
        faults.append(("the live version keeps its tasks", f"{previous.live_tasks} -> {proposed.live_tasks}"))
    if proposed.phase is Phase.ROLLING_OUT:
        least = states.tasks_for(proposed.live_tasks, proposed.weight)
        if proposed.candidate_tasks < least:
            faults.append((f"the candidate needs {least} tasks for {proposed.weight} %", str(proposed.candidate_tasks)))
    if proposed.phase is Phase.PROMOTED and proposed.standby_tasks < min(previous.live_tasks, proposed.live_tasks):
        faults.append(("the standby keeps enough tasks to take all traffic", str(proposed.standby_tasks)))
    for must, found in faults:
        yield Violation(
            RuleId.CAPACITY_FLOOR,
            f"While a rollout can still go back {must}.",
            f"{found}.",
            "Leave headgate:capacity as it is until the rollout has ended.",
        )


def _judge_ready(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    if context.move is Move.STAY or proposed.weight == 0 or previous.weight > 0:
        return
    deployed = previous.phase is Phase.ROLLING_OUT and proposed.candidate == previous.candidate
    if proposed.phase is Phase.ROLLING_OUT and not deployed:
        yield Violation(
            RuleId.CANDIDATE_READY,
            "A candidate is deployed at weight 0 by one update and gets traffic in a later one.",
            f"{proposed.weight} % in the update that deploys it.",
            "Begin headgate:plan.steps with a step of weight 0.",
        )


def _judge_stickiness(context: Context) -> Iterable[Violation]:
    proposed = context.proposed
    step = context.plan.step(proposed.step)
    longest = step.bake if step is not None and 0 < proposed.weight < 100 else 0
    if proposed.stickiness > longest:
        yield Violation(
            RuleId.STICKINESS_BOUNDED,
            f"At step {proposed.step!r} a cookie may hold a user at most {duration.show(longest)}.",
            f"{duration.show(proposed.stickiness)}.",
            "Set headgate:plan.stickiness no longer than the shortest bake, or remove it.",
        )


def _judge_window(context: Context) -> Iterable[Violation]:
    calendar, moment = context.plan.calendar, context.moment
    listed = {Move.START: calendar.start, Move.ADVANCE: calendar.advance}.get(context.move, ())
    if not windows.is_open(listed, moment):
        what = "starts" if context.move is Move.START else "advances"
        yield Violation(
            RuleId.WINDOW,
            f"A rollout {what} only in its window, {windows.show_windows(listed)}.",
            f"{windows.show_moment(moment)}.",
            f"Wait until {windows.show_moment(windows.next_opening(listed, moment))}. Going back needs no window.",
        )
    if context.move is Move.STAY:
        return
    freeze = windows.frozen(calendar.freezes, moment)
    if freeze is not None:
        yield Violation(
            RuleId.WINDOW,
            f"Nothing moves forward during the freeze {windows.show_freeze(freeze)}.",
            f"{windows.show_moment(moment)}.",
            f"Wait until {windows.show_moment(freeze.until)}. Going back is always allowed.",
        )


RULES: tuple[Rule, ...] = (
    Rule(RuleId.PLAN_WELLFORMED, _judge_plan),
    Rule(RuleId.WEIGHTS_SUM_100, _judge_weights, binds_going_back=True),
    Rule(RuleId.NO_STEP_SKIP, _judge_step_order),
    Rule(RuleId.MAX_WEIGHT_JUMP, _judge_weight_jump),
    Rule(RuleId.WEIGHT_MATCHES_PLAN, _judge_weight_of_step, binds_going_back=True),
    Rule(RuleId.BAKE_ELAPSED, _judge_bake),
    Rule(RuleId.GATES_PASSED, _judge_gates),
    Rule(RuleId.LIVE_FROZEN, _judge_live_frozen, binds_going_back=True),
    Rule(RuleId.CANDIDATE_FROZEN, _judge_candidate_frozen),
    Rule(RuleId.IMAGES_BY_DIGEST, _judge_images),
    Rule(RuleId.SINGLE_ACTIVE, _judge_single_active),
    Rule(RuleId.ABORT_ALWAYS_ALLOWED, _judge_abort, binds_going_back=True),
    Rule(RuleId.NO_RESUME_AFTER_ABORT, _judge_resume),
    Rule(RuleId.COMPARE_AND_SWAP, _judge_sequence, binds_going_back=True),
    Rule(RuleId.PLAN_FROZEN, _judge_plan_frozen, binds_going_back=True),
    Rule(RuleId.STANDBY_RETAINED, _judge_standby),
    Rule(RuleId.CAPACITY_FLOOR, _judge_capacity),
    Rule(RuleId.CANDIDATE_READY, _judge_ready),
    Rule(RuleId.STICKINESS_BOUNDED, _judge_stickiness, binds_going_back=True),
    Rule(RuleId.WINDOW, _judge_window),
)


def _name(version: states.Version | None) -> str:
    return "none" if version is None else f"{version.version!r} in {version.slot!r} ({version.image})"


def show_split(split: Mapping[str, int]) -> str:
    return ", ".join(f"{slot} {share} %" for slot, share in sorted(split.items())) or "nothing"
