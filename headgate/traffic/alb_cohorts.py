"""Writes the rules for cohorts of a traffic listener again, in the order in which nobody is moved to and fro."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate import cohorts
from headgate.traffic import alb_answers as answers
from headgate.traffic.port import TrafficError

OFF_SECONDS = 1  # what the components declare for the cookie of a rule, which is always off


@dataclass(frozen=True, slots=True)
class Change:
    """What one rule, found by its place, must match, and the weight of each target group; `needed`: users meet it."""

    place: int
    values: tuple[str, ...]
    weights: Mapping[str, int]
    needed: bool


class CohortRules:
    """The rules for cohorts among `rules`, as DescribeRules gives them; `required`: there must be some.

    A rule that somebody deleted is not made anew, because the stack would not know it.
    """

    def __init__(self, balancers: Any, rules: Sequence[Mapping[str, Any]], *, required: bool) -> None:
        self._balancers = balancers
        self._arns = {
            int(rule["Priority"]) - cohorts.FIRST_PRIORITY: str(rule["RuleArn"])
            for rule in rules
            if answers.cohort_values(rule) is not None
        }
        self._required = required

    def changes(self, split: Mapping[str, int], candidate: str | None, groups: Mapping[str, str]) -> list[Change]:
        """What has to be written for `split`, in that order; nothing where there are no such rules and none must be.

        `groups`: slot -> target group, in the listener's order. Raises TrafficError when nobody said who the candidate
        is and both slots get something.
        """
        if not self._arns and not self._required:
            return []
        alone = next((slot for slot, share in split.items() if share == 100), None)
        if candidate is None and alone is None:
            raise TrafficError("users are split by cohort, and which slot the lowest cohorts belong to was not said")
        live = alone if candidate is None else next(slot for slot in groups if slot != candidate)
        changes = []
        for place, rule in enumerate(cohorts.layout(0 if candidate is None else split.get(candidate, 0))):
            to = candidate if rule.candidate else live
            weights = {arn: 100 if slot == to else 0 for slot, arn in groups.items()}
            needed = alone is None and rule.values != (cohorts.NOBODY,)
            changes.append(Change(place, rule.values, weights, needed))
        # Single cohorts last: the tens that take them over are written by then.
        return sorted(changes, key=lambda change: cohorts.TENS <= change.place < cohorts.RULES)

    def write(self, changes: Sequence[Change]) -> None:
        """One ModifyRule each. Raises TrafficError afterwards when one that is needed does not exist."""
        for change in changes:
            arn = self._arns.get(change.place)
            if arn is not None:
                condition = {"HttpHeaderName": cohorts.HEADER, "Values": list(change.values)}
                self._balancers.modify_rule(
                    RuleArn=arn,
                    Conditions=[{"Field": "http-header", "HttpHeaderConfig": condition}],
                    Actions=[answers.forward(change.weights, seconds=OFF_SECONDS)],
                )
        missing = [
            cohorts.FIRST_PRIORITY + each.place for each in changes if each.needed and each.place not in self._arns
        ]
        if missing:
            raise TrafficError(
                f"the traffic listener has no rule for cohorts with priority {', '.join(map(str, missing))}; all "
                "others were written. Run pulumi refresh, so that the stack knows, then pulumi up."
            )
