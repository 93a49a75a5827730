"""When an alarm notices less than it did: thresholds, periods, queries, switches, whom it tells."""

from typing import Any

import pytest

from headgate.changes import Role
from headgate.traffic.alarms import ALARMS, weakened
from headgate.traffic.kinds import DATA, KINDS, TIER

METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
CANARY = "canary-hunter2-9f2"

ALARM: dict[str, Any] = {
    "name": "5xx", "comparisonOperator": "GreaterThanThreshold", "threshold": 0.01, "period": 60,
    "evaluationPeriods": 2, "datapointsToAlarm": 2, "treatMissingData": "notBreaching",
    "actionsEnabled": True, "alarmActions": ["a", "b"],
    "metricQueries": [{"id": "m", "expression": "e / r", "label": "above 1%"}], "alarmDescription": "above 1%",
}  # fmt: skip
BOTH: dict[str, Any] = {"alarmName": "rollback", "alarmRule": 'ALARM("5xx")', "alarmActions": ["a"]}
QUERY = "((errors) > 0.01 and requests >= 10) or ((failed unless good > 0) >= 5.0)"
PROMQL: dict[str, Any] = {
    "combiner": "OR", "notificationChannels": ["c"],
    "conditions": [{"displayName": "x", "conditionPrometheusQueryLanguage": {"query": QUERY, "duration": "60s"}}],
}  # fmt: skip
THRESHOLD: dict[str, Any] = {
    "combiner": "OR", "notificationChannels": ["c"],
    "conditions": [{"conditionThreshold": {"comparison": "COMPARISON_LT", "thresholdValue": 5, "duration": "0s"}}],
}  # fmt: skip


def query(old: str, new: str) -> dict[str, Any]:
    language = {"query": QUERY.replace(old, new), "duration": "60s"}
    return {"conditions": [{"displayName": "y", "conditionPrometheusQueryLanguage": language}]}


def threshold(**fields: Any) -> dict[str, Any]:
    return {"conditions": [{"conditionThreshold": {**THRESHOLD["conditions"][0]["conditionThreshold"], **fields}}]}


