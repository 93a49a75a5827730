"""Every rule on what an update does to resources: what it blocks, what passes, the boundary, what is missing, back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import transition
from headgate.change_rules import RULES, check
from headgate.changes import KNOWN, Change, Changes, parse
from headgate.migration import Migration
from headgate.plan import IDLE
from headgate.problems import ON_CHANGES, RuleId, Violation
from headgate.state import State
from headgate.traffic.kinds import KINDS
from headgate.transition import Transition
from tests.support.preview_samples import FOLDER, recorded, sample
from tests.support.rollouts import AFTER, DURING, NEW, OLD, RETIRED, change, walk

SAMPLES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
CANARY = "canary-hunter2-9f2"


def judged(name: str) -> tuple[Violation, ...]:
    changes = parse(sample(name))
    assert changes.rollout is not None
    asked, last = transition.read(changes.rollout.new), transition.read(recorded(name))
    assert isinstance(asked, Transition)
    before = last.proposed if isinstance(last, Transition) else None
    return check(changes, before, asked.proposed, asked.proposed.changed_at, kinds=KINDS)


BROKEN: Mapping[str, set[RuleId]] = {
    "greenflow-replaced": {RuleId.STANDBY_RETAINED, RuleId.DATA_KEPT, RuleId.SHIFT_ONLY},
    "greenflow-without-pack": {RuleId.FAIL_CLOSED},
    "greenflow-advance-alarm": {RuleId.WAY_BACK_INTACT, RuleId.ALARMS_KEPT},
    "greenflow-advance-stricter": {RuleId.WAY_BACK_INTACT},
    "greenflow-advance-deleted": {RuleId.DATA_KEPT, RuleId.SHIFT_ONLY},
    "greenflow-advance-class": {RuleId.DATA_QUIET},
    "greenflow-advance-channel": {RuleId.WAY_BACK_INTACT, RuleId.SHIFT_ONLY},
    "greenflow-stay-alarm": {RuleId.ALARMS_KEPT},
    "greenflow-stay-class": {RuleId.DATA_QUIET},
    "greenflow-production-advance-waf": {RuleId.SHIFT_ONLY},
    "greenflow-production-advance-deleted": {RuleId.SHIFT_ONLY},  # it stopped at a protected one before the vault
    "ion-advance-alert": {RuleId.WAY_BACK_INTACT, RuleId.ALARMS_KEPT},
}


@pytest.mark.parametrize("name", SAMPLES)
def test_real_previews(name: str) -> None:
    assert {each.rule for each in judged(name)} == BROKEN.get(name, set())


@dataclass(frozen=True)
class Scene:
    """What is recorded, what is asked for, and the time."""

    previous: State | None
    proposed: State
    now: int


WALK = walk()
HELD = WALK["promoted"].state
KEPT_UNTIL = HELD.retain_until or 0


def scene(before: str, step: str, **options: Any) -> Scene:
    asked = change(WALK[before], step, **options)
    return Scene(WALK[before].state, asked.proposed, asked.now)


SCENES = {
    "bootstrap": Scene(None, WALK["before"].state, WALK["before"].state.changed_at),
    "idle": scene("before", IDLE),
    "start": scene("before", "green-up", release=DURING),
    "advance": scene("green-10", "green-50"),
    "stay": scene("green-10", "green-10"),
    "back": scene("green-50", IDLE),
    "a step back": scene("green-50", "green-10"),
    "promote": scene("green-100", IDLE, release=AFTER),
    "retained": Scene(HELD, HELD, KEPT_UNTIL - 1),
    "retention over": Scene(HELD, HELD, KEPT_UNTIL),
    "retire early": scene("promoted", IDLE, release=RETIRED, wait=60),
    "back to the standby": scene("promoted", IDLE, release=DURING, wait=60),
}

DATABASE, TABLES = "aws:rds/instance:Instance", "aws:rds/parameterGroup:ParameterGroup"
CLOUD_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
LISTENER, RULE, RUN = "aws:lb/listener:Listener", "aws:lb/listenerRule:ListenerRule", "gcp:cloudrunv2/service:Service"
SERVICE, TARGET = "aws:ecs/service:Service", "aws:appautoscaling/target:Target"
TASK, SLOT = "aws:ecs/taskDefinition:TaskDefinition", "aws:lb/targetGroup:TargetGroup"
ALARM, MUTE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/alarmMuteRule:AlarmMuteRule"
TOPIC, EVENTS, JOB = "aws:sns/topic:Topic", "aws:cloudwatch/eventRule:EventRule", "gcp:cloudscheduler/job:Job"
GROUP, ROLE = "aws:ec2/securityGroup:SecurityGroup", "aws:iam/role:Role"
TRAFFIC, COHORTS = {"tags": {"headgate-role": "traffic"}}, {"tags": {"headgate-role": "cohorts"}}


def one(kind: str, name: str, op: str, *paths: str, owner: str = "", **fields: Any) -> Change:
    chain = f"{owner}${kind}" if owner else kind
    ops = ("create-replacement", "replace", "delete-replaced") if op == "replace" else (op,)
    return Change(f"urn:pulumi:s::headgate::{chain}::{name}", kind, ops, paths, **fields)


def update(kind: str, name: str, key: str, old: object, new: object, **rest: Any) -> Change:
    return one(kind, name, "update", key, old={**rest, key: old}, new={**rest, key: new})


def rules(at: str, *changed: Change, **options: Any) -> set[str]:
    """Numbers of the rules that hold these changes in a scene."""
    where = SCENES[at]
    changes = Changes(changed, packs=frozenset({"headgate"}), succeeded=True)
    found = check(changes, where.previous, where.proposed, where.now, kinds=KINDS, **options)
    assert all(each.must and each.found and each.fix for each in found)
    return {str(each.rule).partition(" ")[0] for each in found}


TASKS = SCENES["advance"].proposed.candidate_tasks
SHIFT = one(LISTENER, "balancer-traffic", "update", "defaultActions[0].forward", old=TRAFFIC, new=TRAFFIC)
CERTIFICATE = one(LISTENER, "balancer-traffic", "update", "certificateArn", old=TRAFFIC, new=TRAFFIC)
UNSAID = one(LISTENER, "balancer-traffic", "update", old=TRAFFIC, new=TRAFFIC)
RELISTEN = one(LISTENER, "balancer-traffic", "replace", old=TRAFFIC, new=TRAFFIC)
PERCENT = one(RUN, "service", "update", "traffics[0].percent", old={"labels": TRAFFIC["tags"]})
COHORT = one(RULE, "balancer-cohorts-0", "update", "conditions", old=COHORTS)
MORE = update(SERVICE, "service-green", "desiredCount", 1, TASKS)
REBUILT = one(SERVICE, "service-green", "update", "taskDefinition", new={"desiredCount": TASKS})
REPLACED, VERSION_17 = one(DATABASE, "db", "replace"), update(DATABASE, "db", "engineVersion", "16", "17")
SQL = one(CLOUD_SQL, "db", "update", "settings")
OPEN = one(GROUP, "service-access-tasks", "update", "description")
TOPIC_KEY, TOPIC_GONE = one(TOPIC, "topics-leads", "update", "kmsMasterKeyId"), one(TOPIC, "topics-leads", "delete")
GUARDIAN = one(ROLE, "guardian-role", "update", "assumeRolePolicy", owner="headgate:index:Guardian")
OVER = {"comparisonOperator": "GreaterThanThreshold"}
LOOSER = update(ALARM, "alarms-5xx", "threshold", 0.01, 0.2, **OVER)
EQUAL = update(ALARM, "alarms-5xx", "threshold", 0.2, 0.2, **OVER)
SILENT = update(ALARM, "alarms-5xx", "actionsEnabled", True, False, **OVER)
ALARM_GONE, MUTED = one(ALARM, "alarms-5xx", "delete"), one(MUTE, "quiet", "create")
COMPONENT = one("headgate:index:LoadBalancer", "balancer", "update", "x", component=True)

# Rule, kind, scene, changes, rules that hold them.
TABLE: list[tuple[str, str, str, tuple[Change, ...], set[str]]] = [
    ("R-16", "blocked", "retained", (one(TASK, "service-blue", "delete"),), {"R-16"}),
    ("R-16", "blocked", "retained", (update(SERVICE, "service-blue", "desiredCount", 6, 0),), {"R-16"}),
    ("R-16", "blocked", "retained", (update(TARGET, "service-blue", "minCapacity", 6, 5),), {"R-16"}),
    ("R-16", "blocked", "retained", (RELISTEN,), {"R-16"}),
    ("R-16", "blocked", "stay", (one(SLOT, "balancer-blue", "replace"),), {"R-16"}),
    ("R-16", "blocked", "start", (one(TASK, "service-blue", "replace"),), {"R-16"}),
    ("R-16", "blocked", "promote", (one(TASK, "service-blue", "replace"),), {"R-16"}),
    ("R-16", "blocked", "retire early", (update(SERVICE, "service-blue", "desiredCount", 6, 0),), {"R-16"}),
    ("R-16", "passes", "retained", (one(TASK, "service-green", "replace"),), set()),
    ("R-16", "passes", "idle", (one(TASK, "service-blue", "replace"),), set()),
    ("R-16", "passes", "start", (one(TASK, "service-green", "replace"),), set()),
    ("R-16", "passes", "retained", (one(LISTENER, "balancer-test", "replace", old={}, new={}),), set()),
    ("R-16", "boundary", "retention over", (one(TASK, "service-blue", "delete"),), set()),
    ("R-16", "boundary", "retained", (update(SERVICE, "service-blue", "desiredCount", 9, 6),), set()),
    ("R-16", "missing", "retained", (update(SERVICE, "service-blue", "desiredCount", 6, None),), {"R-16"}),
    ("R-16", "missing", "retained", (update(SERVICE, "service-blue", "desiredCount", 6, True),), {"R-16"}),
    ("R-16", "back", "back", (one(TASK, "service-blue", "replace"),), set()),
    ("R-16", "back", "back to the standby", (update(SERVICE, "service-blue", "desiredCount", 6, 0),), set()),
    ("R-19", "blocked", "idle", (REPLACED,), {"R-19"}),
    ("R-19", "blocked", "bootstrap", (one(DATABASE, "database-primary", "delete"),), {"R-19"}),
    ("R-19", "blocked", "stay", (one("gcp:kms/cryptoKey:CryptoKey", "keys-key", "discard"),), {"R-19"}),
    ("R-19", "blocked", "idle", (one(DATABASE, "database-primary", "same", unprotected=True),), {"R-19"}),
    ("R-19", "passes", "idle", (update(DATABASE, "database-primary", "allocatedStorage", 50, 100),), set()),
    ("R-19", "passes", "bootstrap", (one(DATABASE, "database-primary", "create"),), set()),
    ("R-19", "boundary", "idle", (one(TASK, "service-blue", "delete"),), set()),
    ("R-19", "missing", "idle", (one(DATABASE, "database-primary", "remove-pending-replace"),), {"R-19"}),
    ("R-19", "back", "back", (REPLACED,), {"R-19"}),
    ("R-19", "back", "a step back", (one(DATABASE, "database-primary", "delete"),), {"R-19"}),
    ("R-20", "blocked", "stay", (VERSION_17,), {"R-20"}),
    ("R-20", "blocked", "start", (one(TABLES, "database-parameters", "update", "parameters"),), {"R-20"}),
    ("R-20", "blocked", "advance", (SHIFT, SQL), {"R-20"}),
    ("R-20", "blocked", "promote", (one("aws:elasticache/user:User", "cache-app", "delete"),), {"R-20"}),
    ("R-20", "passes", "idle", (VERSION_17,), set()),
    ("R-20", "passes", "retained", (VERSION_17,), set()),
    ("R-20", "boundary", "stay", (one(DATABASE, "database-primary", "update", "tags.owner", "tagsAll.owner"),), set()),
    ("R-20", "missing", "stay", (one(DATABASE, "database-primary", "update"),), {"R-20"}),
    ("R-20", "back", "back", (VERSION_17,), set()),
    ("R-22", "blocked", "advance", (SHIFT, TOPIC_KEY), {"R-22"}),
    ("R-22", "blocked", "advance", (SHIFT, TOPIC_GONE), {"R-22"}),
    ("R-22", "blocked", "stay", (one(TOPIC, "topics-leads", "replace"),), {"R-22"}),
    ("R-22", "blocked", "retained", (update(EVENTS, "guardian-minute", "state", "ENABLED", "DISABLED"),), {"R-22"}),
    ("R-22", "blocked", "stay", (update(JOB, "guardian-minute", "paused", None, True),), {"R-22"}),
    ("R-22", "blocked", "advance", (SHIFT, GUARDIAN), {"R-22"}),
    ("R-22", "passes", "stay", (TOPIC_KEY,), set()),
    ("R-22", "passes", "idle", (TOPIC_GONE,), set()),
    ("R-22", "boundary", "advance", (SHIFT, one(TOPIC, "topics-leads", "update", "tags.owner")), set()),
    ("R-22", "boundary", "retention over", (TOPIC_GONE,), set()),
    ("R-22", "missing", "advance", (SHIFT, one(TOPIC, "topics-leads", "update")), {"R-22"}),
    ("R-22", "back", "back", (TOPIC_GONE,), set()),
    ("R-23", "blocked", "stay", (LOOSER,), {"R-23"}),
    ("R-23", "blocked", "stay", (ALARM_GONE,), {"R-22", "R-23"}),
    ("R-23", "blocked", "stay", (MUTED,), {"R-23"}),
    ("R-23", "blocked", "promote", (SILENT,), {"R-22", "R-23"}),
    ("R-23", "passes", "stay", (one(ALARM, "alarms-new", "create"),), set()),
    ("R-23", "passes", "stay", (one(MUTE, "quiet", "delete"),), set()),
    ("R-23", "passes", "idle", (LOOSER,), set()),
    ("R-23", "passes", "start", (ALARM_GONE,), set()),
    ("R-23", "boundary", "stay", (EQUAL,), set()),
    ("R-23", "missing", "stay", (one(ALARM, "alarms-5xx", "update", "threshold"),), {"R-23"}),
    ("R-23", "back", "back", (ALARM_GONE, MUTED), set()),
    ("R-26", "blocked", "advance", (SHIFT, MORE, OPEN), {"R-26"}),
    ("R-26", "blocked", "advance", (CERTIFICATE,), {"R-26"}),
    ("R-26", "blocked", "advance", (update(SERVICE, "service-green", "desiredCount", 1, TASKS + 1),), {"R-26"}),
    ("R-26", "blocked", "advance", (REBUILT,), {"R-26"}),
    ("R-26", "blocked", "advance", (update(SERVICE, "service-other", "desiredCount", 1, TASKS),), {"R-26"}),
    ("R-26", "passes", "advance", (SHIFT, MORE, one(GROUP, "service-access-tasks", "update", "tags.owner")), set()),
    ("R-26", "passes", "advance", (PERCENT,), set()),
    ("R-26", "passes", "advance", (COHORT,), set()),
    ("R-26", "passes", "advance", (COMPONENT,), set()),
    ("R-26", "passes", "stay", (OPEN,), set()),
    ("R-26", "passes", "start", (one(GROUP, "service-access-tasks", "create"),), set()),
    ("R-26", "boundary", "advance", (SHIFT, one(GROUP, "service-access-tasks", "read")), set()),
    ("R-26", "missing", "advance", (UNSAID,), {"R-26"}),
    ("R-26", "missing", "advance", (update(SERVICE, "service-green", "desiredCount", 1, None),), {"R-26"}),
    ("R-26", "back", "back", (SHIFT, OPEN), set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "changed", "expected"),
    [row[2:] for row in TABLE],
    ids=[f"{row[0]}-{row[1]}-{row[2]}-{row[3][-1].op}-{number}" for number, row in enumerate(TABLE)],
)
def test_table(at: str, changed: tuple[Change, ...], expected: set[str]) -> None:
    assert rules(at, *changed) == expected


def test_every_rule_has_every_kind_of_row() -> None:
    kinds = ("blocked", "passes", "boundary", "missing", "back")
    # R-21 judges what is declared (below), R-29 whether anything can be judged at all.
    numbers = {each.value.partition(" ")[0] for each in ON_CHANGES} - {"R-21"} | {"R-16"}
    assert {(row[0], row[1]) for row in TABLE} == {(number, kind) for number in numbers for kind in kinds}
    assert {rule.id for rule in RULES} == ON_CHANGES | {RuleId.STANDBY_RETAINED, RuleId.FAIL_CLOSED}


@pytest.mark.parametrize("at", SCENES)
def test_an_update_without_a_change_passes(at: str) -> None:
    assert rules(at, SHIFT, one(DATABASE, "database-primary", "same")) == set()


def test_what_is_not_understood_holds_and_going_back_does_not_wait_for_it() -> None:
    unread = Changes(problems=("line 3 of the preview is not JSON",), packs=frozenset({"headgate"}))
    for at, where in SCENES.items():
        found = check(unread, where.previous, where.proposed, where.now, kinds=KINDS)
        expected = set() if "back" in at else {RuleId.FAIL_CLOSED}
        assert {each.rule for each in found} == expected, at


def test_without_the_pack_a_rollout_neither_starts_nor_advances() -> None:
    held = {
        at
        for at, where in SCENES.items()
        if check(Changes(succeeded=True), where.previous, where.proposed, where.now, kinds=KINDS)
    }
    assert held == {"start", "advance"}


BOTH = Migration(8, {OLD.version: (7, 8), NEW.version: (8, 9)})


@pytest.mark.parametrize(
    ("at", "declared", "expected"),
    [
        ("start", Migration(7, {OLD.version: (7, 8), NEW.version: (8, 9)}), {"R-21"}),
        ("retained", Migration(9, BOTH.reads), {"R-21"}),
        ("advance", Migration(9, BOTH.reads), {"R-21"}),
        ("advance", BOTH, set()),
        ("start", BOTH, set()),
        ("idle", Migration(7, BOTH.reads), set()),
        ("advance", Migration(8, {OLD.version: (8, 8), NEW.version: (8, 8)}), set()),
        ("advance", Migration(8, {OLD.version: (7, 8)}), {"R-21"}),
        ("advance", None, set()),
        ("back", Migration(9, BOTH.reads), set()),
    ],
    ids=["blocked", "contracted too early", "contracted in flight", "passes", "expanded", "not started", "boundary",
         "missing", "not declared", "back"],
)  # fmt: skip
def test_a_schema_that_a_version_does_not_work_with(at: str, declared: Migration | None, expected: set[str]) -> None:
    assert rules(at, migration=declared) == expected


def test_nothing_of_the_inputs_is_quoted() -> None:
    secret = {"password": CANARY, "policy": CANARY, "comparisonOperator": CANARY, "threshold": CANARY, "state": CANARY}
    other = dict.fromkeys(secret, f"{CANARY}-2")
    kinds = [*KINDS.roles, GROUP, TASK]
    for at, where in SCENES.items():
        changed = tuple(
            one(kind, f"{role}-{number}", op, "policy", "password", old=secret, new=other)
            for number, kind in enumerate(kinds)
            for role in ("service-blue", "service-green")
            for op in ("update", "replace", "create")
        )
        found = check(Changes(changed), where.previous, where.proposed, where.now, kinds=KINDS)
        assert CANARY not in "".join(map(str, found)), at


INPUTS = st.dictionaries(
    st.sampled_from(["tags", "threshold", "desiredCount", "state", "conditions", "metricQueries", "dimensions"]),
    st.none() | st.booleans() | st.integers(-1, 9) | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip
CHANGES = st.builds(
    lambda kind, name, ops, paths, old, new: Change(
        f"urn:pulumi:s::p::{kind}::{name}", kind, tuple(ops), paths, old=old, new=new
    ),
    st.sampled_from([*KINDS.roles, GROUP, "odd"]),
    st.sampled_from(["service-blue", "service-green", "x", ""]),
    st.lists(st.sampled_from([*KNOWN, "odd", ""]), max_size=3),
    st.lists(st.sampled_from(["tags.a", "desiredCount", "", "[", "traffics[0]"]), max_size=3).map(tuple),
    st.none() | INPUTS,
    st.none() | INPUTS,
)  # fmt: skip


@given(st.lists(CHANGES, max_size=4), st.sampled_from(sorted(SCENES)))
def test_judging_never_raises(changed: list[Change], at: str) -> None:
    where = SCENES[at]
    found = check(Changes(tuple(changed)), where.previous, where.proposed, where.now, kinds=KINDS)
    assert not any("wrong shape" in each.found for each in found)
    if "back" in at:
        assert {each.rule for each in found} <= {RuleId.DATA_KEPT}


def test_a_value_of_a_shape_that_nobody_thought_of_holds() -> None:
    odd: Any = object()
    (found,) = check(odd, None, SCENES["idle"].proposed, 0, kinds=KINDS)
    assert found.rule is RuleId.FAIL_CLOSED
