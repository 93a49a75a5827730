"""The requests of the official provider, exactly as they were recorded (cloud-run-notes 2 to 4)."""

import json
from typing import Any

import httpx
import pytest

from sandbox.google.client import GoogleSandbox

pytestmark = pytest.mark.sandbox

N = "/run/v2/projects/p/locations/us-central1/services/svc"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
HEADERS = {
    "Authorization": "Bearer x",
    "Content-Type": "application/json",
    "User-Agent": "Pulumi/3.0 (GPN:Pulumi; https://www.pulumi.com) pulumi-gcp/v9.35.0",
    "Accept-Encoding": "gzip",
}

CREATE = json.loads(
    """{"ingress":"INGRESS_TRAFFIC_ALL","labels":{"app":"x","goog-pulumi-provisioned":"true"},
 "template":{"containers":[{"env":[{"name":"A","value":"1"}],"image":"us-docker.pkg.dev/p/r/img:v1","ports":[{"containerPort":8080}],
   "resources":{"limits":{"cpu":"1","memory":"512Mi"}}}],"revision":"svc-r1","scaling":{"maxInstanceCount":3},"timeout":"60s"},
 "traffic":[{"percent":100,"revision":"svc-r1","type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"}]}"""
)
UPDATE = json.loads(
    """{"ingress":"INGRESS_TRAFFIC_ALL","labels":{"app":"x","goog-pulumi-provisioned":"true"},"launchStage":"GA",
 "template":{"containers":[{"env":[{"name":"A","value":"1"}],"image":"us-docker.pkg.dev/p/r/img:v2","ports":[{"containerPort":8080,"name":"http1"}],
   "resources":{"limits":{"cpu":"1","memory":"512Mi"}},
   "startupProbe":{"failureThreshold":1,"grpc":null,"httpGet":null,"periodSeconds":240,"tcpSocket":{"port":8080},"timeoutSeconds":240}}],
  "maxInstanceRequestConcurrency":80,"revision":"svc-r2","scaling":{"maxInstanceCount":3},"serviceAccount":"123-compute@developer.gserviceaccount.com","timeout":"60s"},
 "traffic":[{"percent":50,"revision":"svc-r1","type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"},
            {"percent":50,"revision":"svc-r2","tag":"canary","type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"}]}"""
)


