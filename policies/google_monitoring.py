"""Rules on Cloud Monitoring: alerts reach somebody, and uptime checks see what users see."""

from collections.abc import Iterable, Iterator, Sequence

from policies.facts import Malformed, Node, Resource, Unreadable, in_turn, must_be
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
UPTIME = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"

# Kinds of conditions that look at a series; the others look at single log entries or run on a schedule.
_OVER_TIME = (
    "conditionThreshold",
    "conditionAbsent",
    "conditionMonitoringQueryLanguage",
    "conditionPrometheusQueryLanguage",
)
_FILTERED = ("conditionThreshold", "conditionAbsent", "conditionMatchedLog")
_QUERIED = ("conditionMonitoringQueryLanguage", "conditionPrometheusQueryLanguage", "conditionSql")


def _wired(resource: Resource, _: Settings) -> Iterable[str]:
    return in_turn(_enabled(resource.inputs), _notifies(resource.inputs), _lasting(resource.inputs))


def _enabled(inputs: Node) -> Iterator[str]:
    if inputs.flag("enabled") is False:
        yield "enabled must not be false, found false."


def _notifies(inputs: Node) -> Iterator[str]:
    if not inputs.count("notificationChannels"):
        yield "notificationChannels must name at least one channel, found none."


def _lasting(inputs: Node) -> Iterator[str]:
    conditions = inputs.items("conditions")
    if not conditions:
        raise Malformed("conditions", "a list with at least one condition")
    return in_turn(*(_has_duration(condition) for condition in conditions))


def _has_duration(condition: Node) -> Iterator[str]:
    for kind in _OVER_TIME:
        if condition.has(kind) and not condition.node(kind).has("duration"):
            yield f"{condition.node(kind).at('duration')} must be set, found nothing."


def _tls_and_regions(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    parts: list[Iterable[str]] = [_regions(inputs, settings["minimumRegions"])]
    if not (inputs.has("tcpCheck") or inputs.has("syntheticMonitor")):
        check = inputs.node("httpCheck")
        parts += [must_be(check, "useSsl", True), must_be(check, "validateSsl", True)]
    return in_turn(*parts)


def _regions(inputs: Node, least: int) -> Iterator[str]:
    count = inputs.count("selectedRegions")
    if 0 < count < least:  # none means from everywhere
        yield f"selectedRegions must be left out or name at least {least}, found {count}."


def _alerted(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    alerts = [each for each in resources if each.type == ALERT]
    named = {urn for alert in alerts for urn in alert.depends.get("conditions", ())}
    texts = [text for alert in alerts for text in _texts(alert.inputs)]
    for resource in resources:
        if resource.type != UPTIME or resource.urn in named:
            continue
        number_ = _id(resource.inputs)
        if not (number_ and any(number_ in text for text in texts)):
            yield Finding(resource.urn, "an alert policy must refer to the uptime check, found none.")


def _texts(inputs: Node) -> Iterator[str]:
    """Filters and queries of an alert's conditions, as far as they are known."""
    try:
        conditions = inputs.items("conditions")
    except Unreadable:
        return
    for condition in conditions:
        for kinds, key in ((_FILTERED, "filter"), (_QUERIED, "query")):
            for kind in kinds:
                try:
                    yield condition.node(kind).text(key) or ""
                except Unreadable:
                    continue


def _id(inputs: Node) -> str:
    try:
        return inputs.text("uptimeCheckId") or ""
    except Unreadable:
        return ""


RULES = (
    Rule(
        id="gcp-alerts-wired",
        row="109",
        title="Alerts reach somebody",
        description="Checks whether an alert is on, notifies a channel, and says how long its condition has to last.",
        types=frozenset({ALERT}),
        reads=(
            "enabled",
            "notificationChannels",
            "conditions.conditionThreshold.duration",
            "conditions.conditionAbsent.duration",
            "conditions.conditionMonitoringQueryLanguage.duration",
            "conditions.conditionPrometheusQueryLanguage.duration",
        ),
        check=_wired,
        defers=frozenset({"conditions"}),
        remedy="Leave enabled out, name notificationChannels, and give every condition a duration.",
        severity=Severity.HIGH,
        source="project",
    ),
    Rule(
        id="gcp-uptime-tls-multiregion",
        row="110",
        title="Uptime checks use TLS and come from several regions",
        description="Checks whether an uptime check validates the certificate and comes from several regions.",
        types=frozenset({UPTIME}),
        reads=("httpCheck.useSsl", "httpCheck.validateSsl", "tcpCheck", "syntheticMonitor", "selectedRegions"),
        check=_tls_and_regions,
        remedy="Set httpCheck.useSsl and validateSsl to true and leave selectedRegions out.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
        settings={"minimumRegions": number(3, "Least regions that a check comes from.", minimum=1)},
    ),
)

STACK_RULES = (
    StackRule(
        id="gcp-uptime-alerted",
        row="110",
        title="A failing uptime check alerts",
        description="Checks whether an alert policy of the stack refers to every uptime check.",
        types=frozenset({UPTIME, ALERT}),
        reads=(
            "conditions.conditionThreshold.filter",
            "conditions.conditionAbsent.filter",
            "conditions.conditionMatchedLog.filter",
            "conditions.conditionMonitoringQueryLanguage.query",
            "conditions.conditionPrometheusQueryLanguage.query",
            "conditions.conditionSql.query",
        ),
        check=_alerted,
        remedy="Add an alert policy whose condition filters by the check's uptimeCheckId.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
    ),
)
