"""From a limit to an alarm: nothing of the plan goes unwatched."""

from typing import Any

import pytest

from components.aws import metrics, resource_alarms
from components.aws.alarm_rules import (
    MOST_SERIES,
    MOST_TEXT,
    SERVICE_WATCHES,
    SLOT_WATCHES,
    AlarmRule,
    Bound,
    Comparison,
    Missing,
    Told,
    lasting,
    period,
    rules,
)
from components.aws.resource_alarms import Supplies
from headgate.limits import METRICS, Limits, parse
from headgate.presets import PRESETS

SERVICE = "greenflow-production"
SLOTS = ("blue", "green")
SUPPLIES = Supplies(memory_gib=8, storage_gib=200, nodes=metrics.cache_nodes(SERVICE, 3))
EVERYTHING: dict[str, Any] = {
    "error_rate": {"hold": "0.5%", "rollback": "1%"},
    "p50_ms": {"rollback": "100ms"},
    "p95_ms": {"rollback": "500ms"},
    "p99_ms": {"rollback": "900ms"},
    "turn_p95_ms": {"rollback": "200ms"},
    "availability": {"hold": "99.95%", "rollback": "99%"},
    "throughput_rps": {"hold": "100/s", "rollback": "50/s"},
    "memory": {"rollback": "85%"},
    "memory_bytes": {"rollback": "2GB"},
    "memory_growth_per_hour": {"rollback": "5%/h"},
    "cpu": {"rollback": "90%"},
    "database_connections": {"hold": 400, "rollback": 500},
    "consecutive_failures": {"rollback": 10},
}


def limits(raw: Any) -> Limits:
    parsed, problems = parse(raw, "limits")
    assert parsed is not None, problems
    return parsed


def made(raw: Any) -> dict[str, AlarmRule]:
    return {rule.key: rule for rule in rules(limits(raw), SERVICE, SLOTS, 2**30)}


def every_rule() -> list[AlarmRule]:
    """Every alarm there can be, with every metric limited."""
    listed = list(made(EVERYTHING).values())
    broken = [rule for rule in listed if rule.bound is Bound.ROLLBACK and rule.slot in ("blue", None)]
    return [
        *listed,
        *lasting(Told(key="leads-blue-limits", title="t", text="x"), "blue", broken, 1800),
        resource_alarms.down(SERVICE, SLOTS),
        *(resource_alarms.slot_down(SERVICE, slot) for slot in SLOTS),
        *resource_alarms.unseen(SERVICE, SLOTS, SUPPLIES),
        *resource_alarms.supplies_rules(SERVICE, SUPPLIES, connections_limited=False),
    ]


def test_every_metric_is_watched() -> None:
    assert SLOT_WATCHES.keys() | SERVICE_WATCHES.keys() == METRICS.keys() == EVERYTHING.keys()
    assert not SLOT_WATCHES.keys() & SERVICE_WATCHES.keys()


@pytest.mark.parametrize("raw", [*({"preset": preset} for preset in PRESETS), EVERYTHING], ids=str)
def test_every_bound_of_every_limit_has_an_alarm_in_every_slot(raw: Any) -> None:
    wanted = {
        (limit.metric, bound, float(value), slot)
        for limit in limits(raw).bounds
        for bound, value in ((Bound.HOLD, limit.hold), (Bound.ROLLBACK, limit.rollback))
        if value is not None
        for slot in (SLOTS if limit.metric in SLOT_WATCHES else (None,))
    }
    found = {(rule.metric, rule.bound, rule.threshold, rule.slot) for rule in made(raw).values()}
    assert wanted
    assert found == wanted


@pytest.mark.parametrize(
    ("raw", "key", "broken"),
    [
        (
            {"error_rate": {"rollback": "1%"}, "min_requests": 42},
            "blue-error-rate-rollback",
            "(IF(requests >= 42, (errors + refused) / requests, 0)) > 0.01",
        ),
        ({"p95_ms": {"hold": "200ms"}}, "green-p95-ms-hold", "(IF(requests >= 10, 1000 * p95, 0)) >= 200.0"),
        (
            {"throughput_rps": {"hold": "100/s"}},
            "blue-throughput-rps-hold",
            "(IF(errors + refused > 0, requests / 60)) <= 100.0",
        ),
        (
            {"throughput_rps": {"rollback": "50/s"}, "interval": "120s"},
            "blue-throughput-rps-rollback",
            "(IF(errors + refused > 0, requests / 120)) < 50.0",
        ),
        ({"memory": {"hold": "70%"}}, "blue-memory-hold", "(memory / 100) >= 0.7"),
        ({"memory_bytes": {"rollback": "2GB"}}, "blue-memory-bytes-rollback", "(memory / 100 * 1073741824) > 2e9"),
        (
            {"memory_growth_per_hour": {"rollback": "5%/h"}},
            "blue-memory-growth-per-hour-rollback",
            "(RATE(memory_mean) * 3600 / 100) > 0.05",
        ),
        (
            {"consecutive_failures": {"rollback": 10}},
            "green-consecutive-failures-rollback",
            "(IF(errors + refused >= requests, errors + refused, 0)) >= 10.0",
        ),
        ({"database_connections": {"rollback": 500}}, "database-connections-rollback", "(connections) > 500.0"),
    ],
)
def test_expressions_compare_as_the_limits_are_meant(raw: Any, key: str, broken: str) -> None:
    assert made(raw)[key].broken.replace("2000000000.0", "2e9") == broken


