"""Cloud Monitoring API v3, and v1 for dashboards. The API makes up the names."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.gcp.fields import Field, many, members, one, outside, own, value
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Cloud, Row, Target

_AGGREGATION = "alignmentPeriod perSeriesAligner crossSeriesReducer groupByFields"
_TRIGGER = one("count percent")
_CONDITIONS = many(
    "name~ displayName!",
    marks="!",
    conditionThreshold=one(
        "filter comparison! duration!+ thresholdValue+ denominatorFilter evaluationMissingData",
        aggregations=many(_AGGREGATION),
        denominatorAggregations=many(_AGGREGATION),
        forecastOptions=one("forecastHorizon!"),
        trigger=_TRIGGER,
    ),
    conditionAbsent=one("filter duration!", aggregations=many(_AGGREGATION), trigger=_TRIGGER),
    conditionMatchedLog=one("filter! labelExtractors"),
    conditionMonitoringQueryLanguage=one("query! duration! evaluationMissingData", trigger=_TRIGGER),
    conditionPrometheusQueryLanguage=one(
        "query! duration evaluationInterval~ labels ruleGroup alertRule disableMetricValidation"
    ),
)

# Property -> the label that holds it.
_SECRETS = {"authToken": "auth_token", "password": "password", "serviceKey": "service_key"}


def _with_secrets(body: dict[str, Any], target: Target, verb: str) -> dict[str, Any]:
    given = target.inputs.get("sensitiveLabels") or {}
    secret = {label: given[name] for name, label in _SECRETS.items() if given.get(name)}
    labels = {**body.get("labels", {}), **secret}
    return {**body, "labels": labels} if labels else body


def _without_secrets(found: dict[str, Any], target: Target) -> dict[str, Any]:
    """The API answers secret labels masked: what the program gave stands for them."""
    sensitive = target.get("sensitiveLabels") or {}
    given = target.get("labels") or {}
    labels = {
        name: given.get(name, value) if name in _SECRETS.values() else value
        for name, value in found.get("labels", {}).items()
        if not (name in _SECRETS.values() and name not in given and sensitive)
    }
    return {**found, "labels": labels}


@dataclass(frozen=True)
class _Channel(Row):
    def delete(self, cloud: Cloud, target: Target) -> None:
        force = "true" if target.old("forceDelete") else "false"
        cloud(Request("DELETE", target.path(self.path), {"force": force}))


@dataclass(frozen=True)
class _Dashboard(Row):
    """The object of the API is the program's JSON document."""

    def update(self, cloud: Cloud, target: Target, changed: frozenset[str]) -> None:
        if "dashboardJson" in changed:
            etag = cloud(Request("GET", target.path(self.path))).get("etag", "")
            cloud(Request("PATCH", target.path(self.path), {}, {**_document(target), "etag": etag}))


def _document(target: Target) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(target.inputs["dashboardJson"])
    return parsed


def _dashboard(found: dict[str, Any], target: Target) -> dict[str, Any]:
    document = {name: value for name, value in found.items() if name not in {"name", "etag"}}
    return {"name": found["name"], "_document": document}


_CHECK = one(
    "path~ port~ requestMethod~ useSsl validateSsl maskHeaders headers~ body contentType~ customContentType",
    authInfo=one("username! password*"),
    acceptedResponseStatusCodes=many("statusClass statusValue"),
    pingConfig=one("pingsCount!"),
    serviceAgentAuthentication=one("type"),
)

ROWS: tuple[Row, ...] = (
    _Channel(
        token="gcp:monitoring/notificationChannel:NotificationChannel",
        api="monitoring",
        fields={
            **outside("project~^"),
            "forceDelete": own(),
            "deletionPolicy": own(),
            "sensitiveLabels": Field(None, one().kind, members("authToken password serviceKey")),
            **members("type! displayName description labels~ userLabels", enabled=value(marks="+", default=True)),
        },
        outputs=members("name verificationStatus"),
        collection="v3/projects/{project}/notificationChannels",
        path="v3/{id}",
        identity="{name}",
        assigned=True,
        body=_with_secrets,
        seen=_without_secrets,
        note="secret labels are never read back",
    ),
    Row(
        token="gcp:monitoring/alertPolicy:AlertPolicy",
        api="monitoring",
        fields={
            **outside("project~^"),
            "deletionPolicy": own(),
            **members(
                "displayName! combiner! notificationChannels userLabels severity",
                enabled=value(marks="+", default=True),
                conditions=_CONDITIONS,
                documentation=one("content mimeType~ subject", links=many("displayName url")),
                alertStrategy=one(
                    "autoClose notificationPrompts~",
                    notificationRateLimit=one("period"),
                    notificationChannelStrategies=many(
                        "notificationChannelNames renotifyInterval", api="notificationChannelStrategy"
                    ),
                ),
            ),
        },
        outputs=members("name", creationRecords=many("mutateTime mutatedBy", api="creationRecord", wrapped=True)),
        collection="v3/projects/{project}/alertPolicies",
        path="v3/{id}",
        identity="{name}",
        assigned=True,
        mask=True,
    ),
    Row(
        token="gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
        api="monitoring",
        fields={
            **outside("project~^"),
            "deletionPolicy": own(),
            **members(
                "displayName! timeout! selectedRegions checkerType~^ logCheckFailures userLabels",
                period=value(default="300s"),
                monitoredResource=one("type! labels!", marks="^"),
                resourceGroup=one("groupId resourceType", marks="^"),
                contentMatchers=many("content! matcher~", jsonPathMatcher=one("jsonPath! jsonMatcher~")),
                httpCheck=_CHECK,
                tcpCheck=one("port!", pingConfig=one("pingsCount!")),
            ),
        },
        outputs=members("name uptimeCheckId=_id"),
        collection="v3/projects/{project}/uptimeCheckConfigs",
        path="v3/{id}",
        identity="{name}",
        assigned=True,
        mask=True,
        seen=lambda found, target: {**found, "_id": found["name"].rsplit("/", 1)[-1]},
    ),
    _Dashboard(
        token="gcp:monitoring/dashboard:Dashboard",
        api="monitoring",
        fields={
            **outside("project~^"),
            "deletionPolicy": own(),
            **members("dashboardJson!&=_document"),
        },
        collection="v1/projects/{project}/dashboards",
        path="v1/{id}",
        identity="{name}",
        assigned=True,
        body=lambda body, target, verb: _document(target),
        seen=_dashboard,
    ),
)
