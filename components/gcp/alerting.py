"""Alerts: one for every bound of every limit of the plan, and one for a service that does not answer at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_gcp import monitoring

from components._common import PlainArguments, token
from components.gcp import alert_rules
from components.gcp.alert_rules import AlertRule, Bound
from components.gcp.revision import DEFAULT_MEMORY, memory_bytes
from headgate import limits as limit_rules
from headgate.limits import Limits

EVALUATED_EVERY = 30  # seconds, the least Cloud Monitoring offers for PromQL
DEFAULT_AUTO_CLOSE = 1800  # seconds without data after which an incident closes; the least Cloud Monitoring takes
MOST_AUTO_CLOSE = 604_800  # 7 days

# Uptime: the condition that Cloud Monitoring itself proposes for a check (documentation, "Alerting on uptime checks"):
# more than one place fails, for a minute.
FAILING_PLACES = 1
DOWN_FOR = 60  # seconds
CHECK_ALIGNMENT = 1200  # seconds
AVAILABILITY_WINDOW = 86_400  # seconds: R-B10 asks for availability over a day; an alert can look back 25 hours

ESCALATION = {"leads": 1800, "management": 3600}  # seconds that a rollback bound stays broken (R-B22)
SEVERITY = {Bound.HOLD: "WARNING", Bound.ROLLBACK: "CRITICAL"}


class AlertingArgs(TypedDict):
    """Arguments of `Alerting`."""

    physical_name: str
    """Name of the Cloud Run service."""
    limits: Mapping[str, Any]
    """Limits of the plan as a mapping (`headgate.limits.to_dict`). Plain and known."""
    memory: NotRequired[str]
    """Memory of an instance, such as 2Gi: Cloud Run reports its use as a share. Default: 1Gi."""
    check_id: pulumi.Input[str]
    """Id of the uptime check."""
    watchers: Sequence[pulumi.Input[str]]
    """Channels for what holds a rollout; at least one."""
    deploy_team: Sequence[pulumi.Input[str]]
    """Channels for what ends a rollout; at least one."""
    leads: NotRequired[Sequence[pulumi.Input[str]]]
    """Channels told after 30 minutes. Default: none."""
    management: NotRequired[Sequence[pulumi.Input[str]]]
    """Channels told after an hour. Default: none."""
    auto_close_seconds: NotRequired[int]
    """Seconds without data after which an incident closes, 1800 to 604800. Default: 1800."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    rules: Sequence[AlertRule]
    escalation: Mapping[str, Sequence[pulumi.Input[str]]]
    auto_close: int


