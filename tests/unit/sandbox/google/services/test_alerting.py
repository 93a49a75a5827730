"""Alert policies, notification channels, uptime checks and dashboards."""

from typing import Any

import pytest

from tests.support.google_api import Api

MONITORING = "/monitoring/v3/projects/p"
V3 = "/monitoring/v3"
DASHBOARDS = "/monitoring/v1/projects/p/dashboards"
FILTER = 'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"'
LAYOUT: dict[str, Any] = {
    "mosaicLayout": {"columns": 12, "tiles": [{"width": 6, "height": 4, "widget": {"text": {"content": "x"}}}]}
}
CHECK: dict[str, Any] = {
    "displayName": "Ion health",
    "timeout": "10s",
    "monitoredResource": {"type": "uptime_url", "labels": {"host": "ion.example"}},
    "httpCheck": {"useSsl": True, "path": "health"},
}


def threshold(text: str = FILTER, **more: Any) -> dict[str, Any]:
    details = {"filter": text, "comparison": "COMPARISON_GT", "duration": "60s", **more}
    return {"displayName": "c", "conditionThreshold": details}


def promql(**more: Any) -> dict[str, Any]:
    return {"displayName": "c", "conditionPrometheusQueryLanguage": {"query": "vector(1)", "duration": "60s", **more}}


def policy(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"displayName": "d", "combiner": "OR", "conditions": list(conditions or [threshold()]), **more}


@pytest.fixture
def channel(api: Api) -> str:
    sent = {"type": "email", "displayName": "x", "labels": {"email_address": "a@b.example"}}
    return str(api.post(f"{MONITORING}/notificationChannels", sent)["name"])


def test_a_policy_is_named_and_recorded_by_the_server(api: Api, channel: str) -> None:
    made = api.post(f"{MONITORING}/alertPolicies", policy(notificationChannels=[channel]))
    assert made["enabled"] is True
    assert made["creationRecord"] == {"mutateTime": api.cloud.now(), "mutatedBy": "sandbox@example.com"}
    assert made["conditions"][0]["name"].startswith(f"{made['name']}/conditions/")
    api.pass_time(minutes=1)
    changed = api.patch(f"{V3}/{made['name']}?updateMask=displayName", {"displayName": "e", "enabled": False})
    assert (changed["displayName"], changed["enabled"]) == ("e", True)
    assert changed["conditions"] == made["conditions"]
    assert changed["mutationRecord"]["mutateTime"] == api.cloud.now()
    replaced = api.patch(f"{V3}/{made['name']}", policy(enabled=False))
    assert replaced["enabled"] is False
    assert "notificationChannels" not in replaced
    assert replaced["creationRecord"] == made["creationRecord"]


@pytest.mark.parametrize(
    ("condition", "code", "what"),
    [
        (threshold('resource.type="cloud_run_revision"'), "400 INVALID_ARGUMENT", 'restriction on "metric.type"'),
        (threshold('metric.type="run.googleapis.com/x"'), "400 INVALID_ARGUMENT", 'restriction on "resource.type"'),
        (threshold("metric.type="), "400 INVALID_ARGUMENT", "The filter is invalid"),
        (threshold(duration="90s"), "400 INVALID_ARGUMENT", "multiple of a minute"),
        (threshold(denominatorFilter="metric.type="), "400 INVALID_ARGUMENT", "denominator_filter"),
        (
            {"displayName": "c", "conditionAbsent": {"filter": FILTER, "duration": "60s"}},
            "400 INVALID_ARGUMENT",
            "multiple of a minute",
        ),
        ({"displayName": "c"}, "400 INVALID_ARGUMENT", "Condition subtype"),
        (threshold() | promql(), "400 INVALID_ARGUMENT", "Condition subtype"),
        (promql(evaluationInterval="45s"), "400 INVALID_ARGUMENT", "30 seconds"),
        (promql(query=" "), "400 INVALID_ARGUMENT", "must not be empty"),
        ({"displayName": "c", "conditionMatchedLog": {"filter": "a"}}, "400 INVALID_ARGUMENT", "rate_limit"),
        (threshold(FILTER.replace("run.googleapis.com", "custom.googleapis.com")), "404 NOT_FOUND", "Cannot find"),
        (promql(query="logging_googleapis_com:user_errs > 1"), "404 NOT_FOUND", "Cannot find metric(s)"),
    ],
)
def test_conditions_that_google_refuses(api: Api, condition: dict[str, Any], code: str, what: str) -> None:
    refused = api.refused("POST", f"{MONITORING}/alertPolicies", policy(condition))
    assert refused.code == code
    assert what in refused.error["message"]


