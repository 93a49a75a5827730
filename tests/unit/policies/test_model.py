"""Judging never lets a resource through because something went wrong."""

from collections.abc import Iterator, Sequence

import pytest

from policies import pack
from policies.facts import Malformed, Node, NotKnown, Resource
from policies.model import Finding, Rule, Settings, Severity, StackRule, judge, judge_stack
from policies.session import Session

RESOURCE = Resource("aws:x/y:Y", "it", "urn:it", Node({"secret": "hunter2", "list": "hunter2"}))


def rule(check: object, **fields: object) -> Rule:
    return Rule(
        id="some-rule",
        row="0",
        title="Title",
        description="Checks whether.",
        types=frozenset({"aws:x/y:Y"}),
        reads=(),
        check=check,
        remedy="Mend it.",
        severity=Severity.LOW,
        source="project",
        **fields,
    )


def test_a_finding_is_one_sentence_with_the_rule_and_what_to_do() -> None:
    outcome = judge(rule(lambda *_: ["x must be 1, found 2."]), RESOURCE, {})
    assert outcome.violations == (Finding("urn:it", "some-rule: x must be 1, found 2. Do: Mend it."),)


def test_a_rule_that_speaks_for_itself_is_not_spoken_for() -> None:
    outcome = judge(rule(lambda *_: ["R-00: said."], speaks_for_itself=True), RESOURCE, {})
    assert [each.text for each in outcome.violations] == ["R-00: said."]


def _raises(error: Exception) -> object:
    def check(*_: object) -> Iterator[str]:
        yield "found before"
        raise error

    return check


def test_a_broken_rule_is_a_violation_that_repeats_nothing_of_the_resource() -> None:
    def check(resource: Resource, _: Settings) -> Iterator[str]:
        yield str(int(str(resource.inputs.get("secret"))))

    outcome = judge(rule(check), RESOURCE, {})

    assert outcome.broken
    assert "policy error some-rule: ValueError" in outcome.violations[0].text
    assert "line" in outcome.violations[0].text
    assert "hunter2" not in outcome.violations[0].text


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), TypeError("x"), AssertionError(), MemoryError()])
def test_whatever_a_rule_raises_what_it_found_before_stays(error: Exception) -> None:
    outcome = judge(rule(_raises(error)), RESOURCE, {})
    assert outcome.broken
    assert [each.text.split(":")[0] for each in outcome.violations] == ["some-rule", "policy error some-rule"]


def test_an_unknown_value_is_a_violation() -> None:
    outcome = judge(rule(_raises(NotKnown("a.b"))), RESOURCE, {})
    assert "a.b must be known at preview" in outcome.violations[1].text
    assert not outcome.deferred


def test_an_unknown_value_that_the_rule_defers_waits() -> None:
    outcome = judge(rule(_raises(NotKnown("a[0].b")), defers=frozenset({"a"})), RESOURCE, {})
    assert outcome.deferred == ("a[0].b",)
    assert [each.text.split(":")[0] for each in outcome.violations] == ["some-rule"]


def test_a_value_of_the_wrong_kind_never_waits() -> None:
    outcome = judge(rule(_raises(Malformed("a", "a list")), defers=frozenset({"a"})), RESOURCE, {})
    assert "a must be a list and is not" in outcome.violations[1].text


def test_a_broken_stack_rule_is_a_violation() -> None:
    def check(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
        yield Finding("urn:a", "found before.")
        raise KeyError(resources[0].name)

    stack_rule = StackRule(
        id="stack-rule",
        row="0",
        title="Title",
        description="Checks whether.",
        types=frozenset(),
        reads=(),
        check=check,
        remedy="Mend it.",
        severity=Severity.LOW,
        source="project",
    )
    outcome = judge_stack(stack_rule, [RESOURCE], {})

    assert outcome.broken
    assert [each.urn for each in outcome.violations] == ["urn:a", ""]
    assert "policy error stack-rule: KeyError" in outcome.violations[1].text


RULES = pack.rules(Session())


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.id)
def test_every_rule_is_documented(rule: Rule) -> None:
    assert rule.id == rule.id.lower()
    assert rule.id.replace("-", "").isalnum()
    assert rule.description.startswith(("Checks whether ", "Names every "))
    assert rule.remedy.endswith(".")
    assert not rule.title.endswith(".")
    assert rule.row
    assert rule.source
    assert all(setting.description.endswith(".") for setting in rule.settings.values())


def test_two_rules_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="some-rule"):
        pack.refuse_duplicates([rule(None), rule(None)])
    pack.refuse_duplicates(RULES)
