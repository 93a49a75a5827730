"""Members and bindings of an IAM policy: read, change, write back with its etag.

Source: the official provider's IAM resources (tpgiamresource); cloud-run-notes 2 and 5 for what they send. What it
reads a second time to be sure is not read again here: the emulator's answers are consistent.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.plugins.gcp.fields import Field, members, one, outside
from sandbox.plugins.gcp.rest import CloudError, Request
from sandbox.plugins.gcp.rows import Cloud, Row, Target

# A policy that somebody else wrote between our read and our write is read again.
_ATTEMPTS = 5
_CONFLICTS = frozenset({409, 412})
_VERSION = 3

_LOCKS: dict[str, threading.Lock] = defaultdict(threading.Lock)
_LOCKS_LOCK = threading.Lock()

Policy = dict[str, Any]


@dataclass(frozen=True)
class Grant(Row):
    """A type that stands in a policy. resource: the address of what the policy is of.

    get_method, get_query, get_body: how getIamPolicy is asked. set_body: what setIamPolicy takes beside the policy.
    whole: whether the type owns every member of its role (a binding) or one.
    """

    resource: Callable[[Target], str] = lambda target: ""
    get_method: str = "GET"
    get_query: Mapping[str, str] = field(default_factory=dict)
    get_body: Mapping[str, Any] | None = None
    set_body: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False

    def create(self, cloud: Cloud, target: Target) -> Target:
        """Adds the members to the policy."""
        self._write(cloud, target, lambda policy: self._added(policy, target))
        return replace(target, id=self.id_of(target))

    def find(self, cloud: Cloud, target: Target) -> dict[str, Any] | None:
        """The binding, `{role, members, condition, etag}`, with one member where the type is of one."""
        try:
            policy = self._read(cloud, self.resource(target))
        except CloudError as refused:
            if refused.code == 404:
                return None
            raise
        binding = self._binding(policy, target)
        if binding is None:
            return None
        found = {"role": binding["role"], "members": sorted(binding["members"]), "etag": policy.get("etag")}
        if binding.get("condition"):
            found["condition"] = binding["condition"]
        if not self.whole:
            if target.get("member") not in binding["members"]:
                return None
            found["member"] = target.get("member")
        return found

    def update(self, cloud: Cloud, target: Target, changed: frozenset[str]) -> None:
        """Only a binding changes in place: its members."""
        self._write(cloud, target, lambda policy: self._added(self._removed(policy, target), target))

    def delete(self, cloud: Cloud, target: Target) -> None:
        """Takes the members out of the policy."""
        self._write(cloud, target, lambda policy: self._removed(policy, target))

    def parsed(self, identity: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """`<resource> <role> <member> <title of the condition>`, separated by spaces, as the official provider."""
        least = 2 if self.whole else 3
        parts = identity.split(" ", least)
        if len(parts) < least:
            shape = "<resource> <role>" + ("" if self.whole else " <member>") + " [<title of the condition>]"
            raise CloudError(0, f"import id {identity!r} of {self.token}: expected {shape}, separated by spaces")
        found = {"role": parts[1], **Row.parsed(self, parts[0], defaults)}
        if not self.whole:
            found["member"] = parts[2]
        return {**found, "condition": {"title": parts[least]}} if len(parts) > least else found

    def id_of(self, target: Target) -> str:
        last = [] if self.whole else [str(target.get("member"))]
        return "/".join(
            [
                target.path(self.path) if self.path == "{project}" else self.resource(target),
                str(target.get("role")),
                *last,
            ]
        )

    def _write(self, cloud: Cloud, target: Target, change: Callable[[Policy], Policy]) -> None:
        resource = self.resource(target)
        with _LOCKS_LOCK:
            lock = _LOCKS[f"{self.api}/{resource}"]
        with lock:
            for attempt in range(1, _ATTEMPTS + 1):
                policy = {**change(self._read(cloud, resource)), "version": _VERSION}
                if not policy.get("bindings"):
                    policy.pop("bindings", None)
                try:
                    cloud(Request("POST", f"{resource}:setIamPolicy", {}, {"policy": policy, **self.set_body}))
                    return
                except CloudError as refused:
                    if refused.code not in _CONFLICTS or attempt == _ATTEMPTS:
                        raise

    def _read(self, cloud: Cloud, resource: str) -> Policy:
        body = None if self.get_body is None else dict(self.get_body)
        return cloud(Request(self.get_method, f"{resource}:getIamPolicy", self.get_query, body))

    def _binding(self, policy: Policy, target: Target) -> dict[str, Any] | None:
        bindings = policy.get("bindings") or []
        return next((binding for binding in bindings if _is_of(binding, target)), None)

    def _added(self, policy: Policy, target: Target) -> Policy:
        mine = list(target.inputs["members"] if self.whole else [target.inputs["member"]])
        there = self._binding(policy, target) or {}
        others = [binding for binding in policy.get("bindings") or [] if binding is not there]
        new = {"role": target.get("role"), "members": sorted({*there.get("members", ()), *mine})}
        if target.get("condition"):
            new["condition"] = dict(target.get("condition"))
        return {**policy, "bindings": [*others, new]}

    def _removed(self, policy: Policy, target: Target) -> Policy:
        there = self._binding(policy, target)
        if there is None:
            return policy
        gone = set(there["members"]) if self.whole else {target.get("member")}
        left = sorted(set(there["members"]) - gone)
        others = [binding for binding in policy["bindings"] if binding is not there]
        return {**policy, "bindings": [*others, {**there, "members": left}] if left else others}


def _is_of(binding: Mapping[str, Any], target: Target) -> bool:
    """Of the role and under the condition. An import knows only the condition's title."""
    wanted, found = target.get("condition") or {}, binding.get("condition") or {}
    named = wanted.keys() | found.keys() if "expression" in wanted or not wanted else {"title"}
    same = all((found.get(name) or None) == (wanted.get(name) or None) for name in named)
    return same and binding.get("role") == target.get("role")


def grant(
    token: str, api: str, *, where: str, path: str, resource: Callable[[Target], str], whole: bool = False, **rest: Any
) -> Grant:
    """A Grant. where: the properties that say what the policy is of; path: the address they make up."""
    condition: Field = one("expression! title! description", marks="^")
    holders = members("members!?" if whole else "member!^")
    return Grant(
        token=token,
        api=api,
        fields={**outside(where), **members("role!^", condition=condition), **holders},
        path=path,
        outputs=members("etag"),
        resource=resource,
        whole=whole,
        note="what the official provider reads a second time to be sure is read once",
        **rest,
    )


def under(name: str, path: str) -> Callable[[Target], str]:
    """The address `path`, or the value of `name` where the program gives it in full."""

    def resource(target: Target) -> str:
        given = target.get(name)
        return str(given) if str(given).startswith("projects/") else target.path(path)

    return resource
