"""The server of the emulated Google: its life, its control endpoint, its faults, and what it does with nonsense."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sandbox.google.client import ControlError, GoogleSandbox
from sandbox.google.endpoints import PATHS, environment
from tests.support.google import google_process

pytestmark = pytest.mark.sandbox

BILLING = "/cloudbilling/v1/projects/p/billingInfo"


def test_it_says_where_it_is_and_ends_when_it_is_told(tmp_path: Path) -> None:
    with google_process(tmp_path) as url, GoogleSandbox(url) as sandbox:
        ready = json.loads((tmp_path / "google.json").read_text())
        assert ready["url"] == url
        assert url == f"http://127.0.0.1:{ready['port']}"
        assert sandbox.health() == {"ok": True, "pid": ready["pid"]}
    assert not (tmp_path / "google.json").exists()


def test_it_ends_by_itself() -> None:
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "sandbox.google", "--lifetime", "0.1"], timeout=120, check=False)
    assert done.returncode == 0
    assert time.monotonic() - begun < 110


def test_a_port_that_is_taken_is_one_line(google_server: str) -> None:
    port = google_server.rpartition(":")[2]
    command = [sys.executable, "-m", "sandbox.google", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert port in done.stderr


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing/v1/x", 404),
        ("GET", "/run/v2/projects/p/locations/l/nothing", 404),
        ("PUT", "/run/v2/projects/p/locations/l/services/s", 404),
        ("GET", "/run/v2/projects/p/locations/l/services/s:explode", 404),
        ("GET", "/v1/projects/p/secrets", 404),
        ("GET", "/run/v2/projects/p/locations/l/jobs", 501),
        ("GET", f"{BILLING}?wrong=1", 400),
        ("GET", BILLING, 200),
        ("GET", f"{BILLING}?alt=json&prettyPrint=false&$.xgafv=2&fields=name", 200),
    ],
)
def test_whatever_is_asked_the_answer_is_json_and_never_500(
    google_cloud: GoogleSandbox, http: httpx.Client, method: str, path: str, status: int
) -> None:
    """A provider retries a 500 for up to 20 minutes (cloud-run-notes 3.8)."""
    answer = http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    content = answer.json()
    assert content
    if status != 200:
        assert content["error"]["code"] == status
        assert content["error"]["status"] in {"NOT_FOUND", "UNIMPLEMENTED", "INVALID_ARGUMENT"}
        assert content["error"]["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b"null"])
def test_a_body_that_is_no_object(google_cloud: GoogleSandbox, http: httpx.Client, body: bytes) -> None:
    answer = http.post("/run/v2/projects/p/locations/l/services?serviceId=s", content=body)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_body_where_none_belongs(google_cloud: GoogleSandbox, http: httpx.Client) -> None:
    assert http.request("GET", BILLING, content=b'{"a": 1}').status_code == 400


def test_refusals(google_cloud: GoogleSandbox, http: httpx.Client) -> None:
    number = google_cloud.refuse("projects.getBillingInfo", status=429, times=2, message="slow down")
    answers = [http.get(BILLING) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].json()["error"] == {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}
    assert [call.fault for call in google_cloud.calls()] == [f"refuse #{number}"] * 2 + [None]
    assert google_cloud.faults()[0].times == 0


def test_a_lost_answer(google_cloud: GoogleSandbox, http: httpx.Client) -> None:
    google_cloud.drop("getBillingInfo")
    with pytest.raises(httpx.TransportError):
        http.get(BILLING)
    assert http.get(BILLING).status_code == 200
    assert [call.status for call in google_cloud.calls()] == [0, 200]


def test_a_late_answer(google_cloud: GoogleSandbox, http: httpx.Client) -> None:
    google_cloud.delay("getBillingInfo", 0.2)
    assert http.get(BILLING).elapsed.total_seconds() >= 0.2
    call = google_cloud.calls()[0]
    assert call.finished is not None
    assert call.finished - call.begun >= 0.2


def test_the_log_is_asked(google_cloud: GoogleSandbox, http: httpx.Client) -> None:
    http.get(BILLING, headers={"User-Agent": "someone/1"})
    http.post("/run/v2/projects/p/locations/l/services", json={"labels": {"a": "1"}})
    reads = google_cloud.calls(service="cloudbilling", operation="getBillingInfo", agent="someone", phase="finished")
    assert [(call.method, call.url, call.body) for call in reads] == [("GET", BILLING, None)]
    (write,) = google_cloud.calls(writes=1, wait=1)
    assert (write.operation, write.status, write.body) == (
        "projects.locations.services.create",
        400,
        {"labels": {"a": "1"}},
    )
    assert google_cloud.calls(since=write.number) == []
    google_cloud.forget_calls()
    assert google_cloud.calls() == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "nothing", None),
        ("POST", "faults", {"mode": "explode"}),
        ("POST", "faults", []),
        ("GET", "calls?nonsense=1", None),
        ("GET", "calls?phase=over", None),
        ("GET", "calls?since=x", None),
        ("PUT", "revisions", {"revision": "r"}),
        ("PUT", "revisions", {"revision": "r", "ready": False, "reason": "BAD_LUCK"}),
        ("PUT", "images", {"exists": True}),
        ("PUT", "operations", {"pending_polls": -1}),
        ("PUT", "operations", {"pending_polls": True}),
    ],
)
def test_control_refuses_in_words(http: httpx.Client, method: str, path: str, body: object) -> None:
    answer = http.request(method, f"/headgate-sandbox/{path}", json=body)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10


def test_the_client_passes_a_refusal_on(google_cloud: GoogleSandbox) -> None:
    with pytest.raises(ControlError, match="mode: found 'explode'"):
        google_cloud.plant(mode="explode")


def test_conditions_are_told_and_forgotten(google_cloud: GoogleSandbox, http: httpx.Client) -> None:
    google_cloud.tell_revision("s-1", ready=False, reason="CONTAINER_MISSING")
    google_cloud.tell_image("i", exists=False)
    google_cloud.pend(3)
    told = http.get("/headgate-sandbox/condition").json()
    assert (told["pending_polls"], told["missing_images"], list(told["revisions"])) == (3, ["i"], ["s-1"])
    google_cloud.heal()
    assert http.get("/headgate-sandbox/condition").json() == {
        "pending_polls": 0,
        "revisions": {},
        "missing_images": [],
    }


def test_a_reset_empties_everything(google_cloud: GoogleSandbox, http: httpx.Client) -> None:
    image = "us-docker.pkg.dev/p/r/i"
    body = {"template": {"containers": [{"image": image}]}}
    http.post("/run/v2/projects/p/locations/us-central1/services?serviceId=s", json=body)
    assert google_cloud.resources()["run.services"] == ["projects/p/locations/us-central1/services/s"]
    google_cloud.refuse("services.get")
    google_cloud.reset()
    assert google_cloud.resources() == {}
    assert google_cloud.faults() == []
    assert google_cloud.calls() == []


def test_the_addresses_of_the_contract() -> None:
    variables = environment("http://127.0.0.1:1")
    assert variables["GOOGLE_OAUTH_ACCESS_TOKEN"] == "sandbox"
    # The provider refuses anything that does not end so (cloud-run-notes 1).
    assert all(variables[name].endswith("/") for name in PATHS)