def test_an_alert_on_logs_finds_its_metric(api: Api) -> None:
    logged = threshold(FILTER.replace("run.googleapis.com/request_count", "logging.googleapis.com/user/ion-errs"))
    queried = promql(query="rate(logging_googleapis_com:user_ion_errs[5m]) > 1")
    unchecked = promql(query="logging_googleapis_com:user_ion_errs > 1", disableMetricValidation=True)
    api.post(f"{MONITORING}/alertPolicies", policy(unchecked))
    for condition in (logged, queried):
        assert api.refused("POST", f"{MONITORING}/alertPolicies", policy(condition)).code == "404 NOT_FOUND"
    api.post("/logging/v2/projects/p/metrics", {"name": "ion-errs", "filter": "severity>=ERROR"})
    for condition in (logged, queried):
        assert api.post(f"{MONITORING}/alertPolicies", policy(condition))["enabled"] is True


def test_policies_that_google_refuses(api: Api) -> None:
    url = f"{MONITORING}/alertPolicies"
    assert api.refused("POST", url, policy() | {"conditions": []}).code == "400 INVALID_ARGUMENT"
    assert api.refused("POST", url, policy(*[threshold()] * 7)).code == "400 INVALID_ARGUMENT"
    assert api.refused("POST", url, policy(combiner=None)).code == "400 INVALID_ARGUMENT"
    missing = policy(notificationChannels=["projects/p/notificationChannels/1"])
    assert api.refused("POST", url, missing).code == "404 NOT_FOUND"


def test_a_channel_in_use_is_deleted_by_force_only(api: Api, channel: str) -> None:
    made = api.post(f"{MONITORING}/alertPolicies", policy(notificationChannels=[channel]))
    refused = api.refused("DELETE", f"{V3}/{channel}?force=false")
    assert refused.code == "400 FAILED_PRECONDITION"
    assert refused.error["message"] == (
        f'Could not delete "{channel}" because it is still being referenced by: "{made["name"]}"'
    )
    api.delete(f"{V3}/{channel}?force=true")
    assert api.get(f"{V3}/{made['name']}")["notificationChannels"] == []


@pytest.mark.parametrize(
    ("kind", "labels", "fine"),
    [
        ("email", {"email_address": "a@b.example"}, True),
        ("email", {}, False),
        ("sms", {"number": "+15551234"}, True),
        ("slack", {"channel_name": "#ion"}, False),
        ("pagerduty", {"service_key": "0123456789abcdef"}, True),
        ("google_chat", {"space": "spaces/x"}, True),
        ("carrier_pigeon", {}, False),
    ],
)
def test_channels_need_their_labels(api: Api, kind: str, labels: dict[str, str], fine: bool) -> None:
    url, sent = f"{MONITORING}/notificationChannels", {"type": kind, "labels": labels}
    if fine:
        assert api.post(url, sent)["type"] == kind
    else:
        assert api.refused("POST", url, sent).code == "400 INVALID_ARGUMENT"


def test_keys_of_channels_are_not_read_back(api: Api) -> None:
    sent = {"type": "pagerduty", "labels": {"service_key": "0123456789abcdef"}}
    made = api.post(f"{MONITORING}/notificationChannels", sent)
    assert made["labels"]["service_key"] == "************cdef"
    api.patch(f"{V3}/{made['name']}", {"type": "pagerduty", "labels": made["labels"], "displayName": "new"})
    kept = api.cloud.store.get("notificationChannels", made["name"])
    assert (kept["labels"], kept["displayName"]) == (sent["labels"], "new")
    assert len(kept["mutationRecords"]) == 1


