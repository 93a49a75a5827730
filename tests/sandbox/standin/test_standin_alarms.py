"""Where moto 5.2.5 differs from CloudWatch: what the repairs make of it, and the alarms of the components on it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.standin.provider import Provider
from tests.sandbox.standin.world import TAGS, world

pytestmark = pytest.mark.sandbox

Client = Callable[[str], Any]
ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "MetricName": "CPUUtilization",
    "Namespace": "AWS/ECS",
    "Period": 60,
    "Statistic": "Average",
    "Threshold": 1.0,
}


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Message"])


def test_a_composite_alarm_is_one_of_alarms_that_exist(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    missing = refused(lambda: cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule='ALARM("nobody")'))
    assert "nobody" in missing
    cloudwatch.put_metric_alarm(AlarmName="part", **ALARM)
    cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule='ALARM("part") AND NOT OK(part)')
    (found,) = cloudwatch.describe_alarms(AlarmNames=["c"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert found["AlarmRule"] == 'ALARM("part") AND NOT OK(part)'
    assert "part" in refused(lambda: cloudwatch.delete_alarms(AlarmNames=["part"]))
    cloudwatch.delete_alarms(AlarmNames=["part", "c"])
    assert cloudwatch.describe_alarms(AlarmNames=["part", "c"])["MetricAlarms"] == []


def test_tags_come_with_the_first_call_only(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="tagged", Tags=[{"Key": "owner", "Value": "a"}], **ALARM)
    cloudwatch.put_metric_alarm(AlarmName="tagged", Tags=[{"Key": "owner", "Value": "b"}], **ALARM)
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["tagged"])["MetricAlarms"]
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "owner", "Value": "a"}]
    cloudwatch.delete_alarms(AlarmNames=["tagged"])


def test_an_alarm_on_an_expression_keeps_every_series(provider: Provider, client: Client) -> None:
    series = [
        {
            "id": f"n{at}",
            "returnData": False,
            "metric": {
                "namespace": "AWS/ElastiCache",
                "metricName": "EngineCPUUtilization",
                "period": 60,
                "stat": "Average",
                "dimensions": {"CacheClusterId": f"greenflow-00{at}"},
            },
        }
        for at in range(3)
    ]
    with world(provider) as w:
        made = w.make(
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "alarm",
            name=w.named("cache"),
            comparisonOperator="GreaterThanOrEqualToThreshold",
            threshold=90,
            evaluationPeriods=15,
            treatMissingData="notBreaching",
            metricQueries=[*series, {"id": "watched", "expression": "MAX([n0, n1, n2])", "returnData": True}],
            tags=TAGS,
        )
        (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"]
        assert [each["Id"] for each in alarm["Metrics"]] == ["n0", "n1", "n2", "watched"]
        assert alarm["Metrics"][2]["MetricStat"]["Metric"]["Dimensions"] == [
            {"Name": "CacheClusterId", "Value": "greenflow-002"}
        ]


def test_a_topic_without_its_policy_has_that_of_aws(provider: Provider, client: Client) -> None:
    with world(provider) as w:
        topic = w.make("aws:sns/topic:Topic", "topic", name=w.named("topic"), tags=TAGS)
        statement = '{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Deny","Principal":"*","Action":"*"}]}'
        policy = provider.create("aws:sns/topicPolicy:TopicPolicy", "policy", {"arn": topic.id, "policy": statement})
        sns = client("sns")
        assert "Ours" in sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]["Policy"]
        provider.delete(policy)
        assert "__default_policy_ID" in sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]["Policy"]
