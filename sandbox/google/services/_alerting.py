"""Rows of Cloud Monitoring: alert policies, notification channels, uptime checks and dashboards."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.google.api import Call
from sandbox.google.errors import ApiError, not_found
from sandbox.google.services import _filter, _projects
from sandbox.google.services._collection import Collection, by_server, target
from sandbox.google.store import Resource

_MINUTE_S = 60
# Conditions of a policy: https://cloud.google.com/monitoring/quotas.
_MOST_CONDITIONS = 6
# Metrics that have to be there before an alert on them; what Google's own products write is always there.
_MADE_BY_USERS = re.compile(r"(custom|external|workload|logging)\.googleapis\.com/(?!byte_count|log_entry_count)")
_PROMQL_LOG_METRIC = re.compile(r"logging_googleapis_com:user_([A-Za-z0-9_]+)")
# `NotificationChannelDescriptor.labels` of each type, as the documentation of the API lists them: what is needed.
_CHANNEL_LABELS = {
    "email": ("email_address",),
    "sms": ("number",),
    "slack": ("channel_name", "auth_token"),
    "pagerduty": ("service_key",),
    "webhook_tokenauth": ("url",),
    "webhook_basicauth": ("url", "username", "password"),
    "pubsub": ("topic",),
    "google_chat": ("space",),
}
_SENSITIVE = ("auth_token", "password", "service_key")
# Places of the checkers in each region; at least three are needed (`UptimeCheckConfig.selectedRegions`).
_PLACES = {"USA": 3, "EUROPE": 1, "SOUTH_AMERICA": 1, "ASIA_PACIFIC": 1}
_LEAST_PLACES = 3
_PERIODS = {"60s", "300s", "600s", "900s"}
_LAYOUTS = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")


def wrong(field: str, value: object, problem: str) -> ApiError:
    """400 in the words of Cloud Monitoring."""
    return ApiError("INVALID_ARGUMENT", f'Field {field} had an invalid value of "{value}": {problem}')


def seconds(duration: str) -> float:
    """Seconds of "60s"."""
    return float(duration.removesuffix("s"))


def _record(call: Call) -> Resource:
    return {"mutateTime": call.cloud.now(), "mutatedBy": "sandbox@example.com"}


def _policy_born(call: Call, policy: Resource) -> None:
    policy["creationRecord"] = _record(call)


def _policy_shaped(call: Call, policy: Resource) -> None:
    policy.setdefault("enabled", True)
    policy["mutationRecord"] = _record(call)
    conditions = policy.get("conditions", [])
    if not 1 <= len(conditions) <= _MOST_CONDITIONS:
        raise wrong("alert_policy.conditions", len(conditions), f"expected 1 to {_MOST_CONDITIONS} conditions.")
    if policy.get("combiner", "COMBINE_UNSPECIFIED") == "COMBINE_UNSPECIFIED":
        raise wrong("alert_policy.combiner", "", "a combiner is required.")
    for index, condition in enumerate(conditions):
        _condition(call, policy, condition, f"alert_policy.conditions[{index}]")
        condition.setdefault("name", f"{policy['name']}/conditions/{call.cloud.serial() + 10**15}")
    for channel in policy.get("notificationChannels", []):
        if call.cloud.store.find("notificationChannels", channel) is None:
            raise not_found(channel, f"Notification channel '{channel}' was not found.")


def _condition(call: Call, policy: Resource, condition: Resource, where: str) -> None:
    kinds = [key for key in condition if key.startswith("condition")]
    if len(kinds) != 1:
        # The text: https://github.com/googleapis/google-cloud-node/issues/4361.
        raise wrong(f"{where}.condition_case", len(kinds), "Condition subtype is absent or unknown.")
    (kind,) = kinds
    details = condition[kind]
    if kind in {"conditionThreshold", "conditionAbsent"}:
        _check_filter(call, details.get("filter", ""), f"{where}.{_snake(kind)}.filter")
        if "denominatorFilter" in details:
            _check_filter(call, details["denominatorFilter"], f"{where}.{_snake(kind)}.denominator_filter")
        # `MetricThreshold.duration` and `MetricAbsence.duration`: whole minutes, and two for an absence.
        length = seconds(details.get("duration", "0s"))
        if length % _MINUTE_S or (kind == "conditionAbsent" and length < 2 * _MINUTE_S):
            raise wrong(f"{where}.{_snake(kind)}.duration", details.get("duration"), "must be a multiple of a minute.")
    elif kind == "conditionPrometheusQueryLanguage":
        _check_promql(call, details, f"{where}.{_snake(kind)}")
    elif kind == "conditionMatchedLog" and not policy.get("alertStrategy", {}).get("notificationRateLimit"):
        # `AlertStrategy.notificationRateLimit`: required for alerts on logs.
        raise wrong("alert_policy.alert_strategy.notification_rate_limit", "", "is required for alerts on logs.")


def _check_filter(call: Call, text: str, where: str) -> None:
    try:
        parsed = _filter.parse(text)
    except _filter.InvalidFilter as problem:
        raise wrong(where, text, f"The filter is invalid: {problem}.") from problem
    for field in ("metric.type", "resource.type"):
        if field not in parsed.required:
            # The text: https://github.com/hashicorp/terraform-provider-google/issues/4165.
            raise wrong(where, text, f'must specify a restriction on "{field}" in the filter.')
    require_metric(call, _projects.of(target(call)), parsed.required["metric.type"])


def require_metric(call: Call, project: str, metric: str) -> None:
    """Refuse a metric of the user's that is not there yet. Raises ApiError NOT_FOUND."""
    if not _MADE_BY_USERS.match(metric):
        return
    logged = metric.removeprefix("logging.googleapis.com/user/")
    known = (
        call.cloud.store.find("metricDescriptors", f"projects/{project}/metricDescriptors/{metric}"),
        call.cloud.store.find("logMetrics", f"projects/{project}/metrics/{logged}") if logged != metric else None,
    )
    if not any(known):
        raise _no_metric(metric)


