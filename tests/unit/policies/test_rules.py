"""Every policy on cloud resources, behind the real servicer: good, bad, missing and unknown inputs."""

import json
from typing import Any

import pytest

from policies import pack
from policies.housekeeping import STACK
from policies.model import Rule
from policies.rollout import ROLLOUT
from policies.session import Session
from tests.support.alarm_cases import ALARM_CASES
from tests.support.edge_cases import EDGE_CASES
from tests.support.google_cases import (
    ADDRESS,
    ALERT,
    CHANNEL,
    CLUSTER,
    FORBIDDEN,
    GOOGLE_CASES,
    INSTANCE,
    QUEUE_POLICY,
    REPOSITORY,
    RUN,
    SECRET,
    UPTIME,
)
from tests.support.guardrail_cases import FORBIDDEN_IDENTITIES, GUARDRAIL_CASES
from tests.support.policy_cases import BALANCER, DEFERS, GONE, PASSES, VIOLATES, Case, changed
from tests.support.policy_cases import CASES as AWS_CASES
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, Pack, of
from tests.support.storage_cases import STORAGE_CASES

RULES = {rule.id: rule for rule in pack.rules(Session()) if isinstance(rule, Rule)}
PACK = Pack("production")
CASES = (*AWS_CASES, *STORAGE_CASES, *ALARM_CASES, *GUARDRAIL_CASES, *EDGE_CASES, *GOOGLE_CASES)


def says(case: Case, inputs: dict[str, Any]) -> list[Diagnostic]:
    return of(PACK.analyze(Declared(case.type, "it", inputs)), case.rule)


def verdict(found: list[Diagnostic]) -> str:
    """What the diagnostics of one rule amount to. A violation has the rule's own level."""
    if any(not each.deferred and each.level == RULES[each.policy].level for each in found):
        return VIOLATES
    return DEFERS if found and all(each.deferred for each in found) else PASSES


def short(case: Case) -> str:
    return f"{case.rule}@{case.type.rpartition(':')[2]}"


def each_change(kind: str) -> list[Any]:
    return [
        pytest.param(case, change, id=f"{short(case)}-{name}")
        for case in CASES
        for name, change in getattr(case, kind).items()
    ]


EACH_INPUT = [pytest.param(case, key, id=f"{short(case)}-{key}") for case in CASES for key in case.unknown]


@pytest.mark.parametrize("case", CASES, ids=short)
def test_what_the_components_declare_passes(case: Case) -> None:
    assert says(case, dict(case.good)) == []


@pytest.mark.parametrize(("case", "change"), each_change("bad"))
def test_a_bad_input_is_a_violation_that_says_what_to_do(case: Case, change: dict[str, Any]) -> None:
    found = says(case, changed(case.good, change))

    assert verdict(found) == VIOLATES
    for diagnostic in found:
        _, _, sentence = diagnostic.message.partition("\n")
        assert case.rule in sentence.split(": ")[0]
        assert "Do: " in sentence
        assert sentence.endswith(".")


@pytest.mark.parametrize(("case", "change"), each_change("fine"))
def test_a_harmless_change_passes(case: Case, change: dict[str, Any]) -> None:
    assert verdict(says(case, changed(case.good, change))) == PASSES


@pytest.mark.parametrize(("case", "key"), EACH_INPUT)
def test_a_missing_input(case: Case, key: str) -> None:
    assert verdict(says(case, changed(case.good, {key: GONE}))) == case.missing[key]


@pytest.mark.parametrize(("case", "key"), EACH_INPUT)
def test_null_is_as_good_as_missing(case: Case, key: str) -> None:
    assert verdict(says(case, changed(case.good, {key: None}))) == case.missing[key]


@pytest.mark.parametrize(("case", "key"), EACH_INPUT)
def test_an_unknown_input(case: Case, key: str) -> None:
    assert verdict(says(case, changed(case.good, {key: UNKNOWN}))) == case.unknown[key]


# Rules on the Rollout itself: test_rollout.py. On the configuration of the pack: test_configuration.py.
ELSEWHERE = frozenset({ROLLOUT, STACK})
# R-24 reads no input: test_ignored_changes.py. Forbidden types have no good inputs: below.
# R-19 reads an option: test_protection.py.
WITHOUT_INPUTS = frozenset({"no-ignore-changes-on-gated", "data-protected", "iam-no-users-or-keys", *FORBIDDEN})
# Rules on hundreds of types: one type for each input that they read.
SAMPLES = {
    "required-tags": {BALANCER, RUN, ALERT, CHANNEL, UPTIME, CLUSTER},
    "allowed-regions": {RUN, REPOSITORY, SECRET, ADDRESS, INSTANCE, QUEUE_POLICY},
}


