"""Alarms: the way from each limit of GreenFlow's plan to the people it concerns."""

import re
from typing import Any

import pytest

from components.aws.alarm_rules import SLOT_WATCHES
from components.aws.alarms import Alarms, any_of
from components.aws.log_metrics import LogMetrics
from components.aws.notifications import AlarmTopics, TopicChannelKind, TopicTier
from headgate import limits as limit_rules
from headgate.limits import Limits, parse
from sandbox.plugins.aws import models
from sandbox.plugins.aws.engine import calls_of_create
from sandbox.plugins.aws.tables import rows
from tests.contract.rows import TAGS, WATCHED
from tests.support.drive import drive
from tests.support.mocks import ACCOUNT, REGION, UNKNOWN, Recorded, Registered
from tests.support.servicer import Declared, Pack

SERVICE = "greenflow-production"
NAMESPACE = f"headgate/{SERVICE}"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def limits(raw: Any = None) -> Limits:
    parsed, problems = parse(raw or {"preset": "greenflow"}, "limits")
    assert parsed is not None, problems
    return parsed


ARGS: dict[str, Any] = {
    "physical_name": SERVICE,
    "limits": limit_rules.to_dict(limits()),
    **WATCHED,
    "database": {"identifier": SERVICE, "instance_class": "db.m7g.large", "storage_gib": 200},
    "cache": {"replication_group_id": SERVICE, "nodes": 3},
    "log_namespace": NAMESPACE,
    "watchers": ["arn:watchers"],
    "deploy_team": ["arn:team"],
    "tags": TAGS,
}


def alarms(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: Alarms("alarms", args), preview=preview)


def by_key(recorded: Recorded) -> dict[str, Registered]:
    return {each.name.removeprefix("alarms-"): each for each in recorded.of_type("MetricAlarm")}


def wired() -> Recorded:
    """As a stack has it: topics of three tiers with subscribers, and the alarms."""
    channels: Any = {
        "mail": {"kind": TopicChannelKind.EMAIL, "address": "team@example.com"},
        "pager": {"kind": TopicChannelKind.HTTPS, "secret": "https://pager.example/1"},
        "leads": {"kind": TopicChannelKind.EMAIL, "address": "leads@example.com", "tier": TopicTier.LEADS},
        "board": {"kind": TopicChannelKind.SMS, "address": "+14155550123", "tier": TopicTier.MANAGEMENT},
    }

    def build() -> None:
        topics = AlarmTopics(
            "topics",
            {"physical_name": SERVICE, "account_id": ACCOUNT, "region": REGION, "channels": channels, "tags": TAGS},
        )
        assert topics.leads_arn is not None
        assert topics.management_arn is not None
        told: Any = {
            **ARGS,
            "watchers": [topics.watchers_arn],
            "deploy_team": [topics.deploy_team_arn],
            "leads": [topics.leads_arn],
            "management": [topics.management_arn],
        }
        Alarms("alarms", told)

    return drive(build)


def people(recorded: Recorded) -> dict[str, set[str]]:
    """ARN of a topic -> names of its subscriptions' channels."""
    found: dict[str, set[str]] = {each.inputs["arn"]: set() for each in recorded.of_type("TopicPolicy")}
    for each in recorded.of_type("TopicSubscription"):
        channel = re.sub(r"^topics-(\w+)-.*", r"\1", each.name)
        found[each.inputs["topic"]].add(channel)
    return found


def test_every_limit_leads_to_an_alarm_to_a_topic_and_to_somebody() -> None:
    recorded = wired()
    found, told = by_key(recorded), people(recorded)
    for limit in limits().bounds:
        for bound, value in (("hold", limit.hold), ("rollback", limit.rollback)):
            if value is None:
                continue
            for prefix in ("blue-", "green-") if limit.metric in SLOT_WATCHES else ("",):
                alarm = found[f"{prefix}{limit.metric.replace('_', '-')}-{bound}"]
                reached = {channel for topic in alarm.inputs["alarmActions"] for channel in told[topic]}
                assert reached == ({"mail"} if bound == "hold" else {"mail", "pager"})
    assert {channel for channels in told.values() for channel in channels} == {"mail", "pager", "leads", "board"}