def test_as_many_readings_as_the_plan_wants() -> None:
    found = made({"error_rate": {"hold": "0.5%", "rollback": "1%", "readings": 3}, "interval": "90s"})
    assert {key: (rule.readings, rule.period) for key, rule in found.items() if rule.slot == "blue"} == {
        "blue-error-rate-hold": (1, 120),
        "blue-error-rate-rollback": (3, 120),
    }


def test_failures_in_a_row_are_told_at_once() -> None:
    assert {rule.readings for rule in made({"consecutive_failures": {"rollback": 10, "readings": 3}}).values()} == {1}


@pytest.mark.parametrize(("interval", "seconds"), [(1, 60), (60, 60), (61, 120), (300, 300)])
def test_a_reading_takes_whole_minutes(interval: int, seconds: int) -> None:
    assert period(interval) == seconds


def test_no_alarm_needs_more_series_than_cloudwatch_takes_and_none_twice() -> None:
    for rule in every_rule():
        ids = [series.id for series in rule.watch.series]
        assert 0 < len(ids) <= MOST_SERIES, rule.key
        assert len(ids) == len(set(ids)), rule.key
        assert all(identity in rule.watch.expression for identity in ids), rule.key


def test_nothing_is_evaluated_over_more_than_cloudwatch_takes() -> None:
    """A day at most; a week when a period is an hour or longer (CloudWatch API, PutMetricAlarm)."""
    for rule in every_rule():
        assert rule.period * rule.readings <= (604_800 if rule.period >= 3600 else 86_400), rule.key


def test_texts_fit_and_say_what_to_do() -> None:
    for rule in every_rule():
        assert len(rule.text) <= MOST_TEXT, rule.key
    for rule in made(EVERYTHING).values():
        assert rule.metric is not None
        assert METRICS[rule.metric].meaning in rule.text
        assert "pulumi config set step idle && pulumi up" in rule.text


def test_silence_is_a_fault_only_where_something_always_reports() -> None:
    broken = {rule.key for rule in every_rule() if rule.missing is Missing.BROKEN}
    assert broken == {"down", "no-data-tasks", "no-data-database", "no-data-cache"}


def test_what_lasts_holds_every_rollback_bound() -> None:
    found = [rule for rule in every_rule() if rule.key.startswith("leads-blue-limits")]
    assert len(found) > 1  # thirteen metrics are more than one alarm may look at
    for rule in made(EVERYTHING).values():
        if rule.bound is Bound.ROLLBACK and rule.slot in ("blue", None):
            (holder,) = [each for each in found if f"({rule.broken})" in each.watch.expression]
            assert holder.comparison is Comparison.AT_LEAST
            assert holder.period * holder.readings == max(1800, rule.period)


@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [
        ("db.m7g.large", 8),
        ("db.m7g.xlarge", 16),
        ("db.r6i.4xlarge", 128),
        ("db.t4g.micro", 1),
        ("db.t4g.medium", 4),
        ("db.t4g.large", 8),
        ("db.x2g.large", 32),
        ("db.m7g.small", None),
        ("db.z1d.large", None),
        ("large", None),
    ],
)
def test_memory_of_a_database(instance_class: str, gib: int | None) -> None:
    assert resource_alarms.memory_gib(instance_class) == gib


def test_connections_follow_from_memory() -> None:
    assert resource_alarms.connections(8) == 901
    assert resource_alarms.connections(1024) == 5000


def test_a_limit_of_the_plan_on_connections_stands_alone() -> None:
    own = resource_alarms.supplies_rules(SERVICE, SUPPLIES, connections_limited=True)
    assert "database-connections" not in {rule.key for rule in own}