def _no_metric(metric: str) -> ApiError:
    # The text: https://github.com/hashicorp/terraform-provider-google/issues/11102.
    message = (
        f'Cannot find metric(s) that match type = "{metric}". If a metric was created recently, it could take up to 10 '
        "minutes to become available. Please try again soon."
    )
    return ApiError("NOT_FOUND", message)


def _check_promql(call: Call, details: Resource, where: str) -> None:
    """`PrometheusQueryLanguageCondition` in the discovery document."""
    if not details.get("query", "").strip():
        raise wrong(f"{where}.query", "", "must not be empty.")
    interval = seconds(details.get("evaluationInterval", "30s"))
    if interval <= 0 or interval % 30:
        raise wrong(f"{where}.evaluation_interval", details["evaluationInterval"], "must be a multiple of 30 seconds.")
    if details.get("disableMetricValidation"):
        return
    metrics = call.cloud.store.under("logMetrics")
    known = {re.sub(r"[^A-Za-z0-9_]", "_", metric["name"]) for metric in metrics}
    for name in _PROMQL_LOG_METRIC.findall(details["query"]):
        if not any(name in {each, f"{each}_bucket", f"{each}_count", f"{each}_sum"} for each in known):
            raise _no_metric(f"logging_googleapis_com:user_{name}")


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


POLICIES = Collection(
    api="monitoring.projects.alertPolicies",
    kind="alertPolicies",
    plural="alertPolicies",
    name=by_server("alertPolicies"),
    born=_policy_born,
    shaped=_policy_shaped,
    kept=("creationRecord",),
)


def _channel_born(call: Call, channel: Resource) -> None:
    channel["creationRecord"] = _record(call)


def _channel_shaped(_call: Call, channel: Resource) -> None:
    kind = channel.get("type", "")
    if kind not in _CHANNEL_LABELS:
        raise wrong("notification_channel.type", kind, f"expected one of {', '.join(_CHANNEL_LABELS)}.")
    for label in _CHANNEL_LABELS[kind]:
        if not channel.get("labels", {}).get(label):
            raise wrong(f"notification_channel.labels['{label}']", "", "is required for this type of channel.")
    channel.setdefault("enabled", True)


def _channel_changed(call: Call, before: Resource, after: Resource) -> None:
    for key in _SENSITIVE:
        if after.get("labels", {}).get(key) == _hidden(before.get("labels", {}).get(key, "")):
            # What was read is sent back: the value stays.
            after["labels"][key] = before["labels"][key]
    after["mutationRecords"] = [_record(call), *before.get("mutationRecords", [])][:10]


def _channel_shown(_call: Call, channel: Resource) -> None:
    """Sensitive labels are obfuscated in answers, which is why the provider takes them from its own state."""
    for key in _SENSITIVE:
        if key in channel.get("labels", {}):
            channel["labels"][key] = _hidden(channel["labels"][key])


def _hidden(value: str) -> str:
    return "*" * max(len(value) - 4, 4) + value[-4:] if len(value) > 8 else "*" * len(value)


