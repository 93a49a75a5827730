"""The rollout rules behind the real servicer: the core's own table, and everything that keeps it from being judged."""

from collections.abc import Mapping
from typing import Any

import pytest

from headgate import transition
from headgate.problems import ON_CHANGES, RuleId
from headgate.transition import Transition
from policies.rollout import NEVER_EXEMPT, ROLLOUT
from policies.rollout_texts import TEXTS, identifier, number
from policies.session import Session
from tests.support.rollouts import Change, bootstrap
from tests.support.rule_table import TABLE, TEN, Row
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, FixedSession, Pack, of

FAIL_CLOSED = identifier(RuleId.FAIL_CLOSED)
SESSION = FixedSession()
PACK = Pack("production", session=SESSION)


def inputs_of(change: Change) -> dict[str, Any]:
    """A change as the Rollout component carries it: keys without a value are left out."""
    carried = Transition(change.previous, change.proposed, change.plan, change.report)
    return {key: value for key, value in transition.to_dict(carried).items() if value is not None}


def says(inputs: Mapping[str, Any], now: int) -> list[Diagnostic]:
    SESSION.moment = now
    return PACK.analyze(Declared(ROLLOUT, "rollout", inputs))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_the_pack_says_what_the_core_says(row: Row) -> None:
    found = says(inputs_of(row.change), row.change.now)

    assert {each.policy for each in found} == {identifier(rule) for rule in row.breaks}
    assert {each.level for each in found} <= {"mandatory"}
    for diagnostic in found:
        rule = next(rule for rule in RuleId if identifier(rule) == diagnostic.policy)
        assert f"\n{rule}: " in diagnostic.message
        assert " Found: " in diagnostic.message
        assert " Do: " in diagnostic.message


def test_every_rule_of_the_table_is_blocked_once_and_passes_once() -> None:
    kinds = {(row.rule, row.kind) for row in TABLE}
    judged = {row.rule for row in TABLE}
    # R-25 looks at services, not at the change: its cases are in test_rules.py. Those of R-29 are below.
    assert judged == set(RuleId) - {RuleId.ONE_OWNER, RuleId.FAIL_CLOSED} - ON_CHANGES
    assert {(rule, kind) for rule in judged for kind in ("blocked", "passes")} <= kinds


def test_every_rule_has_a_text() -> None:
    assert TEXTS.keys() == set(RuleId)
    assert len({identifier(rule) for rule in RuleId}) == len(RuleId) == len({number(rule) for rule in RuleId})


GOOD = inputs_of(bootstrap())
NOW = bootstrap().now


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        return found + [each for key, member in value.items() for each in _paths(member, (*path, key))]
    if isinstance(value, list):
        return found + [each for key, member in enumerate(value) for each in _paths(member, (*path, key))]
    return found


def _with(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    if not path:
        return new
    copied = list(value) if isinstance(value, list) else dict(value)
    copied[path[0]] = _with(value[path[0]], path[1:], new)
    return copied


CHANGE = inputs_of(next(row.change for row in TABLE if row.kind == "passes" and row.rule is RuleId.BAKE_ELAPSED))


@pytest.mark.parametrize("path", _paths(CHANGE), ids=lambda path: ".".join(map(str, path)))
def test_whatever_is_not_known_blocks(path: tuple[str | int, ...]) -> None:
    found = says(_with(CHANGE, path, UNKNOWN), NOW)

    assert [each.policy for each in found] == [FAIL_CLOSED]
    assert found[0].level == "mandatory"
    assert "not known at preview" in found[0].message


@pytest.mark.parametrize("key", ["proposed", "plan"])
@pytest.mark.parametrize("value", [None, {}, [], "text", 1, True, {"schema": 99}])
def test_what_cannot_be_read_blocks(key: str, value: object) -> None:
    found = says({**GOOD, key: value}, NOW)

    assert {each.policy for each in found} == {FAIL_CLOSED}
    assert {each.level for each in found} == {"mandatory"}


@pytest.mark.parametrize("path", [path for path in _paths(CHANGE) if isinstance(path[-1], str)], ids=str)
def test_a_missing_key_never_breaks_the_pack(path: tuple[str | int, ...]) -> None:
    def without(value: Any, rest: tuple[str | int, ...]) -> Any:
        copied = list(value) if isinstance(value, list) else dict(value)
        if len(rest) == 1:
            del copied[rest[0]]
        else:
            copied[rest[0]] = without(value[rest[0]], rest[1:])
        return copied

    found = says(without(CHANGE, path), NOW)
    assert all("policy error" not in each.message for each in found)
    if path[0] in ("proposed", "plan"):
        optional = {"candidate", "standby", "retainUntil", "gates"}
        assert found or path[-1] in optional


def test_no_inputs_block() -> None:
    assert [each.policy for each in says({}, NOW)] == [FAIL_CLOSED]


def test_a_rollout_of_production_is_not_judged_by_milder_rules() -> None:
    found = Pack("staging", session=FixedSession(moment=NOW)).analyze(Declared(ROLLOUT, "rollout", GOOD))

    assert [each.policy for each in found] == [FAIL_CLOSED]
    assert "'production'" in found[0].message
    assert "'staging'" in found[0].message


def test_a_clock_that_may_not_run_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_REHEARSAL_CLOCK", "60@1767225600")
    found = Pack("production", session=Session()).analyze(Declared(ROLLOUT, "rollout", GOOD))

    assert [each.policy for each in found] == [FAIL_CLOSED]
    assert "HEADGATE_REHEARSAL_CLOCK" in found[0].message


def test_endpoints_of_the_stack_configuration_bind_the_rehearsal_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_REHEARSAL_CLOCK", f"60@{NOW}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    away = {"aws:endpoints": '[{"elbv2": "https://elasticloadbalancing.us-east-1.amazonaws.com"}]'}

    refused = Pack("production", session=Session(), config=away).analyze(Declared(ROLLOUT, "rollout", GOOD))
    allowed = Pack("production", session=Session()).analyze(Declared(ROLLOUT, "rollout", GOOD))

    assert "elasticloadbalancing.us-east-1.amazonaws.com" in of(refused, FAIL_CLOSED)[0].message
    assert of(allowed, FAIL_CLOSED) == []


def test_rules_without_which_nothing_goes_back_cannot_be_lifted() -> None:
    assert {rule.split()[0] for rule in NEVER_EXEMPT} == {"R-08", "R-12", "R-29"}


def test_going_back_passes_at_once() -> None:
    back = next(row for row in TABLE if row.kind == "back" and row.change.previous == TEN and not row.breaks)
    assert says(inputs_of(back.change), back.change.now) == []
