"""How Compute Engine names things, refuses, and refers from one resource to another."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.google.cloud import Cloud
from sandbox.google.errors import ApiError
from sandbox.google.store import Resource

ROOT = "https://www.googleapis.com/compute/v1/"
_URL = re.compile(r"https?://[^/]+/compute/(v1|beta|alpha)/")
# What Compute Engine's messages call the resources of a collection.
_WORDS = {
    "addresses": "address",
    "backendServices": "backend_service",
    "forwardingRules": "forwarding_rule",
    "networkEndpointGroups": "network_endpoint_group",
    "securityPolicies": "security_policy",
    "sslCertificates": "ssl_certificate",
    "sslPolicies": "ssl_policy",
    "targetHttpProxies": "target_http_proxy",
    "targetHttpsProxies": "target_https_proxy",
    "urlMaps": "url_map",
}


class Refusal(ApiError):
    """An error as Compute Engine writes it: with a list of errors that give a reason ("notFound")."""

    def __init__(self, status: str, reason: str, message: str, http: int = 0) -> None:
        super().__init__(status, message, http=http)
        self.reason = reason

    def body(self) -> dict[str, Any]:
        answer = super().body()
        answer["error"]["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        return answer


def not_found(path: str) -> Refusal:
    return Refusal("NOT_FOUND", "notFound", f"The resource '{path}' was not found")


def exists(path: str) -> Refusal:
    return Refusal("ALREADY_EXISTS", "alreadyExists", f"The resource '{path}' already exists")


def invalid(field: str, value: object, problem: str) -> Refusal:
    shown = "" if value is None else str(value)
    return Refusal("INVALID_ARGUMENT", "invalid", f"Invalid value for field 'resource.{field}': '{shown}'. {problem}")


def required(field: str) -> Refusal:
    return Refusal("INVALID_ARGUMENT", "required", f"Required field 'resource.{field}' not specified")


def stale(what: str) -> Refusal:
    # https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps: 412 conditionNotMet.
    return Refusal("FAILED_PRECONDITION", "conditionNotMet", f"Invalid fingerprint of {what}.", http=412)


def in_use(path: str, user: str) -> Refusal:
    # The text: https://github.com/hashicorp/terraform-provider-google/issues/3748.
    return Refusal(
        "INVALID_ARGUMENT",
        "resourceInUseByAnotherResource",
        f"The {_WORDS[kind_of(path)]} resource '{path}' is already being used by '{user}'",
    )


def url(path: str) -> str:
    return ROOT + path


def path_of(reference: str, project: str) -> str:
    """The path ("projects/p/global/urlMaps/x") of a full or partial URL."""
    bare = _URL.sub("", reference)
    return bare if bare.startswith("projects/") else f"projects/{project}/{bare.removeprefix('/')}"


def kind_of(path: str) -> str:
    """The collection, which is the table in the store: "urlMaps"."""
    parts = path.rsplit("/", 2)
    return parts[-2] if len(parts) == 3 else ""


def find(cloud: Cloud, path: str) -> Resource | None:
    return cloud.store.find(kind_of(path), path)


def get(cloud: Cloud, path: str) -> Resource:
    found = find(cloud, path)
    if found is None:
        raise not_found(path)
    return found


def slots(resource: Any, field: str) -> Iterator[tuple[Any, Any, str]]:
    """Where `field` ("pathMatchers[].defaultService") has values: container, key or index, value."""
    first, _, rest = field.partition(".")
    listed = first.endswith("[]")
    key = first.removesuffix("[]")
    if not isinstance(resource, Mapping) or key not in resource:
        return
    if not listed:
        if rest:
            yield from slots(resource[key], rest)
        elif resource[key]:
            yield resource, key, str(resource[key])
        return
    for index, item in enumerate(resource[key]):
        if rest:
            yield from slots(item, rest)
        else:
            yield resource[key], index, str(item)


def resolve(cloud: Cloud, project: str, resource: Resource, references: Mapping[str, tuple[str, ...]]) -> None:
    """Make every reference of a resource a full URL; raises Refusal for what is not there or of the wrong kind."""
    for field, allowed in references.items():
        for container, key, value in slots(resource, field):
            path = path_of(value, project)
            if kind_of(path) not in allowed:
                raise invalid(field, value, f"Expected a reference to one of {', '.join(allowed)}.")
            if find(cloud, path) is None:
                raise not_found(path)
            container[key] = url(path)


def users(cloud: Cloud, path: str, tables: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[str]:
    """The paths of what refers to a resource; tables: the reference fields of every kind."""
    wanted = url(path)
    return [
        user["selfLink"].removeprefix(ROOT)
        for kind, references in tables.items()
        for user in cloud.store.under(kind)
        if any(value == wanted for field in references for _, _, value in slots(user, field))
    ]
