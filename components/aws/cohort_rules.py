"""The rules of the traffic listener that send users where their cohort belongs; `headgate.cohorts` says which.

Limits of an Application Load Balancer for one rule: 5 condition values, 5 match evaluations, 5 wildcards (6 in newer
tables; user guide, "Quotas"), and 3 comparison strings for one condition (user guide, "Listener rules"). Several header
conditions in one rule must all hold, so a rule takes 3 values here.
"""

from collections.abc import Callable, Mapping

import pulumi
from pulumi_aws import lb

from components._common import ROLE_TAG, Slot
from headgate import cohorts

COHORTS_ROLE = "cohorts"


def cohort_rules(
    name: str,
    weight: int,
    candidate: Slot,
    route: Callable[[Slot], lb.ListenerRuleActionArgsDict],
    *,
    listener: lb.Listener,
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
    hooks: pulumi.ResourceHookBinding | None,
) -> list[lb.ListenerRule]:
    """Every rule of `headgate.cohorts.layout(weight)`: the same resources at every weight, changed in place.

    `route`: the action that sends everybody to a slot. The rules are written after the listener; those for single
    cohorts wait for those of whole tens, so that nobody who is on the candidate is sent back for a moment while the
    weight rises.
    """
    live = Slot.GREEN if candidate is Slot.BLUE else Slot.BLUE
    tens: list[lb.ListenerRule] = []
    rules: list[lb.ListenerRule] = []
    for place, rule in enumerate(cohorts.layout(weight)):
        single = cohorts.TENS <= place < cohorts.RULES
        made = lb.ListenerRule(
            f"{name}-cohorts-{place}",
            listener_arn=listener.arn,
            priority=cohorts.FIRST_PRIORITY + place,
            conditions=[{"http_header": {"http_header_name": cohorts.HEADER, "values": list(rule.values)}}],
            actions=[route(candidate if rule.candidate else live)],
            tags={**tags, ROLE_TAG: COHORTS_ROLE},
            # Never protected, as its parent is: without the rules users go where the listener sends them, and a
            # protected resource that leaves the program would hold up the way back.
            opts=pulumi.ResourceOptions(
                parent=parent, protect=False, hooks=hooks, depends_on=[listener, *(tens if single else ())]
            ),
        )
        rules.append(made)
        if place < cohorts.TENS:
            tens.append(made)
    return rules
