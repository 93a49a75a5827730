"""Finds the traffic listener of a balancer with its rules and target groups, and reads where they route.

Everything is found by name and tag: the balancer by its name, the traffic listener by the tag `headgate-role: traffic`,
target groups by the tag `slot`. Rules for cohorts are those whose only condition is the header `x-headgate-cohort`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.traffic import alb_answers as answers
from headgate.traffic.alb_errors import code, failures
from headgate.traffic.port import TrafficError

ROLE_TAG, TRAFFIC_ROLE = "headgate-role", "traffic"
SLOT_TAG = "slot"
HTTPS = 443  # port of the traffic listener where nobody tagged one
TAGS_PER_CALL = 20  # API reference of DescribeTags

Rules = list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Carrier:
    """The traffic listener, the other listeners of its balancer, the slot of every target group they name."""

    listener: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...]
    slots: Mapping[str, str]  # target group ARN -> slot

    @property
    def arn(self) -> str:
        return str(self.listener["ListenerArn"])

    @property
    def actions(self) -> Sequence[Mapping[str, Any]]:
        actions: Sequence[Mapping[str, Any]] = self.listener["DefaultActions"]
        return actions


class Balancer:
    """The balancer called `name` with versions in `slots`.

    `call`: makes one API call, `call("describe_rules", ListenerArn=...)`. `cohorts`: users with a cohort must meet
    rules of their own. `without`: is told what cannot be read and is done without (tags, further
    pages); None raises.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        name: str,
        slots: Sequence[str],
        *,
        cohorts: bool,
        without: Callable[[str, Exception], None] | None = None,
    ) -> None:
        self._call = call
        self._name = name
        self._slots = tuple(slots)
        self._cohorts = cohorts
        self._without = without

    def carrier(self) -> Carrier | None:
        """The traffic listener with its surroundings, or None when balancer or listener do not exist.

        Raises TrafficError when there is more than one.
        """
        found = self.carriers() or ()
        if len(found) > 1:
            ports = ", ".join(str(carrier.listener["Port"]) for carrier in found)
            raise TrafficError(
                f"balancer {self._name!r} has {len(found)} listeners tagged {ROLE_TAG}={TRAFFIC_ROLE} "
                f"(ports {ports}); exactly one may carry the traffic. Remove the tag from the others."
            )
        return next(iter(found), None)

    def carriers(self) -> tuple[Carrier, ...] | None:
        """Every listener that carries the traffic, of which there should be one; None without a balancer."""
        balancer = self._balancer_arn()
        if balancer is None:
            return None
        listeners = self._pages("describe_listeners", "Listeners", LoadBalancerArn=balancer)
        groups = [arn for listener in listeners for arn in answers.group_arns(listener["DefaultActions"])]
        tags = self._tags([*(listener["ListenerArn"] for listener in listeners), *groups])
        slots = _slots(tags) or (self._slots_by_name(groups) if self._without else {})
        traffic = [each for each in listeners if tags.get(each["ListenerArn"], {}).get(ROLE_TAG) == TRAFFIC_ROLE]
        traffic = traffic or [each for each in listeners if each["Port"] == HTTPS]
        return tuple(
            Carrier(listener, tuple(other for other in listeners if other is not listener), slots)
            for listener in traffic
        )

    def rules(self, carrier: Carrier) -> Rules:
        return self._pages("describe_rules", "Rules", ListenerArn=carrier.arn)

    def again(self, carrier: Carrier) -> Carrier:
        """The same listener, read anew; everything around it as it was."""
        found = self._call("describe_listeners", ListenerArns=[carrier.arn])["Listeners"][0]
        return Carrier(found, carrier.others, carrier.slots)

    def split(self, carrier: Carrier, rules: Rules) -> dict[str, int]:
        """Per cent by slot as the default action routes, and every rule that routes otherwise."""
        split = answers.route(carrier.actions, carrier.slots)
        groups = {arn for rule in rules for arn in answers.group_arns(rule["Actions"])}
        slots = {**carrier.slots, **_slots(self._tags(sorted(groups - carrier.slots.keys())))}
        caught = answers.rule_routes(rules, slots, split)
        if self._cohorts or any(answers.cohort_values(rule) is not None for rule in rules):
            caught |= answers.cohort_routes(rules, slots, split)
        return split | caught

    def group_of_slot(self, carrier: Carrier) -> dict[str, str]:
        """Slot -> target group, in the listener's order; a slot that it does not name, from its neighbours.

        Raises TrafficError when two groups claim a slot; where that is done without, the first has it.
        """
        found: dict[str, str] = {}
        for listener in (carrier.listener, *carrier.others):
            own = self._own_groups(listener, carrier.slots)
            found |= {slot: arn for slot, arn in own.items() if slot not in found}
        return {slot: arn for slot, arn in found.items() if slot in self._slots}

    def absent(self, region: str | None, balancer: bool) -> TrafficError:
        """Why there is nothing to write to. `balancer`: there is one, without a traffic listener."""
        if balancer:
            return TrafficError(
                f"balancer {self._name!r} has no traffic listener to write to: none has the tag "
                f"{ROLE_TAG}={TRAFFIC_ROLE} or port {HTTPS}. Run pulumi refresh, then pulumi up."
            )
        return TrafficError(
            f"there is no balancer {self._name!r} in region {region or 'of the environment'}, so there is no traffic "
            "listener to write to. Check aws:region, and that AWS_PROFILE names the right account."
        )

    def no_group(self, slot: str, found: Mapping[str, str]) -> TrafficError:
        return TrafficError(
            f"no target group of balancer {self._name!r} has the tag {SLOT_TAG}={slot} (found: "
            f"{', '.join(sorted(found)) or 'none'}). The split is not written unless it is known."
        )

    def _balancer_arn(self) -> str | None:
        from botocore.exceptions import ClientError

        try:
            answer = self._call("describe_load_balancers", Names=[self._name])
        except ClientError as error:
            if code(error) != "LoadBalancerNotFound":
                raise
            return None
        return str(answer["LoadBalancers"][0]["LoadBalancerArn"])

    def _own_groups(self, listener: Mapping[str, Any], slots: Mapping[str, str]) -> dict[str, str]:
        own: dict[str, str] = {}
        for arn in answers.group_arns(listener["DefaultActions"]):
            slot = slots.get(arn)
            if slot in own:
                found = TrafficError(
                    f"a listener of {self._name!r} forwards to two target groups of slot {slot!r}: "
                    f"{own[slot]} and {arn}. Exactly one group may have the tag {SLOT_TAG}={slot}."
                )
                self._do_without(f"which group is slot {slot}", found)
            elif slot is not None:
                own[slot] = arn
        return own

    def _slots_by_name(self, groups: Sequence[str]) -> dict[str, str]:
        """Target groups are called `...-<slot>`."""
        names = {arn: arn.split("/")[1] for arn in groups}
        return {arn: slot for slot in self._slots for arn, name in names.items() if name.endswith(f"-{slot}")}

    def _tags(self, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        """ARN -> its tags."""
        unique = list(dict.fromkeys(arns))
        batches = [unique[start : start + TAGS_PER_CALL] for start in range(0, len(unique), TAGS_PER_CALL)]
        found: list[Any] = []
        for batch in batches:
            try:
                found += self._call("describe_tags", ResourceArns=batch)["TagDescriptions"]
            except failures() as error:
                self._do_without("tags (went by names and ports instead)", error)
        return answers.tags(found)

    def _pages(self, operation: str, key: str, **arguments: str) -> list[Any]:
        answer = self._call(operation, **arguments)
        items = list(answer[key])
        while answer.get("NextMarker"):
            try:
                answer = self._call(operation, **arguments, Marker=answer["NextMarker"])
                items += answer[key]
            except failures() as error:
                self._do_without(f"some of the {key.lower()}", error)
                break
        return items

    def _do_without(self, what: str, error: Exception) -> None:
        if self._without is None:
            raise error
        self._without(what, error)


def _slots(tags: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {arn: kept[SLOT_TAG] for arn, kept in tags.items() if kept.get(SLOT_TAG)}
