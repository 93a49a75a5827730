"""What the policies on alarms, topics, functions and events say of good and bad inputs; the form is policy_cases'."""

import json
from typing import Any

from tests.support.policy_cases import DEFERS, GONE, PASSES, TAGS, VIOLATES, Case
from tests.support.servicer import UNKNOWN

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
FUNCTION = "aws:lambda/function:Function"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
PERMISSION = "aws:lambda/permission:Permission"
EVENT_RULE = "aws:cloudwatch/eventRule:EventRule"
EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget"

_TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:greenflow-production-deploy-team"
_QUEUE = "arn:aws:sqs:us-east-1:123456789012:greenflow-production-lost"
_FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:guardian"
_ALARM = {
    "name": "greenflow-production-blue-error-rate-rollback",
    "comparisonOperator": "GreaterThanThreshold",
    "threshold": 0.01,
    "evaluationPeriods": 1,
    "treatMissingData": "notBreaching",
    "alarmActions": [_TOPIC_ARN],
    "tags": TAGS,
}
_COMPOSITE = {
    "alarmName": "greenflow-production-blue-rollback",
    "alarmRule": 'ALARM("greenflow-production-blue-error-rate-rollback")',
    "alarmActions": [_TOPIC_ARN],
    "tags": TAGS,
}
_FROM_ALARMS = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": _TOPIC_ARN,
    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
}
_IN_CLEAR = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": _TOPIC_ARN}
_OPEN = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": _TOPIC_ARN}


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


_FUNCTION = {
    "runtime": "python3.13",
    "handler": "guardian.run",
    "role": "arn:aws:iam::123456789012:role/guardian",
    "environment": {"variables": {"LISTENER": "arn:aws:x", "DATABASE_SECRET_ARN": "arn:aws:y"}},
    "deadLetterConfig": {"targetArn": _QUEUE},
    "reservedConcurrentExecutions": 2,
    "tracingConfig": {"mode": "Active"},
    "tags": TAGS,
}
_PERMISSION = {
    "action": "lambda:InvokeFunction",
    "function": "guardian",
    "principal": "events.amazonaws.com",
    "sourceArn": "arn:aws:events:us-east-1:123456789012:rule/guardian",
}
_URL = {"functionName": "guardian", "authorizationType": "AWS_IAM"}
_RULE = {"scheduleExpression": "rate(1 minute)", "state": "ENABLED", "tags": TAGS}
_TARGET = {
    "rule": "guardian",
    "arn": _FUNCTION_ARN,
    "deadLetterConfig": {"arn": _QUEUE},
    "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 300},
}

