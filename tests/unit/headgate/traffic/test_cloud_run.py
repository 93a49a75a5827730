"""The Cloud Run adapter against a scripted server, through Google's own client."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from headgate.traffic import cloud_run
from headgate.traffic.cloud_run import CloudRunTraffic, endpoint_host
from headgate.traffic.port import TrafficError

pytestmark = pytest.mark.sandbox

SERVICE = "projects/p/locations/us-central1/services/ion"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


def entry(revision: str, percent: int, tag: str) -> dict[str, Any]:
    return {"type": BY_REVISION, "revision": revision, "percent": percent, "tag": tag}


def revision(name: str, letter: str, minimum: int = 0, state: str = "CONDITION_SUCCEEDED") -> dict[str, Any]:
    return {
        "name": f"{SERVICE}/revisions/{name}",
        "containers": [{"name": "api", "image": f"i@sha256:{letter * 64}", "ports": [{"containerPort": 8080}]}],
        "scaling": {"minInstanceCount": minimum, "maxInstanceCount": 10},
        "conditions": [{"type": "Ready", "state": state}],
        "aFieldOfTomorrow": 1,
    }


@dataclass
class Answer:
    status: int
    body: object
    page: bool = False


def refusal(code: int, status: str, message: str) -> Answer:
    return Answer(code, {"error": {"code": code, "status": status, "message": message}})


@dataclass
class Api:
    """A server that knows one service; `planned` answers come first."""

    url: str = ""
    service: dict[str, Any] = field(default_factory=dict)
    revisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    planned: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, list[str]], Any]] = field(default_factory=list)
    polls: int = 1

    @property
    def traffic(self) -> CloudRunTraffic:
        return CloudRunTraffic("ion", "p", "us-central1", endpoint=f"{self.url}/run/v2/")

    @property
    def calls(self) -> list[str]:
        return [f"{method} {path.rpartition('/')[2]}" for method, path, _, _ in self.requests]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        self.requests.append((method, path, query, body))
        if self.planned:
            return self.planned.pop(0)
        name = path.removeprefix("/run/v2/")
        if method == "GET" and "/operations/" in name:
            self.polls -= 1
            return Answer(200, self.operation(name))
        if method == "GET" and "/revisions/" in name:
            found = self.revisions.get(name.rpartition("/")[2])
            return Answer(200, found) if found else refusal(404, "NOT_FOUND", f"Resource '{name}' was not found.")
        if name == SERVICE and self.service:
            return Answer(200, self.service) if method == "GET" else self.patch(query, body)
        return refusal(404, "NOT_FOUND", "Resource 'ion' of kind 'SERVICE' in region 'us-central1' does not exist.")

    def patch(self, query: dict[str, list[str]], body: dict[str, Any]) -> Answer:
        assert query["updateMask"] == ["traffic"]
        if body["etag"] != self.service["etag"]:
            return refusal(409, "ABORTED", "Conflict for resource 'ion'")
        self.change(body["traffic"])
        return Answer(200, self.operation(f"{SERVICE.rpartition('/services')[0]}/operations/o1"))

    def change(self, traffic: list[dict[str, Any]]) -> None:
        self.service.update(traffic=traffic, trafficStatuses=traffic, etag=self.service["etag"] + "+")

    def operation(self, name: str) -> dict[str, Any]:
        if self.polls > 0:
            return {"name": name, "done": False}
        full = {"@type": "type.googleapis.com/google.cloud.run.v2.Service", "name": SERVICE}
        return {"name": name, "done": True, "response": full}


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """An API without the service, for which a token is in the environment."""
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "sandbox")
    monkeypatch.setattr(cloud_run, "WRITE_AGAIN_S", 0.0)
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        of: ClassVar[Api] = api

        def do_GET(self) -> None:
            assert self.headers["Authorization"] == "Bearer sandbox"
            where = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            answer = self.of.answer(self.command, where.path, parse_qs(where.query), body)
            text = str(answer.body) if answer.page else json.dumps(answer.body)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_PATCH = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        api.url = f"http://127.0.0.1:{server.server_port}"
        yield api
        server.shutdown()


@pytest.fixture
def api(nothing: Api) -> Api:
    """95 % on revision a, which keeps two instances, 5 % on revision b."""
    traffic = [entry("ion-a", 95, "live"), entry("ion-b", 5, "candidate")]
    nothing.service = {
        "name": SERVICE,
        "etag": "1",
        "generation": "7",
        "traffic": traffic,
        "trafficStatuses": [{**each, "uri": "https://x"} for each in traffic],
        "latestReadyRevision": f"{SERVICE}/revisions/ion-b",
        "latestCreatedRevision": f"{SERVICE}/revisions/ion-b",
        "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"},
        "aFieldOfTomorrow": True,
    }
    nothing.revisions = {"ion-a": revision("ion-a", "a", 2), "ion-b": revision("ion-b", "b")}
    return nothing


class TestReading:
    def test_everything(self, api: Api) -> None:
        live = api.traffic.read_live()
        assert live.exists
        assert live.split == {"ion-a": 95, "ion-b": 5}
        assert live.desired == live.healthy == live.running == {"ion-a": 2, "ion-b": 1}
        assert live.images == {"ion-a": f"i@sha256:{'a' * 64}", "ion-b": f"i@sha256:{'b' * 64}"}
        assert live.unsteady == {}

    def test_the_split_takes_one_call(self, api: Api) -> None:
        assert api.traffic.read_split() == {"ion-a": 95, "ion-b": 5}
        assert api.calls == ["GET ion"]

    def test_no_service_yet(self, nothing: Api) -> None:
        live = nothing.traffic.read_live()
        assert not live.exists
        assert nothing.traffic.read_split() == live.split == {}

    def test_what_is_served_wins_over_what_is_asked_for(self, api: Api) -> None:
        api.service["traffic"] = [entry("ion-a", 50, "live"), entry("ion-b", 50, "candidate")]
        api.service["terminalCondition"] = {"type": "Ready", "state": "CONDITION_FAILED", "message": "no quota"}
        live = api.traffic.read_live()
        assert live.split == {"ion-a": 95, "ion-b": 5}
        assert live.unsteady["ion-b"] == "50 % is asked for, 5 % is served"

    def test_a_revision_that_failed(self, api: Api) -> None:
        api.revisions["ion-b"] = revision("ion-b", "b", 3, state="CONDITION_FAILED")
        live = api.traffic.read_live()
        assert (live.desired["ion-b"], live.healthy["ion-b"]) == (3, 0)
        assert "failed" in live.unsteady["ion-b"]
        assert "ion-a" not in live.unsteady

    def test_a_revision_that_is_gone(self, api: Api) -> None:
        del api.revisions["ion-b"]
        live = api.traffic.read_live()
        assert live.unsteady == {"ion-b": "there is no such revision"}
        assert "ion-b" not in live.images

    def test_a_change_under_way(self, api: Api) -> None:
        api.service["reconciling"] = True
        assert api.traffic.read_live().unsteady["ion-a"] == "the service is being changed"

    def test_a_full_house_passes_by_itself(self, api: Api) -> None:
        api.planned = [refusal(429, "RESOURCE_EXHAUSTED", "slow down"), refusal(503, "UNAVAILABLE", "soon")]
        assert api.traffic.read_split() == {"ion-a": 95, "ion-b": 5}
        assert len(api.requests) == 3


class TestTrouble:
    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (refusal(403, "PERMISSION_DENIED", "Permission 'run.services.get' denied"), r"roles/run.viewer"),
            (refusal(403, "PERMISSION_DENIED", "Cloud Run Admin API has not been used"), r"gcp:project \(p\)"),
            (refusal(404, "NOT_FOUND", "Project p not found."), r"Check gcp:project \(p\), gcp:region \(us-central1\)"),
            (
                Answer(404, "<html>404. That's an error", page=True),
                r"Check gcp:project \(p\), gcp:region \(us-central1\)",
            ),
            (refusal(401, "UNAUTHENTICATED", "Request had invalid authentication"), "GOOGLE_OAUTH_ACCESS_TOKEN"),
            (refusal(400, "INVALID_ARGUMENT", "no"), "cannot be read: .*no"),
            (Answer(200, "<html>Please log in", page=True), "not have the expected form"),
            (Answer(200, {"traffic": "all"}), "not have the expected form"),
            (Answer(200, {"trafficStatuses": [{"type": 99, "revision": "a"}], "name": 5}), "expected form"),
        ],
    )
    def test_every_refusal_is_said(self, nothing: Api, answer: Answer, said: str) -> None:
        nothing.planned = [answer]
        with pytest.raises(TrafficError, match=said) as caught:
            nothing.traffic.read_live()
        assert "\n" not in str(caught.value)

    def test_an_outage_that_stays(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cloud_run, "RETRY_S", 0.5)
        api.planned = [refusal(503, "UNAVAILABLE", "down")] * 10
        with pytest.raises(TrafficError, match=r"down.*tried for 0.5 s"):
            api.traffic.read_split()

    def test_nobody_listens(self, nothing: Api) -> None:
        with pytest.raises(TrafficError, match=r"cannot be read: .*refused"):
            CloudRunTraffic("ion", "p", "us-central1", endpoint="http://127.0.0.1:1/run/v2/").read_split()

    def test_no_credentials(self, nothing: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN")
        with pytest.raises(TrafficError, match="no credentials for Google Cloud"):
            nothing.traffic.read_split()


class TestWriting:
    def test_the_traffic_and_nothing_else(self, api: Api) -> None:
        api.traffic.write_split({"ion-a": 50, "ion-b": 50}, 0)
        (patch,) = [request for request in api.requests if request[0] == "PATCH"]
        assert set(patch[3]) == {"traffic", "etag"}
        assert [(each["revision"], each["percent"], each["tag"]) for each in api.service["traffic"]] == [
            ("ion-a", 50, "live"),
            ("ion-b", 50, "candidate"),
        ]
        assert api.calls == ["GET ion", "PATCH ion", "GET o1"]

    def test_somebody_elses_change_of_something_else_is_no_reason_to_give_up(self, api: Api) -> None:
        stale = {**api.service, "etag": "0"}
        api.planned = [Answer(200, stale)]
        api.traffic.write_split({"ion-a": 100}, 0)
        assert api.traffic.read_split() == {"ion-a": 100, "ion-b": 0}
        assert api.calls.count("PATCH ion") == 2

    def test_somebody_elses_split_is_not_written_over(self, api: Api) -> None:
        stale = {**api.service, "etag": "0", "traffic": [entry("ion-a", 100, "live")]}
        api.planned = [Answer(200, stale)]
        with pytest.raises(TrafficError, match="changed by somebody else meanwhile"):
            api.traffic.write_split({"ion-a": 100}, 0)
        assert api.traffic.read_split() == {"ion-a": 95, "ion-b": 5}

    def test_a_write_whose_answer_was_lost(self, api: Api) -> None:
        stale = {**api.service, "etag": "0"}
        api.planned = [Answer(200, stale)]
        api.service["traffic"] = [entry("ion-a", 50, "live"), entry("ion-b", 50, "candidate")]
        api.traffic.write_split({"ion-a": 50, "ion-b": 50}, 0)
        assert api.calls.count("PATCH ion") == 1

    def test_a_change_that_is_refused_later(self, api: Api) -> None:
        operation = f"{SERVICE.rpartition('/services')[0]}/operations/o1"
        failed = {"name": operation, "done": True, "error": {"code": 9, "message": "Revision 'ion-b' is not ready"}}
        api.planned = [Answer(200, api.service), Answer(200, failed)]
        with pytest.raises(TrafficError, match=r"cannot be written: .*Revision 'ion-b' is not ready"):
            api.traffic.write_split({"ion-b": 100}, 0)

    def test_a_change_that_takes_too_long(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cloud_run, "SETTLE_S", 0.3)
        api.polls = 1000
        with pytest.raises(TrafficError, match=r"not in force after 0.3 s"):
            api.traffic.write_split({"ion-a": 100}, 0)

    def test_not_to_a_revision_that_does_not_exist(self, api: Api) -> None:
        with pytest.raises(TrafficError, match=r"no revision 'ion-z' to send 10 % to \(in its traffic: ion-a, ion-b\)"):
            api.traffic.write_split({"ion-a": 90, "ion-z": 10}, 0)
        assert "PATCH ion" not in api.calls

    def test_to_a_revision_that_the_traffic_does_not_name_yet(self, api: Api) -> None:
        api.revisions["ion-c"] = revision("ion-c", "c")
        api.traffic.write_split({"ion-c": 100}, 0)
        assert api.traffic.read_split() == {"ion-a": 0, "ion-b": 0, "ion-c": 100}

    def test_not_with_stickiness(self, api: Api) -> None:
        with pytest.raises(TrafficError, match="part of a revision"):
            api.traffic.write_split({"ion-a": 100}, 300)
        assert api.requests == []

    def test_not_an_impossible_split(self, api: Api) -> None:
        with pytest.raises(TrafficError, match="together 100"):
            api.traffic.write_split({"ion-a": 90}, 0)

    def test_not_where_nothing_exists(self, nothing: Api) -> None:
        with pytest.raises(TrafficError, match="does not exist"):
            nothing.traffic.write_split({"ion-a": 100}, 0)


class TestEndpoint:
    @pytest.mark.parametrize(
        ("given", "variable", "host"),
        [
            (None, None, "https://run.googleapis.com"),
            (None, "http://127.0.0.1:5/run/v2/", "http://127.0.0.1:5/run"),
            ("http://127.0.0.1:6/v2/", "http://127.0.0.1:5/run/v2/", "http://127.0.0.1:6"),
            ("https://run.example.com/v2/", None, "https://run.example.com"),
        ],
    )
    def test_what_the_client_needs_of_it(self, given: str | None, variable: str | None, host: str) -> None:
        environ = {} if variable is None else {cloud_run.ENDPOINT_VARIABLE: variable}
        assert endpoint_host(given, environ) == host

    @pytest.mark.parametrize("given", ["https://run.googleapis.com/", "http://run.example.com/v2/", "ftp://x/v2/"])
    def test_refused(self, given: str) -> None:
        with pytest.raises(TrafficError, match=rf"gcp:cloudRunV2CustomEndpoint: found '{given}'"):
            endpoint_host(given, {})
        with pytest.raises(TrafficError, match="GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT: found"):
            endpoint_host(None, {cloud_run.ENDPOINT_VARIABLE: given})


def test_nothing_of_the_cloud_is_imported_before_the_first_reading() -> None:
    program = (
        "import sys; from headgate.traffic.cloud_run import CloudRunTraffic; CloudRunTraffic('s', 'p', 'r'); "
        "sys.exit(any(name.startswith('google') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
