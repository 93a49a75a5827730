"""Figures of both versions, from real metrics paths, and from what a router answers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from headgate.cli.status_figures import Figures, Measured, Router, Scraped, Subject, refused, source
from headgate.middleware.metrics import Metrics
from tests.support.rollouts import NEW, OLD

STACK = "greenflow-production"


def about(now: float) -> Subject:
    return Subject(STACK, (OLD, NEW), now)


def serve(metrics: Metrics, version: str, *, good: int, bad: int = 0, seconds: float = 0.02) -> None:
    for number in range(good + bad):
        metrics.began(version)
        failed = number >= good
        metrics.ended(version, "5xx" if failed else "2xx", failed, seconds)


@pytest.fixture
def processes() -> Iterator[dict[str, tuple[Metrics, str]]]:
    """Two instances of the old version and one of the new, each with its metrics path."""
    found, servers = {}, []
    for name, version in (("old-1", OLD), ("old-2", OLD), ("new", NEW)):
        metrics = Metrics([version.version])
        server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(metrics))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        found[name] = (metrics, f"http://127.0.0.1:{server.server_port}/metrics")
    yield found
    for server in servers:
        server.shutdown()
        server.server_close()


def _answering(metrics: Metrics) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media_type, content = metrics.exposition()
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Answer


def test_what_the_last_minute_added(processes: dict[str, tuple[Metrics, str]]) -> None:
    for metrics, _ in processes.values():
        serve(metrics, next(iter(metrics._versions)), good=1000)  # before anybody looked
    scraped = Scraped([url for _, url in processes.values()])
    first = scraped.read(about(0))
    assert (first.by_slot, first.problems, bool(first.where)) == ({}, (), True)

    serve(processes["old-1"][0], OLD.version, good=30)
    serve(processes["old-2"][0], OLD.version, good=70)
    serve(processes["new"][0], NEW.version, good=9, bad=1, seconds=0.18)
    second = scraped.read(about(10))
    assert second.seconds == 10
    assert second.by_slot["blue"] == Figures(100, 0, pytest.approx(24.25))
    assert second.by_slot["green"].error_rate == 10
    assert 150 < (second.by_slot["green"].p95_ms or 0) <= 200

    third = scraped.read(about(80))  # all of it is longer ago than a minute
    assert third.by_slot["blue"] == Figures(0, None, None)


def test_an_instance_that_does_not_answer_is_named_and_the_others_count(
    processes: dict[str, tuple[Metrics, str]],
) -> None:
    dead = "http://127.0.0.1:1/metrics?token=hunter2"
    scraped = Scraped([processes["new"][1], dead])
    scraped.read(about(0))
    serve(processes["new"][0], NEW.version, good=5)
    found = scraped.read(about(2))
    assert found.by_slot == {"green": Figures(5, 0, 25)}
    (problem,) = found.problems
    assert problem.startswith("http://127.0.0.1:1/metrics: ")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [("<html>", "no Prometheus text"), ("", "says nothing about the versions of this rollout")],
    ids=["a page", "another application"],
)
def test_an_address_of_something_else(text: str, said: str) -> None:
    (problem,) = Scraped(["http://127.0.0.1:1/"], lambda _: text).read(about(0)).problems
    assert said in problem


class TestRouter:
    def status(self, **changes: object) -> str:
        slots = {
            "blue": {"requests": 200, "errors": 1, "p95_ms": 41.5},
            "green": {"requests": 0, "errors": 0, "p95_ms": None},
        }
        return json.dumps({"load_balancer": STACK, "recent": {"slots": slots}, **changes})

    def read(self, status: str) -> Measured:
        return Router(["http://127.0.0.1:1"], lambda _: status).read(about(0))

    def test_of_the_stack(self) -> None:
        found = self.read(self.status())
        assert found.by_slot == {"blue": Figures(200, 0.5, 41.5), "green": Figures(0, None, None)}

    def test_of_services(self) -> None:
        found = self.read(self.status(load_balancer=None, services={STACK: {}}))
        assert found.by_slot["blue"].requests == 200

    def test_of_another_stack(self) -> None:
        assert self.read(self.status(load_balancer="greenflow-staging")) == Measured()

    @pytest.mark.parametrize("status", ["", "[]", "{}", json.dumps({"load_balancer": STACK, "recent": None})])
    def test_of_no_router(self, status: str) -> None:
        found = self.read(status)
        assert found.by_slot == {}

    def test_that_does_not_answer(self) -> None:
        (problem,) = Router(["http://127.0.0.1:1"]).read(about(0)).problems
        assert "refused" in problem.lower()


def test_where_figures_come_from() -> None:
    assert isinstance(source(["http://127.0.0.1:1/m"], {"HEADGATE_ROUTER_URL": "http://127.0.0.1:2"}), Scraped)
    assert isinstance(source([], {"HEADGATE_ROUTER_URL": "http://127.0.0.1:2"}), Router)
    assert source([], {}).read(about(0)) == Measured()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/metrics", "https://app.example.com/m?x=1"])
def test_an_address(url: str) -> None:
    assert refused(url) == ""


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "file:///etc/passwd", "http://", "http://a:b/", ""])
def test_no_address(url: str) -> None:
    assert "expected an address such as" in refused(url)


def test_a_password_is_not_repeated() -> None:
    said = refused("ftp://me:hunter2@app.example.com/metrics?key=hunter2")
    assert "ftp://app.example.com/metrics" in said
    assert "hunter2" not in said