class Provider:
    """What the official provider does, request by request."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        return self._http.request(method, f"{path}", content=content, headers=HEADERS)

    def get(self) -> dict[str, Any]:
        answer = self.send("GET", f"{N}?alt=json")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait(self, answer: httpx.Response) -> dict[str, Any]:
        """Poll while the answer has a name and is not done; the last answer."""
        assert answer.status_code == 200, answer.text
        operation: dict[str, Any] = answer.json()
        for _ in range(10):
            if operation.get("done") or "name" not in operation:
                return operation
            operation = self.send("GET", f"/run/v2/{operation['name']}?alt=json").json()
        raise AssertionError(f"still pending: {operation}")

    def create(self, body: object = CREATE) -> dict[str, Any]:
        path = "/run/v2/projects/p/locations/us-central1/services?alt=json&serviceId=svc"
        return self.wait(self.send("POST", path, body))

    def patch(self, body: object) -> dict[str, Any]:
        return self.wait(self.send("PATCH", f"{N}?alt=json", body))


@pytest.fixture
def provider(google_cloud: GoogleSandbox, http: httpx.Client) -> Provider:
    return Provider(http)


def changed(body: dict[str, Any], *traffic: dict[str, Any]) -> dict[str, Any]:
    return {**body, "traffic": list(traffic)}


def target(revision: str, percent: int = 0, tag: str = "") -> dict[str, Any]:
    given = {"percent": percent, "revision": revision, "tag": tag, "type": REVISION}
    return {key: value for key, value in given.items() if value}


FIVE = changed(UPDATE, target("svc-r1", 95), target("svc-r2", 5, "canary"))
ZERO = changed(UPDATE, target("svc-r1", 100), target("svc-r2", tag="canary"))


def differences(sent: Any, found: Any, where: str = "") -> list[str]:
    """Where what is read differs from what was sent: each would be a difference at every preview."""
    if isinstance(sent, dict):
        return [
            line
            for key, value in sent.items()
            if value is not None
            for line in differences(value, found.get(key), f"{where}.{key}")
        ]
    if isinstance(sent, list) and isinstance(found, list) and len(sent) == len(found):
        return [
            line for index, value in enumerate(sent) for line in differences(value, found[index], f"{where}[{index}]")
        ]
    return [] if sent == found else [f"{where}: {sent!r} became {found!r}"]


def test_create(provider: Provider) -> None:
    operation = provider.create()
    assert operation["done"] is True
    assert operation["name"].startswith("projects/p/locations/us-central1/operations/")
    found = provider.get()
    assert differences(CREATE, found) == []
    assert found["generation"] == found["observedGeneration"] == "1"
    assert found["template"]["timeout"] == "60s"
    assert "cpuIdle" not in found["template"]["containers"][0]["resources"]
    assert "startupCpuBoost" not in found["template"]["containers"][0]["resources"]


def test_every_update_of_a_rollout(provider: Provider) -> None:
    provider.create()
    for body in (ZERO, FIVE, UPDATE, FIVE, ZERO):
        assert "error" not in provider.patch(body)
        found = provider.get()
        assert differences(body, found) == []
        assert [each.get("percent", 0) for each in found["trafficStatuses"]] == [
            each.get("percent", 0) for each in body["traffic"]
        ]
    assert found["trafficStatuses"][1]["uri"].startswith("https://canary---svc-")
    assert "percent" not in found["traffic"][1]


def test_an_unchanged_template_mints_nothing(provider: Provider, http: httpx.Client) -> None:
    """Changing the deletion protection alone still sends everything (cloud-run-notes 3.9)."""
    provider.create()
    provider.patch(ZERO)
    for _ in range(2):
        provider.patch(ZERO)
    names = [each["name"].rpartition("/")[2] for each in http.get(f"{N}/revisions").json()["revisions"]]
    assert names == ["svc-r2", "svc-r1"]


def test_a_revision_can_be_forced(provider: Provider, http: httpx.Client) -> None:
    """Not under a name that is taken: nothing documents it, and a refusal is the unkinder reading."""
    provider.create()
    assert provider.send("PATCH", f"{N}?forceNewRevision=true", CREATE).status_code == 409
    unnamed = {**CREATE["template"]}
    del unnamed["revision"]
    body = {**CREATE, "template": unnamed}
    for _ in range(2):
        provider.wait(provider.send("PATCH", f"{N}?force_new_revision=true", body))
    assert len(http.get(f"{N}/revisions").json()["revisions"]) == 3


def test_what_is_absent_is_removed(provider: Provider) -> None:
    provider.create({**CREATE, "annotations": {"a": "1"}, "description": "x"})
    body = json.loads(json.dumps(ZERO))
    del body["template"]["containers"][0]["env"]
    del body["labels"]
    provider.patch(body)
    found = provider.get()
    assert {"labels", "annotations", "description"} & set(found) == set()
    assert "env" not in found["template"]["containers"][0]


def test_no_traffic_in_the_program(provider: Provider) -> None:
    provider.create({key: value for key, value in CREATE.items() if key != "traffic"})
    latest = [{"percent": 100, "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"}]
    assert differences(latest, provider.get()["traffic"]) == []
    provider.patch({**UPDATE, "traffic": latest})
    assert provider.get()["latestReadyRevision"].endswith("/svc-r2")


def test_pending_operations_are_polled(provider: Provider, google_cloud: GoogleSandbox) -> None:
    provider.create()
    google_cloud.pend(2)
    accepted = provider.send("PATCH", f"{N}?alt=json", ZERO).json()
    assert "done" not in accepted
    assert provider.get()["reconciling"] is True
    google_cloud.forget_calls()
    operation = provider.wait(provider.send("GET", f"/run/v2/{accepted['name']}?alt=json"))
    assert operation["done"] is True
    assert "reconciling" not in provider.get()
    # It stays readable: the provider retries a 404 on an operation for minutes (cloud-run-notes 3.8).
    assert provider.send("GET", f"/run/v2/{accepted['name']}?alt=json").json() == operation
    assert len(google_cloud.calls(operation="operations.get")) == 4


def test_a_failed_operation(provider: Provider, google_cloud: GoogleSandbox) -> None:
    google_cloud.tell_revision("svc-r1", ready=False)
    operation = provider.create()
    assert operation["error"]["code"] == 9
    assert "Revision 'svc-r1' is not ready and cannot serve traffic" in operation["error"]["message"]
    assert "trafficStatuses" not in provider.get()


def test_destroy(provider: Provider, google_cloud: GoogleSandbox) -> None:
    provider.create()
    assert provider.wait(provider.send("DELETE", f"{N}?alt=json"))["done"] is True
    for method in ("GET", "DELETE", "PATCH"):
        gone = provider.send(method, f"{N}?alt=json", ZERO if method == "PATCH" else None)
        assert (gone.status_code, gone.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert google_cloud.resources() == {}


def test_it_exists_already(provider: Provider) -> None:
    provider.create()
    again = provider.send("POST", "/run/v2/projects/p/locations/us-central1/services?alt=json&serviceId=svc", CREATE)
    assert again.status_code == 409
    assert "already exists" in again.json()["error"]["message"]


def test_the_invoker(provider: Provider) -> None:
    provider.create()
    policy = provider.send("GET", f"{N}:getIamPolicy?alt=json").json()
    assert policy == {"etag": "ACAB"}
    binding = {"members": ["allUsers"], "role": "roles/run.invoker"}
    body = {"policy": {"bindings": [binding], "etag": "ACAB", "version": 3}}
    assert provider.send("POST", f"{N}:setIamPolicy?alt=json", body).status_code == 200
    for _ in range(4):
        policy = provider.send("GET", f"{N}:getIamPolicy?alt=json").json()
        assert policy["bindings"] == [binding]
    removed = provider.send("POST", f"{N}:setIamPolicy?alt=json", {"policy": {"etag": policy["etag"], "version": 3}})
    assert removed.status_code == 200
    assert "bindings" not in provider.send("GET", f"{N}:getIamPolicy?alt=json").json()
    stale = provider.send("POST", f"{N}:setIamPolicy?alt=json", body)
    assert (stale.status_code, stale.json()["error"]["status"]) == (409, "ABORTED")
    missing = provider.send("GET", f"{N}x:getIamPolicy?alt=json")
    assert missing.status_code == 404


def test_invoker_iam_disabled(provider: Provider) -> None:
    provider.create({**CREATE, "invokerIamDisabled": True})
    assert provider.get()["invokerIamDisabled"] is True


def test_a_refused_update_leaves_the_split(provider: Provider, google_cloud: GoogleSandbox) -> None:
    """The hazard of cloud-run-notes 4: 403 on the PATCH, and the server stays at 95/5."""
    provider.create()
    provider.patch(FIVE)
    google_cloud.refuse("services.patch", message="Permission denied")
    refused = provider.send("PATCH", f"{N}?alt=json", UPDATE)
    assert refused.status_code == 403
    assert refused.json() == {"error": {"code": 403, "message": "Permission denied", "status": "PERMISSION_DENIED"}}
    assert google_cloud.split("svc").percents == {"svc-r1": 95, "svc-r2": 5}
    provider.patch(UPDATE)
    assert google_cloud.split("svc").percents == {"svc-r1": 50, "svc-r2": 50}


def test_an_update_that_is_accepted_and_ignored(provider: Provider, google_cloud: GoogleSandbox) -> None:
    provider.create()
    provider.patch(FIVE)
    google_cloud.ignore("services.patch")
    operation = provider.patch(UPDATE)
    assert operation["done"] is True
    assert operation["response"]["traffic"] == UPDATE["traffic"]
    assert differences(FIVE, provider.get()) == []
    assert google_cloud.split("svc").percents == {"svc-r1": 95, "svc-r2": 5}


def test_an_update_whose_answer_is_lost(provider: Provider, google_cloud: GoogleSandbox) -> None:
    provider.create()
    google_cloud.drop("services.patch")
    with pytest.raises(httpx.TransportError):
        provider.send("PATCH", f"{N}?alt=json", FIVE)
    assert google_cloud.split("svc").percents == {"svc-r1": 95, "svc-r2": 5}
    google_cloud.drop("services.patch", moment="before")
    with pytest.raises(httpx.TransportError):
        provider.send("PATCH", f"{N}?alt=json", UPDATE)
    assert google_cloud.split("svc").percents == {"svc-r1": 95, "svc-r2": 5}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"trafic": []}, "Unknown name \"trafic\" at 'service'"),
        ({"traffic": [{"percent": 100, "revision": "svc-r1", "type": "BY_NAME"}]}, "service.traffic[0].type"),
        ({"traffic": [target("svc-r1", 90)]}, "Traffic targets sum to 90, want 100"),
        ({"template": {"containers": [{}]}}, "service.template.containers[0].image"),
        ({"ingress": True}, "service.ingress"),
        ({"template": {**CREATE["template"], "revision": "other-r1"}}, 'must have prefix "svc-"'),
        ({"template": {**CREATE["template"], "timeout": "1m"}}, "service.template.timeout"),
    ],
)
def test_a_refused_body_names_its_field(provider: Provider, change: dict[str, Any], named: str) -> None:
    path = "/run/v2/projects/p/locations/us-central1/services?alt=json&serviceId=svc"
    answer = provider.send("POST", path, {**CREATE, **change})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert named in error["message"]
    assert error["details"][0]["fieldViolations"]
    assert provider.send("GET", f"{N}?alt=json").status_code == 404
