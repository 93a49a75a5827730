"""Answers of the elbv2 API (as boto3 gives them) into the router's model.

The official API refuses much of what is checked here; an emulator may not, and then a rehearsal would pass
with a configuration that the cloud does not take. Everything found goes into `Listener.problems`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.router import weights
from sandbox.router.model import (
    Action,
    Condition,
    Field,
    FixedResponse,
    Forward,
    Listener,
    Redirect,
    Rule,
    Stickiness,
    TargetGroup,
    WeightedGroup,
)

Json = Mapping[str, Any]

# Quotas for Application Load Balancers: condition values per rule.
MOST_VALUES = 5

# API reference, TargetGroupStickinessConfig: 1 second to 7 days.
LONGEST_STICKINESS_S = 604_800

_CONFIG = {
    Field.HOST: "HostHeaderConfig",
    Field.PATH: "PathPatternConfig",
    Field.HEADER: "HttpHeaderConfig",
    Field.METHOD: "HttpRequestMethodConfig",
    Field.QUERY: "QueryStringConfig",
    Field.SOURCE: "SourceIpConfig",
}


def group_arns(actions: Iterable[Json]) -> set[str]:
    """The target groups that these actions forward to."""
    found: set[str] = set()
    for action in actions:
        config = action.get("ForwardConfig") or {}
        found.update(group["TargetGroupArn"] for group in config.get("TargetGroups", ()))
        if action.get("TargetGroupArn"):
            found.add(action["TargetGroupArn"])
    return found


def listener(answer: Json, rules: Sequence[Json], slots: Mapping[str, str]) -> Listener:
    """A listener out of describe_listeners, describe_rules and the `slot` tags by target group ARN."""
    problems: list[str] = []
    default = _action(answer.get("DefaultActions", ()), slots, "default action", problems)
    parsed = [_rule(rule, slots, problems) for rule in rules if not rule.get("IsDefault")]
    return Listener(
        arn=answer["ListenerArn"],
        port=int(answer["Port"]),
        protocol=answer["Protocol"],
        default=default,
        rules=tuple(sorted(filter(None, parsed), key=lambda rule: rule.priority)),
        problems=tuple(problems),
    )


def _rule(answer: Json, slots: Mapping[str, str], problems: list[str]) -> Rule | None:
    place = f"rule {answer['Priority']}"
    if answer.get("Transforms"):
        problems.append(f"{place}: transforms")
    conditions = [_condition(condition, place, problems) for condition in answer.get("Conditions", ())]
    known = tuple(condition for condition in conditions if condition is not None)
    values = sum(len(condition.values) for condition in known)
    if values > MOST_VALUES:
        problems.append(f"{place}: {values} condition values; a rule takes at most {MOST_VALUES}")
    action = _action(answer.get("Actions", ()), slots, place, problems)
    if action is None:
        return None
    return Rule(int(answer["Priority"]), known, action)


def _condition(answer: Json, place: str, problems: list[str]) -> Condition | None:
    try:
        field = Field(answer["Field"])
    except ValueError:
        problems.append(f"{place}: condition {answer['Field']!r}")
        return None
    config = answer.get(_CONFIG[field]) or {}
    if answer.get("RegexValues") or config.get("RegexValues"):
        problems.append(f"{place}: regular expressions in condition {field}")
    values = config.get("Values") or answer.get("Values") or ()
    if field is Field.QUERY:
        return Condition(
            field,
            values=tuple(pair["Value"] for pair in values),
            keys=tuple(pair.get("Key") for pair in values),
        )
    return Condition(field, tuple(values), header=config.get("HttpHeaderName", ""))


def _action(answers: Sequence[Json], slots: Mapping[str, str], place: str, problems: list[str]) -> Action | None:
    action: Action | None = None
    for answer in answers:
        match answer["Type"]:
            case "forward":
                action = _forward(answer, slots, place, problems)
            case "redirect":
                action = _redirect(answer["RedirectConfig"])
            case "fixed-response":
                config = answer["FixedResponseConfig"]
                action = FixedResponse(
                    status=int(config["StatusCode"]),
                    content_type=config.get("ContentType") or "text/plain",
                    body=config.get("MessageBody") or "",
                )
            case other:
                problems.append(f"{place}: action {other!r}")
    return action


def _forward(answer: Json, slots: Mapping[str, str], place: str, problems: list[str]) -> Forward:
    config = answer.get("ForwardConfig") or {}
    listed = config.get("TargetGroups") or [{"TargetGroupArn": answer.get("TargetGroupArn")}]
    groups = []
    for entry in listed:
        arn, weight = entry["TargetGroupArn"], entry.get("Weight")
        weight = 1 if weight is None else int(weight)
        group = TargetGroup(arn, slots.get(arn))
        if not 0 <= weight <= weights.LARGEST:
            problems.append(
                f"{place}: weight {weight} of target group {group.name!r}; a weight is from 0 to {weights.LARGEST}"
            )
        groups.append(WeightedGroup(group, weight))
    sticky = config.get("TargetGroupStickinessConfig") or {}
    stickiness = Stickiness(bool(sticky.get("Enabled")), int(sticky.get("DurationSeconds") or 0))
    if stickiness.enabled and not 1 <= stickiness.duration_s <= LONGEST_STICKINESS_S:
        problems.append(
            f"{place}: stickiness for {stickiness.duration_s} s; a duration is from 1 to {LONGEST_STICKINESS_S} s"
        )
    return Forward(tuple(groups), stickiness)


def _redirect(config: Json) -> Redirect:
    parts = {
        name.lower(): config[name]
        for name in ("Protocol", "Host", "Port", "Path", "Query")
        if config.get(name) is not None
    }
    return Redirect(status=int(config["StatusCode"].removeprefix("HTTP_")), **parts)
