"""What the resources of Google Cloud have in common: grants of roles, and durations."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from policies.facts import Malformed, Node, Resource, in_turn

_SECONDS = re.compile(r"\d+(\.\d+)?s")
_PUBLIC = frozenset({"allusers", "allauthenticatedusers"})

GRANT_READS = ("role", "member", "members", "policyData")
GRANT_DEFERS = frozenset({"member", "members", "policyData"})
"""Accounts that do not exist yet have no known name; the roles that they get are known."""


def family(stem: str, name: str) -> frozenset[str]:
    """The three types that grant roles on one kind of resource, as `gcp:projects/iAM` and `IAM` make three."""
    return frozenset(f"{stem}{kind}:{name}{kind}" for kind in ("Member", "Binding", "Policy"))


PROJECT = family("gcp:projects/iAM", "IAM")
ABOVE_PROJECT = family("gcp:folder/iAM", "IAM") | family("gcp:organizations/iAM", "IAM")


@dataclass(frozen=True)
class Grant:
    """One role, and to whom it is given. `node` holds `role`, and `member` or `members`."""

    node: Node

    @property
    def role(self) -> str:
        """Raises NotKnown or Malformed when it cannot be read."""
        return self.node.text("role") or ""

    def each_member(self, judge: Callable[[str, str], Iterable[str]]) -> Iterator[str]:
        """What `judge` finds, given a member (`serviceAccount:...`) and its path, in each of them."""
        members = [Node({"": each.value}, each.path) for each in self.node.items("members")]
        if self.node.has("member"):
            members.append(Node({"": self.node.node("member").value}, self.node.at("member")))
        return in_turn(*(self._judged(member, judge) for member in members))

    @staticmethod
    def _judged(member: Node, judge: Callable[[str, str], Iterable[str]]) -> Iterator[str]:
        yield from judge(member.text("") or "", member.path)


def each_grant(resource: Resource, judge: Callable[[Grant], Iterable[str]]) -> Iterator[str]:
    """What `judge` finds in every grant of a member, binding or policy."""
    inputs = resource.inputs
    if resource.type.endswith("Policy"):
        return in_turn(*(judge(Grant(binding)) for binding in inputs.document("policyData").items("bindings")))
    return in_turn(judge(Grant(inputs)))


def not_public(grant: Grant) -> Iterator[str]:
    """A finding per member that is everybody."""

    def judge(member: str, path: str) -> Iterator[str]:
        if is_public(member):
            yield f"{path} must be somebody, found everybody."

    return grant.each_member(judge)


def is_public(member: str) -> bool:
    """Whether a member of a grant is everybody, with a Google account or without."""
    return member.lower() in _PUBLIC


def seconds(node: Node, key: str) -> float | None:
    """The duration under `key`, which Google writes `86400s`; None when it is not set."""
    text = node.text(key)
    if text is None:
        return None
    if _SECONDS.fullmatch(text) is None:
        raise Malformed(node.at(key), "a duration in seconds such as 86400s")
    return float(text[:-1])
