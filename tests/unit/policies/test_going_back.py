"""Nothing but data and the rollout's own rules stops a run that gives traffic back; the others only advise then."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime import proto

from headgate import transition
from headgate.moves import Move, classify
from headgate.plan import IDLE
from headgate.problems import ON_CHANGES, RuleId
from headgate.state import Recorded
from headgate.transition import Transition
from policies import pack
from policies.going_back import ADVICE
from policies.housekeeping import CONFIGURATION, STACK
from policies.protection import DATA
from policies.rollout import ROLLOUT
from policies.rollout_texts import identifier
from policies.session import Session
from tests.support.policy_cases import CASES, DATABASE, changed
from tests.support.rollouts import Change, bootstrap, change, image
from tests.support.rule_table import TABLE, TAKEN_BACK, TEN, Row
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, FixedSession, Pack, of

GOOD = next(case for case in CASES if case.rule == "rds-multi-az").good
ONE_ZONE = Declared(DATABASE, "db", changed(GOOD, {"multiAz": False}), protect=True)
PROVIDER = Declared("pulumi:providers:aws", "default", {})
ROOT = Declared(STACK, "greenflow-production", {})
RUN_OUT = {
    "policy": "rds-multi-az",
    "urnPattern": "*",
    "reason": "moves away",
    "owner": "data-team",
    "expires": "2020-06-30",
}
BACK, FORWARD = change(TEN, IDLE), change(TEN, "green-50")
SESSION = FixedSession()
PACK = Pack("production", session=SESSION)


def inputs_of(asked: Change) -> dict[str, Any]:
    carried = Transition(asked.previous, asked.proposed, asked.plan, asked.report)
    return {key: value for key, value in transition.to_dict(carried).items() if value is not None}


def rollout(asked: Change, name: str = "rollout") -> Declared:
    return Declared(ROLLOUT, name, inputs_of(asked))


def opened(at: int, policy_config: Mapping[str, Any] | None = None) -> Pack:
    """The pack at the beginning of a run, at `at`."""
    SESSION.moment = at
    if policy_config is not None:
        return Pack("production", session=SESSION, policy_config=policy_config)
    PACK.open()
    return PACK


def levels(found: list[Diagnostic], policy: str) -> list[str]:
    return [each.level for each in of(found, policy)]


def judged_after(*seen: Declared, resource: Declared = ONE_ZONE, at: int = BACK.now) -> list[Diagnostic]:
    """What is said of `resource` in a run that has seen others."""
    run = opened(at)
    for each in seen:
        run.analyze(each)
    return run.analyze(resource)


def test_it_advises_with_its_id_what_to_do_and_that_it_will_stop_the_next_update() -> None:
    (said,) = of(judged_after(rollout(BACK)), "rds-multi-az")
    assert said.level == "advisory"
    assert "rds-multi-az: multiAz must be true" in said.message
    assert " Do: " in said.message
    assert said.message.endswith(ADVICE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_the_way_is_the_one_that_the_rollout_rules_see(row: Row) -> None:
    asked = row.change
    back = (
        isinstance(asked.previous, Recorded)
        and classify(asked.previous.state, asked.proposed) is Move.BACK
        and asked.proposed.changed_at >= asked.now
    )
    found = judged_after(rollout(asked), at=asked.now)
    assert levels(found, "rds-multi-az") == ["advisory" if back else "mandatory"]


def test_the_table_goes_both_ways() -> None:
    moves = {classify(row.change.previous.state, row.change.proposed) for row in TABLE
             if isinstance(row.change.previous, Recorded)}  # fmt: skip
    assert moves >= {Move.BACK, Move.START, Move.ADVANCE, Move.PROMOTE, Move.STAY, Move.RETIRE, Move.EDIT}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in inputs_of(BACK).items() if name != key}


UNREADABLE: dict[str, Any] = {
    "nothing": {},
    "unknown whole": dict.fromkeys(inputs_of(BACK), UNKNOWN),
    **{f"unknown {key}": {**inputs_of(BACK), key: UNKNOWN} for key in ("previous", "proposed", "plan", "report")},
    "unknown step": {**inputs_of(BACK), "proposed": {**inputs_of(BACK)["proposed"], "step": UNKNOWN}},
    "unknown weight": {**inputs_of(BACK), "proposed": {**inputs_of(BACK)["proposed"], "weight": UNKNOWN}},
    "text for a time": {**inputs_of(BACK), "proposed": {**inputs_of(BACK)["proposed"], "changedAt": "now"}},
    "no record": without("previous"),
    "no plan": without("plan"),
    "a record that cannot be read": {**without("previous"), "unreadable": "it is damaged"},
    "not even a mapping": {"previous": "?", "proposed": [], "plan": 1},
    "what the SDK cannot read": {"previous": {"4dabf18193072939515e22adb298388d": "no signature"}},
}


@pytest.mark.parametrize("inputs", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_rollout_that_cannot_be_read_goes_nowhere(inputs: Mapping[str, Any]) -> None:
    assert levels(judged_after(Declared(ROLLOUT, "rollout", inputs)), "rds-multi-az") == ["mandatory"]


def test_without_a_rollout_everything_binds() -> None:
    assert levels(judged_after(), "rds-multi-az") == ["mandatory"]
    assert levels(judged_after(ROOT, PROVIDER), "rds-multi-az") == ["mandatory"]
    assert levels(judged_after(rollout(bootstrap()), at=bootstrap().now), "rds-multi-az") == ["mandatory"]


def test_a_second_rollout_takes_the_advice_back() -> None:
    assert levels(judged_after(rollout(BACK), rollout(BACK, "other")), "rds-multi-az") == ["mandatory"]
    assert levels(judged_after(rollout(FORWARD), rollout(BACK, "other")), "rds-multi-az") == ["mandatory"]
    assert levels(judged_after(rollout(FORWARD), rollout(BACK)), "rds-multi-az") == ["advisory"]


def test_an_update_after_the_rollback_that_changes_nothing_binds() -> None:
    """It carries the transition of the rollback again, which was made before it began."""
    assert levels(judged_after(rollout(BACK), at=BACK.now), "rds-multi-az") == ["advisory"]
    assert levels(judged_after(rollout(BACK), at=BACK.now + 1), "rds-multi-az") == ["mandatory"]


def test_the_next_start_binds() -> None:
    start = change(TAKEN_BACK, "green-up", rollout_id="another")
    assert levels(judged_after(rollout(start), at=start.now), "rds-multi-az") == ["mandatory"]


def test_one_run_does_not_leak_into_the_next() -> None:
    assert levels(judged_after(ROOT, rollout(BACK)), "rds-multi-az") == ["advisory"]
    assert levels(judged_after(), "rds-multi-az") == ["mandatory"]
    run = opened(BACK.now, {CONFIGURATION: {"exemptions": [RUN_OUT]}})
    run.analyze(ROOT)
    run.open()
    assert of(run.analyze(ONE_ZONE), CONFIGURATION) == []


def test_a_clock_that_may_not_run_tells_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_REHEARSAL_CLOCK", "60@1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    run = Pack("production", session=Session(), config={"aws:endpoints": '[{"elbv2": "https://real.example"}]'})
    run.analyze(rollout(BACK))
    assert levels(run.analyze(ONE_ZONE), "rds-multi-az") == ["mandatory"]


# What keeps binding.


def test_data_is_guarded_on_the_way_back_too() -> None:
    open_ = Declared(DATABASE, "db", changed(GOOD, {"deletionProtection": False, "multiAz": False}))
    found = judged_after(rollout(BACK), resource=open_)
    assert levels(found, "data-protected") == ["mandatory"]
    assert levels(found, "rds-deletion-protection") == ["mandatory"]
    assert levels(found, "rds-multi-az") == ["advisory"]


def test_the_rollout_s_own_rules_decide_for_themselves() -> None:
    other = change(TEN, IDLE, live=replace(TEN.state.live, image=image("c")))
    found = opened(other.now).analyze(rollout(other))
    assert levels(found, identifier(RuleId.LIVE_FROZEN)) == ["mandatory"]


def test_a_carrier_that_does_not_agree_is_refused() -> None:
    run = opened(BACK.now)
    listener = Declared("aws:lb/listener:Listener", "traffic", {"tags": {"headgate-role": "traffic"}})
    run.analyze(rollout(BACK))
    found = run.analyze_stack([rollout(BACK), listener])
    assert set(levels(found, "rollout-carrier-agrees")) == {"mandatory"}
    assert set(levels(run.analyze(listener), identifier(RuleId.WEIGHTS_SUM_100))) == {"mandatory"}


RULES = {rule.id: rule for rule in pack.rules(Session())}
KEEPING = {
    "artifact-registry-protected",
    "data-protected",
    "ecr-lifecycle-keeps-rollback-images",
    "gcp-secret-protected",
    "kms-key-declared",
    "kms-safe-deletion-and-policy",
    "no-force-destroy",
    "rds-backup-retention",
    "rds-deletion-protection",
    "rds-final-snapshot",
    "redis-backups",
    "s3-versioning",
    "s3-versioning-enabled",
    "secret-recovery-window",
}


def test_which_rules_bind_going_back() -> None:
    """A rule is added here with a reason in docs/adr/0012; whatever is not here can never stop a rollback."""
    binding = {name for name, rule in RULES.items() if rule.binds_going_back}
    of_the_rollout = {identifier(rule) for rule in RuleId if rule not in ON_CHANGES}
    assert binding == KEEPING | of_the_rollout | {"no-ignore-changes-on-gated", "rollout-carrier-agrees"}
    assert {token for name in KEEPING for token in RULES[name].types} >= DATA


# What comes before the Rollout, and after everything.


def test_the_pack_s_own_configuration_is_told_when_the_way_is_known() -> None:
    """The engine registers the stack first; an exemption that ran out must not stop a rollback there."""
    for asked, level in ((BACK, "advisory"), (FORWARD, "mandatory")):
        run = opened(asked.now, {CONFIGURATION: {"exemptions": [RUN_OUT]}})
        assert run.analyze(ROOT) == []
        assert run.analyze(PROVIDER) == []
        first = run.analyze(rollout(asked))
        assert levels(first, CONFIGURATION) == [level]
        assert "has run out" in of(first, CONFIGURATION)[0].message
        assert of(run.analyze(ONE_ZONE), CONFIGURATION) == []


def test_the_pack_s_own_configuration_is_told_before_anything_else_changes() -> None:
    run = opened(BACK.now, {CONFIGURATION: {"exemptions": [RUN_OUT]}})
    run.analyze(ROOT)
    queue = Declared("random:index/id:Id", "a type without rules", {})
    assert levels(run.analyze(queue), CONFIGURATION) == ["mandatory"]


def test_the_pack_s_own_configuration_is_told_at_the_latest_at_the_end() -> None:
    run = opened(BACK.now, {CONFIGURATION: {"exemptions": [RUN_OUT]}})
    run.analyze(ROOT)
    assert levels(run.analyze_stack([]), CONFIGURATION) == ["mandatory"]


def test_policies_over_the_whole_stack_advise_as_well() -> None:
    vpc = Declared("aws:ec2/vpc:Vpc", "net", {})
    for asked, level in ((BACK, "advisory"), (FORWARD, "mandatory")):
        run = opened(asked.now)
        run.analyze(rollout(asked))
        assert levels(run.analyze_stack([rollout(asked), vpc]), "vpc-flow-logs-enabled") == [level]


def test_what_only_advises_anyway_is_said_as_ever() -> None:
    run = Pack("staging", session=SESSION, moment=BACK.now)
    run.analyze(rollout(BACK))
    assert all(ADVICE not in each.message for each in of(run.analyze(ONE_ZONE), "rds-multi-az"))


@pytest.mark.parametrize(("token", "level"), [("aws:wafv2/webAcl:WebAcl", "advisory"), (DATABASE, "mandatory")])
def test_what_cannot_be_read_stops_a_rollback_only_where_data_is(token: str, level: str) -> None:
    broken = Declared(token, "it", {"x": {"4dabf18193072939515e22adb298388d": "no signature"}})
    assert levels(judged_after(rollout(BACK), resource=broken), "policy-error") == [level]
    assert levels(judged_after(rollout(FORWARD), resource=broken), "policy-error") == ["mandatory"]


def test_severity_and_id_stay_those_of_the_policy() -> None:
    run = opened(BACK.now)
    run.analyze(rollout(BACK))
    request = proto.AnalyzeRequest(type=DATABASE, urn="urn:db", name="db")
    request.properties.update(ONE_ZONE.inputs)
    said = {each.policyName: each for each in run.dispatcher.Analyze(request, None).diagnostics}
    assert said["rds-multi-az"].enforcementLevel == proto.ADVISORY
    assert said["rds-multi-az"].severity != proto.POLICY_SEVERITY_UNSPECIFIED
