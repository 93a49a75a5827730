"""Where load balancers lead by host name."""

from typing import Any

from sandbox.router.run.doors import doors
from sandbox.router.run.model import Door

ROOT = "https://www.googleapis.com/compute/v1/"
GLOBAL, REGION = "projects/p/global", "projects/p/regions/us-central1"
SERVICE = "projects/p/locations/us-central1/services/ion"


def group(name: str, **run: str) -> dict[str, Any]:
    link = f"{REGION}/networkEndpointGroups/{name}"
    return {link: {"selfLink": ROOT + link, "region": ROOT + REGION, "cloudRun": run}}


def backend(name: str, group: str) -> dict[str, Any]:
    return {
        f"{GLOBAL}/backendServices/{name}": {"backends": [{"group": f"{ROOT}{REGION}/networkEndpointGroups/{group}"}]}
    }


def url_map(**more: Any) -> dict[str, Any]:
    return {f"{GLOBAL}/urlMaps/ion": {"defaultService": f"{ROOT}{GLOBAL}/backendServices/all", **more}}


TO_TESTS = {
    "hostRules": [{"hosts": ["next.ion.example"], "pathMatcher": "candidate"}],
    "pathMatchers": [{"name": "candidate", "defaultService": f"{ROOT}{GLOBAL}/backendServices/tests"}],
}
GROUPS = {**group("all", service="ion"), **group("tests", service="ion", tag="candidate")}
BACKENDS = {**backend("all", "all"), **backend("tests", "tests")}


def test_a_host_rule_leads_to_the_tagged_revision() -> None:
    assert doors(url_map(**TO_TESTS), BACKENDS, GROUPS) == {"next.ion.example": Door(SERVICE, "candidate")}


def test_without_host_rules_no_door_of_its_own() -> None:
    assert doors(url_map(), BACKENDS, GROUPS) == {}


def test_what_leads_nowhere_is_left_out() -> None:
    assert doors(url_map(**TO_TESTS), {}, GROUPS) == {}
    assert doors(url_map(**TO_TESTS), BACKENDS, {}) == {}
    assert doors(url_map(**{**TO_TESTS, "pathMatchers": []}), BACKENDS, GROUPS) == {}
    assert doors(url_map(**TO_TESTS), BACKENDS, group("tests")) == {}
