"""What a cloud makes of the resources that a program registers, as far as a rollout can see it.

Amazon: the split takes effect when the traffic listener is written; tasks and images follow the services.
Google: one write of the service makes the revision of its template, if there is none, and moves the traffic.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from headgate.traffic.port import Reading
from tests.support.fake_traffic import FakeTraffic
from tests.support.mocks import Recorded

BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
Inputs = Mapping[str, Any]


class Refused(Exception):
    """The API answers a write with an error."""


class PlayedCloud(Protocol):
    """One stack's cloud. `traffic` is how the program and the tests see it."""

    traffic: FakeTraffic

    def write_carrier(self, inputs: Inputs) -> None:
        """The provider writes the resource that carries the traffic. Raises Refused."""
        ...

    def finish(self, recorded: Recorded) -> None:
        """What else was registered in an update has taken effect."""
        ...

    def copy(self) -> "PlayedCloud": ...


def is_carrier(inputs: Inputs) -> bool:
    """Whether a resource says of itself that it carries the traffic: in a tag, or in a label."""
    return any((inputs.get(key) or {}).get("headgate-role") == "traffic" for key in ("tags", "labels"))


@dataclass
class Amazon:
    """A balancer with two target groups, and a service for each."""

    traffic: FakeTraffic = field(default_factory=FakeTraffic)

    def write_carrier(self, inputs: Inputs) -> None:
        groups = inputs["defaultActions"][0]["forward"]["targetGroups"]
        _route(self.traffic, {group["arn"].rpartition("-")[2]: int(group["weight"]) for group in groups})

    def finish(self, recorded: Recorded) -> None:
        live = self.traffic.live
        images, tasks = dict(live.images), dict(live.desired)
        for each in recorded.of_type("TaskDefinition"):
            (container,) = json.loads(each.inputs["containerDefinitions"])
            images[each.inputs["tags"]["slot"]] = container["image"]
        for each in recorded.of_type("aws:ecs/service:Service"):
            tasks[each.inputs["tags"]["slot"]] = int(each.inputs["desiredCount"])
        self.traffic.live = Reading(live.exists, live.split, tasks, tasks, images)

    def copy(self) -> "Amazon":
        return Amazon(replace(self.traffic))


@dataclass
class Google:
    """A service that remembers the template of each revision, and takes traffic by name only.

    `refuses`: the API answers the next writes so.
    """

    traffic: FakeTraffic = field(default_factory=FakeTraffic)
    revisions: dict[str, Inputs] = field(default_factory=dict)
    refuses: str = ""

    def write_carrier(self, inputs: Inputs) -> None:
        if self.refuses:
            raise Refused(self.refuses)
        template, targets = inputs["template"], inputs["traffics"]
        name = template["revision"]
        known = self.revisions.get(name, template)
        if known != template:
            raise Refused(f"Revision named '{name}' with different configuration already exists.")
        split = self._split(targets, {*self.revisions, name})
        self.revisions[name] = template
        live = self.traffic.live
        images = {each: revision["containers"][0]["image"] for each, revision in self.revisions.items()}
        tasks = {each: int(revision["scaling"]["minInstanceCount"]) for each, revision in self.revisions.items()}
        self.traffic.live = Reading(live.exists, live.split, tasks, tasks, images)
        _route(self.traffic, split)

    def _split(self, targets: Sequence[Inputs], existing: set[str]) -> dict[str, int]:
        split: dict[str, int] = {}
        for target in targets:
            if target["type"] != BY_REVISION:
                raise AssertionError(f"traffic goes by name only, and this does not: {target}")
            if target["revision"] not in existing:
                raise Refused(f"Revision {target['revision']} of the traffic does not exist.")
            if target["revision"] in split:
                raise Refused(f"Revision {target['revision']} is named twice.")
            split[target["revision"]] = int(target["percent"])
        if sum(split.values()) != 100:
            raise Refused("Traffic percentages must sum to 100.")
        return split

    def finish(self, recorded: Recorded) -> None:
        pass

    def copy(self) -> "Google":
        return Google(replace(self.traffic), dict(self.revisions), self.refuses)


CLOUDS = {"greenflow": Amazon, "ion": Google}


def _route(traffic: FakeTraffic, split: Mapping[str, int]) -> None:
    if not traffic.live.exists:
        traffic.live = replace(traffic.live, exists=True, split=dict(split))
    elif not traffic.lost:
        traffic.live = replace(traffic.live, split=dict(split))
