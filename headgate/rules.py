"""The rollout rules: those on steps, weights and capacity, and the table of all; ids are in docs/policies.md.

`transition.check` decides which of them apply.
"""

from collections.abc import Iterable, Mapping

from headgate import duration, plan_rules, time_rules, version_rules
from headgate import report as reports
from headgate import state as states
from headgate.context import Context, Rule
from headgate.moves import Move
from headgate.plan import IDLE, Plan
from headgate.problems import RuleId, Violation
from headgate.state import Phase, Recorded, State

READINESS = "readiness"  # the gate that answers for R-18


def gates_to_leave(previous: Recorded, proposed: State, plan: Plan) -> tuple[str, ...]:
    steps = (previous.plan.step(previous.state.step), plan.step(previous.state.step))
    gates = [gate for step in steps if step for gate in step.gates]
    if previous.state.weight == 0 and proposed.weight > 0:
        gates.append(READINESS)
    return tuple(dict.fromkeys(gates))


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


def _judge_gates(context: Context) -> Iterable[Violation]:
    if context.move not in (Move.ADVANCE, Move.PROMOTE):
        return
    previous = context.previous
    image = previous.candidate.image if previous.candidate else ""
    recorded = Recorded(previous, context.previous_plan)
    for gate in gates_to_leave(recorded, context.proposed, context.plan):
        result = context.report.result(gate, previous.rollout_id, previous.step, image)
        untimely = _untimely(result, context) if result else ""
        if result is not None and result.verdict is reports.Verdict.PASSED and not untimely:
            continue
        reasons = (
            untimely or "; ".join(result.reasons)
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


def _untimely(result: reports.GateResult, context: Context) -> str:
    """Why a result cannot have been known when the step was to be left; empty when it can."""
    ahead = result.at - context.moment
    return f"the result is from the future, {ahead} s ahead" if ahead > 0 else ""


def _judge_abort(context: Context) -> Iterable[Violation]:
    proposed = context.proposed
    if proposed.step == IDLE and proposed.weight != 0:
        yield Violation(
            RuleId.ABORT_ALWAYS_ALLOWED,
            "At step idle the live version has all traffic.",
            f"{proposed.weight} % on the candidate.",
            "Let Headgate derive the weight from headgate:step.",
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
    before, after = context.previous.assignment, context.proposed.assignment
    if context.proposed.phase is Phase.ROLLING_OUT and before != after:
        yield Violation(
            RuleId.PLAN_FROZEN,
            "During a rollout the same users stay in the candidate's share: headgate:cohorts stays as it is.",
            f"users {_drawn(before)} before, {_drawn(after)} now.",
            "Put headgate:cohorts back as it was, or set headgate:step to idle; it may change together with that.",
        )


def _drawn(assignment: str) -> str:
    return f"by cohort (digest {assignment[:12]})" if assignment else "by chance"


def _judge_capacity(context: Context) -> Iterable[Violation]:
    previous, proposed = context.previous, context.proposed
    faults = []
    busy = Phase.ROLLING_OUT in (previous.phase, proposed.phase)
    # Where slots keep what they were created with, the live one has its tasks for ever; R-08 sees to that.
    may_lose = proposed.live.slot not in previous.known_slots
    if busy and may_lose and proposed.live_tasks < previous.live_tasks:
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


RULES: tuple[Rule, ...] = (
    Rule(RuleId.PLAN_WELLFORMED, _judge_plan),
    Rule(RuleId.WEIGHTS_SUM_100, _judge_weights, binds_going_back=True),
    Rule(RuleId.NO_STEP_SKIP, _judge_step_order),
    Rule(RuleId.MAX_WEIGHT_JUMP, _judge_weight_jump),
    Rule(RuleId.WEIGHT_MATCHES_PLAN, _judge_weight_of_step, binds_going_back=True),
    Rule(RuleId.BAKE_ELAPSED, time_rules.judge_bake),
    Rule(RuleId.GATES_PASSED, _judge_gates),
    Rule(RuleId.LIVE_FROZEN, version_rules.judge_live_frozen, binds_going_back=True),
    Rule(RuleId.CANDIDATE_FROZEN, version_rules.judge_candidate_frozen),
    Rule(RuleId.IMAGES_BY_DIGEST, version_rules.judge_images),
    Rule(RuleId.SINGLE_ACTIVE, version_rules.judge_single_active),
    Rule(RuleId.ABORT_ALWAYS_ALLOWED, _judge_abort, binds_going_back=True),
    Rule(RuleId.NO_RESUME_AFTER_ABORT, version_rules.judge_resume),
    Rule(RuleId.COMPARE_AND_SWAP, time_rules.judge_sequence, binds_going_back=True),
    Rule(RuleId.PLAN_FROZEN, _judge_plan_frozen, binds_going_back=True),
    Rule(RuleId.STANDBY_RETAINED, version_rules.judge_standby),
    Rule(RuleId.CAPACITY_FLOOR, _judge_capacity),
    Rule(RuleId.CANDIDATE_READY, _judge_ready),
    Rule(RuleId.STICKINESS_BOUNDED, _judge_stickiness, binds_going_back=True),
    Rule(RuleId.WINDOW, time_rules.judge_window),
)


def show_split(split: Mapping[str, int]) -> str:
    return ", ".join(f"{slot} {share} %" for slot, share in sorted(split.items())) or "nothing"
