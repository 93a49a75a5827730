"""What every component needs: type token, tags, names within AWS limits, checks of plain arguments."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import pulumi

from headgate.problems import Problem

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")

Tags = dict[str, pulumi.Input[str]]

MANAGED_BY = "headgate"
ROLE_TAG = "headgate-role"
SLOT_TAG = "slot"

# Load balancers and target groups allow 32 characters, the shortest limit of all names used here (Elastic
# Load Balancing API, CreateLoadBalancer and CreateTargetGroup).
SHORTEST_NAME_LIMIT = 32

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SHORT_ENVIRONMENTS = {"production": "prd", "staging": "stg"}


class Slot(StrEnum):
    """Where a version runs. Both slots exist at all times; which one is live is the rollout's business."""

    BLUE = "blue"
    GREEN = "green"


def token(component: str) -> str:
    """Pulumi type token of the component class named `component`."""
    return f"headgate:index:{component}"


def standard_tags(
    *, service: str, environment: str, owner: str, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The tags that every taggable resource carries, on top of `extra`, which cannot override them."""
    return {
        **(extra or {}),
        "service": service,
        "environment": environment,
        "owner": owner,
        "managed-by": MANAGED_BY,
    }


def slot_tags(tags: Mapping[str, pulumi.Input[str]], slot: Slot) -> Tags:
    """`tags` of a resource that belongs to one slot."""
    return {**tags, SLOT_TAG: slot.value}


def abbreviated(physical_name: str) -> str:
    """`physical_name` with its environment in three letters: greenflow-production -> greenflow-prd."""
    stem, _, environment = physical_name.rpartition("-")
    short = _SHORT_ENVIRONMENTS.get(environment)
    return f"{stem}-{short}" if stem and short else physical_name


def slot_name(physical_name: str, slot: Slot) -> str:
    """Name of the resource of one slot, for types with room for 64 characters and more."""
    return f"{physical_name}-{slot.value}"


def target_group_name(physical_name: str, slot: Slot) -> str:
    """Name of one slot's target group; the environment is abbreviated because the limit is 32 characters."""
    return f"{abbreviated(physical_name)}-{slot.value}"


def registered_after(value: pulumi.Output[Value], resources: Sequence[pulumi.Resource]) -> pulumi.Output[Value]:
    """`value`, available only when `resources` are registered; never when one of them was refused.

    For components: `depends_on` stands for their children, so without children it waits for nothing.
    """
    return pulumi.Output.all(value, *[resource.urn for resource in resources]).apply(lambda known: known[0])


class PlainArguments:
    """Collects what is wrong with the plain arguments of one component, to say everything at once."""

    def __init__(self, component: str, name: str) -> None:
        self._place = f"{component} '{name}'"
        self._problems: list[Problem] = []

    def expect(
        self,
        holds: bool,
        field: str,
        found: object,
        expected: str,
        fix: str = "Correct the argument.",
    ) -> None:
        """Notes a problem with `field` unless it `holds`."""
        if not holds:
            self._problems.append(Problem(f"{self._place}: {field}", repr(found), expected, fix))

    def between(self, field: str, found: int, least: int, most: int, unit: str = "") -> None:
        """Notes a problem unless `least` <= `found` <= `most`."""
        self.expect(least <= found <= most, field, found, f"a whole number from {least} to {most} {unit}".rstrip())

    def name(self, field: str, found: str, limit: int = SHORTEST_NAME_LIMIT) -> None:
        """Notes a problem unless `found` is at most `limit` long and a name that AWS accepts everywhere."""
        self.expect(
            len(found) <= limit and _NAME.fullmatch(found) is not None,
            field,
            found,
            f"at most {limit} characters: lower-case letters, digits and single hyphens, a letter first",
        )

    def one_of(self, kind: type[Choice], field: str, found: str) -> Choice:
        """`found` as a member of `kind`. If it is none, notes that and returns the first: `refuse` raises."""
        choices = {member.value: member for member in kind}
        self.expect(found in choices, field, str(found), f"one of {', '.join(choices)}")
        return choices.get(found, next(iter(kind)))

    def refuse(self) -> None:
        """Raises ValueError with every problem noted, one a line; returns when there is none."""
        if self._problems:
            raise ValueError("\n".join(str(problem) for problem in self._problems))
