"""One realistic case per type of alarms, their topics, and what is counted in logs."""

import json
from typing import Any

from tests.sandbox.standin.world import TAGS, Case, World


def _alarm(w: World, name: str = "alarm") -> dict[str, Any]:
    dimensions = {"LoadBalancer": "app/greenflow/1", "TargetGroup": "targetgroup/blue/1"}
    return {
        "name": w.named(name),
        "alarmDescription": "error_rate above 1%",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0.01,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 3,
        "treatMissingData": "notBreaching",
        "actionsEnabled": True,
        "alarmActions": [topic(w)],
        "okActions": [topic(w)],
        "metricQueries": [
            {
                "id": "requests",
                "returnData": False,
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metricName": "RequestCount",
                    "period": 60,
                    "stat": "Sum",
                    "dimensions": dimensions,
                },
            },
            {
                "id": "p95",
                "returnData": False,
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metricName": "TargetResponseTime",
                    "period": 60,
                    "stat": "p95",
                    "dimensions": dimensions,
                },
            },
            {"id": "watched", "expression": "IF(requests >= 10, 1000 * p95, 0)", "label": "P95", "returnData": True},
        ],
        "tags": TAGS,
    }


def topic(w: World) -> str:
    return w.make("aws:sns/topic:Topic", "topic", name=w.named("topic"), tags=TAGS).id


def _policy(w: World, sid: str) -> str:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{**statement, "Action": "sns:Publish", "Resource": topic(w)}]}
    )


def _log_group(w: World) -> str:
    made = w.make("aws:cloudwatch/logGroup:LogGroup", "group", name=f"/t/{w.suffix}", retentionInDays=30, tags=TAGS)
    return made.id


def _named_alarm(w: World) -> str:
    return w.make("aws:cloudwatch/metricAlarm:MetricAlarm", "part", **_alarm(w, "part")).id


ALARM_CASES: tuple[Case, ...] = (
    Case(
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        lambda w: {
            "configurationName": w.named("chat"),
            "slackTeamId": "T0123ABCD",
            "slackChannelId": "C0456EFGH",
            "iamRoleArn": "arn:aws:iam::123456789012:role/chat",
            "guardrailPolicyArns": ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"],
            "snsTopicArns": [topic(w)],
            "loggingLevel": "ERROR",
            "userAuthorizationRequired": True,
            "tags": TAGS,
        },
        lambda w: {"slackChannelId": "C0456EFGJ", "loggingLevel": "INFO", "tags": {"owner": "payments", "x": "y"}},
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        _alarm,
        lambda w: {"threshold": 0.02, "okActions": [], "tags": {**TAGS, "owner": "payments"}},
    ),
    Case(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        lambda w: {
            "alarmName": w.named("composite"),
            "alarmRule": f'ALARM("{_named_alarm(w)}")',
            "alarmDescription": "blue is beyond a rollback bound",
            "actionsEnabled": True,
            "alarmActions": [topic(w)],
            "okActions": [topic(w)],
            "tags": TAGS,
        },
        lambda w: {"alarmRule": f'NOT ALARM("{_named_alarm(w)}")', "okActions": None},
    ),
    Case(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda w: {"dashboardName": w.named("board"), "dashboardBody": '{"widgets": []}'},
        lambda w: {"dashboardBody": '{"start": "-PT3H", "widgets": []}'},
    ),
    Case(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        lambda w: {
            "name": "blue-logged-errors",
            "logGroupName": _log_group(w),
            "pattern": '{ $.level = "ERROR" }',
            "metricTransformation": {
                "name": "blue-logged-errors",
                "namespace": "headgate/greenflow-production",
                "value": "1",
                "defaultValue": "0",
                "unit": "Count",
            },
        },
        lambda w: {
            "pattern": "{ $.turn_ms >= 0 }",
            "metricTransformation": {"name": "blue-turns", "namespace": "headgate/greenflow", "value": "$.turn_ms"},
        },
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda w: {
            "name": w.named("watchers"),
            "displayName": "greenflow watchers",
            "kmsMasterKeyId": w.key(),
            "signatureVersion": 2,
            "tags": TAGS,
        },
        lambda w: {"displayName": None, "signatureVersion": 1, "tags": {**TAGS, "owner": "payments"}},
    ),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: {"arn": topic(w), "policy": _policy(w, "Alarms")},
        lambda w: {"policy": _policy(w, "Others")},
        leaves=True,
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {
            "topic": topic(w),
            "protocol": "https",
            "endpoint": "https://pager.example/integration/1",
            "endpointAutoConfirms": True,
            "confirmationTimeoutInMinutes": 5,
        },
        lambda w: {"rawMessageDelivery": True, "confirmationTimeoutInMinutes": 2},
    ),
)
