"""What answers of the balancer's and the container service's API mean. Pure: no call is made here."""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate import cohorts
from headgate.assignment import COHORTS, cohort_text
from headgate.carrier import routed
from headgate.traffic.shares import per_cent

_LONE_WEIGHT = 1  # of a target group without a weight: it is then the only one
_AUTHENTICATION = ("authenticate-oidc", "authenticate-cognito")


def route(actions: Sequence[Mapping[str, Any]], slots: Mapping[str, str]) -> dict[str, int]:
    """Target -> per cent, as the last of `actions` routes. `slots`: target group ARN -> slot.

    A target that is no slot has a spoken name: `target group legacy`, `redirect`, `fixed-response`.
    """
    final = max(actions, key=lambda action: int(action.get("Order", 1)), default={"Type": "nothing"})
    if final["Type"] != "forward":
        return {str(final["Type"]): 100}
    weights: dict[str, int] = {}
    for group in _weighted_groups(final):
        arn = str(group["TargetGroupArn"])
        target = slots.get(arn) or f"target group {arn.split('/')[1]}"
        weights[target] = weights.get(target, 0) + int(group.get("Weight", _LONE_WEIGHT))
    return per_cent(weights)


def rule_routes(
    rules: Sequence[Mapping[str, Any]], slots: Mapping[str, str], split: Mapping[str, int]
) -> dict[str, int]:
    """`rule 10 -> green` -> per cent, for every rule that routes otherwise than the default action (`split`).

    Rules for cohorts are looked at together, by `cohort_routes`.
    """
    found: dict[str, int] = {}
    for rule in rules:
        if rule.get("IsDefault") or cohort_values(rule) is not None:
            continue
        to = routed(route(rule["Actions"], slots))
        if to != routed(split):
            found |= {f"rule {rule['Priority']} -> {target}": share for target, share in to.items()}
    return found


def cohort_routes(
    rules: Sequence[Mapping[str, Any]], slots: Mapping[str, str], split: Mapping[str, int]
) -> dict[str, int]:
    """`cohorts -> green` -> how many of the 100 cohorts the rules send there; empty when they agree with `split`.

    They agree when each cohort has one slot, the lowest ones that of a slot with as large a share of `split`. A cohort
    that meets no rule is split like users without one, which is no agreement unless one slot gets everything.
    """
    by_priority = sorted(
        ((int(rule["Priority"]), values, routed(route(rule["Actions"], slots)))
         for rule in rules if (values := cohort_values(rule)) is not None),
        key=lambda each: each[0],
    )  # fmt: skip
    unmet = ((), routed(split))
    met = [
        next(
            ((values, to) for _, values, to in by_priority if any(cohorts.matches(one, text) for one in values)), unmet
        )
        for text in map(cohort_text, range(COHORTS))
    ]
    # The highest cohorts meet the rule for everybody: else the same share would be of other users.
    if _agree([to for _, to in met], routed(split)) and (len(routed(split)) == 1 or cohorts.EVERYBODY in met[-1][0]):
        return {}
    shares: dict[str, int] = {}
    for _, to in met:
        for target, share in to.items():
            shares[target] = shares.get(target, 0) + share
    return {f"{cohorts.ROUTE}{target}": share for target, share in per_cent(shares).items()}


def cohort_values(rule: Mapping[str, Any]) -> list[str] | None:
    """What a rule for cohorts compares the header with; None for every other rule."""
    conditions = rule.get("Conditions") or []
    config = conditions[0].get("HttpHeaderConfig") or {} if len(conditions) == 1 else {}
    if str(config.get("HttpHeaderName", "")).lower() != cohorts.HEADER or not config.get("Values"):
        return None
    return [str(value) for value in config["Values"]]


def _agree(met: Sequence[Mapping[str, int]], split: Mapping[str, int]) -> bool:
    lowest = next(iter(met[0]), "")
    share = split.get(lowest, 0)
    rest = [target for target in split if target != lowest]
    if len(rest) > 1:
        return False
    expected = [{lowest: 100}] * share + [{target: 100} for target in rest] * (COHORTS - share)
    return list(met) == expected


def group_arns(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Target groups that `actions` forward to, in their order, each once."""
    arns = [str(group["TargetGroupArn"]) for action in actions for group in _weighted_groups(action)]
    return list(dict.fromkeys(arns))


def stickiness_seconds(actions: Sequence[Mapping[str, Any]]) -> int:
    """Duration of the cookie as written, also while it is off; 0 when none is written."""
    configs = [action.get("ForwardConfig", {}).get("TargetGroupStickinessConfig", {}) for action in actions]
    return next((int(config["DurationSeconds"]) for config in configs if config.get("DurationSeconds")), 0)


def forward(weights: Mapping[str, int], *, sticky: bool = False, seconds: int = 0) -> dict[str, Any]:
    """A forward action to target groups, ARN -> weight. `seconds`: duration of the cookie, also while it is off."""
    config: dict[str, Any] = {"Enabled": sticky}
    if seconds:
        config["DurationSeconds"] = seconds
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {
        "Type": "forward",
        "Order": 1,
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": config},
    }


def holds(actions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a cookie may keep users on one of several target groups, whatever their weights."""
    return any(
        (action.get("ForwardConfig", {}).get("TargetGroupStickinessConfig") or {}).get("Enabled")
        and len(_weighted_groups(action)) > 1
        for action in actions
    )


def authentication(actions: Sequence[Mapping[str, Any]]) -> str:
    """Type of the action that makes users log in first, or an empty text."""
    return next((str(action["Type"]) for action in actions if action["Type"] in _AUTHENTICATION), "")


def unsteady(service: Mapping[str, Any]) -> str:
    """Why the service is still changing, or an empty text when one finished deployment runs all tasks."""
    deployments: list[Mapping[str, Any]] = service.get("deployments") or []
    primary = [deployment for deployment in deployments if deployment.get("status") == "PRIMARY"]
    # Absent where the service has no rolling deployments.
    state = str(primary[0].get("rolloutState", "COMPLETED")) if primary else "COMPLETED"
    if state == "FAILED":
        return f"its last deployment failed ({primary[0].get('rolloutStateReason') or 'no reason given'})"
    if len(deployments) > 1:
        return f"{len(deployments)} deployments are in progress"
    if service["runningCount"] != service["desiredCount"]:
        return f"{service['runningCount']} of {service['desiredCount']} tasks run"
    return "" if state == "COMPLETED" else f"its deployment is {state}"


def image(task_definition: Mapping[str, Any], container: str) -> str | None:
    """Image of the container called `container`, or of the only one; None when that is not clear."""
    containers = task_definition["containerDefinitions"]
    named = [each for each in containers if each["name"] == container]
    chosen = named or (containers if len(containers) == 1 else [])
    return str(chosen[0]["image"]) if chosen else None


def tags(descriptions: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """ARN -> its tags."""
    return {
        description["ResourceArn"]: {tag["Key"]: tag.get("Value", "") for tag in description["Tags"]}
        for description in descriptions
    }


def _weighted_groups(action: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Target groups of a forward action. The API knows two forms; the short one names a single group."""
    groups = action.get("ForwardConfig", {}).get("TargetGroups")
    if groups:
        return list(groups)
    return [{"TargetGroupArn": action["TargetGroupArn"]}] if "TargetGroupArn" in action else []