@pytest.mark.parametrize(
    "rule",
    [rule for rule in RULES.values() if rule.types - ELSEWHERE and rule.id not in WITHOUT_INPUTS],
    ids=lambda rule: rule.id,
)
def test_every_rule_has_all_four_kinds_of_cases_on_every_type(rule: Rule) -> None:
    cases = {case.type: case for case in CASES if case.rule == rule.id}

    assert cases.keys() == SAMPLES.get(rule.id, rule.types - {ROLLOUT})
    for case in cases.values():
        assert case.bad, "no violating case"
        assert case.missing.keys() == case.unknown.keys(), "every input needs a missing and an unknown case"
    covered = {key for case in cases.values() for key in case.unknown}
    assert covered == {path.partition(".")[0] for path in rule.reads} - {
        "previous",
        "unreadable",
        "proposed",
        "plan",
        "report",
    }


@pytest.mark.parametrize(("rule", "token"), FORBIDDEN.items())
@pytest.mark.parametrize("inputs", [{}, {"name": "it"}, {"name": None}, {"name": UNKNOWN}])
def test_a_forbidden_type_is_refused_whatever_its_inputs_are(rule: str, token: str, inputs: dict[str, Any]) -> None:
    found = of(PACK.analyze(Declared(token, "it", inputs)), rule)

    assert verdict(found) == VIOLATES
    assert RULES[rule].types == {token}
    assert of(PACK.analyze(Declared("gcp:serviceaccount/account:Account", "it", inputs)), rule) == []


@pytest.mark.parametrize("token", sorted(FORBIDDEN_IDENTITIES))
@pytest.mark.parametrize("inputs", [{}, {"name": "it"}, {"name": UNKNOWN}])
def test_an_identity_with_long_lived_keys_is_refused(token: str, inputs: dict[str, Any]) -> None:
    found = of(PACK.analyze(Declared(token, "it", inputs)), "iam-no-users-or-keys")

    assert verdict(found) == VIOLATES
    assert RULES["iam-no-users-or-keys"].types == FORBIDDEN_IDENTITIES


def test_every_case_is_about_a_rule_that_exists() -> None:
    assert {case.rule for case in CASES} <= RULES.keys()


@pytest.mark.parametrize("case", CASES, ids=short)
def test_another_type_is_left_alone(case: Case) -> None:
    bad = changed(case.good, next(iter(case.bad.values())))
    assert PACK.analyze(Declared("random:index/id:Id", "it", bad)) == []


@pytest.mark.parametrize(
    "token",
    [
        "aws:alb/listener:Listener",
        "aws:elasticloadbalancingv2/listener:Listener",
        "aws:applicationloadbalancing/listener:Listener",
    ],
)
def test_every_live_token_of_a_resource_is_judged(token: str) -> None:
    listener = next(case for case in CASES if case.rule == "alb-listener-modern-tls")
    found = PACK.analyze(Declared(token, "it", changed(listener.good, {"sslPolicy": GONE})))
    assert of(found, "alb-listener-modern-tls")


CANARY = "canary-hunter2-4ac1"


def _poisoned(value: Any) -> Any:
    """Every text in `value` replaced by the canary, also inside JSON texts."""
    if isinstance(value, dict):
        return {key: _poisoned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_poisoned(each) for each in value]
    if isinstance(value, str):
        try:
            document = json.loads(value)
        except ValueError:
            return CANARY
        return json.dumps(_poisoned(document)) if isinstance(document, list | dict) else CANARY
    return value


@pytest.mark.parametrize("case", CASES, ids=short)
def test_no_text_of_a_resource_reaches_the_output(case: Case) -> None:
    """The SDK unwraps secrets and a policy cannot tell which values are secret, so none is repeated."""
    wholes = [_poisoned(changed(case.good, changes)) for changes in ({}, *case.bad.values())]
    parts = [{**case.good, only: whole[only]} for whole in wholes for only in whole]
    # Most changes leave most inputs alone, so most parts come again and again.
    for inputs in {json.dumps(each, sort_keys=True): each for each in (*wholes, *parts)}.values():
        said = PACK.analyze(Declared(case.type, "it", inputs))
        assert all(CANARY not in diagnostic.message for diagnostic in said)