def test_every_alarm_has_an_action_that_somebody_is_subscribed_to() -> None:
    recorded = wired()
    told = people(recorded)
    listed = [*recorded.of_type("MetricAlarm"), *recorded.of_type("CompositeAlarm")]
    assert listed
    for alarm in listed:
        assert alarm.inputs["actionsEnabled"] is True, alarm.name
        assert alarm.inputs["alarmActions"], alarm.name
        for topic in alarm.inputs["alarmActions"]:
            assert told[topic], alarm.name
    used = {topic for alarm in listed for topic in alarm.inputs["alarmActions"]}
    assert used == told.keys()


def test_what_lasts_reaches_the_leads_and_then_the_management() -> None:
    recorded = wired()
    found, told = by_key(recorded), people(recorded)
    for tier, minutes, channel in (("leads", 30, "leads"), ("management", 60, "board")):
        for key in (f"{tier}-blue-limits", f"{tier}-green-limits", f"{tier}-down"):
            inputs = found[key].inputs
            assert inputs["evaluationPeriods"] == inputs["datapointsToAlarm"] == minutes
            assert {who for topic in inputs["alarmActions"] for who in told[topic]} == {channel}
            assert "This has lasted for" in inputs["alarmDescription"]


def test_nobody_else_is_told_when_nobody_else_is_named() -> None:
    assert not any(key.startswith(("leads", "management")) for key in by_key(alarms()))


def test_each_slot_is_watched_by_its_own_target_group_and_service() -> None:
    for key, alarm in by_key(alarms()).items():
        slot = key.partition("-")[0]
        for query in alarm.inputs["metricQueries"]:
            dimensions = query.get("metric", {}).get("dimensions", {})
            if slot in ("blue", "green") and "TargetGroup" in dimensions:
                assert dimensions == {
                    "LoadBalancer": f"app/{SERVICE}/0a1b2c",
                    "TargetGroup": f"targetgroup/greenflow-prd-{slot}/6a7b8c",
                }
            if slot in ("blue", "green") and "ServiceName" in dimensions:
                assert dimensions == {"ClusterName": SERVICE, "ServiceName": f"{SERVICE}-{slot}"}


def test_what_both_versions_share_is_watched_too() -> None:
    found = by_key(alarms())
    assert {key for key in found if key.startswith(("database", "cache", "no-data"))} == {
        "database-connections",
        "database-cpu",
        "database-memory",
        "database-storage",
        "cache-cpu",
        "cache-memory",
        "no-data-database",
        "no-data-cache",
        "no-data-tasks",
    }
    nodes = [
        query["metric"]["dimensions"]["CacheClusterId"]
        for query in found["cache-memory"].inputs["metricQueries"]
        if "metric" in query
    ]
    assert nodes == [f"{SERVICE}-001", f"{SERVICE}-002", f"{SERVICE}-003"]
    assert found["database-connections"].inputs["threshold"] == 720  # 80 % of the 901 that 8 GiB accept


def test_an_alarm_returns_exactly_one_series() -> None:
    for key, alarm in by_key(alarms(leads=["arn:leads"])).items():
        queries = alarm.inputs["metricQueries"]
        assert [query["returnData"] for query in queries].count(True) == 1, key
        assert queries[-1]["returnData"] is True, key


def test_composites_hold_every_bound_of_their_slot() -> None:
    recorded = alarms(limits=limit_rules.to_dict(limits({"cpu": {"hold": "70%", "rollback": "90%"},
                                                         "database_connections": {"rollback": 500}})),
                      rollback_actions=["arn:guardian"])  # fmt: skip
    found = {each.name: each.inputs for each in recorded.of_type("CompositeAlarm")}
    assert found["alarms-blue-rollback"]["alarmRule"] == any_of(
        [f"{SERVICE}-blue-cpu-rollback", f"{SERVICE}-database-connections-rollback", f"{SERVICE}-blue-down"]
    )
    assert found["alarms-blue-hold"]["alarmRule"] == f'ALARM("{SERVICE}-blue-cpu-hold")'
    assert found["alarms-green-rollback"]["alarmActions"] == ["arn:watchers", "arn:guardian"]
    assert found["alarms-green-hold"]["alarmActions"] == ["arn:watchers"]
    names = {each.inputs["name"] for each in recorded.of_type("MetricAlarm")}
    for inputs in found.values():
        assert set(re.findall(r'ALARM\("([^"]+)"\)', inputs["alarmRule"])) <= names