def _channel_leaving(call: Call, channel: Resource) -> None:
    """`notificationChannels.delete`, force: false refuses a channel in use, true takes it out of the policies."""
    for policy in call.cloud.store.under("alertPolicies"):
        channels = policy.get("notificationChannels", [])
        if channel["name"] not in channels:
            continue
        if not call.query.get("force"):
            # The text: https://github.com/hashicorp/terraform-provider-google/issues/10337.
            raise ApiError(
                "FAILED_PRECONDITION",
                f'Could not delete "{channel["name"]}" because it is still being referenced by: "{policy["name"]}"',
            )
        kept = [each for each in channels if each != channel["name"]]
        call.cloud.store.put("alertPolicies", policy["name"], {**policy, "notificationChannels": kept})


CHANNELS = Collection(
    api="monitoring.projects.notificationChannels",
    kind="notificationChannels",
    plural="notificationChannels",
    name=by_server("notificationChannels"),
    born=_channel_born,
    shaped=_channel_shaped,
    changed=_channel_changed,
    leaving=_channel_leaving,
    shown=_channel_shown,
    kept=("creationRecord", "mutationRecords"),
    immutable=("type",),
)


def _uptime_name(call: Call) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", str(call.body.get("displayName", "")).lower()).strip("-")
    return f"{target(call)}/uptimeCheckConfigs/{slug[:40] or 'check'}-{call.cloud.serial()}"


def _uptime_shaped(_call: Call, check: Resource) -> None:
    """Rules and defaults: `UptimeCheckConfig` and `HttpCheck` in the discovery document."""
    if not 1 <= seconds(check.get("timeout", "0s")) <= 60:
        raise wrong("uptime_check_config.timeout", check.get("timeout", ""), "must be between 1 and 60 seconds.")
    if check.setdefault("period", "60s") not in _PERIODS:
        raise wrong("uptime_check_config.period", check["period"], f"expected one of {', '.join(sorted(_PERIODS))}.")
    regions = set(check.get("selectedRegions", []))
    if regions and sum(_PLACES.get(region, 1) for region in regions) < _LEAST_PLACES:
        raise wrong("uptime_check_config.selected_regions", sorted(regions), "a minimum of 3 locations is needed.")
    targets = [key for key in ("monitoredResource", "resourceGroup", "syntheticMonitor") if key in check]
    if len(targets) != 1:
        raise wrong("uptime_check_config.resource", "", "exactly one monitored resource or group is needed.")
    if sum(key in check for key in ("httpCheck", "tcpCheck")) != 1 and "syntheticMonitor" not in check:
        raise wrong("uptime_check_config.check_request_type", "", "exactly one of http_check and tcp_check is needed.")
    if "httpCheck" in check:
        http = check["httpCheck"]
        http.setdefault("requestMethod", "GET")
        http.setdefault("port", 443 if http.get("useSsl") else 80)
        http["path"] = "/" + http.get("path", "").removeprefix("/")


def _uptime_leaving(call: Call, check: Resource) -> None:
    """A check that an alert is about cannot be deleted: terraform-provider-google/issues/10176 and 19789."""
    check_id = check["name"].rpartition("/")[2]
    for policy in call.cloud.store.under("alertPolicies"):
        if any(check_id in text for text in _texts(policy.get("conditions", []))):
            raise ApiError(
                "INVALID_ARGUMENT",
                f"Cannot delete check {check_id}. One or more alerting policies is using it: {policy['name']}.",
            )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


UPTIME_CHECKS = Collection(
    api="monitoring.projects.uptimeCheckConfigs",
    kind="uptimeCheckConfigs",
    plural="uptimeCheckConfigs",
    name=_uptime_name,
    shaped=_uptime_shaped,
    leaving=_uptime_leaving,
    immutable=("monitoredResource", "resourceGroup"),
)


def _dashboard_name(call: Call) -> str:
    """The id may be chosen, as the last part of the name in the body (`Dashboard.name`)."""
    given = str(call.body.get("name", "")).rpartition("/")[2]
    return f"{target(call)}/dashboards/{given or call.cloud.uid()}"


def _dashboard_shaped(_call: Call, dashboard: Resource) -> None:
    layouts = [layout for layout in _LAYOUTS if layout in dashboard]
    if len(layouts) != 1:
        raise wrong("dashboard.layout", ", ".join(layouts), f"exactly one of {', '.join(_LAYOUTS)} is needed.")


DASHBOARDS = Collection(
    api="monitoring.projects.dashboards",
    kind="dashboards",
    plural="dashboards",
    name=_dashboard_name,
    shaped=_dashboard_shaped,
    etag=True,
)
