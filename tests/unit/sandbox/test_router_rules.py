"""Conditions and priorities of listener rules."""

import pytest
from multidict import CIMultiDict

from sandbox.router.model import Condition, Field, FixedResponse, Listener, Rule
from sandbox.router.rules import Facts, holds, host_name, matching_rule, query_pairs


def facts(**changes: object) -> Facts:
    headers = CIMultiDict(changes.pop("headers", {}))  # type: ignore[call-overload]
    values = {
        "method": "GET",
        "host": "api.example.com",
        "path": "/api/v2/items/7",
        "query": "version=v1&flag",
        "source": "127.0.0.1",
        "headers": headers,
    }
    return Facts(**{**values, **changes})


HOLDS = [
    (Condition(Field.HOST, ("*.example.com",)), {}, True),
    (Condition(Field.HOST, ("*.example.com",)), {"host": "API.Example.com:8080"}, True),
    (Condition(Field.HOST, ("other.com", "api.example.com")), {}, True),
    (Condition(Field.HOST, ("*.example.com",)), {"host": "example.com"}, False),
    (Condition(Field.PATH, ("/api/*",)), {}, True),
    (Condition(Field.PATH, ("/API/*",)), {}, False),
    (Condition(Field.PATH, ("*version*",)), {}, False),
    (Condition(Field.HEADER, ("0?",), header="X-Cohort"), {"headers": {"x-cohort": "07"}}, True),
    (Condition(Field.HEADER, ("0?",), header="x-cohort"), {"headers": {"X-Cohort": "17"}}, False),
    (Condition(Field.HEADER, ("*",), header="x-cohort"), {}, False),
    (Condition(Field.HEADER, ("b",), header="x"), {"headers": [("x", "a"), ("x", "b")]}, True),
    (Condition(Field.METHOD, ("POST", "PUT")), {"method": "PUT"}, True),
    (Condition(Field.METHOD, ("POST",)), {"method": "post"}, False),
    (Condition(Field.METHOD, ("P*",)), {"method": "PUT"}, False),
    (Condition(Field.QUERY, ("V1",), keys=("Version",)), {}, True),
    (Condition(Field.QUERY, ("v2",), keys=("version",)), {}, False),
    (Condition(Field.QUERY, ("v?",), keys=(None,)), {}, True),
    (Condition(Field.QUERY, ("flag",), keys=(None,)), {}, True),
    (Condition(Field.QUERY, ("flag",), keys=("flag",)), {}, False),
    (Condition(Field.QUERY, ("no", "v1"), keys=(None, "version")), {}, True),
    (Condition(Field.QUERY, ("a b",), keys=("q",)), {"query": "q=a%20b"}, True),
    (Condition(Field.QUERY, (r"\*",), keys=("q",)), {"query": "q=x"}, False),
    (Condition(Field.QUERY, (r"\*",), keys=("q",)), {"query": "q=*"}, True),
    (Condition(Field.QUERY, ("*",), keys=(None,)), {"query": ""}, False),
    (Condition(Field.SOURCE, ("127.0.0.0/8",)), {}, True),
    (Condition(Field.SOURCE, ("10.0.0.0/8", "127.0.0.1/32")), {}, True),
    (Condition(Field.SOURCE, ("10.0.0.0/8",)), {"headers": {"X-Forwarded-For": "10.1.2.3"}}, False),
    (Condition(Field.SOURCE, ("::1/128",)), {"source": "::1"}, True),
    (Condition(Field.SOURCE, ("0.0.0.0/0",)), {"source": ""}, False),
]


@pytest.mark.parametrize(("condition", "changes", "expected"), HOLDS)
def test_condition(condition: Condition, changes: dict[str, object], expected: bool) -> None:
    assert holds(condition, facts(**changes)) is expected


def rule(priority: int, *conditions: Condition) -> Rule:
    return Rule(priority, conditions, FixedResponse(200))


def test_the_first_rule_in_order_whose_conditions_all_hold_applies() -> None:
    never = Condition(Field.METHOD, ("DELETE",))
    always = Condition(Field.PATH, ("*",))
    listener = Listener("arn", 443, "HTTPS", None, (rule(1, always, never), rule(2, always), rule(3, always)))
    found = matching_rule(listener, facts())
    assert found is not None
    assert found.priority == 2


def test_no_rule_means_the_default_action() -> None:
    listener = Listener("arn", 443, "HTTPS", None, (rule(1, Condition(Field.METHOD, ("DELETE",))),))
    assert matching_rule(listener, facts()) is None


@pytest.mark.parametrize(
    ("host", "name"),
    [("a.b", "a.b"), ("a.b:80", "a.b"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("::1", "::1"), ("", "")],
)
def test_host_name(host: str, name: str) -> None:
    assert host_name(host) == name


def test_query_pairs() -> None:
    assert query_pairs("a=1&b=&c&&d=x=y&e=%2Bz+w") == [
        ("a", "1"),
        ("b", ""),
        (None, "c"),
        ("d", "x=y"),
        ("e", "+z w"),
    ]
