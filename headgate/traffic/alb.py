"""An Application Load Balancer in front of one ECS service per slot.

Everything is found by name and tag (docs/architecture.md): balancer and cluster are `<system>-<environment>`,
the services `<system>-<environment>-<slot>`; listeners and target groups as `alb_listener` says.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from headgate.traffic import alb_answers as answers
from headgate.traffic.alb_cohorts import CohortRules
from headgate.traffic.alb_errors import passing, said
from headgate.traffic.alb_give_back import GiveBack
from headgate.traffic.alb_listener import Balancer, Carrier
from headgate.traffic.port import GivenBack, Reading, TrafficError
from headgate.traffic.retrying import Retrying
from headgate.traffic.shares import refuse_impossible

CONTAINER = "api"

CONNECT_TIMEOUT, READ_TIMEOUT = 2, 5  # seconds; a rollback must not wait for a dead endpoint
ATTEMPTS = 3  # with botocore's standard backoff, on throttling, 5xx and lost connections


class AlbTraffic:
    """`TrafficPort` of the balancer and the cluster called `name`, whose versions run in `slots`.

    `region` and `endpoint` None leave both to the environment. `cohorts`: users with a cohort must meet rules of their
    own; without it such rules are looked at where there are any. Clients are made at the first reading. `sleep`,
    `monotonic`: for the waits of `give_back`.
    """

    def __init__(
        self,
        name: str,
        slots: Sequence[str],
        *,
        region: str | None = None,
        endpoint: str | None = None,
        cohorts: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._slots = tuple(slots)
        self._region = region
        self._endpoint = endpoint
        self._cohorts = cohorts
        self._sleep = sleep
        self._monotonic = monotonic
        self._balancer = Balancer(self._call, name, slots, cohorts=cohorts)
        self._known: Carrier | None = None  # as last read, for a give-back that cannot read

    def read_live(self) -> Reading:
        """What the listener's actions route and how the services stand; see `TrafficPort.read_live`."""
        with self._said("cannot be read"):
            carrier = self._carrier()
            services = self._services()
            why = {slot: answers.unsteady(service) for slot, service in services.items()}
            return Reading(
                exists=carrier is not None,
                split=self._split(carrier),
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
            return self._split(carrier)

    def write_split(self, split: Mapping[str, int], stickiness: int, candidate: str | None = None) -> None:
        """One ModifyListener with the whole default action, then the rules for cohorts; `TrafficPort.write_split`."""
        _refuse_unknown(split, self._slots)
        refuse_impossible(split)
        with self._said("cannot be written"):
            carrier = self._carrier()
            if carrier is None:
                raise self._balancer.absent(self._region, self._balancer.carriers() is not None)
            groups = self._groups(carrier)
            action = self._forward(carrier, groups, split, stickiness)
            rules = CohortRules(self._balancers, self._balancer.rules(carrier), required=self._cohorts)
            changes = rules.changes(split, candidate, groups)
            self._balancers.modify_listener(ListenerArn=carrier.arn, DefaultActions=[action])
            rules.write(changes)

    def give_back(self, to: str) -> GivenBack:
        """One ModifyListener, and before it one ModifyRule where users with a cohort meet others; see ADR 13."""
        _refuse_unknown({to: 100}, self._slots)
        retrying = Retrying(passing, self._sleep, self._monotonic)
        with self._said("cannot be given back"):

            def once(operation: str, **arguments: Any) -> Any:
                return getattr(self._one_try, operation)(**arguments)

            work = GiveBack(
                once, retrying, self.name, self._slots, cohorts=self._cohorts, region=self._region, known=self._known
            )
            return work.run(to)

    @cached_property
    def _balancers(self) -> Any:
        return self._client("elbv2")

    @cached_property
    def _one_try(self) -> Any:
        """For a give-back, which counts its tries and bounds their time itself."""
        return self._client("elbv2", attempts=1)

    @cached_property
    def _containers(self) -> Any:
        return self._client("ecs")

    def _client(self, service: str, attempts: int = ATTEMPTS) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": attempts},
            user_agent_extra="headgate",
        )
        session = boto3.session.Session(region_name=self._region)
        return session.client(service, endpoint_url=self._endpoint, config=config)

    def _call(self, operation: str, **arguments: Any) -> Any:
        return getattr(self._balancers, operation)(**arguments)

    def _said(self, what: str) -> AbstractContextManager[None]:
        return said(f"the traffic of {self.name!r} {what}", self._region)

    def _carrier(self) -> Carrier | None:
        carrier = self._balancer.carrier()
        self._known = carrier
        return carrier

    def _split(self, carrier: Carrier | None) -> dict[str, int]:
        return {} if carrier is None else self._balancer.split(carrier, self._balancer.rules(carrier))

    def _groups(self, carrier: Carrier) -> dict[str, str]:
        found = self._balancer.group_of_slot(carrier)
        missing = [slot for slot in self._slots if slot not in found]
        if missing:
            raise self._balancer.no_group(missing[0], found)
        return found

    def _healthy(self, carrier: Carrier) -> dict[str, int]:
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

    def _forward(
        self, carrier: Carrier, groups: Mapping[str, str], split: Mapping[str, int], stickiness: int
    ) -> dict[str, Any]:
        login = answers.authentication(carrier.actions)
        if login:
            raise TrafficError(
                f"the traffic listener of {self.name!r} makes users log in first ({login}); writing the "
                "split would remove that. Write the listener where it is declared."
            )
        # The duration of a cookie that is off is kept as it is, so that only what is asked for changes.
        seconds = stickiness or answers.stickiness_seconds(carrier.actions)
        weights = {arn: split.get(slot, 0) for slot, arn in groups.items()}
        return answers.forward(weights, sticky=stickiness > 0, seconds=seconds)


def _refuse_unknown(split: Mapping[str, int], slots: Sequence[str]) -> None:
    unknown = sorted(split.keys() - set(slots))
    if unknown:
        raise TrafficError(f"slot {unknown[0]!r} does not exist; slots are {', '.join(slots)}")
