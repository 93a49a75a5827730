"""Answers of the API into the model, and what the router does not play."""

from typing import Any

import pytest

from sandbox.router import parsing
from sandbox.router.model import (
    Condition,
    Field,
    FixedResponse,
    Forward,
    Redirect,
    Stickiness,
    TargetGroup,
    WeightedGroup,
)

BLUE, GREEN = (f"arn:aws:elasticloadbalancing:r:1:targetgroup/gf-{slot}/1" for slot in ("blue", "green"))
SLOTS = {BLUE: "blue", GREEN: "green"}


def listener(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"ListenerArn": "arn:l", "Port": 443, "Protocol": "HTTPS", "DefaultActions": list(actions)}


def forward(blue: int, green: int, **sticky: object) -> dict[str, Any]:
    config: dict[str, Any] = {
        "TargetGroups": [
            {"TargetGroupArn": BLUE, "Weight": blue},
            {"TargetGroupArn": GREEN, "Weight": green},
        ]
    }
    if sticky:
        config["TargetGroupStickinessConfig"] = sticky
    return {"Type": "forward", "ForwardConfig": config}


def rule(priority: str, conditions: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    action = {"Type": "forward", "TargetGroupArn": GREEN}
    return {"Priority": priority, "Conditions": conditions, "Actions": [action], "IsDefault": False, **more}


def test_weighted_forward_with_stickiness() -> None:
    parsed = parsing.listener(listener(forward(90, 10, Enabled=True, DurationSeconds=600)), [], SLOTS)
    assert parsed.default == Forward(
        (WeightedGroup(TargetGroup(BLUE, "blue"), 90), WeightedGroup(TargetGroup(GREEN, "green"), 10)),
        Stickiness(enabled=True, duration_s=600),
    )
    assert parsed.problems == ()
    assert [group.group.name for group in parsed.default.groups] == ["gf-blue", "gf-green"]


def test_short_forward_has_weight_1_and_an_untagged_group_no_slot() -> None:
    parsed = parsing.listener(listener({"Type": "forward", "TargetGroupArn": GREEN}), [], {})
    assert parsed.default == Forward((WeightedGroup(TargetGroup(GREEN, None), 1),))


def test_redirect_and_fixed_response() -> None:
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    assert parsing.listener(listener(redirect), [], {}).default == Redirect(301, protocol="HTTPS", port="443")
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "MessageBody": "later"}}
    assert parsing.listener(listener(fixed), [], {}).default == FixedResponse(503, "text/plain", "later")


def test_rules_come_in_order_of_priority_without_the_default_one() -> None:
    rules = [
        rule("20", [{"Field": "path-pattern", "Values": ["/b"]}]),
        {"Priority": "default", "Conditions": [], "Actions": [forward(1, 1)], "IsDefault": True},
        rule("3", [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"]}}]),
    ]
    parsed = parsing.listener(listener(forward(1, 1)), rules, SLOTS)
    assert [(r.priority, r.conditions[0].values) for r in parsed.rules] == [(3, ("/a",)), (20, ("/b",))]


def test_conditions() -> None:
    conditions = [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.b"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-C", "Values": ["0?"]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": "v"}]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
    ]
    parsed = parsing.listener(listener(forward(1, 1)), [rule("1", conditions)], SLOTS)
    assert parsed.problems == ()
    assert parsed.rules[0].conditions == (
        Condition(Field.HOST, ("a.b",)),
        Condition(Field.HEADER, ("0?",), header="X-C"),
        Condition(Field.METHOD, ("GET",)),
        Condition(Field.QUERY, ("v",), keys=(None,)),
        Condition(Field.SOURCE, ("10.0.0.0/8",)),
    )


def header(*values: str) -> dict[str, Any]:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x", "Values": list(values)}}


PROBLEMS = [
    (forward(1000, 0), [], "weight 1000"),
    (forward(-1, 1), [], "weight -1"),
    (forward(1, 1, Enabled=True), [], "stickiness for 0 s"),
    (forward(1, 1, Enabled=True, DurationSeconds=604_801), [], "stickiness for 604801 s"),
    ({"Type": "authenticate-oidc"}, [], "authenticate-oidc"),
    (forward(1, 1), [rule("7", [header(*"123456")])], "rule 7: 6 condition values"),
    (forward(1, 1), [rule("7", [header(*"123"), header(*"456")])], "rule 7: 6 condition values"),
    (
        forward(1, 1),
        [rule("7", [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/"]}}])],
        "rule 7: regular expressions",
    ),
    (
        forward(1, 1),
        [rule("7", [{"Field": "moon-phase", "Values": ["full"]}])],
        "rule 7: condition 'moon-phase'",
    ),
    (forward(1, 1), [rule("7", [header("1")], Transforms=[{"Type": "url-rewrite"}])], "rule 7: transforms"),
]


@pytest.mark.parametrize(("action", "rules", "expected"), PROBLEMS, ids=[row[2] for row in PROBLEMS])
def test_what_is_not_played_is_named(action: dict[str, Any], rules: list[Any], expected: str) -> None:
    problems = parsing.listener(listener(action), rules, SLOTS).problems
    assert len(problems) == 1
    assert expected in problems[0]


def test_group_arns() -> None:
    assert parsing.group_arns([forward(1, 0), {"Type": "forward", "TargetGroupArn": "x"}]) == {
        BLUE,
        GREEN,
        "x",
    }
    assert parsing.group_arns([{"Type": "redirect", "RedirectConfig": {}}]) == set()