def test_a_plan_without_limits_still_notices_an_outage() -> None:
    recorded = alarms(limits=limit_rules.to_dict(Limits()), leads=["arn:leads"])
    assert {"down", "blue-down", "leads-down"} <= by_key(recorded).keys()
    assert [each.name for each in recorded.of_type("CompositeAlarm")] == [
        "alarms-blue-rollback",
        "alarms-green-rollback",
    ]


@pytest.mark.parametrize("preview", [True, False])
def test_the_policies_have_nothing_against_it(preview: bool) -> None:
    recorded = alarms(preview=preview, leads=["arn:leads"])
    pack = Pack("production")
    for each in recorded.custom():
        assert pack.analyze(Declared(each.type, each.name, each.inputs)) == [], each.name


def test_what_is_declared_is_what_the_api_takes() -> None:
    recorded = alarms(leads=["arn:leads"])
    for each in recorded.custom():
        row = rows()[each.type]
        inputs = whole(each.inputs)
        assert row.problems(inputs) == []
        for call in calls_of_create(row, inputs):
            assert models.problems(row.service, call) == [], each.name


def whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_nothing_is_left_unknown_in_a_preview_but_what_the_cloud_names() -> None:
    for alarm in by_key(alarms(preview=True)).values():
        assert UNKNOWN not in [query.get("expression") for query in alarm.inputs["metricQueries"]]
        assert alarm.inputs["alarmActions"] in (["arn:watchers"], ["arn:team"])


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"watchers": []}, "watchers.*at least one topic"),
        ({"deploy_team": []}, "deploy_team.*at least one topic"),
        ({"limits": {"metrics": {}}}, "limits"),
        ({"memory_mib": 0}, "memory_mib"),
        ({"cache": {"replication_group_id": "x", "nodes": 0}}, "cache.nodes"),
        ({"database": {**ARGS["database"], "instance_class": "db.z9.huge"}}, "database.instance_class"),
    ],
)
def test_what_makes_no_sense_is_refused(more: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        alarms(**more)


def test_what_the_alarms_read_off_logs_is_what_is_counted_there() -> None:
    groups: Any = {"blue": "/headgate/blue", "green": "/headgate/green"}
    counted = drive(lambda: LogMetrics("logs", {"physical_name": SERVICE, "log_group_names": groups}))
    made = {
        (each.inputs["metricTransformation"]["namespace"], each.inputs["metricTransformation"]["name"])
        for each in counted.of_type("LogMetricFilter")
    }
    turns = by_key(alarms(limits=limit_rules.to_dict(limits({"turn_p95_ms": {"hold": "200ms"}}))))
    for slot in ("blue", "green"):
        (query,) = turns[f"{slot}-turn-p95-ms-hold"].inputs["metricQueries"]
        metric = query["metric"]
        assert (metric["namespace"], metric["metricName"]) in made
        assert metric["stat"] == "p95"
        assert metric.get("dimensions", {}) == {}


def test_a_turn_that_did_not_happen_took_no_time() -> None:
    groups: Any = {"blue": "/headgate/blue", "green": "/headgate/green"}
    counted = drive(lambda: LogMetrics("logs", {"physical_name": SERVICE, "log_group_names": groups}))
    for each in counted.of_type("LogMetricFilter"):
        transformation = each.inputs["metricTransformation"]
        assert ("defaultValue" in transformation) == each.name.endswith("-errors")
        assert ">= 0" in each.inputs["pattern"] or each.name.endswith("-errors")
