"""The rules by host name of the load balancers in front of Cloud Run.

A URL map leads by host rule and path matcher to a backend service, that to its serverless network endpoint group, and
that to a service, or to the revision with one of its tags (Compute Engine API v1: UrlMap, BackendService,
NetworkEndpointGroupCloudRun). Paths, weights and the firewall are not played.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.router.run.model import Door

Json = Mapping[str, Any]
Table = Mapping[str, Json]

_ROOT = "/compute/v1/"


def doors(url_maps: Table, backend_services: Table, endpoint_groups: Table) -> dict[str, Door]:
    """Host name -> where it leads; what leads nowhere is left out. Tables are by path (`projects/p/global/…`)."""
    found: dict[str, Door] = {}
    for url_map in url_maps.values():
        matchers = {each["name"]: each for each in url_map.get("pathMatchers") or ()}
        for rule in url_map.get("hostRules") or ():
            backend = backend_services.get(_path(matchers.get(rule["pathMatcher"], {}).get("defaultService") or ""), {})
            groups = [endpoint_groups.get(_path(each["group"]), {}) for each in backend.get("backends") or ()]
            for door in filter(None, map(_door, groups)):
                found |= dict.fromkeys(rule["hosts"], door)
    return found


def _door(group: Json) -> Door | None:
    run = group.get("cloudRun") or {}
    if not run.get("service"):
        return None
    project, region = _path(group["selfLink"]).split("/")[1], group["region"].rpartition("/")[2]
    return Door(f"projects/{project}/locations/{region}/services/{run['service']}", run.get("tag") or "")


def _path(url: str) -> str:
    """`projects/p/global/urlMaps/x` of a full URL."""
    return url.rpartition(_ROOT)[2]
