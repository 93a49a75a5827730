"""From a limit to an alert: nothing of the plan goes unwatched."""

from fractions import Fraction
from typing import Any

import pytest

from components.gcp.alert_rules import BY_UPTIME, QUERY_OF, UNSEEN, AlertRule, Bound, rules, unseen
from headgate.limits import METRICS, Limits, parse
from headgate.presets import PRESETS


def limits(raw: Any) -> Limits:
    parsed, problems = parse(raw, "limits")
    assert parsed is not None, problems
    return parsed


def made(raw: Any) -> dict[str, AlertRule]:
    return {rule.key: rule for rule in rules(limits(raw), "ion-production", 2**30)}


def test_every_metric_is_watched_or_said_to_be_unseen() -> None:
    assert QUERY_OF.keys() | {BY_UPTIME} | UNSEEN.keys() == METRICS.keys()
    assert not QUERY_OF.keys() & UNSEEN.keys()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_bound_of_every_limit_has_an_alert(preset: str) -> None:
    wanted = {
        (limit.metric, bound, value)
        for limit in limits({"preset": preset}).bounds
        for bound, value in ((Bound.HOLD, limit.hold), (Bound.ROLLBACK, limit.rollback))
        if value is not None
    }
    found = {(rule.metric, rule.bound, rule.value) for rule in made({"preset": preset}).values()}
    assert wanted
    assert found == wanted


def test_what_cannot_be_seen_is_said() -> None:
    given = limits({"database_connections": {"hold": 80}, "cpu": {"hold": "70%"}})
    assert unseen(given) == ("database_connections",)
    assert [rule.metric for rule in rules(given, "ion", 1)] == ["cpu"]


@pytest.mark.parametrize(
    ("raw", "key", "end"),
    [
        ({"cpu": {"hold": "70%"}}, "cpu-hold", ") >= 0.7"),
        ({"cpu": {"rollback": "90%"}}, "cpu-rollback", ") > 0.9"),
        ({"throughput_rps": {"hold": 100}}, "throughput-rps-hold", ") <= 100.0"),
        ({"throughput_rps": {"rollback": 50}}, "throughput-rps-rollback", ") < 50.0"),
        ({"memory_bytes": {"rollback": "2GB"}}, "memory-bytes-rollback", " * 1073741824) > 2000000000.0"),
        ({"consecutive_failures": {"rollback": 10}}, "consecutive-failures-rollback", " > 0) >= 10.0"),
        ({"error_rate": {"rollback": "1%"}}, "error-rate-rollback", ">= 10"),
    ],
)
def test_conditions_compare_as_the_limits_are_meant(raw: Any, key: str, end: str) -> None:
    condition = made(raw)[key].condition
    assert condition is not None
    assert condition.endswith(end)


@pytest.mark.parametrize("metric", ["error_rate", "p50_ms", "p95_ms", "p99_ms"])
def test_too_few_requests_are_no_verdict(metric: str) -> None:
    raw = {metric: {"rollback": "1%" if metric == "error_rate" else "1ms"}, "min_requests": 42}
    (rule,) = made(raw).values()
    assert rule.condition is not None
    _, _, guard = rule.condition.partition(" and ")
    assert guard.startswith("sum by (revision_name) (increase(run_googleapis_com:request_count{")
    assert guard.endswith(" >= 42")


def test_as_many_readings_as_the_plan_wants() -> None:
    found = made({"error_rate": {"hold": "0.5%", "rollback": "1%", "readings": 3}, "interval": "60s"})
    assert {key: rule.duration for key, rule in found.items()} == {"error-rate-hold": 60, "error-rate-rollback": 180}


def test_failures_in_a_row_are_told_at_once() -> None:
    (rule,) = made({"consecutive_failures": {"rollback": 10, "readings": 3}}).values()
    assert rule.duration == 0


@pytest.mark.parametrize(("interval", "window"), [("10s", "[120s]"), ("60s", "[120s]"), ("5m", "[600s]")])
def test_the_window_is_two_readings(interval: str, window: str) -> None:
    (rule,) = made({"cpu": {"hold": "70%"}, "interval": interval}).values()
    assert rule.condition is not None
    assert window in rule.condition


def test_availability_is_the_uptime_checks() -> None:
    (rule,) = made({"availability": {"hold": "99.95%"}}).values()
    assert rule.condition is None
    assert rule.value == Fraction(9995, 10_000)
    assert rule.title == "ion-production: availability below 99.95%"


@pytest.mark.parametrize("rule", made({"preset": "ion"}).values(), ids=lambda rule: rule.key)
def test_the_text_says_what_is_wrong_and_what_to_do(rule: AlertRule) -> None:
    assert rule.metric in rule.text
    assert METRICS[rule.metric].meaning in rule.text
    assert "`pulumi config set step idle && pulumi up`" in rule.text
    assert "`headgate status`" in rule.text
    # Monitoring API, AlertPolicy.documentation: at most 8192 characters and 10240 bytes; a subject of 255 bytes.
    assert len(rule.text) < 8192
    assert len(rule.title.encode()) <= 255
