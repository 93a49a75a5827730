"""Which writes send everybody who meets a listener to one slot. Pure: no call is made here.

At most two: one rule for cohorts, which takes every cohort that is not there yet, and the default action. The rule is
the first one that sends a cohort elsewhere; it is made to match everybody, so that no rule behind it is met. It is a
rule that the rollout has changed, so the update that follows, which knows what it was, writes it again (ADR 13).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate import cohorts
from headgate.assignment import COHORTS, cohort_text
from headgate.carrier import routed
from headgate.traffic import alb_answers as answers
from headgate.traffic.alb_cohorts import OFF_SECONDS

_FINAL = ("forward", "redirect", "fixed-response")


@dataclass(frozen=True, slots=True)
class Write:
    """One write call. `alone`: arguments in place of those of the same name, which name only the one target group."""

    operation: str
    arguments: Mapping[str, Any]
    alone: Mapping[str, Any]


def writes(
    listener: Mapping[str, Any],
    rules: Sequence[Mapping[str, Any]],
    slots: Mapping[str, str],
    groups: Mapping[str, str],
    to: str,
) -> list[Write]:
    """What is to be written so that everybody goes to slot `to`, the write that moves most users first.

    `slots`: target group ARN -> slot. `groups`: slot -> its target group, in the listener's order; has `to`. Rules
    other than those for cohorts are left alone.
    """
    weights = {arn: 100 if slot == to else 0 for slot, arn in groups.items()}
    alone = {groups[to]: 100}
    needed = []
    rule = _in_the_way(rules, slots, to)
    if rule is not None:
        condition = {"HttpHeaderName": cohorts.HEADER, "Values": [cohorts.EVERYBODY]}
        arguments = {
            "RuleArn": rule["RuleArn"],
            "Conditions": [{"Field": "http-header", "HttpHeaderConfig": condition}],
            "Actions": [answers.forward(weights, seconds=OFF_SECONDS)],
        }
        needed.append(Write("modify_rule", arguments, {"Actions": [answers.forward(alone)]}))
    actions = listener["DefaultActions"]
    if not _sends_all(actions, slots, to):
        seconds = answers.stickiness_seconds(actions)
        arguments = {
            "ListenerArn": listener["ListenerArn"],
            "DefaultActions": _after_login(actions, answers.forward(weights, seconds=seconds)),
        }
        needed.append(
            Write("modify_listener", arguments, {"DefaultActions": _after_login(actions, answers.forward(alone))})
        )
    return needed


def _in_the_way(rules: Sequence[Mapping[str, Any]], slots: Mapping[str, str], to: str) -> Mapping[str, Any] | None:
    """The first of our rules for cohorts that a cohort meets and that does not send it to `to`."""
    by_priority = sorted(
        (rule for rule in rules if answers.cohort_values(rule) is not None), key=lambda rule: int(rule["Priority"])
    )
    met = set()
    for text in map(cohort_text, range(COHORTS)):
        for place, rule in enumerate(by_priority):
            if any(cohorts.matches(value, text) for value in answers.cohort_values(rule) or ()):
                met.add(place)
                break
    ours = range(cohorts.FIRST_PRIORITY, cohorts.FIRST_PRIORITY + len(cohorts.layout(0)))
    wrong = (
        by_priority[place]
        for place in sorted(met)
        if int(by_priority[place]["Priority"]) in ours and not _sends_all(by_priority[place]["Actions"], slots, to)
    )
    return next(wrong, None)


def _sends_all(actions: Sequence[Mapping[str, Any]], slots: Mapping[str, str], to: str) -> bool:
    """Also those whom a cookie holds: what a balancer does with one for a group of weight 0 is not documented."""
    return routed(answers.route(actions, slots)) == {to: 100} and not answers.holds(actions)


def _after_login(actions: Sequence[Mapping[str, Any]], forward: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`forward` behind the actions that come before the routing one, such as a login, which stay.

    The secret of a login is not given out; `UseExistingClientSecret` keeps it (API reference of
    AuthenticateOidcActionConfig).
    """
    kept = []
    for action in actions:
        if action["Type"] not in _FINAL:
            oidc = action.get("AuthenticateOidcConfig")
            secret = {"AuthenticateOidcConfig": {**oidc, "UseExistingClientSecret": True}} if oidc else {}
            kept.append({**action, **secret})
    last = max((int(action.get("Order", 1)) for action in kept), default=0)
    return [*kept, {**forward, "Order": last + 1}]
