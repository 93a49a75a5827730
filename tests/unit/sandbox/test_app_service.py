"""The sample service as an ASGI application: what it answers, what it reports of itself."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.middleware.asgi import App, Message
from headgate.middleware.scrape import snapshot
from sandbox.app.faults import Fault, Faults
from sandbox.app.service import Service
from sandbox.app.store import Store
from sandbox.serving import Unusable

Ask = Callable[..., httpx.Response]


@pytest.fixture
def dice() -> Faults:
    return Faults(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "items.sqlite")) as store:
        yield store


@pytest.fixture
def app(store: Store, dice: Faults) -> App:
    return Service("2026.02.11", "ion-api-0123456789ab", store, dice).application()


@pytest.fixture
def ask(app: App) -> Ask:
    def ask(method: str, path: str, client: str = "127.0.0.1", **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 1))  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as http:
                return await http.request(method, path, **request)

        return asyncio.run(send())

    return ask


class TestSigned:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/api/v2/health", 200),
            ("HEAD", "/api/v2/health", 200),
            ("GET", "/api/v2/health/", 404),
            ("GET", "/api/v2/items/" + "9" * 5000, 404),
            ("GET", "/api/v2/items/-1", 404),
            ("GET", "/api/v2/items/٣", 404),
            ("GET", "/metrics", 200),
            ("GET", "/__sandbox/fault", 200),
            ("POST", "/api/v2/health", 405),
        ],
    )
    def test_every_answer(self, ask: Ask, method: str, path: str, status: int) -> None:
        answer = ask(method, path)
        assert answer.status_code == status
        for name, value in (
            ("X-Deployment-Version", "2026.02.11"),
            ("X-Deployment-Slot", "ion-api-0123456789ab"),
        ):
            assert answer.headers.get_list(name) == [value]
        assert float(answer.headers["X-Response-Time-Ms"]) >= 0

    def test_a_broken_handler_too(self, ask: Ask, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(_number: int) -> None:
            raise RuntimeError("boom")

        monkeypatch.setattr(store, "get", broken)
        answer = ask("GET", "/api/v2/items/1")
        assert (answer.status_code, answer.json()) == (500, {"error": "internal error"})
        assert answer.headers["X-Deployment-Version"] == "2026.02.11"
        assert snapshot(ask("GET", "/metrics").text, "2026.02.11", 0).errors == 1

    def test_what_may_be_asked_instead_is_in_one_order(self, ask: Ask) -> None:
        assert ask("PUT", "/__sandbox/fault").headers["Allow"] == "GET,HEAD,POST"
        assert ask("DELETE", "/api/v2/items").headers["Allow"] == "POST"

    @pytest.mark.parametrize(("version", "slot"), [("é", "blue"), ("", "blue"), ("1\n", "blue"), ("1", "grün")])
    def test_names_that_no_header_carries_are_refused(self, store: Store, version: str, slot: str) -> None:
        with pytest.raises(Unusable, match="for a header"):
            Service(version, slot, store, Faults())


class TestBody:
    def test_is_taken_up_to_64_kib(self, ask: Ask) -> None:
        body = json.dumps({"name": "a"}).encode()
        assert ask("POST", "/api/v2/items", content=body.ljust(64 * 1024)).status_code == 201
        assert ask("POST", "/api/v2/items", content=body.ljust(64 * 1024 + 1)).status_code == 413
        assert ask("POST", "/__sandbox/fault", content=b"{}".ljust(64 * 1024 + 1)).status_code == 413

    def test_of_unknown_length_is_not_read_for_ever(self, app: App) -> None:
        """Nor kept: after the limit nothing more is asked for."""
        asked = 0
        sent: list[Message] = []

        async def receive() -> Message:
            nonlocal asked
            asked += 1
            return {"type": "http.request", "body": b" " * 16 * 1024, "more_body": True}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/v2/items", "headers": [], "query_string": b""}
        asyncio.run(app(scope, receive, send))
        assert (sent[0]["status"], asked) == (413, 5)


class TestFaults:
    def test_meet_the_items_only(self, ask: Ask, dice: Faults) -> None:
        dice.plant(Fault(error_rate=1.0))
        assert [ask("GET", f"/api/v2/{path}").status_code for path in ("health", "items/1", "items")] == [200, 500, 500]

    def test_are_planted_from_this_machine_only(self, ask: Ask, dice: Faults) -> None:
        fault = {"error_rate": 1}
        assert ask("POST", "/__sandbox/fault", json=fault, client="192.0.2.1").status_code == 403
        assert ask("POST", "/__sandbox/fault", json=fault, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
        assert dice.current == Fault()
        assert ask("POST", "/__sandbox/fault", json=fault).json() == {"error_rate": 1.0, "latency_ms": 0.0}
        assert dice.current == Fault(error_rate=1.0)

    def test_are_seen_in_the_figures_once(self, ask: Ask, dice: Faults) -> None:
        dice.plant(Fault(error_rate=0.5), seed=1)
        failed = sum(ask("GET", "/api/v2/items/1").status_code == 500 for _ in range(40))
        found = snapshot(ask("GET", "/metrics").text, "2026.02.11", 0)
        assert 5 <= failed <= 35
        assert found.errors == found.requests["5xx"] == failed
        assert found.requests["4xx"] == 40 - failed
        assert found.latency.total == 40

    def test_latency_is_seen_in_the_figures(self, ask: Ask, dice: Faults) -> None:
        dice.plant(Fault(latency_ms=120))
        ask("GET", "/api/v2/items/1")
        found = snapshot(ask("GET", "/metrics").text, "2026.02.11", 0)
        assert found.latency.within(100) == 0


class TestFigures:
    def test_of_the_service_itself(self, ask: Ask) -> None:
        for quantity in (2, 3):
            assert ask("POST", "/api/v2/items", json={"name": "a", "quantity": quantity}).status_code == 201
        ask("POST", "/api/v2/items", json={})
        ask("GET", "/__sandbox/fault")
        found = snapshot(ask("GET", "/metrics").text, "2026.02.11", 0)
        assert (found.events["item_stored"].count, found.events["item_stored"].total) == (2, 5)
        assert (found.dependencies["database"].ok, found.dependencies["database"].failed) == (2, 0)
        assert found.total == 3, "neither the scrapes nor the faults are traffic"
        assert found.memory_bytes is not None

    def test_a_database_that_fails(self, ask: Ask, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        import sqlite3

        async def failing(*_: object) -> None:
            raise sqlite3.OperationalError("disk full")

        monkeypatch.setattr(store, "add", failing)
        answer = ask("POST", "/api/v2/items", json={"name": "a"})
        assert (answer.status_code, "disk full" in answer.text) == (503, True)
        found = snapshot(ask("GET", "/metrics").text, "2026.02.11", 0)
        assert found.dependencies["database"].failed == 1
        assert found.errors == 1
