"""The rollout rules as a table: per rule, changes it blocks and lets pass, at its boundary, with a field missing, and
when traffic is given back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from headgate.limits import Limit, Limits
from headgate.plan import IDLE, Plan, Step
from headgate.problems import RuleId
from headgate.report import GateResult, Report, Verdict
from headgate.state import Phase, Recorded, Release, Version
from headgate.windows import Calendar, Freeze, Window
from tests.support.rollouts import (
    AFTER,
    BEFORE,
    DURING,
    HOUR,
    MINUTE,
    NEW,
    OLD,
    PLAN,
    RETIRED,
    START,
    Change,
    bootstrap,
    change,
    forge,
    good,
    image,
    live,
    replan,
    results,
    walk,
)

KINDS = ("blocked", "passes", "boundary", "missing", "back")


@dataclass(frozen=True)
class Row:
    """A change and exactly the rules it breaks."""

    rule: RuleId
    kind: str
    name: str
    change: Change
    breaks: frozenset[RuleId]

    @property
    def id(self) -> str:
        return f"{self.rule.split()[0]}-{self.kind}-{self.name}"


AT = walk()
BEFORE_ALL, UP, TEN, FIFTY, HUNDRED = (AT[name] for name in ("before", *PLAN.step_names))
PROMOTED, DONE = AT["promoted"], AT["retired"]
TAKEN_BACK = change(TEN, IDLE).accepted()
NAMED = change(BEFORE_ALL, IDLE, DURING).accepted()

NEXT = Version("2026.02.12", "green", image("c"))
THIRD = Version("2026.02.12", "purple", image("c"))
LIMITED = replace(PLAN, limits=Limits((Limit("error_rate", Fraction(1, 200), Fraction(1, 100), 3),)))


def _limited(**fields: Any) -> Plan:
    limits = LIMITED.limits
    bound = {key: fields.pop(key) for key in ("hold", "rollback", "readings") if key in fields}
    return replace(LIMITED, limits=replace(limits, bounds=(replace(limits.bounds[0], **bound),), **fields))


def _steps(*weights: int) -> Plan:
    return replace(PLAN, steps=tuple(Step(f"at-{weight}", weight, HOUR, ("slo",)) for weight in weights))


def _renamed(name: str, new_name: str) -> Plan:
    steps = tuple(replace(step, name=new_name) if step.name == name else step for step in PLAN.steps)
    return replace(PLAN, steps=steps)


def _with_live(step: str, to: str, **split: int) -> Change:
    """A change from `step` while the balancer routes `split`."""
    previous = AT[step]
    report = Report(replace(live(previous.state), split=split), results(previous.state))
    return change(previous, to, report=report)


def _with_results(previous: str, to: str, *found: GateResult) -> Change:
    return change(AT[previous], to, report=Report(live(AT[previous].state), found))


def _ten(**fields: Any) -> GateResult:
    return replace(next(result for result in results(TEN.state) if result.gate == "slo"), **fields)


def _readiness(verdict: Verdict) -> GateResult:
    return next(result for result in results(UP.state, verdict=verdict) if result.gate == "readiness")


def _idle_with_standby() -> Recorded:
    """A standby named at idle, which no promotion left behind."""
    return change(BEFORE_ALL, IDLE, Release(OLD, standby=NEW)).accepted()


def _row(rule: RuleId, kind: str, name: str, made: Change, *breaks: RuleId) -> Row:
    expected = frozenset(breaks) if kind != "blocked" else frozenset({rule, *breaks})
    return Row(rule, kind, name, made, expected)


def _plan_wellformed() -> Iterator[Row]:
    rule = RuleId.PLAN_WELLFORMED

    def start(plan: Plan) -> Change:
        return change(BEFORE_ALL, plan.steps[0].name, DURING, plan=plan)

    yield _row(rule, "blocked", "weights fall", start(replan(weights=[0, 50, 40, 100], max_first_weight=50)))
    yield _row(rule, "blocked", "weights stay", start(replan(weights=[0, 10, 10, 100], max_increment=90)))
    yield _row(rule, "blocked", "not to the end", start(replan(weights=[0, 10, 50, 99])))
    yield _row(rule, "blocked", "first step too large", start(replan(weights=[0, 11, 50, 100])))
    yield _row(rule, "blocked", "jump too large", start(replan(weights=[0, 10, 49, 100])))
    yield _row(rule, "blocked", "bake too short", start(replan(bakes=[59, HOUR, HOUR, HOUR])))
    yield _row(rule, "blocked", "no gate at all", start(replan(gates=[()] * 4)))
    yield _row(rule, "passes", "the plan of the runbook", start(PLAN))
    yield _row(rule, "passes", "five steps", start(_steps(0, 5, 25, 50, 100)))
    yield _row(rule, "boundary", "least bake", start(replan(bakes=[60, 60, 60, 0], stickiness=0)))
    yield _row(rule, "boundary", "most first, most more", start(replan(weights=[0, 10, 50, 100])))
    yield _row(rule, "missing", "no steps", change(BEFORE_ALL, IDLE, plan=Plan(())), rule)
    yield _row(rule, "back", "any plan may come", change(FIFTY, IDLE, plan=replan(weights=[9, 5, 3, 1])))


def _weights_sum() -> Iterator[Row]:
    rule = RuleId.WEIGHTS_SUM_100
    crowded = Release(OLD, replace(NEW, slot="blue"))
    yield _row(rule, "blocked", "one slot twice", change(BEFORE_ALL, IDLE, crowded))
    two_in_blue = Release(NEW, Version("2026.02.12", "blue", image("c")), OLD)
    yield _row(rule, "blocked", "candidate where the standby is", change(PROMOTED, IDLE, two_in_blue))
    over = change(HUNDRED, "green-100", tasks=7, weight=101)
    yield _row(rule, "blocked", "above 100", over, RuleId.WEIGHT_MATCHES_PLAN, RuleId.CAPACITY_FLOOR)
    under = change(BEFORE_ALL, "green-up", DURING, weight=-1)
    yield _row(rule, "blocked", "below 0", under, RuleId.WEIGHT_MATCHES_PLAN, RuleId.CANDIDATE_READY)
    yield _row(rule, "passes", "50/50", change(TEN, "green-50"))
    yield _row(rule, "boundary", "0/100", change(FIFTY, "green-100"))
    yield _row(rule, "boundary", "100/0", change(BEFORE_ALL, "green-up", DURING))
    yield _row(rule, "missing", "no candidate, no standby", change(TAKEN_BACK, IDLE, BEFORE))
    yield _row(rule, "back", "idle", change(FIFTY, IDLE))
    yield _row(rule, "back", "onto the slot it leaves", change(FIFTY, IDLE, crowded), rule)


def _no_step_skip() -> Iterator[Row]:
    rule = RuleId.NO_STEP_SKIP
    yield _row(rule, "blocked", "0 to 2", change(UP, "green-50"))
    to_end = change(TEN, "green-100")
    yield _row(rule, "blocked", "10 to 100", to_end, RuleId.MAX_WEIGHT_JUMP)
    second = change(BEFORE_ALL, "green-10", DURING)
    yield _row(rule, "blocked", "starts at the second step", second, RuleId.CANDIDATE_READY)
    yield _row(rule, "blocked", "promotion before the end", change(FIFTY, IDLE, AFTER))
    yield _row(rule, "blocked", "live moves without a rollout", change(DONE, IDLE, BEFORE))
    yield _row(
        rule, "blocked", "live moves to what was never live", change(_idle_with_standby(), IDLE, Release(NEW, OLD))
    )
    yield _row(rule, "passes", "0 to 1", change(UP, "green-10"))
    yield _row(rule, "passes", "promotion at the end", change(HUNDRED, IDLE, AFTER))
    yield _row(rule, "boundary", "1 to 1", change(TEN, "green-10", tasks=7, wait=1))
    unknown = change(UP, "green-75")
    yield _row(rule, "missing", "unknown step", unknown, rule, RuleId.CAPACITY_FLOOR)
    gone = change(TEN, "green-50", plan=_renamed("green-10", "green-ten"))
    yield _row(rule, "missing", "the step is gone from the plan", gone, rule, RuleId.PLAN_FROZEN)
    yield _row(rule, "back", "several steps", change(HUNDRED, "green-10", wait=0))


def _max_weight_jump() -> Iterator[Row]:
    rule = RuleId.MAX_WEIGHT_JUMP
    yield _row(rule, "blocked", "observed is behind", _with_live("green-50", "green-100", blue=51, green=49))
    stricter = change(FIFTY, "green-100", plan=replan(max_increment=49))
    yield _row(rule, "blocked", "a stricter plan counts at once", stricter, RuleId.PLAN_WELLFORMED)
    edited = change(TEN, "green-50", plan=replan(weights=[0, 10, 95, 100], max_increment=90))
    yield _row(rule, "blocked", "a looser plan does not count", edited, RuleId.PLAN_FROZEN)
    same_step = change(TEN, "green-10", plan=replan(weights=[0, 70, 90, 100], max_first_weight=70))
    yield _row(rule, "blocked", "weight of the step edited", same_step, RuleId.PLAN_FROZEN, RuleId.PLAN_WELLFORMED)
    yield _row(rule, "passes", "10 to 50", change(TEN, "green-50"))
    repaired = _with_live("green-100", "green-100", blue=100, green=0)
    again = replace(repaired, proposed=change(HUNDRED, "green-100", tasks=7).proposed)
    yield _row(rule, "passes", "the recorded weight may be restored", again)
    yield _row(rule, "boundary", "exactly the most", _with_live("green-50", "green-100", blue=50, green=50))
    unread = change(FIFTY, "green-100", report=Report(None, results(FIFTY.state), "no answer"))
    yield _row(rule, "missing", "no reading: the record counts", unread)
    yield _row(rule, "missing", "no carrier: the record counts", replace(unread, report=good(FIFTY.state)))
    yield _row(rule, "back", "all at once", _with_live("green-100", "idle", blue=0, green=100))


def _weight_matches_plan() -> Iterator[Row]:
    rule = RuleId.WEIGHT_MATCHES_PLAN
    yield _row(rule, "blocked", "state 25, plan 50", change(TEN, "green-50", weight=25))
    yield _row(rule, "blocked", "one more", change(TEN, "green-50", weight=51))
    idle = change(BEFORE_ALL, IDLE, DURING, weight=10)
    yield _row(rule, "blocked", "idle with traffic", idle, RuleId.ABORT_ALWAYS_ALLOWED)
    yield _row(rule, "passes", "equal", change(TEN, "green-50"))
    yield _row(rule, "boundary", "one less", change(TEN, "green-50", weight=49), rule)
    unknown = change(UP, "green-75", weight=1, candidate_tasks=2)
    yield _row(rule, "missing", "unknown step has no weight", unknown, rule, RuleId.NO_STEP_SKIP)
    yield _row(rule, "back", "to the weight of a step", change(FIFTY, "green-10"))
    yield _row(rule, "back", "to a weight between steps", change(FIFTY, "green-10", weight=7), rule)


def _bake_elapsed() -> Iterator[Row]:
    rule = RuleId.BAKE_ELAPSED
    yield _row(rule, "blocked", "2 of 5 minutes", change(TEN, "green-50", wait=120))
    yield _row(rule, "blocked", "1 second short", change(TEN, "green-50", wait=299))
    yield _row(rule, "blocked", "at once", change(TEN, "green-50", wait=0))
    longer = replan(bakes=[300, 301, 600, 1800])
    yield _row(rule, "blocked", "a longer bake counts at once", change(TEN, "green-50", wait=300, plan=longer))
    yield _row(rule, "blocked", "promotion", change(HUNDRED, IDLE, AFTER, wait=30 * MINUTE - 1))
    busy = change(TEN, "green-10", tasks=7, wait=200).accepted()
    yield _row(rule, "blocked", "other changes do not end it", change(busy, "green-50", tasks=7, wait=99))
    yield _row(rule, "passes", "1 second over", change(TEN, "green-50", wait=301))
    yield _row(rule, "passes", "other changes do not restart it", change(busy, "green-50", tasks=7, wait=100))
    yield _row(rule, "boundary", "to the second", change(TEN, "green-50", wait=300))
    yield _row(rule, "boundary", "promotion to the second", change(HUNDRED, IDLE, AFTER, wait=30 * MINUTE))
    gone = change(TEN, "green-50", wait=299, plan=_renamed("green-10", "green-ten"))
    yield _row(rule, "missing", "gone from the new plan", gone, rule, RuleId.NO_STEP_SKIP, RuleId.PLAN_FROZEN)
    future = change(forge(TEN, entered_at=TEN.state.entered_at + HOUR + 1), "green-50")
    yield _row(rule, "missing", "entered in the future", future, RuleId.COMPARE_AND_SWAP)
    yield _row(rule, "back", "inside the bake", change(TEN, IDLE, wait=0))


def _gates_passed() -> Iterator[Row]:
    rule = RuleId.GATES_PASSED
    for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE):
        made = _with_results("green-10", "green-50", _ten(verdict=verdict))
        yield _row(rule, "blocked", str(verdict), made)
    for name, fields in {
        "of another step": {"step": "green-up"},
        "of another rollout": {"rollout_id": "2026.02.10"},
        "of another image": {"candidate_image": NEXT.image},
        "of another gate": {"gate": "smoke"},
    }.items():
        yield _row(rule, "blocked", name, _with_results("green-10", "green-50", _ten(**fields)))
    added = replan(gates=[("readiness",), ("slo", "approval"), ("slo",), ("slo",)])
    yield _row(rule, "blocked", "a gate added meanwhile", change(TEN, "green-50", plan=added))
    failed = results(HUNDRED.state, verdict=Verdict.FAILED)
    at_end = change(HUNDRED, IDLE, AFTER, report=Report(live(HUNDRED.state), failed))
    yield _row(rule, "blocked", "promotion", at_end)
    yield _row(rule, "passes", "passed", _with_results("green-10", "green-50", _ten()))
    earlier, later = _ten(verdict=Verdict.FAILED, at=START), _ten(at=START + 1)
    yield _row(rule, "boundary", "the newest counts", _with_results("green-10", "green-50", later, earlier))
    worse = replace(earlier, at=START + 2)
    newest_failed = _with_results("green-10", "green-50", worse, later)
    yield _row(rule, "boundary", "the newest counts when it failed", newest_failed, rule)
    moment = TEN.state.changed_at + HOUR
    ahead = _with_results("green-10", "green-50", _ten(at=moment + 1))
    yield _row(rule, "blocked", "a result from the future", ahead, rule)
    yield _row(rule, "boundary", "a result of this moment", _with_results("green-10", "green-50", _ten(at=moment)))
    yield _row(rule, "missing", "no result", _with_results("green-10", "green-50"), rule)
    yield _row(rule, "missing", "no report", change(TEN, "green-50", report=Report()), rule)
    yield _row(rule, "back", "every gate failed", change(FIFTY, IDLE, report=Report(None, failed, "no answer")))


def _live_frozen() -> Iterator[Row]:
    rule = RuleId.LIVE_FROZEN
    fixed = replace(OLD, version="2026.01.29", image=image("d"))
    yield _row(rule, "blocked", "hotfix in a step", change(TEN, "green-10", Release(fixed, NEW)))
    yield _row(rule, "blocked", "hotfix with a step", change(TEN, "green-50", Release(fixed, NEW)))
    other = Release(replace(NEW, image=image("d")), standby=OLD)
    yield _row(rule, "blocked", "another version is promoted", change(HUNDRED, IDLE, other))
    yield _row(rule, "passes", "unchanged", change(TEN, "green-50"))
    yield _row(rule, "passes", "hotfix at idle", change(BEFORE_ALL, IDLE, Release(fixed)))
    yield _row(rule, "passes", "hotfix after a rollback", change(TAKEN_BACK, IDLE, Release(fixed, NEW)))
    label = Release(replace(OLD, version="2026.01.28-a"), NEW)
    yield _row(rule, "boundary", "only the label", change(TEN, "green-50", label), rule)
    nobody = change(forge(HUNDRED, candidate=None), IDLE, AFTER)
    yield _row(rule, "missing", "nothing to promote", nobody, RuleId.STANDBY_RETAINED)
    yield _row(rule, "back", "to live", change(FIFTY, IDLE))
    yield _row(rule, "back", "to another live", change(FIFTY, IDLE, Release(fixed, NEW)), rule)
    yield _row(rule, "back", "to the standby", change(PROMOTED, IDLE, DURING))
    yield _row(rule, "back", "to another standby", change(PROMOTED, IDLE, Release(fixed, NEW)), rule)


def _candidate_frozen() -> Iterator[Row]:
    rule = RuleId.CANDIDATE_FROZEN
    swapped = Release(OLD, replace(NEW, image=image("d")))
    yield _row(rule, "blocked", "swapped in a step", change(TEN, "green-10", swapped))
    yield _row(rule, "blocked", "swapped with a step", change(TEN, "green-50", swapped))
    yield _row(rule, "blocked", "moved to another slot", change(TEN, "green-50", Release(OLD, replace(NEW, slot="c"))))
    yield _row(rule, "passes", "unchanged", change(TEN, "green-50"))
    yield _row(rule, "passes", "swapped at idle", change(TAKEN_BACK, IDLE, swapped))
    yield _row(rule, "passes", "swapped with the start", change(NAMED, "green-up", swapped))
    relabelled = Release(OLD, replace(NEW, version="2026.02.11-a"), rollout=TEN.state.rollout_id)
    yield _row(rule, "boundary", "only the label", change(TEN, "green-50", relabelled), rule)
    none = change(TEN, "green-50", BEFORE)
    breaks = (RuleId.WEIGHTS_SUM_100, RuleId.SINGLE_ACTIVE, RuleId.CAPACITY_FLOOR)
    yield _row(rule, "missing", "no candidate", none, rule, *breaks)
    at_start = change(BEFORE_ALL, "green-up", BEFORE)
    yield _row(rule, "missing", "no candidate to start with", at_start, rule, RuleId.CAPACITY_FLOOR)
    yield _row(rule, "back", "with another candidate", change(FIFTY, IDLE, swapped))


def _images() -> Iterator[Row]:
    rule = RuleId.IMAGES_BY_DIGEST
    digest = "a" * 64

    def candidate(text: str) -> Change:
        return change(BEFORE_ALL, IDLE, Release(OLD, replace(NEW, image=text)))

    yield _row(rule, "blocked", "by tag", candidate("registry.example/api:latest"))
    yield _row(rule, "blocked", "candidate is live", candidate(OLD.image))
    yield _row(rule, "blocked", "live by tag", change(BEFORE_ALL, IDLE, Release(replace(OLD, image="api:1"))))
    tagged = replace(OLD, image="api:1")
    promoted = change(HUNDRED, IDLE, Release(NEW, standby=tagged))
    yield _row(rule, "blocked", "standby by tag", promoted, RuleId.STANDBY_RETAINED)
    yield _row(rule, "passes", "two digests", candidate(NEW.image))
    yield _row(rule, "passes", "every digit there is", candidate(f"api@sha256:{'0123456789abcdef' * 4}"))
    yield _row(rule, "passes", "tag and digest", candidate(f"api:1@sha256:{digest[:-1]}b"))
    yield _row(rule, "boundary", "63 digits", candidate(f"api@sha256:{digest[:-1]}"), rule)
    yield _row(rule, "boundary", "65 digits", candidate(f"api@sha256:{digest}a"), rule)
    yield _row(rule, "boundary", "capital digits", candidate(f"api@sha256:{'A' * 64}"), rule)
    yield _row(rule, "boundary", "trailing newline", candidate(f"api@sha256:{digest}\n"), rule)
    yield _row(rule, "missing", "no image", candidate(""), rule)
    yield _row(rule, "missing", "no name", candidate(f"@sha256:{digest}"), rule)
    yield _row(rule, "back", "candidate by tag", change(FIFTY, IDLE, Release(OLD, replace(NEW, image="api:1"))))


def _single_active() -> Iterator[Row]:
    rule = RuleId.SINGLE_ACTIVE
    yield _row(rule, "blocked", "another candidate", change(TEN, "green-50", Release(OLD, NEXT)))
    yield _row(rule, "blocked", "from the first step", change(TEN, "green-up", Release(OLD, NEXT)), RuleId.NO_STEP_SKIP)
    yield _row(rule, "passes", "after the other was taken back", change(TAKEN_BACK, "green-up", Release(OLD, NEXT)))
    blue = Version("2026.02.12", "blue", image("c"))
    yield _row(rule, "passes", "after the other ended", change(DONE, "green-up", Release(NEW, blue)))
    renamed = Release(OLD, NEW, rollout="again")
    yield _row(rule, "boundary", "same candidate, other id", change(TEN, "green-50", renamed), rule)
    yield _row(rule, "missing", "no id", change(TEN, "green-50", rollout_id=""), rule)
    yield _row(rule, "back", "with the next candidate", change(TEN, IDLE, Release(OLD, NEXT)))


def _abort() -> Iterator[Row]:
    rule = RuleId.ABORT_ALWAYS_ALLOWED
    kept = change(FIFTY, IDLE, weight=10)
    yield _row(rule, "blocked", "to 10", kept, RuleId.WEIGHT_MATCHES_PLAN)
    promoted = change(HUNDRED, IDLE, AFTER, weight=100)
    breaks = (RuleId.WEIGHT_MATCHES_PLAN, RuleId.WEIGHTS_SUM_100)
    yield _row(rule, "blocked", "promotion keeps a weight", promoted, *breaks)
    yield _row(rule, "passes", "from every step: 10", change(TEN, IDLE, wait=0, report=Report()))
    yield _row(rule, "passes", "from every step: 100", change(HUNDRED, IDLE, wait=0, report=Report()))
    yield _row(rule, "boundary", "to 1", change(FIFTY, IDLE, weight=1), rule, RuleId.WEIGHT_MATCHES_PLAN)
    yield _row(rule, "missing", "no candidate named", change(FIFTY, IDLE, BEFORE, wait=0))
    yield _row(rule, "back", "to the standby", change(PROMOTED, IDLE, DURING, wait=0, report=Report()))


def _no_resume() -> Iterator[Row]:
    rule = RuleId.NO_RESUME_AFTER_ABORT
    yield _row(rule, "blocked", "same id", change(TAKEN_BACK, "green-up"))
    cleared = change(TAKEN_BACK, IDLE, BEFORE).accepted()
    yield _row(rule, "blocked", "same id after a pause", change(cleared, "green-up", DURING))
    undone = change(PROMOTED, IDLE, DURING).accepted()
    yield _row(rule, "blocked", "same id after promotion was undone", change(undone, "green-up"))
    yield _row(rule, "passes", "new version", change(TAKEN_BACK, "green-up", Release(OLD, NEXT)))
    yield _row(rule, "boundary", "same version, new id", change(TAKEN_BACK, "green-up", Release(OLD, NEW, rollout="2")))
    yield _row(rule, "missing", "nothing was taken back", change(BEFORE_ALL, "green-up", DURING))
    forgotten = change(TAKEN_BACK, IDLE, BEFORE, rolled_back_id="")
    yield _row(rule, "missing", "forgotten", forgotten, RuleId.COMPARE_AND_SWAP)
    yield _row(rule, "back", "a step back is not the end", change(FIFTY, "green-10"))


def _compare_and_swap() -> Iterator[Row]:
    rule = RuleId.COMPARE_AND_SWAP
    sequence, now = TEN.state.sequence, TEN.state.changed_at + HOUR
    other = change(TEN, "green-10", tasks=7).accepted()
    second = replace(change(TEN, "green-50", tasks=7), previous=other)
    yield _row(rule, "blocked", "two writers", second)
    yield _row(rule, "blocked", "sequence skipped", change(TEN, "green-50", sequence=sequence + 2))
    yield _row(rule, "blocked", "sequence kept", change(TEN, "green-50", sequence=sequence))
    yield _row(rule, "blocked", "record edited", change(TEN, "green-50", previous_digest="0" * 64))
    yield _row(rule, "blocked", "other system", change(TEN, "green-50", system="ion"))
    yield _row(rule, "blocked", "other environment", change(TEN, "green-50", environment="staging"))
    yield _row(rule, "blocked", "entered earlier", change(TEN, "green-50", entered_at=START))
    yield _row(rule, "blocked", "other plan", change(TEN, "green-50", plan_digest=""))
    yield _row(rule, "blocked", "made later than now", replace(change(TEN, "green-50"), now=now - 1))
    skewed = change(TEN, "green-10", tasks=7, wait=-1)
    yield _row(rule, "blocked", "made before the record", replace(skewed, now=now))
    hidden = change(BEFORE_ALL, "green-10", DURING, phase=Phase.IDLE)
    yield _row(rule, "blocked", "a step outside a rollout", hidden)
    yield _row(rule, "passes", "follows", change(TEN, "green-50"))
    yield _row(rule, "passes", "judged again later", replace(change(TEN, "green-50"), now=now + 90 * 24 * HOUR))
    yield _row(rule, "boundary", "in the same second", change(TEN, "green-10", tasks=7, wait=0))
    yield _row(rule, "missing", "no digest", change(TEN, "green-50", previous_digest=""), rule)
    yield _row(rule, "back", "follows", change(FIFTY, IDLE))
    yield _row(rule, "back", "from another state", change(FIFTY, IDLE, previous_digest="0" * 64), rule)
    yield _row(rule, "back", "passes for promotion", change(FIFTY, IDLE, phase=Phase.PROMOTED), rule)
    yield _row(rule, "back", "clocks differ", replace(change(FIFTY, IDLE, wait=-HOUR), now=START))


def _plan_frozen() -> Iterator[Row]:
    rule = RuleId.PLAN_FROZEN
    at_ten = change(change(BEFORE_ALL, "green-up", DURING, plan=LIMITED).accepted(), "green-10").accepted()
    shorter = replan(bakes=[300, 300, 599, 1800])
    yield _row(rule, "blocked", "shorter bake", change(TEN, "green-50", plan=shorter))
    yield _row(rule, "blocked", "shorter bake in a step", change(TEN, "green-10", plan=shorter))
    fewer = replan(gates=[("readiness",), ("slo",), (), ("slo",)])
    yield _row(rule, "blocked", "fewer gates", change(TEN, "green-50", plan=fewer))
    for name, fields in {
        "retention": {"retention": 71 * HOUR},
        "min_bake": {"min_bake": 59},
        "max_first_weight": {"max_first_weight": 11},
        "max_increment": {"max_increment": 51},
        "stickiness": {"stickiness": 301},
    }.items():
        looser = change(TEN, "green-10", plan=replan(**fields))
        yield _row(rule, "blocked", f"looser {name}", looser)
    limit_fields: dict[str, dict[str, Any]] = {
        "hold": {"hold": Fraction(6, 1000)},
        "rollback": {"rollback": Fraction(2, 100)},
        "readings": {"readings": 4},
        "min_requests": {"min_requests": 9},
        "interval": {"interval": 61},
    }
    for name, bounds in limit_fields.items():
        looser = change(at_ten, "green-50", plan=_limited(**bounds))
        yield _row(rule, "blocked", f"looser limits: {name}", looser)
    later = replan(weights=[0, 9, 50, 100])
    yield _row(rule, "blocked", "other weights", change(TEN, "green-50", plan=later))
    yield _row(rule, "blocked", "with the promotion", change(HUNDRED, IDLE, AFTER, plan=replan(retention=HOUR)))
    stricter = replan(bakes=[300, 300, 601, 1801], retention=73 * HOUR, min_bake=61, stickiness=0)
    yield _row(rule, "passes", "stricter", change(TEN, "green-50", plan=stricter))
    tighter = _limited(hold=Fraction(4, 1000), rollback=Fraction(9, 1000), readings=2, min_requests=100)
    yield _row(rule, "passes", "stricter limits", change(at_ten, "green-50", plan=tighter))
    yield _row(rule, "passes", "looser at idle", change(TAKEN_BACK, IDLE, plan=shorter))
    yield _row(rule, "boundary", "an equal plan", change(TEN, "green-50", plan=replan()))
    yield _row(rule, "missing", "limits removed", change(at_ten, "green-50", plan=PLAN), rule)
    unbound = change(at_ten, "green-50", plan=_limited(rollback=None))
    yield _row(rule, "missing", "a bound removed", unbound, rule)
    yield _row(rule, "back", "to idle with any plan", change(FIFTY, IDLE, plan=shorter))
    yield _row(rule, "back", "a step back with a looser plan", change(FIFTY, "green-10", plan=shorter), rule)


def _standby_retained() -> Iterator[Row]:
    rule = RuleId.STANDBY_RETAINED
    until = PLAN.retention
    yield _row(rule, "blocked", "removed early", change(PROMOTED, IDLE, RETIRED, wait=10 * MINUTE))
    yield _row(rule, "blocked", "removed 1 s early", change(PROMOTED, IDLE, RETIRED, wait=until - 1))
    swapped = Release(NEW, standby=replace(OLD, image=image("d")))
    yield _row(rule, "blocked", "swapped", change(PROMOTED, IDLE, swapped))
    yield _row(rule, "blocked", "next rollout", change(PROMOTED, "green-up", Release(NEW, THIRD, OLD)))
    early = change(PROMOTED, IDLE, tasks=7, retain_until=START)
    yield _row(rule, "blocked", "time shortened", early, RuleId.COMPARE_AND_SWAP)
    yield _row(rule, "passes", "kept", change(PROMOTED, IDLE, tasks=7))
    yield _row(
        rule, "passes", "next rollout afterwards", change(PROMOTED, "green-up", Release(NEW, THIRD, OLD), wait=until)
    )
    yield _row(rule, "boundary", "to the second", change(PROMOTED, IDLE, RETIRED, wait=until))
    yield _row(
        rule, "missing", "promotion without standby", change(HUNDRED, IDLE, RETIRED), rule, RuleId.CAPACITY_FLOOR
    )
    endless = change(HUNDRED, IDLE, AFTER, retain_until=None)
    yield _row(rule, "missing", "promotion without a time", endless, rule, RuleId.COMPARE_AND_SWAP)
    kept = change(HUNDRED, IDLE, AFTER).proposed.retain_until or 0
    short = change(HUNDRED, IDLE, AFTER, retain_until=kept - 1)
    yield _row(rule, "boundary", "promotion 1 s short", short, rule, RuleId.COMPARE_AND_SWAP)
    recovered = replace(bootstrap(AFTER), report=Report(live(PROMOTED.state))).accepted()
    yield _row(rule, "blocked", "kept after the record was lost", change(recovered, IDLE, RETIRED))
    yield _row(rule, "back", "after the record was lost", change(recovered, IDLE, DURING, wait=0))
    yield _row(rule, "back", "inside the retention", change(PROMOTED, IDLE, DURING, wait=0))
    yield _row(rule, "back", "without the new version", change(PROMOTED, IDLE, BEFORE, wait=0))


def _capacity_floor() -> Iterator[Row]:
    rule = RuleId.CAPACITY_FLOOR
    yield _row(rule, "blocked", "live 6 to 5", change(TEN, "green-10", tasks=5))
    yield _row(rule, "blocked", "live 6 to 2 at the start", change(BEFORE_ALL, "green-up", DURING, tasks=2))
    yield _row(rule, "blocked", "50 % on 2 of 6", change(TEN, "green-50", candidate_tasks=2))
    yield _row(rule, "blocked", "standby switched off", change(HUNDRED, IDLE, AFTER, standby_tasks=0))
    yield _row(rule, "passes", "6 and 3", change(TEN, "green-50", candidate_tasks=3))
    yield _row(rule, "passes", "more", change(TEN, "green-10", tasks=12))
    yield _row(rule, "passes", "less at idle", change(BEFORE_ALL, IDLE, tasks=2))
    yield _row(rule, "boundary", "10 % of 6 is 1", change(UP, "green-10", candidate_tasks=1))
    yield _row(rule, "missing", "nothing at weight 0", change(BEFORE_ALL, "green-up", DURING, candidate_tasks=0), rule)
    yield _row(rule, "back", "with less capacity", change(FIFTY, IDLE, tasks=2))


def _candidate_ready() -> Iterator[Row]:
    rule = RuleId.CANDIDATE_READY
    at_once = _steps(10, 50, 100)
    yield _row(rule, "blocked", "deployed with traffic", change(BEFORE_ALL, "at-10", DURING, plan=at_once))
    named = change(NAMED, "at-10", plan=at_once)
    yield _row(rule, "blocked", "named before, deployed with traffic", named)
    another = change(UP, "green-10", Release(OLD, NEXT))
    yield _row(rule, "blocked", "another one was deployed", another, RuleId.SINGLE_ACTIVE)
    for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE):
        made = _with_results("green-up", "green-10", _readiness(verdict))
        yield _row(rule, "blocked", f"readiness {verdict}", made)
    yield _row(rule, "passes", "ready", _with_results("green-up", "green-10", _readiness(Verdict.PASSED)))
    ungated = replan(gates=[(), ("slo",), ("slo",), ("slo",)])
    up = change(BEFORE_ALL, "green-up", DURING, plan=ungated).accepted()
    unasked = change(up, "green-10", report=Report(live(up.state)))
    yield _row(rule, "boundary", "asked for even when the plan does not", unasked, rule)
    yield _row(rule, "missing", "no result", _with_results("green-up", "green-10"), rule)
    yield _row(rule, "back", "undoing a promotion step by step", change(PROMOTED, "green-10", DURING))


def _stickiness() -> Iterator[Row]:
    rule = RuleId.STICKINESS_BOUNDED
    yield _row(rule, "blocked", "a day at 10 %", change(UP, "green-10", stickiness=24 * HOUR))
    yield _row(rule, "blocked", "1 s over the bake", change(UP, "green-10", stickiness=301))
    yield _row(rule, "blocked", "on at 0 %", change(BEFORE_ALL, "green-up", DURING, stickiness=1))
    yield _row(rule, "blocked", "on at 100 %", change(FIFTY, "green-100", stickiness=1))
    yield _row(rule, "passes", "off", change(UP, "green-10", stickiness=0))
    yield _row(rule, "passes", "300 s of 600 s", change(TEN, "green-50"))
    yield _row(rule, "boundary", "as long as the bake", change(UP, "green-10", stickiness=300))
    yield _row(rule, "missing", "on at idle", change(BEFORE_ALL, IDLE, DURING, stickiness=1), rule)
    yield _row(rule, "back", "off", change(FIFTY, IDLE))
    yield _row(rule, "back", "still on", change(FIFTY, IDLE, stickiness=60), rule)


_MORNING = 1 * HOUR  # `change` waits an hour, and everything begins on a Thursday at midnight


def _calendar(start: int | None = None, advance: int | None = None, freeze: tuple[int, int] | None = None) -> Plan:
    """PLAN with windows of two hours, daily, that open so many seconds after midnight, and a freeze (from START on)."""

    def daily(opens: int | None) -> tuple[Window, ...]:
        return () if opens is None else (Window(tuple(range(7)), opens, 2 * HOUR),)

    freezes = () if freeze is None else (Freeze(START + freeze[0], START + freeze[1], "year end"),)
    return replace(PLAN, calendar=Calendar(daily(start), daily(advance), freezes))


def _window() -> Iterator[Row]:
    rule = RuleId.WINDOW

    def first(plan: Plan, wait: int = HOUR) -> Change:
        return change(BEFORE_ALL, "green-up", DURING, plan=plan, wait=wait)

    def second(plan: Plan) -> Change:
        return change(UP, "green-10", plan=plan)

    ten, eleven = TEN.state.changed_at - START, TEN.state.changed_at + HOUR - START
    yield _row(rule, "blocked", "start before the window", first(_calendar(start=14 * HOUR)))
    yield _row(rule, "blocked", "start after the window", first(_calendar(start=14 * HOUR), wait=16 * HOUR))
    yield _row(
        rule, "blocked", "start on another day", first(replace(PLAN, calendar=Calendar((Window((4,), 0, 7200),))))
    )
    yield _row(rule, "blocked", "start in a freeze", first(_calendar(freeze=(0, 2 * HOUR))))
    yield _row(rule, "blocked", "advance outside its window", second(_calendar(advance=14 * HOUR)))
    yield _row(rule, "blocked", "advance in a freeze", second(_calendar(freeze=(0, 24 * HOUR))))
    promoted_late = change(HUNDRED, IDLE, AFTER, plan=_calendar(freeze=(0, 48 * HOUR)))
    yield _row(rule, "blocked", "promotion in a freeze", promoted_late)
    yield _row(rule, "passes", "start in the window", first(_calendar(start=0)))
    yield _row(rule, "passes", "advance has windows of its own", second(_calendar(start=14 * HOUR)))
    yield _row(rule, "passes", "after the freeze", first(_calendar(freeze=(0, 1 * HOUR))))
    yield _row(rule, "boundary", "the second it opens", first(_calendar(start=_MORNING)))
    yield _row(rule, "boundary", "the second it closes", first(_calendar(start=_MORNING), wait=3 * HOUR), rule)
    yield _row(rule, "boundary", "the last second of a freeze", first(_calendar(freeze=(0, _MORNING + 1))), rule)
    over_midnight = replace(PLAN, calendar=Calendar((Window((2,), 23 * HOUR, 3 * HOUR),)))
    yield _row(rule, "boundary", "a window that began yesterday", first(over_midnight))
    yield _row(rule, "missing", "no windows", first(PLAN))
    frozen = _calendar(start=14 * HOUR, advance=14 * HOUR, freeze=(ten, eleven + HOUR))
    yield _row(rule, "back", "in a freeze, outside every window", change(TEN, IDLE, plan=frozen))


TABLE: tuple[Row, ...] = (
    *_plan_wellformed(), *_weights_sum(), *_no_step_skip(), *_max_weight_jump(), *_weight_matches_plan(),
    *_bake_elapsed(), *_gates_passed(), *_live_frozen(), *_candidate_frozen(), *_images(), *_single_active(),
    *_abort(), *_no_resume(), *_compare_and_swap(), *_plan_frozen(), *_standby_retained(), *_capacity_floor(),
    *_candidate_ready(), *_stickiness(), *_window(),
)  # fmt: skip