class Alerting(pulumi.ComponentResource):
    """An alert for every bound of the plan's limits, judged for each revision, with what to do in its text.

    What holds a rollout reaches the watchers; what ends it reaches the whole deploy team, and the leads and the
    management when it lasts.

    Creates: per bound of a limit an alert policy; one for a failing uptime check; with `leads` or `management` two
    each, for what ends a rollout and for a failing check.

    Changes during a rollout: nothing. A plan is frozen while it is under way.

    Replaces on: a limit that comes or goes (its alert).
    """

    policies: dict[str, pulumi.Output[str]]
    """Full name of each alert policy by `<metric>-<bound>`, `down`, `<tier>-limits` and `<tier>-down`."""

    def __init__(self, name: str, args: AlertingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Alerting"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args
        self._settings = settings
        service = args["physical_name"]

        self.policies = {}
        for rule in settings.rules:
            channels = args["watchers"] if rule.bound is Bound.HOLD else args["deploy_team"]
            self._policy(
                rule.key, rule.title, self._condition(rule), channels, rule.text, severity=SEVERITY[rule.bound]
            )
        self._policy("down", f"{service}: no answer", self._down(DOWN_FOR), args["deploy_team"], alert_rules.DOWN_TEXT)
        for tier, channels in settings.escalation.items():
            waited = ESCALATION[tier]
            lasting = _any_of([rule for rule in settings.rules if rule.bound is Bound.ROLLBACK])
            told = f"This has lasted for {waited // 60} minutes, and the deploy team was told at its beginning.\n\n"
            if lasting is not None:
                title = f"{service}: beyond its limits for {waited // 60} minutes"
                text = told + alert_rules.WHAT_TO_DO[Bound.ROLLBACK]
                self._policy(f"{tier}-limits", title, _promql(title, lasting, waited), channels, text)
            title = f"{service}: no answer for {waited // 60} minutes"
            self._policy(f"{tier}-down", title, self._down(waited), channels, told + alert_rules.DOWN_TEXT)
        self.register_outputs({"policies": self.policies})

    def _policy(
        self,
        key: str,
        title: str,
        condition: monitoring.AlertPolicyConditionArgsDict,
        channels: Sequence[pulumi.Input[str]],
        text: str,
        *,
        severity: str = "CRITICAL",
    ) -> None:
        # One condition each: then the alert's name says which limit it is, and a limit maps to one alert.
        policy = monitoring.AlertPolicy(
            f"{self.pulumi_resource_name}-{key}",
            display_name=title,
            combiner="OR",
            conditions=[condition],
            notification_channels=list(channels),
            severity=severity,
            documentation={"content": text, "mime_type": "text/markdown", "subject": title},
            alert_strategy={
                "auto_close": f"{self._settings.auto_close}s",
                "notification_prompts": ["OPENED", "CLOSED"],
            },
            user_labels=self._args["labels"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.policies[key] = policy.name

    def _condition(self, rule: AlertRule) -> monitoring.AlertPolicyConditionArgsDict:
        if rule.condition is not None:
            return _promql(rule.title, rule.condition, rule.duration)
        return {
            "display_name": rule.title,
            "condition_threshold": {
                "filter": self._check(),
                "comparison": "COMPARISON_LT",
                "threshold_value": float(rule.value),
                "duration": f"{rule.duration}s",
                "aggregations": [
                    {
                        "alignment_period": f"{AVAILABILITY_WINDOW}s",
                        "per_series_aligner": "ALIGN_FRACTION_TRUE",
                        "cross_series_reducer": "REDUCE_MEAN",
                    }
                ],
                "trigger": {"count": 1},
            },
        }

    def _down(self, duration: int) -> monitoring.AlertPolicyConditionArgsDict:
        return {
            "display_name": "Uptime check fails from several places",
            "condition_threshold": {
                "filter": self._check(),
                "comparison": "COMPARISON_GT",
                "threshold_value": FAILING_PLACES,
                "duration": f"{duration}s",
                "aggregations": [
                    {
                        "alignment_period": f"{CHECK_ALIGNMENT}s",
                        "per_series_aligner": "ALIGN_NEXT_OLDER",
                        "cross_series_reducer": "REDUCE_COUNT_FALSE",
                        "group_by_fields": ["resource.label.project_id", "resource.label.host"],
                    }
                ],
                "trigger": {"count": 1},
            },
        }

    def _check(self) -> pulumi.Output[str]:
        return pulumi.Output.concat(
            'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND '
            'metric.label.check_id="',
            self._args["check_id"],
            '"',
        )


def _promql(title: str, query: str, duration: int) -> monitoring.AlertPolicyConditionArgsDict:
    return {
        "display_name": title,
        "condition_prometheus_query_language": {
            "query": query,
            "duration": f"{duration}s",
            "evaluation_interval": f"{EVALUATED_EVERY}s",
            # A metric exists from its first point on, and the first request comes after the first deployment.
            "disable_metric_validation": True,
        },
    }


def _any_of(rules: Sequence[AlertRule]) -> str | None:
    """PromQL that is true while one of the `rules` is broken."""
    return " or ".join(f"({rule.condition})" for rule in rules if rule.condition is not None) or None


def _resolve(name: str, args: AlertingArgs) -> _Settings:
    plain = PlainArguments("Alerting", name)
    auto_close = args.get("auto_close_seconds", DEFAULT_AUTO_CLOSE)
    memory = args.get("memory", DEFAULT_MEMORY)
    limits = _limits(plain, args["limits"])
    size = _bytes(plain, memory)
    plain.name("physical_name", args["physical_name"], 63)
    plain.between("auto_close_seconds", auto_close, DEFAULT_AUTO_CLOSE, MOST_AUTO_CLOSE, "seconds")
    for field in ("watchers", "deploy_team"):
        channels: Any = args.get(field)
        plain.expect(len(channels) > 0, field, [], "at least one channel", "An alert that reaches nobody is none.")
    for metric in alert_rules.unseen(limits):
        plain.expect(
            False,
            "limits",
            metric,
            "a metric that Cloud Monitoring has for a Cloud Run service",
            f"{alert_rules.UNSEEN[metric]}: leave the limit out.",
        )
    plain.refuse()
    return _Settings(
        rules=alert_rules.rules(limits, args["physical_name"], size),
        escalation={tier: channels for tier in ESCALATION if (channels := _tier(args, tier))},
        auto_close=auto_close,
    )


def _tier(args: AlertingArgs, tier: str) -> Sequence[pulumi.Input[str]]:
    return args.get("leads", ()) if tier == "leads" else args.get("management", ())


def _limits(plain: PlainArguments, raw: Mapping[str, Any]) -> Limits:
    try:
        return limit_rules.from_dict(raw)
    except (KeyError, TypeError, ValueError) as error:
        plain.expect(False, "limits", str(error), "limits as headgate.limits.to_dict gives them")
        return Limits()


def _bytes(plain: PlainArguments, memory: str) -> int:
    try:
        return memory_bytes(memory)
    except ValueError:
        plain.expect(False, "memory", memory, "Mi or Gi, such as 512Mi")
        return 1