def test_an_uptime_check_gets_its_defaults(api: Api) -> None:
    made = api.post(f"{MONITORING}/uptimeCheckConfigs", CHECK)
    assert made["name"].startswith("projects/p/uptimeCheckConfigs/ion-health-")
    assert (made["period"], made["httpCheck"]["port"], made["httpCheck"]["path"]) == ("60s", 443, "/health")
    changed = api.patch(f"{V3}/{made['name']}?updateMask=displayName", {"displayName": "e"})
    assert (changed["displayName"], changed["httpCheck"]) == ("e", made["httpCheck"])


@pytest.mark.parametrize(
    "change",
    [
        {"timeout": "61s"},
        {"period": "120s"},
        {"selectedRegions": ["EUROPE", "ASIA_PACIFIC"]},
        {"selectedRegions": ["USA_IOWA", "USA_OREGON"]},
        {"httpCheck": None},
        {"monitoredResource": None},
        {"tcpCheck": {"port": 1}},
    ],
)
def test_uptime_checks_that_google_refuses(api: Api, change: dict[str, Any]) -> None:
    refused = api.refused("POST", f"{MONITORING}/uptimeCheckConfigs", CHECK | change)
    assert refused.code == "400 INVALID_ARGUMENT"


@pytest.mark.parametrize("regions", [["USA"], ["USA_IOWA", "EUROPE", "ASIA_PACIFIC"], []])
def test_three_places_are_enough(api: Api, regions: list[str]) -> None:
    assert api.post(f"{MONITORING}/uptimeCheckConfigs", CHECK | {"selectedRegions": regions})["timeout"] == "10s"


def test_a_check_with_an_alert_on_it_is_kept(api: Api) -> None:
    check = api.post(f"{MONITORING}/uptimeCheckConfigs", CHECK)["name"]
    passed = 'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url"'
    about = threshold(f'{passed} AND metric.labels.check_id="{check.rpartition("/")[2]}"')
    alert = api.post(f"{MONITORING}/alertPolicies", policy(about))["name"]
    refused = api.refused("DELETE", f"{V3}/{check}")
    assert (refused.code, alert in refused.error["message"]) == ("400 INVALID_ARGUMENT", True)
    api.delete(f"{V3}/{alert}")
    assert api.delete(f"{V3}/{check}") == {}


def test_a_dashboard_is_replaced_by_who_read_it_last(api: Api) -> None:
    made = api.post(DASHBOARDS, {"displayName": "d", "labels": {"a": ""}, **LAYOUT})
    url = f"/monitoring/v1/{made['name']}"
    changed = api.patch(url, {"displayName": "e", "etag": made["etag"], **LAYOUT})
    assert (changed["displayName"], "labels" in changed) == ("e", False)
    stale = {"displayName": "f", "etag": made["etag"], **LAYOUT}
    assert api.refused("PATCH", url, stale).code == "409 ABORTED"
    assert api.get(url) == changed


def test_dashboards_that_google_refuses(api: Api) -> None:
    two = {"displayName": "d", **LAYOUT, "gridLayout": {"columns": "2"}}
    for wrong in ({"displayName": "d"}, two, {**LAYOUT}):
        assert api.refused("POST", DASHBOARDS, wrong).code == "400 INVALID_ARGUMENT"
    assert api.post(f"{DASHBOARDS}?validateOnly=true", {"displayName": "d", **LAYOUT})["displayName"] == "d"
    assert api.get(DASHBOARDS) == {}


def test_a_dashboard_with_a_chosen_id(api: Api) -> None:
    body = {"name": "projects/p/dashboards/ion", "displayName": "d", **LAYOUT}
    assert api.post(DASHBOARDS, body)["name"] == "projects/p/dashboards/ion"
    assert api.refused("POST", DASHBOARDS, body).code == "409 ALREADY_EXISTS"
