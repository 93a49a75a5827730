"""The committed stacks as wholes: limit to alarm to topic to person, tags everywhere, and what the edge answers.

The components' own tests hold each link for any arguments; here the links of the programs that are really run.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from multidict import CIMultiDict

from headgate import limits as limit_rules
from sandbox.plugins.aws.engine import calls_of_create
from sandbox.plugins.aws.tables import rows
from sandbox.router.edge_headers import Policy, policy_of
from stacks.greenflow_settings import GreenflowSettings
from tests.contract.test_components import tags_key
from tests.support import stack_files
from tests.support.mocks import Recorded
from tests.support.stack_program import Stack

STACKS = ("greenflow-production", "greenflow-staging", "ion-production", "ion-staging")
GREENFLOW, ION = STACKS[:2], STACKS[2:]
REQUIRED = {"service", "environment", "owner", "managed-by"}
every_stack = pytest.mark.parametrize("stack", STACKS)
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"


@cache
def registered(stack: str) -> Recorded:
    """What the first update of a stack registers."""
    return Stack.of(stack).up(stack_files.configured(stack).settings).recorded


def bounds(stack: str) -> list[tuple[str, str]]:
    """(metric, `hold` or `rollback`) of every bound of the plan's limits."""
    listed = stack_files.configured(stack).settings.plan.limits.bounds
    return [
        (limit.metric.replace("_", "-"), bound)
        for limit in listed
        for bound in ("hold", "rollback")
        if getattr(limit, bound) is not None
    ]


def topics(recorded: Recorded) -> dict[str, set[str]]:
    """ARN of each topic -> endpoints that are subscribed to it."""
    found: dict[str, set[str]] = {each.inputs["arn"]: set() for each in recorded.of_type("TopicPolicy")}
    for each in recorded.of_type("TopicSubscription"):
        found[each.inputs["topic"]].add(each.name)
    return found


@every_stack
def test_the_plan_has_limits(stack: str) -> None:
    assert len(bounds(stack)) > 5
    assert {metric.replace("-", "_") for metric, _ in bounds(stack)} <= limit_rules.METRICS.keys()


@pytest.mark.parametrize("stack", GREENFLOW)
def test_every_limit_of_greenflow_has_an_alarm_that_reaches_somebody(stack: str) -> None:
    recorded = registered(stack)
    told = topics(recorded)
    alarms = {each.name: each.inputs for each in recorded.of_type("MetricAlarm")}
    for metric, bound in bounds(stack):
        # Of what both slots share there is one alarm, of all else one for each of them: never one alone.
        names = [f"alarms-{slot}-{metric}-{bound}" for slot in ("blue", "green")]
        watching = [name for name in names if name in alarms]
        assert watching in (names, []), names
        for name in watching or [f"alarms-{metric}-{bound}"]:
            assert {person for topic in alarms[name]["alarmActions"] for person in told[topic]}, name


@pytest.mark.parametrize("stack", GREENFLOW)
def test_every_alarm_of_greenflow_acts_and_no_topic_is_without_somebody(stack: str) -> None:
    recorded = registered(stack)
    told = topics(recorded)
    alarms = [*recorded.of_type("MetricAlarm"), *recorded.of_type("CompositeAlarm")]
    assert len(alarms) > 10
    silent = [
        each.name
        for each in alarms
        if not each.inputs.get("actionsEnabled", True)
        or not each.inputs.get("alarmActions")
        or not all(told[topic] for topic in each.inputs["alarmActions"])
    ]
    assert silent == []
    assert {topic for each in alarms for topic in each.inputs["alarmActions"]} == told.keys()
    assert all(told.values())


@pytest.mark.parametrize("stack", ION)
def test_every_limit_of_ion_has_an_alert_and_every_alert_reaches_somebody(stack: str) -> None:
    recorded = registered(stack)
    channels = len(recorded.of_type("NotificationChannel"))
    alerts = {each.name: each.inputs for each in recorded.of_type("AlertPolicy")}
    expected = {f"alerts-{metric}-{bound}" for metric, bound in bounds(stack)}
    assert expected - alerts.keys() == set()
    assert [name for name, inputs in alerts.items() if not inputs.get("notificationChannels")] == []
    assert [name for name, inputs in alerts.items() if inputs.get("enabled", True) is not True] == []
    used = {channel for inputs in alerts.values() for channel in inputs["notificationChannels"]}
    assert len(used) == channels > 0


@every_stack
def test_the_required_tags_reach_everything_that_can_carry_them(stack: str) -> None:
    settings = stack_files.configured(stack).settings
    bare = {}
    for each in registered(stack).custom():
        key = tags_key(each) if re.match(r"(aws|gcp):\w+/", each.type) else None
        if key is not None:
            carried = each.inputs.get(key) or {}
            if not carried.keys() >= REQUIRED or carried["environment"] != settings.environment:
                bare[f"{each.type} {each.name}"] = carried
    assert bare == {}


def answering(stack: str) -> dict[str, Policy]:
    """The headers policies of a stack as its edge has them: by way of the calls to CloudFront, as the router reads."""
    found = {}
    for each in registered(stack).of_type(HEADERS):
        create, *_ = calls_of_create(rows()[HEADERS], whole(each.inputs))
        found[each.name] = policy_of(create.params["ResponseHeadersPolicyConfig"])
    return found


def whole(value: Any) -> Any:
    """Numbers as the engine hands them to a provider; the recorder has floats."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def answer(policy: Policy, origin: str | None) -> Mapping[str, str]:
    """What a careless application's answer becomes."""
    headers = CIMultiDict({"Access-Control-Allow-Origin": "*", "X-Frame-Options": "ALLOWALL", "Server": "it/1.0"})
    policy.apply(headers, origin)
    return headers


@pytest.mark.parametrize("stack", GREENFLOW)
def test_the_edge_answers_with_the_security_headers_and_cors_for_the_configured_origins(stack: str) -> None:
    details = stack_files.configured(stack).details
    assert isinstance(details, GreenflowSettings)
    policies = answering(stack)
    if details.edge is None:
        assert not policies
        return
    assert len(policies) == 2
    for name, policy in policies.items():
        got = answer(policy, "https://evil.example")
        assert got["Strict-Transport-Security"].startswith("max-age=31536000"), name
        assert got["X-Content-Type-Options"] == "nosniff"
        assert got["X-Frame-Options"] == "DENY"
        assert got["Referrer-Policy"]
        assert "frame-ancestors 'none'" in got["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in got
        assert "Server" not in got
    (api,) = (policy for name, policy in policies.items() if "api" in name)
    assert details.edge.cors_origins
    for origin in details.edge.cors_origins:
        assert answer(api, origin)["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("stack", GREENFLOW)
def test_every_behaviour_of_the_edge_has_a_headers_policy(stack: str) -> None:
    for each in registered(stack).of_type("Distribution"):
        behaviours: list[dict[str, Any]] = [
            each.inputs["defaultCacheBehavior"],
            *each.inputs.get("orderedCacheBehaviors", ()),
        ]
        assert all(behaviour.get("responseHeadersPolicyId") for behaviour in behaviours)