# Type, as it was, what changes, what is said (nothing: it notices no less).
TABLE: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (METRIC, ALARM, {"threshold": 0.2}, "threshold 0.01 -> 0.2"),
    (METRIC, ALARM, {"threshold": 0.01}, ""),
    (METRIC, ALARM, {"threshold": 0.005}, ""),
    (METRIC, ALARM, {"threshold": None}, "threshold 0.01 -> nothing"),
    (METRIC, ALARM, {"threshold": CANARY}, "threshold 0.01 -> another value"),
    (METRIC, ALARM, {"threshold": True}, "threshold 0.01 -> true"),
    (METRIC, {**ALARM, "comparisonOperator": "LessThanThreshold"}, {"threshold": 0.2}, ""),
    (METRIC, {**ALARM, "comparisonOperator": "LessThanThreshold"}, {"threshold": 0.001}, "threshold 0.01 -> 0.001"),
    (
        METRIC,
        {**ALARM, "comparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"},
        {"threshold": 1},
        "threshold",
    ),
    (METRIC, ALARM, {"comparisonOperator": "LessThanThreshold"}, "comparisonOperator GreaterThanThreshold -> Less"),
    (METRIC, ALARM, {"evaluationPeriods": 5}, "evaluationPeriods 2 -> 5"),
    (METRIC, ALARM, {"period": 300}, "period 60 -> 300"),
    (METRIC, ALARM, {"datapointsToAlarm": 5}, "datapointsToAlarm 2 -> 5"),
    (METRIC, ALARM, {"treatMissingData": "ignore"}, "treatMissingData notBreaching -> ignore"),
    (METRIC, ALARM, {"actionsEnabled": False}, "actionsEnabled switched off"),
    (METRIC, {**ALARM, "actionsEnabled": False}, {"actionsEnabled": True}, ""),
    (METRIC, ALARM, {"alarmActions": ["b"]}, "alarmActions tells fewer"),
    (METRIC, ALARM, {"alarmActions": None}, "alarmActions tells fewer"),
    (METRIC, ALARM, {"alarmActions": ["b", "a", "c"]}, ""),
    (METRIC, ALARM, {"metricQueries": [{"id": "m", "expression": "0", "label": "above 1%"}]}, "metricQueries changed"),
    (METRIC, ALARM, {"metricQueries": [{"id": "m", "expression": "e / r", "label": "x"}], "alarmDescription": "x"}, ""),
    (METRIC, ALARM, {"metricQueries": CANARY}, "metricQueries changed"),
    (COMPOSITE, BOTH, {"alarmRule": CANARY}, "alarmRule another value -> another value"),
    (COMPOSITE, BOTH, {"actionsSuppressor": {"alarm": "x"}}, "actionsSuppressor nothing -> another value"),
    (COMPOSITE, BOTH, {"tags": {"a": "b"}}, ""),
    (POLICY, PROMQL, {"enabled": False}, "enabled switched off"),
    (POLICY, PROMQL, {"notificationChannels": []}, "notificationChannels tells fewer"),
    (POLICY, PROMQL, {"conditions": []}, "conditions removed"),
    (POLICY, PROMQL, {"conditions": CANARY}, ""),
    (POLICY, PROMQL, query("> 0.01", "> 0.2"), "bound 0.01 -> 0.2"),
    (POLICY, PROMQL, query("> 0.01", "> 0.005"), ""),
    (POLICY, PROMQL, query(">= 10", ">= 5"), ""),
    (POLICY, PROMQL, query(">= 10", ">= 50"), "bound 10 -> 50"),
    (POLICY, PROMQL, query("good > 0", "good > 3"), ""),
    (POLICY, {**PROMQL, **query("good > 0", "good > 3")}, query("", ""), "bound 3 -> 0"),
    (POLICY, PROMQL, query("errors", "nothing"), "query changed"),
    (POLICY, PROMQL, query(">= 5.0", "< 5.0"), "query changed"),
    (POLICY, THRESHOLD, threshold(thresholdValue=6), ""),
    (POLICY, THRESHOLD, threshold(thresholdValue=4), "thresholdValue 5 -> 4"),
    (POLICY, THRESHOLD, threshold(duration="600s"), "duration changed"),
    (POLICY, THRESHOLD, {"conditions": [{"conditionAbsent": {"duration": "0s"}}]}, "of another kind"),
    (POLICY, THRESHOLD, {"conditions": [1]}, "conditions[0] not known"),
    ("aws:other/alarm:Alarm", {}, {}, "cannot be compared"),
]


@pytest.mark.parametrize(("kind", "old", "change", "said"), TABLE, ids=[f"{row[0]}-{row[3]}" for row in TABLE])
def test_table(kind: str, old: dict[str, Any], change: dict[str, Any], said: str) -> None:
    found = "; ".join(weakened(kind, old, {**old, **change}))
    assert CANARY not in found
    if change.get("conditions") == CANARY:
        assert found
    elif said:
        assert said in found
    else:
        assert found == ""


@pytest.mark.parametrize(("kind", "old"), [(METRIC, ALARM), (COMPOSITE, BOTH), (POLICY, PROMQL), (POLICY, THRESHOLD)])
def test_an_alarm_that_stays_notices_what_it_did(kind: str, old: dict[str, Any]) -> None:
    assert list(weakened(kind, old, dict(old))) == []


def test_the_lists_agree() -> None:
    assert all(Role.ALARM in KINDS.roles[token] and Role.RETURN in KINDS.roles[token] for token in ALARMS)
    assert all(Role.DATA in KINDS.roles[token] for token in DATA)
    assert all(Role.TIER in KINDS.roles[token] for token in TIER)