ALARM_CASES: tuple[Case, ...] = (
    Case(
        "alarm-actions-enabled",
        ALARM,
        _ALARM,
        bad={
            "off": {"actionsEnabled": False},
            "nobody": {"alarmActions": []},
            "no word on silence": {"treatMissingData": ""},
        },
        fine={
            "said": {"actionsEnabled": True},
            "silence is a fault": {"treatMissingData": "breaching"},
            "a topic that is not made yet": {"alarmActions.0": UNKNOWN},
        },
        missing={"actionsEnabled": PASSES, "alarmActions": VIOLATES, "treatMissingData": VIOLATES},
        unknown={"actionsEnabled": VIOLATES, "alarmActions": DEFERS, "treatMissingData": VIOLATES},
    ),
    Case(
        "alarm-actions-enabled",
        COMPOSITE,
        _COMPOSITE,
        bad={"off": {"actionsEnabled": False}, "nobody": {"alarmActions": []}},
        missing={"actionsEnabled": PASSES, "alarmActions": VIOLATES},
        unknown={"actionsEnabled": VIOLATES, "alarmActions": DEFERS},
    ),
    Case(
        "sns-encrypted-and-private",
        TOPIC,
        {"name": "alarms", "kmsMasterKeyId": "arn:aws:kms:us-east-1:123456789012:key/1", "tags": TAGS},
        bad={
            "SNS' own key": {"kmsMasterKeyId": "alias/aws/sns"},
            "an empty key": {"kmsMasterKeyId": ""},
            "open": {"policy": document(_OPEN)},
            "no document": {"policy": "{}"},
        },
        fine={"a policy": {"policy": document(_FROM_ALARMS, _IN_CLEAR)}},
        missing={"kmsMasterKeyId": VIOLATES, "policy": PASSES},
        unknown={"kmsMasterKeyId": DEFERS, "policy": DEFERS},
    ),
    Case(
        "sns-encrypted-and-private",
        TOPIC_POLICY,
        {"arn": _TOPIC_ARN, "policy": document(_FROM_ALARMS, _IN_CLEAR)},
        bad={
            "open": {"policy": document(_FROM_ALARMS, _OPEN)},
            "open to every account": {"policy": document({**_OPEN, "Principal": {"AWS": "*"}})},
            "everybody but one": {"policy": document({**_OPEN, "Principal": None, "NotPrincipal": {"AWS": "x"}})},
            "no document": {"policy": "{}"},
            "no JSON": {"policy": "open"},
        },
        fine={"one account": {"policy": document({**_OPEN, "Principal": {"AWS": "123456789012"}})}},
        missing={"policy": VIOLATES},
        unknown={"policy": DEFERS},
    ),
    Case(
        "lambda-private-and-current",
        FUNCTION,
        _FUNCTION,
        bad={
            "old": {"runtime": "python3.8"},
            "a secret by name": {"environment.variables.DB_PASSWORD": "x"},
            "a secret by name, not known yet": {"environment.variables.API_TOKEN": UNKNOWN},
            "a key by form": {"environment.variables.ACCESS": "AKIA0123456789ABCDEF"},
            "a list of variables": {"environment": {"variables": []}},
        },
        fine={
            "an image": {"packageType": "Image", "runtime": GONE},
            "no variables": {"environment": {}},
        },
        missing={"runtime": VIOLATES, "packageType": PASSES, "environment": PASSES},
        unknown={"runtime": VIOLATES, "packageType": VIOLATES, "environment": DEFERS},
    ),
    Case(
        "lambda-private-and-current",
        PERMISSION,
        _PERMISSION,
        bad={"anything": {"sourceArn": ""}},
        missing={"sourceArn": VIOLATES},
        unknown={"sourceArn": DEFERS},
    ),
    Case(
        "lambda-private-and-current",
        FUNCTION_URL,
        _URL,
        bad={"open": {"authorizationType": "NONE"}},
        missing={"authorizationType": VIOLATES},
        unknown={"authorizationType": VIOLATES},
    ),
    Case(
        "lambda-resilient",
        FUNCTION,
        _FUNCTION,
        bad={
            "calls are lost": {"deadLetterConfig": {}},
            "no room": {"reservedConcurrentExecutions": 0},
            "no limit": {"reservedConcurrentExecutions": -1},
            "passes tracing on": {"tracingConfig.mode": "PassThrough"},
        },
        fine={"a queue that is not made yet": {"deadLetterConfig.targetArn": UNKNOWN}},
        missing={"deadLetterConfig": VIOLATES, "reservedConcurrentExecutions": VIOLATES, "tracingConfig": VIOLATES},
        unknown={"deadLetterConfig": VIOLATES, "reservedConcurrentExecutions": VIOLATES, "tracingConfig": VIOLATES},
    ),
    Case(
        "eventbridge-target-durable",
        EVENT_TARGET,
        _TARGET,
        bad={"lost": {"deadLetterConfig": {}}, "tried once": {"retryPolicy": GONE}},
        fine={"a queue that is not made yet": {"deadLetterConfig.arn": UNKNOWN}},
        missing={"deadLetterConfig": VIOLATES, "retryPolicy": VIOLATES},
        unknown={"deadLetterConfig": VIOLATES, "retryPolicy": PASSES},
    ),
    Case(
        "eventbridge-target-durable",
        EVENT_RULE,
        _RULE,
        bad={"off": {"state": "DISABLED"}},
        missing={"state": PASSES},
        unknown={"state": VIOLATES},
    ),
)
"""Every case of this slice."""
