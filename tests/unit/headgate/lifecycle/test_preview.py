"""A preview is run and judged; what holds it, and who says so, is one list."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headgate.engine import EngineError, Run
from headgate.lifecycle.preview import OUTPUT, Judge, Preview, judge, preview
from headgate.migration import Migration
from headgate.moves import Move
from headgate.problems import RuleId
from tests.support.fake_engine import FakeEngine
from tests.support.preview_samples import events, printed, recorded, sample

STACK = "greenflow-staging"
AT = {"greenflow-advance": 1_795_283_300}


def judged(name: str, **options: Any) -> Preview:
    said = sample(name)
    code = 0 if '"result":"succeeded"' in said else 1
    before = recorded(name)
    now = before["proposed"]["enteredAt"] + 10 if before else 0
    return judge(STACK, Run(code, said, ""), before, **{"now": now, **options})


@dataclass
class Previews:
    """An `Operator` that only previews. `asked`: what it was asked for."""

    run: Run
    plan: str = '{"resourcePlans": {}}'
    asked: list[dict[str, object]] = field(default_factory=list)

    def preview(self, stack: str, *, plan: Path | None = None, refresh: bool = False) -> Run:
        self.asked.append({"stack": stack, "plan": plan, "refresh": refresh})
        if plan is not None and self.run.code == 0:
            plan.write_text(self.plan)
        return self.run


def test_one_step_forward_is_clean() -> None:
    found = judged("greenflow-advance")
    assert found.clean
    assert found.move is Move.ADVANCE
    assert (found.before and found.before.split) == {"blue": 90, "green": 10}
    assert (found.after and found.after.split) == {"blue": 50, "green": 50}
    assert [(each.gate, str(each.verdict)) for each in found.gates] == [("readiness", "passed"), ("drift", "passed")]
    assert (found.bake, found.left) == ((30, 10), 20)
    assert {each.policy for each in found.advice} >= {"rds-multi-az"}
    assert not found.stopped


def test_nothing_to_do_is_clean_and_shows_no_old_gates() -> None:
    found = judged("greenflow-nothing")
    assert (found.clean, found.move, found.gates) == (True, Move.STAY, ())
    assert found.before == found.after


def test_the_first_deployment() -> None:
    found = judged("ion-bootstrap")
    assert (found.clean, found.move, found.before, found.bake) == (True, Move.BOOTSTRAP, None, None)


def test_what_the_pack_and_the_guard_say_is_one_entry_each() -> None:
    found = judged("greenflow-plan-weakened")
    assert {each.judges for each in found.held} == {(Judge.PACK, Judge.GUARD)}
    assert {each.violation.rule for each in found.held} == {RuleId.PLAN_FROZEN.value}
    assert "error_rate.hold: was 0.5%, now 20%." in {each.violation.found for each in found.held}
    assert {each.resource for each in found.held} == {"rollout"}
    assert (found.failed, found.stopped, found.clean) == ("", True, False)
    assert found.errors == ()


def test_a_policy_that_is_no_rollout_rule() -> None:
    found = judged("greenflow-production-advance-waf")
    pack = [each for each in found.held if each.judges == (Judge.PACK,)]
    assert {each.violation.rule for each in pack} == {"waf-has-rules-and-metrics"}
    assert {each.resource for each in pack} == {"firewall-acl", "edge-firewall-acl"}
    assert pack[0].violation.found.startswith("rules must have the managed group")
    assert pack[0].violation.fix.startswith("Put the rule back")
    assert RuleId.SHIFT_ONLY in {each.rule for each in found.violations}


def test_what_the_engine_refuses_is_said_too() -> None:
    found = judged("greenflow-production-advance-deleted")
    assert not found.clean
    assert "cannot be deleted" in found.errors[0]


def test_a_declared_schema_is_judged() -> None:
    found = judged("greenflow-advance", migration=Migration(3, {}))
    assert {each.rule for each in found.violations} == {RuleId.EXPAND_THEN_CONTRACT}


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (Run(255, "", "error: no stack named 'x' found\n"), "no stack named 'x' found"),
        (Run(1, "", ""), "the engine did not say how the preview ended"),
        (Run(1, '{"diagnosticEvent":{"severity":"error","message":"no credentials"}}', ""), "no credentials"),
        (Run(0, "", "", interrupted=True), "interrupted; a preview changes nothing"),
        (Run(1, sample("greenflow-advance"), "error: the plan could not be saved"), "the plan could not be saved"),
    ],
)
def test_a_preview_that_fails_is_no_rule(run: Run, said: str) -> None:
    found = judge(STACK, run, recorded("greenflow-advance"), now=AT["greenflow-advance"])
    assert (found.failed, found.held, found.clean) == (said, (), False)


@pytest.mark.parametrize("output", ["", "not JSON", printed(events("greenflow-advance")[:-1])])
def test_what_cannot_be_read_holds_although_the_engine_is_content(output: str) -> None:
    found = judge(STACK, Run(0, output, ""), recorded("greenflow-advance"), now=0)
    assert not found.clean
    assert found.failed or RuleId.FAIL_CLOSED in {each.rule for each in found.violations}


def test_another_program_holds() -> None:
    listed = [each for each in events("greenflow-nothing") if "Rollout" not in str(each.get("resourcePreEvent"))]
    found = judge(STACK, Run(0, printed(listed), ""), None, now=0)
    assert "shows no Rollout" in found.violations[0].found
    assert (found.move, found.after) == (None, None)


def test_the_record_of_the_engine_is_read_and_the_plan_is_saved(tmp_path: Path) -> None:
    name, saved = "greenflow-advance", tmp_path / "plan.json"
    before = recorded(name)
    engine, operator = FakeEngine({STACK: {OUTPUT: before}}), Previews(Run(0, sample(name), ""))
    found = preview(STACK, engine, operator, now=AT[name], save=saved, refresh=True)  # type: ignore[arg-type]
    assert found.clean
    assert found.saved == saved
    assert operator.asked == [{"stack": STACK, "plan": saved, "refresh": True}]


def test_a_record_that_cannot_be_read_is_taken_from_the_program() -> None:
    engine = FakeEngine(broken="the backend is away")
    with pytest.raises(EngineError):
        engine.output(STACK, OUTPUT)
    operator = Previews(Run(0, sample("greenflow-advance"), ""))
    found = preview(STACK, engine, operator, now=AT["greenflow-advance"])  # type: ignore[arg-type]
    assert found.move is Move.ADVANCE
    assert (found.before and found.before.step) == "green-10"


def test_a_plan_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    operator = Previews(Run(0, sample("greenflow-advance"), ""), plan="[]")
    engine = FakeEngine({STACK: {OUTPUT: recorded("greenflow-advance")}})
    with pytest.raises(EngineError, match=r"plan\.json cannot be used: the engine's saved plan"):
        preview(STACK, engine, operator, now=0, save=tmp_path / "plan.json")  # type: ignore[arg-type]
