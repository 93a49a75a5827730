"""Alerts: the way from each limit of ION's plan to the people it concerns."""

from typing import Any

import pytest

from components.gcp.alerting import Alerting, AlertingArgs
from components.gcp.notification import ChannelKind, NotificationChannels, Tier
from components.gcp.uptime import UptimeCheck
from headgate import limits as limit_rules
from headgate.limits import Limits, parse
from sandbox.google import discovery
from tests.support.drive import drive
from tests.support.mocks import Recorded, Registered

WATCHERS, TEAM = ["channel-mail"], ["channel-mail", "channel-phone"]


def limits(raw: Any = None) -> Limits:
    parsed, problems = parse(raw or {"preset": "ion"}, "limits")
    assert parsed is not None, problems
    return parsed


ARGS: AlertingArgs = {
    "physical_name": "ion-production",
    "limits": limit_rules.to_dict(limits()),
    "check_id": "check-1",
    "watchers": WATCHERS,
    "deploy_team": TEAM,
    "labels": {"a": "b"},
}


def alerts(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: Alerting("alerts", args), preview=preview)


def policies(recorded: Recorded) -> dict[str, Registered]:
    return {each.name.removeprefix("alerts-"): each for each in recorded.of_type("AlertPolicy")}


def wired() -> Recorded:
    """As a stack has it: channels of three tiers, the uptime check, and the alerts between them."""
    channels: Any = {
        "physical_name": "ion-production",
        "channels": {
            "mail": {"kind": ChannelKind.EMAIL, "address": "ion@example.com"},
            "pager": {"kind": ChannelKind.PAGERDUTY, "secret": "key"},
            "leads": {"kind": ChannelKind.EMAIL, "address": "leads@example.com", "tier": Tier.LEADS},
            "board": {"kind": ChannelKind.SMS, "address": "+82-10-0000-0000", "tier": Tier.MANAGEMENT},
        },
        "labels": {},
    }

    def build() -> None:
        made = NotificationChannels("channels", channels)
        check = UptimeCheck(
            "uptime", {"physical_name": "ion-production", "project": "p", "host": "ion.example.com", "labels": {}}
        )
        Alerting(
            "alerts",
            {
                **ARGS,
                "check_id": check.check_id,
                "watchers": made.watchers,
                "deploy_team": made.deploy_team,
                "leads": made.leads,
                "management": made.management,
            },
        )

    return drive(build)


def test_every_limit_leads_to_an_alert_and_every_alert_to_a_channel_that_exists() -> None:
    recorded = wired()
    channels = {f"{each.name}-1a2b3c4": each.name for each in recorded.of_type("NotificationChannel")}
    found = policies(recorded)
    for limit in limits().bounds:
        for bound, value in (("hold", limit.hold), ("rollback", limit.rollback)):
            if value is None:
                continue
            alert = found[f"{limit.metric.replace('_', '-')}-{bound}"]
            told = {channels[name] for name in alert.inputs["notificationChannels"]}
            assert told == ({"channels-mail"} if bound == "hold" else {"channels-mail", "channels-pager"})
    assert {name for each in found.values() for name in each.inputs["notificationChannels"]} == channels.keys()


def test_what_lasts_reaches_the_leads_and_then_the_management() -> None:
    found = policies(wired())
    for tier, seconds, channel in (("leads", "1800s", "channels-leads"), ("management", "3600s", "channels-board")):
        lasting = found[f"{tier}-limits"].inputs
        assert lasting["notificationChannels"] == [f"{channel}-1a2b3c4"]
        (condition,) = lasting["conditions"]
        query = condition["conditionPrometheusQueryLanguage"]
        assert query["duration"] == seconds
        for key, alert in found.items():
            if key.endswith("-rollback"):
                (single,) = alert.inputs["conditions"]
                assert f"({single['conditionPrometheusQueryLanguage']['query']})" in query["query"]
        (down,) = found[f"{tier}-down"].inputs["conditions"]
        assert down["conditionThreshold"]["duration"] == seconds
        assert "This has lasted for" in lasting["documentation"]["content"]


def test_nobody_else_is_told_when_nobody_else_is_named() -> None:
    assert not any(key.startswith(("leads", "management")) for key in policies(alerts()))


