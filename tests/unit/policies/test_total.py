"""No input, however strange, breaks a rule: what cannot be read is said to be, and nothing passes by an accident."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import pack
from policies.facts import UNKNOWN, Node, Resource
from policies.model import Rule, StackRule, judge, judge_stack
from tests.support.guardrail_cases import GUARDRAIL_CASES
from tests.support.policy_cases import CASES as AWS_CASES
from tests.support.servicer import FixedSession

RULES = pack.rules(FixedSession())
CASES = (*AWS_CASES, *GUARDRAIL_CASES)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70_000),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from(["", "x", "true", "60", "-1", "0.0.0.0/0", "::/0", "not a range/0", "[", "[{}]", "{}", "arn:x"]),
    st.just(UNKNOWN),
)


def values(keys: list[str]) -> st.SearchStrategy[Any]:
    named = st.sampled_from(keys) if keys else st.just("x")
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(named, inner, max_size=4),
        max_leaves=12,
    )


def inputs(rule: Rule | StackRule) -> st.SearchStrategy[dict[str, Any]]:
    keys = sorted({key for path in rule.reads for key in path.split(".")})
    tops = sorted({path.partition(".")[0] for path in rule.reads}) or ["x"]
    return st.dictionaries(st.sampled_from(tops), values([*keys, "name", "value", "slot", "headgate-role"]), max_size=6)


@pytest.mark.parametrize("rule", [rule for rule in RULES if isinstance(rule, Rule)], ids=lambda rule: rule.id)
@settings(max_examples=25)
@given(data=st.data())
def test_a_rule_is_total(rule: Rule, data: st.DataObject) -> None:
    token = data.draw(st.sampled_from(sorted(rule.types)[:20]))
    outcome = judge(rule, Resource(token, "it", "urn:it", Node(data.draw(inputs(rule)))), rule.defaults)
    assert not outcome.broken, outcome.violations


@pytest.mark.parametrize("rule", [rule for rule in RULES if isinstance(rule, StackRule)], ids=lambda rule: rule.id)
@settings(max_examples=50)
@given(data=st.data())
def test_a_stack_rule_is_total(rule: StackRule, data: st.DataObject) -> None:
    tokens = sorted(rule.types) or ["x"]
    given_inputs = data.draw(st.lists(st.tuples(st.sampled_from(tokens), inputs(rule)), max_size=5))
    resources = [
        Resource(token, f"r{number}", f"urn:{number}", Node(each), depends={"subnetIds": ("urn:0", "urn:9")})
        for number, (token, each) in enumerate(given_inputs)
    ]
    assert not judge_stack(rule, resources, rule.defaults).broken


CONTAINER_RULES = [rule for rule in RULES if isinstance(rule, Rule) and rule.reads == ("containerDefinitions",)]
CONTAINER_KEYS = [
    "name", "image", "user", "privileged", "readonlyRootFilesystem", "linuxParameters", "capabilities", "add",
    "environment", "value", "logConfiguration", "logDriver",
]  # fmt: skip


@pytest.mark.parametrize("rule", CONTAINER_RULES, ids=lambda rule: rule.id)
@settings(max_examples=25)
@given(
    document=values(CONTAINER_KEYS).filter(lambda value: UNKNOWN not in _flat(value))
    | st.lists(st.dictionaries(st.sampled_from(CONTAINER_KEYS), st.none() | st.integers() | st.text(), max_size=5))
)
def test_whatever_is_in_a_document(rule: Rule, document: Any) -> None:
    node = Node({"containerDefinitions": json.dumps(document)})
    outcome = judge(rule, Resource(next(iter(rule.types)), "it", "urn:it", node), rule.defaults)
    assert not outcome.broken, outcome.violations


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _flat(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _flat(each)]
    return [value]


def test_every_rule_on_containers_is_tried() -> None:
    assert {rule.id for rule in CONTAINER_RULES} == {
        case.rule for case in CASES if case.missing.keys() == {"containerDefinitions"}
    }
