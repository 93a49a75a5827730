"""An Application Load Balancer in front of one ECS service per slot.

Everything is found by name and tag (docs/architecture.md): balancer and cluster are `<system>-<environment>`,
the services `<system>-<environment>-<slot>`; the traffic listener has the tag `headgate-role: traffic`, target
groups the tag `slot`. Rules for cohorts are those whose only condition is the header `x-headgate-cohort`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headgate.traffic import alb_answers as answers
from headgate.traffic.alb_cohorts import CohortRules
from headgate.traffic.port import Reading, TrafficError
from headgate.traffic.shares import refuse_impossible

ROLE_TAG, TRAFFIC_ROLE = "headgate-role", "traffic"
SLOT_TAG = "slot"
HTTPS = 443  # port of the traffic listener where nobody tagged one
CONTAINER = "api"

TAGS_PER_CALL = 20  # API reference of DescribeTags
CONNECT_TIMEOUT, READ_TIMEOUT = 2, 5  # seconds; a rollback must not wait for a dead endpoint
ATTEMPTS = 3  # with botocore's standard backoff, on throttling, 5xx and lost connections


@dataclass(frozen=True, slots=True)
class _Carrier:
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


class AlbTraffic:
    """`TrafficPort` of the balancer and the cluster called `name`, whose versions run in `slots`.

    `region` and `endpoint` None leave both to the environment. `cohorts`: users with a cohort must meet rules of their
    own; without it such rules are looked at where there are any. Clients are made at the first reading.
    """

    def __init__(
        self,
        name: str,
        slots: Sequence[str],
        *,
        region: str | None = None,
        endpoint: str | None = None,
        cohorts: bool = False,
    ) -> None:
        self.name = name
        self._slots = tuple(slots)
        self._region = region
        self._endpoint = endpoint
        self._cohorts = cohorts

    def read_live(self) -> Reading:
        """What the listener's actions route and how the services stand; see `TrafficPort.read_live`."""
        with self._said("cannot be read"):
            carrier = self._carrier()
            services = self._services()
            why = {slot: answers.unsteady(service) for slot, service in services.items()}
            return Reading(
                exists=carrier is not None,
                split=self._split(carrier) if carrier else {},
                healthy=self._healthy(carrier) if carrier else {},
                desired={slot: int(service["desiredCount"]) for slot, service in services.items()},
                images=self._images(services),
                running={slot: int(service["runningCount"]) for slot, service in services.items()},
                unsteady={slot: reason for slot, reason in why.items() if reason},
            )

    def read_split(self) -> dict[str, int]:
        """What the listener's actions route; see `TrafficPort.read_split`."""
        with self._said("cannot be read"):
            carrier = self._carrier()
            return self._split(carrier) if carrier else {}

    def write_split(self, split: Mapping[str, int], stickiness: int, candidate: str | None = None) -> None:
        """One ModifyListener with the whole default action, then the rules for cohorts; `TrafficPort.write_split`."""
        _refuse_unknown(split, self._slots)
        refuse_impossible(split)
        with self._said("cannot be written"):
            carrier = self._carrier()
            if carrier is None:
                raise TrafficError(f"balancer {self.name!r} has no traffic listener to write to")
            action = self._forward(carrier, split, stickiness)
            rules = CohortRules(self._balancers, self._rules(carrier), required=self._cohorts)
            changes = rules.changes(split, candidate, self._group_of_slot(carrier))
            self._balancers.modify_listener(ListenerArn=carrier.arn, DefaultActions=[action])
            rules.write(changes)

    @cached_property
    def _balancers(self) -> Any:
        return self._client("elbv2")

    @cached_property
    def _containers(self) -> Any:
        return self._client("ecs")

    def _client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            user_agent_extra="headgate",
        )
        session = boto3.session.Session(region_name=self._region)
        return session.client(service, endpoint_url=self._endpoint, config=config)

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        """Turns what the cloud API says, or does not say, into a TrafficError."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        place = f"the traffic of {self.name!r} {what}"
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise TrafficError(f"{place}: {error}") from error
        except ResponseParserError as error:  # a proxy's page, say, where an answer of the API should be
            raise TrafficError(f"{place}: {str(error).splitlines()[0]}") from error
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise TrafficError(f"{place}: an answer of the API does not have the expected form ({error!r})") from error

    def _carrier(self) -> _Carrier | None:
        """The traffic listener with its surroundings, or None when balancer or listener do not exist."""
        balancer = self._balancer_arn()
        if balancer is None:
            return None
        listeners = self._pages("describe_listeners", "Listeners", LoadBalancerArn=balancer)
        groups = [arn for listener in listeners for arn in answers.group_arns(listener["DefaultActions"])]
        tags = self._tags([*(listener["ListenerArn"] for listener in listeners), *groups])
        listener = self._traffic_listener(listeners, tags)
        if listener is None:
            return None
        others = tuple(other for other in listeners if other is not listener)
        return _Carrier(listener, others, _slots(tags))

    def _balancer_arn(self) -> str | None:
        try:
            answer = self._balancers.describe_load_balancers(Names=[self.name])
        except self._balancers.exceptions.LoadBalancerNotFoundException:
            return None
        return str(answer["LoadBalancers"][0]["LoadBalancerArn"])

    def _traffic_listener(
        self, listeners: Sequence[Mapping[str, Any]], tags: Mapping[str, Mapping[str, str]]
    ) -> Mapping[str, Any] | None:
        roles = [tags.get(listener["ListenerArn"], {}).get(ROLE_TAG) for listener in listeners]
        tagged = [listener for listener, role in zip(listeners, roles, strict=True) if role == TRAFFIC_ROLE]
        if len(tagged) > 1:
            ports = ", ".join(str(listener["Port"]) for listener in tagged)
            raise TrafficError(
                f"balancer {self.name!r} has {len(tagged)} listeners tagged {ROLE_TAG}={TRAFFIC_ROLE} "
                f"(ports {ports}); exactly one may carry the traffic. Remove the tag from the others."
            )
        return next(iter([*tagged, *(other for other in listeners if other["Port"] == HTTPS)]), None)

    def _split(self, carrier: _Carrier) -> dict[str, int]:
        """Per cent by slot as the default action routes, and every rule that routes otherwise."""
        split = answers.route(carrier.actions, carrier.slots)
        rules = self._rules(carrier)
        groups = {arn for rule in rules for arn in answers.group_arns(rule["Actions"])}
        slots = {**carrier.slots, **_slots(self._tags(sorted(groups - carrier.slots.keys())))}
        caught = answers.rule_routes(rules, slots, split)
        if self._cohorts or any(answers.cohort_values(rule) is not None for rule in rules):
            caught |= answers.cohort_routes(rules, slots, split)
        return split | caught

    def _rules(self, carrier: _Carrier) -> list[Mapping[str, Any]]:
        return self._pages("describe_rules", "Rules", ListenerArn=carrier.arn)

    def _healthy(self, carrier: _Carrier) -> dict[str, int]:
        """Slot -> targets of the traffic listener's groups that pass their health checks."""
        healthy: dict[str, int] = {}
        for arn in answers.group_arns(carrier.actions):
            slot = carrier.slots.get(arn)
            if slot is not None:
                answer = self._balancers.describe_target_health(TargetGroupArn=arn)
                states = [target["TargetHealth"]["State"] for target in answer["TargetHealthDescriptions"]]
                healthy[slot] = healthy.get(slot, 0) + states.count("healthy")
        return healthy

    def _services(self) -> dict[str, Mapping[str, Any]]:
        """Slot -> its service, without those that do not exist or were deleted."""
        names = {f"{self.name}-{slot}": slot for slot in self._slots}
        try:
            answer = self._containers.describe_services(cluster=self.name, services=list(names))
        except self._containers.exceptions.ClusterNotFoundException:
            return {}
        active = [service for service in answer["services"] if service["status"] == "ACTIVE"]
        return {names[service["serviceName"]]: service for service in active}

    def _images(self, services: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Slot -> image of its service's task definition."""
        images = {}
        for slot, service in services.items():
            answer = self._containers.describe_task_definition(taskDefinition=service["taskDefinition"])
            image = answers.image(answer["taskDefinition"], CONTAINER)
            if image is not None:
                images[slot] = image
        return images

    def _forward(self, carrier: _Carrier, split: Mapping[str, int], stickiness: int) -> dict[str, Any]:
        login = answers.authentication(carrier.actions)
        if login:
            raise TrafficError(
                f"the traffic listener of {self.name!r} makes users log in first ({login}); writing the "
                "split would remove that. Write the listener where it is declared."
            )
        held: dict[str, Any] = {"Enabled": stickiness > 0}
        # The duration of a cookie that is off is kept as it is, so that only what is asked for changes.
        seconds = stickiness or answers.stickiness_seconds(carrier.actions)
        if seconds:
            held["DurationSeconds"] = seconds
        groups = [
            {"TargetGroupArn": arn, "Weight": split.get(slot, 0)} for slot, arn in self._group_of_slot(carrier).items()
        ]
        forward = {"TargetGroups": groups, "TargetGroupStickinessConfig": held}
        return {"Type": "forward", "Order": 1, "ForwardConfig": forward}

    def _group_of_slot(self, carrier: _Carrier) -> dict[str, str]:
        """Slot -> target group, in the listener's order; a slot that it does not name, from its neighbours."""
        found: dict[str, str] = {}
        for listener in (carrier.listener, *carrier.others):
            own = self._own_groups(listener, carrier.slots)
            found |= {slot: arn for slot, arn in own.items() if slot not in found}
        missing = [slot for slot in self._slots if slot not in found]
        if missing:
            raise TrafficError(
                f"no target group of balancer {self.name!r} has the tag {SLOT_TAG}={missing[0]} (found: "
                f"{', '.join(sorted(found)) or 'none'}). The split is not written unless all slots are known."
            )
        return {slot: arn for slot, arn in found.items() if slot in self._slots}

    def _own_groups(self, listener: Mapping[str, Any], slots: Mapping[str, str]) -> dict[str, str]:
        own: dict[str, str] = {}
        for arn in answers.group_arns(listener["DefaultActions"]):
            slot = slots.get(arn)
            if slot in own:
                raise TrafficError(
                    f"a listener of {self.name!r} forwards to two target groups of slot {slot!r}: "
                    f"{own[slot]} and {arn}. Exactly one group may have the tag {SLOT_TAG}={slot}."
                )
            if slot is not None:
                own[slot] = arn
        return own

    def _tags(self, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        """ARN -> its tags."""
        unique = list(dict.fromkeys(arns))
        batches = [unique[start : start + TAGS_PER_CALL] for start in range(0, len(unique), TAGS_PER_CALL)]
        described = [self._balancers.describe_tags(ResourceArns=batch) for batch in batches]
        return answers.tags([each for answer in described for each in answer["TagDescriptions"]])

    def _pages(self, operation: str, key: str, **arguments: str) -> list[Any]:
        pages = self._balancers.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]


def _slots(tags: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {arn: kept[SLOT_TAG] for arn, kept in tags.items() if kept.get(SLOT_TAG)}


def _refuse_unknown(split: Mapping[str, int], slots: Sequence[str]) -> None:
    unknown = sorted(split.keys() - set(slots))
    if unknown:
        raise TrafficError(f"slot {unknown[0]!r} does not exist; slots are {', '.join(slots)}")