def test_a_plan_that_only_holds_has_nothing_to_escalate_but_an_outage() -> None:
    only_hold = limit_rules.to_dict(limits({"cpu": {"hold": "70%"}}))
    found = policies(alerts(limits=only_hold, leads=["channel-leads"]))
    assert found.keys() == {"cpu-hold", "down", "leads-down"}


def test_severity_and_colour_of_the_bounds() -> None:
    for key, alert in policies(wired()).items():
        assert alert.inputs["severity"] == ("WARNING" if key.endswith("-hold") else "CRITICAL"), key


@pytest.mark.parametrize("key", ["availability-hold", "down"])
def test_what_users_see_is_read_off_the_uptime_check(key: str) -> None:
    recorded = wired()
    (condition,) = policies(recorded)[key].inputs["conditions"]
    threshold = condition["conditionThreshold"]
    assert threshold["filter"] == (
        'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND '
        'metric.label.check_id="uptime-https-check"'
    )
    check = recorded.one("UptimeCheckConfig")
    assert check.urn in policies(recorded)[key].property_dependencies["conditions"]


def test_availability_over_a_day() -> None:
    (condition,) = policies(alerts())["availability-hold"].inputs["conditions"]
    threshold = condition["conditionThreshold"]
    assert (threshold["comparison"], threshold["thresholdValue"]) == ("COMPARISON_LT", 0.9995)
    assert threshold["aggregations"] == [
        {
            "alignmentPeriod": "86400s",
            "perSeriesAligner": "ALIGN_FRACTION_TRUE",
            "crossSeriesReducer": "REDUCE_MEAN",
        }
    ]


@pytest.mark.parametrize("preview", [True, False])
def test_every_alert_is_complete(preview: bool) -> None:
    for key, alert in policies(alerts(preview=preview, leads=["channel-leads"])).items():
        inputs = alert.inputs
        assert inputs["notificationChannels"], key
        assert inputs["alertStrategy"]["autoClose"] == "1800s", key
        assert inputs["documentation"]["mimeType"] == "text/markdown", key
        assert len(inputs["documentation"]["content"]) > 200, key
        assert inputs["userLabels"] == {"a": "b"}, key
        assert "enabled" not in inputs, key
        (condition,) = inputs["conditions"]
        (kind,) = condition.keys() - {"displayName"}
        assert condition[kind]["duration"].endswith("s"), key


def test_metrics_that_do_not_exist_yet_do_not_stop_the_first_deployment() -> None:
    (condition,) = policies(alerts())["consecutive-failures-rollback"].inputs["conditions"]
    query = condition["conditionPrometheusQueryLanguage"]
    assert query["disableMetricValidation"] is True
    assert query["evaluationInterval"] == "30s"


def test_what_is_declared_is_what_the_api_takes() -> None:
    """The inputs go through the provider under the API's own names, so its schema can judge them."""
    document = discovery.document("monitoring.v3")
    found = document.find("POST", "v3/projects/p/alertPolicies")
    assert found is not None
    method, bound = found
    for alert in policies(wired()).values():
        body = document.body(method, whole(alert.inputs), bound, frozenset())
        assert body["displayName"] == alert.inputs["displayName"]


def whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_outputs_name_every_alert() -> None:
    recorded = alerts()
    assert recorded.outputs_of("Alerting")["policies"].keys() == policies(recorded).keys()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"watchers": []}, r"watchers: found \[\]; expected at least one channel"),
        ({"deploy_team": []}, r"deploy_team: found \[\]; expected at least one channel"),
        ({"memory": "1GB"}, "memory: found '1GB'"),
        ({"auto_close_seconds": 60}, "auto_close_seconds: found 60; expected a whole number from 1800 to 604800"),
        ({"limits": {"metrics": {}}}, "limits: found .*; expected limits as headgate.limits.to_dict"),
        (
            {"limits": limit_rules.to_dict(limits({"database_connections": {"hold": 80}}))},
            "limits: found 'database_connections'; expected a metric .* Cloud Run knows of no database",
        ),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"Alerting 'alerts': {message}"):
        alerts(**more)
