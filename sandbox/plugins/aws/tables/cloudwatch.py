"""Amazon CloudWatch. Reference: CloudWatch API, version 2010-08-01."""

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.aws.codecs import JSON, List, Obj, Via
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, new, row
from sandbox.plugins.aws.tags import TagStyle, by_arn

_DIMENSIONS = Via(
    lambda given: [{"Name": name, "Value": value} for name, value in given.items()],
    lambda listed: {each["Name"]: each["Value"] for each in listed},
)
_QUERY = Obj(
    {
        "id": "Id",
        "accountId": "AccountId",
        "expression": "Expression",
        "label": "Label",
        "period": "Period",
        "returnData": "ReturnData",
        "metric": (
            "MetricStat",
            Obj(
                {
                    "namespace": "Metric.Namespace",
                    "metricName": "Metric.MetricName",
                    "dimensions": ("Metric.Dimensions", _DIMENSIONS),
                    "period": "Period",
                    "stat": "Stat",
                    "unit": "Unit",
                }
            ),
        ),
    }
)


def _tags() -> TagStyle:
    return by_arn("TagResource", "UntagResource", "ListTagsForResource", "Tags", resource="ResourceARN")


def _find(kind: str, member: str, name: str) -> Any:
    def find(cloud: Cloud, target: Target) -> Any:
        answer = cloud("DescribeAlarms", AlarmNames=[target.id], AlarmTypes=[kind])
        found = next((each for each in answer.get(member, ()) if each["AlarmName"] == target.id), None)
        return None if found is None else {**found, name: target.id}

    return find


def _delete(target: Target) -> list[Call]:
    return [Call("DeleteAlarms", {"AlarmNames": [target.id]}, harmless=("ResourceNotFound",))]


_ACTIONS: Mapping[str, Field] = {
    "actionsEnabled": Field("ActionsEnabled", default=True),
    "alarmActions": Field("AlarmActions", List(), default=[]),
    "okActions": Field("OKActions", List(), default=[]),
    "insufficientDataActions": Field("InsufficientDataActions", List(), default=[]),
    "alarmDescription": Field("AlarmDescription", default=""),
}

# PutMetricAlarm replaces the whole alarm, so an update sends what a create sends.
_METRIC_ALARM = row(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "cloudwatch",
    {
        "name": new("AlarmName"),
        **_ACTIONS,
        "comparisonOperator": "ComparisonOperator",
        "evaluationPeriods": "EvaluationPeriods",
        "datapointsToAlarm": "DatapointsToAlarm",
        "threshold": "Threshold",
        "treatMissingData": Field("TreatMissingData", default="missing"),
        "metricName": "MetricName",
        "namespace": "Namespace",
        "period": "Period",
        "statistic": "Statistic",
        "extendedStatistic": "ExtendedStatistic",
        "unit": "Unit",
        "dimensions": Field("Dimensions", _DIMENSIONS),
        "metricQueries": Field("Metrics", List(_QUERY, key="id")),
    },
    create="PutMetricAlarm",
    made="@",
    identity=lambda _, t: t.inputs["name"],
    find=_find("MetricAlarm", "MetricAlarms", "AlarmName"),
    update="PutMetricAlarm",
    key=lambda t: {"AlarmName": t.id},
    always=frozenset(
        {
            *_ACTIONS,
            "comparisonOperator",
            "evaluationPeriods",
            "datapointsToAlarm",
            "threshold",
            "treatMissingData",
            "metricName",
            "namespace",
            "period",
            "statistic",
            "extendedStatistic",
            "unit",
            "dimensions",
            "metricQueries",
        }
    ),
    delete=_delete,
    outputs={"arn": "AlarmArn"},
    missing=("ResourceNotFound",),
    name="name",
    tags=_tags(),
    support="repaired",
    note="nothing evaluates it; an alarm in a composite alarm cannot be deleted",
)

_COMPOSITE_ALARM = row(
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "cloudwatch",
    {"alarmName": new("AlarmName"), "alarmRule": Field("AlarmRule"), **_ACTIONS},
    create="PutCompositeAlarm",
    made="@",
    identity=lambda _, t: t.inputs["alarmName"],
    find=_find("CompositeAlarm", "CompositeAlarms", "AlarmName"),
    update="PutCompositeAlarm",
    key=lambda t: {"AlarmName": t.id},
    always=frozenset({*_ACTIONS, "alarmRule"}),
    delete=_delete,
    outputs={"arn": "AlarmArn"},
    missing=("ResourceNotFound",),
    name="alarmName",
    tags=_tags(),
    support="repaired",
    note="nothing evaluates its rule; the alarms in it must exist",
)


def _dashboard(cloud: Cloud, target: Target) -> Any:
    return cloud("GetDashboard", DashboardName=target.id)


_DASHBOARD = row(
    "aws:cloudwatch/dashboard:Dashboard",
    "cloudwatch",
    {"dashboardName": new("DashboardName"), "dashboardBody": Field("DashboardBody", JSON)},
    create="PutDashboard",
    made="@",
    identity=lambda _, t: t.inputs["dashboardName"],
    find=_dashboard,
    update="PutDashboard",
    key=lambda t: {"DashboardName": t.id},
    delete=lambda t: [Call("DeleteDashboards", {"DashboardNames": [t.id]})],
    outputs={"dashboardArn": "DashboardArn"},
    missing=("ResourceNotFound", "DashboardNotFoundError"),
    name="dashboardName",
    note="the body has to be JSON; its widgets are not checked",
)

ROWS: tuple[Row, ...] = (_METRIC_ALARM, _COMPOSITE_ALARM, _DASHBOARD)
