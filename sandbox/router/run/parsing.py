"""Answers of the Cloud Run Admin API v2 into the router's model."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.router.run.model import Cloud, Ingress, Revision, Service, Target

Json = Mapping[str, Any]

VERSION = "HEADGATE_VERSION"
INVOKER = "roles/run.invoker"

_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


def cloud(services: Mapping[str, Json], revisions: Mapping[str, Json], policies: Mapping[str, Json]) -> Cloud:
    """The services with their revisions and IAM policies, each by full name, as the API answers them.

    Raises KeyError, TypeError or ValueError on another form.
    """
    of: dict[str, dict[str, Revision]] = {}
    for name, resource in revisions.items():
        of.setdefault(name.partition("/revisions/")[0], {})[_short(name)] = _revision(name, resource)
    return Cloud(
        {name: _service(name, service, of.get(name, {}), policies.get(name, {})) for name, service in services.items()}
    )


def _service(name: str, resource: Json, revisions: Mapping[str, Revision], policy: Json) -> Service:
    urls = [resource.get("uri") or "", *(resource.get("urls") or ())]
    latest = _short(resource.get("latestReadyRevision") or "")
    return Service(
        name=_short(name),
        place=name.partition("/services/")[0],
        hosts=tuple(dict.fromkeys(host for url in urls if (host := urlsplit(url).hostname))),
        ingress=Ingress(resource.get("ingress") or Ingress.ALL),
        default_uri=not resource.get("defaultUriDisabled"),
        public=bool(resource.get("invokerIamDisabled")) or "allUsers" in _invokers(policy),
        targets=tuple(_target(each, latest) for each in resource.get("trafficStatuses") or ()),
        revisions=dict(revisions),
    )


def _target(entry: Json, latest: str) -> Target:
    revision = _short(entry.get("revision") or "")
    if entry.get("type") == _LATEST or not revision:
        revision = revision or latest
    return Target(revision, int(entry.get("percent") or 0), entry.get("tag") or "")


def _revision(name: str, resource: Json) -> Revision:
    containers = resource.get("containers") or [{}]
    container = next((each for each in containers if each.get("ports")), containers[0])
    variables = {each["name"]: each.get("value") or "" for each in container.get("env") or ()}
    return Revision(
        name=_short(name),
        version=variables.get(VERSION) or container.get("image") or "",
        affinity=bool(resource.get("sessionAffinity")),
        minimum=int((resource.get("scaling") or {}).get("minInstanceCount") or 0),
        problem=_problem(resource),
    )


def _problem(resource: Json) -> str:
    ready: Json = next((each for each in resource.get("conditions") or () if each.get("type") == "Ready"), {})
    if ready.get("state", "CONDITION_SUCCEEDED") == "CONDITION_SUCCEEDED":
        return ""
    return str(ready.get("message") or ready["state"])


def _invokers(policy: Json) -> set[str]:
    bindings = [each for each in policy.get("bindings") or () if each["role"] == INVOKER]
    return {member for each in bindings for member in each.get("members") or ()}


def _short(name: str) -> str:
    return name.rpartition("/")[2]
