"""IAM policies: one per resource, with an etag, for every service that has getIamPolicy and setIamPolicy.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy: a policy that is sent with a stale etag is refused, one
without an etag overwrites; a conditional binding needs version 3; a binding needs a member.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.google.api import Call, Handler
from sandbox.google.cloud import Cloud
from sandbox.google.errors import ApiError, bad_field

KIND = "iamPolicies"

# What getIamPolicy answers for a resource that was never given a policy (measured: cloud-run-notes 2).
_EMPTY = {"etag": "ACAB"}
_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers"
    r"|(deleted:)?(user|serviceAccount|group):[^@\s]+@[^@\s]+|domain:[^\s]+"
    r"|project(Owner|Editor|Viewer):[^\s]+|(deleted:)?principal(Set)?://[^\s]+"
    r"|serviceAccount:[^\s]+\.svc\.id\.goog\[[^\s]+\]"
)
_ROLE = re.compile(r"(roles|projects/[^/]+/roles|organizations/[^/]+/roles)/[A-Za-z0-9_.]+")


def policy_of(cloud: Cloud, resource: str) -> dict[str, Any]:
    """The policy of a resource, {"etag": "ACAB"} when none was set."""
    return cloud.store.find(KIND, resource) or dict(_EMPTY)


def forget(cloud: Cloud, resource: str) -> None:
    """To be called when the resource is deleted: a new one of the same name starts without bindings."""
    if cloud.store.find(KIND, resource) is not None:
        cloud.store.delete(KIND, resource)


def members_of(cloud: Cloud, resource: str, role: str) -> set[str]:
    """Who has `role` on the resource itself, without a condition."""
    bindings = policy_of(cloud, resource).get("bindings", [])
    return {
        member
        for binding in bindings
        if binding["role"] == role and "condition" not in binding
        for member in binding["members"]
    }


def handlers(
    collection: str, exists: Callable[[Call, str], None], parameter: str = "resource", key: Callable[[str], str] = str
) -> dict[str, Handler]:
    """getIamPolicy, setIamPolicy and testIamPermissions under `collection` ("run.projects.locations.services").

    exists: raises ApiError NOT_FOUND for a resource that is not there; parameter: the path parameter that names the
    resource; key: the name to keep the policy under. A document with fewer methods: take the ones it has.
    """

    def name(call: Call) -> str:
        resource = call.path[parameter]
        exists(call, resource)
        return key(resource)

    def get(call: Call) -> Mapping[str, Any]:
        return policy_of(call.cloud, name(call))

    def put(call: Call) -> Mapping[str, Any]:
        return set_policy(call.cloud, name(call), call.body)

    def test(call: Call) -> Mapping[str, Any]:
        name(call)
        # The caller may do everything: there is no authentication here.
        return {"permissions": call.body.get("permissions", [])}

    return {
        f"{collection}.getIamPolicy": get,
        f"{collection}.setIamPolicy": put,
        f"{collection}.testIamPermissions": test,
    }


def set_policy(cloud: Cloud, resource: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a SetIamPolicyRequest; raises ApiError ABORTED for a stale etag, INVALID_ARGUMENT."""
    sent = body.get("policy", {})
    current = policy_of(cloud, resource)
    if sent.get("etag") and sent["etag"] != current["etag"]:
        raise ApiError(
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        )
    bindings = [dict(binding) for binding in sent.get("bindings", [])]
    for index, binding in enumerate(bindings):
        _check(f"policy.bindings[{index}]", binding, sent.get("version", 0))
    kept: dict[str, Any] = {"version": 3 if any("condition" in binding for binding in bindings) else 1}
    kept["etag"] = cloud.etag()
    if bindings:
        kept["bindings"] = _merged(bindings)
    if sent.get("auditConfigs"):
        kept["auditConfigs"] = sent["auditConfigs"]
    return cloud.store.put(KIND, resource, kept)


def _check(where: str, binding: Mapping[str, Any], version: int) -> None:
    if not _ROLE.fullmatch(str(binding.get("role", ""))):
        raise bad_field(f"{where}.role", f"Role {binding.get('role', '')} is not supported for this resource.")
    if not binding.get("members"):
        raise bad_field(f"{where}.members", "a binding needs at least one member")
    for member in binding["members"]:
        if not _MEMBER.fullmatch(member):
            raise bad_field(f"{where}.members", f"The member {member} is of an unknown type or has no valid form.")
    if "condition" in binding and version != 3:
        raise bad_field("policy.version", "a conditional role binding needs version 3")


def _merged(bindings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One binding per role and condition, members sorted and once each, as Google keeps them."""
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for binding in bindings:
        key = (binding["role"], repr(sorted(binding.get("condition", {}).items())))
        known = kept.setdefault(key, {**binding, "members": []})
        known["members"] = sorted({*known["members"], *binding["members"]})
    return [kept[key] for key in sorted(kept)]
