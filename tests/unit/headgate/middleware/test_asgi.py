"""The middleware around ASGI applications."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from headgate.assignment import Assignment, assign
from headgate.middleware.asgi import App, Message, Middleware, Receive, Scope, Send
from headgate.middleware.core import Instrument, Split, cookie
from tests.unit.headgate.middleware.conftest import Bench

START: Message = {"type": "http.response.start", "status": 200, "headers": []}


def chunk(body: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


class Server:
    """A server that sends one request to an application and keeps what it sends back."""

    def __init__(self, *, gone: bool = False, refuses: bool = False, **scope: Any) -> None:
        self.scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], **scope}
        self.sent: list[Message] = []
        self._refuses = refuses
        self._messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]
        if gone:
            self._messages.insert(0, {"type": "http.disconnect"})

    async def receive(self) -> Message:
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        if self._refuses and len(self.sent) == 1:
            raise OSError("the client is gone")
        self.sent.append(message)

    def run(self, app: App) -> "Server":
        asyncio.run(app(self.scope, self.receive, self.send))
        return self

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.sent[0]["headers"])


def answering(*messages: Message) -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


class TestHeaders:
    def test_version_and_time_are_added(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            bench.clock.advance(12.5)
            await send({**START, "headers": [(b"content-type", b"text/plain")]})
            bench.clock.advance(100)
            await send(chunk(b"hello"))

        server = Server().run(Middleware(app, bench.instrument()))
        assert server.headers == [
            (b"content-type", b"text/plain"),
            (b"x-deployment-version", b"1"),
            (b"x-response-time-ms", b"12.500"),
        ]
        assert server.sent[1] == chunk(b"hello")
        assert bench.duration() == (1, 0.1125)

    def test_what_the_application_says_itself_is_replaced_not_doubled(self, bench: Bench) -> None:
        theirs = [(b"X-Deployment-Version", b"0"), (b"x-response-time-ms", b"9"), (b"x-Deployment-version", b"8")]
        server = Server().run(Middleware(answering({**START, "headers": theirs}, chunk()), bench.instrument()))
        assert server.headers == [(b"x-deployment-version", b"1"), (b"x-response-time-ms", b"0.000")]

    def test_headers_may_be_absent_or_a_generator(self, bench: Bench) -> None:
        bare = {"type": "http.response.start", "status": 204}
        assert len(Server().run(Middleware(answering(bare, chunk()), bench.instrument())).headers) == 2
        lazy = {**bare, "headers": (pair for pair in [(b"a", b"b")])}
        assert len(Server().run(Middleware(answering(lazy, chunk()), bench.instrument())).headers) == 3

    def test_the_message_and_the_scope_of_others_are_not_changed(self, bench: Bench) -> None:
        start: Message = {**START, "headers": [(b"a", b"b")]}
        server = Server()
        before = {**server.scope}
        server.run(Middleware(answering(start, chunk()), bench.instrument()))
        assert start["headers"] == [(b"a", b"b")]
        assert server.scope == before


class TestAssignment:
    def test_the_application_reads_it(self, bench: Bench, split: Callable[..., Split]) -> None:
        seen: list[Any] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["headgate.assignment"])
            scope["headgate.recorder"].event("accepted")
            await answering(START, chunk())(scope, receive, send)

        instrument = Instrument(split(lambda: 50, user_key=[cookie("uid")]), bench.metrics, clock=bench.clock)
        for number in range(20):
            server = Server(headers=[(b"cookie", b"a=b"), (b"cookie", f"uid=user-{number}".encode())])
            server.run(Middleware(app, instrument))
            assert seen[-1] == assign(f"user-{number}", 50, "ion", "1", "2")
            assert (b"x-deployment-version", seen[-1].version.encode()) in server.headers
        counts = [bench.value("headgate_event_value_count", version, event="accepted") or 0 for version in ("1", "2")]
        assert sum(counts) == 20
        assert min(counts) > 0

    def test_in_fixed_mode_it_says_the_version(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert scope["headgate.assignment"] == Assignment(None, False, "1", keyed=False)
            await answering(START, chunk())(scope, receive, send)

        Server().run(Middleware(app, bench.instrument()))
        assert bench.requests() == {"2xx": 1}


class TestStreaming:
    def test_chunks_pass_one_by_one_and_the_last_one_ends_it(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            for number in range(3):
                bench.clock.advance(50)
                await send(chunk(b"%d" % number, more=True))
                assert bench.in_flight() == 1
            await send(chunk())
            assert bench.in_flight() == 0
            bench.clock.advance(5000)  # work after the answer is nobody's latency

        server = Server().run(Middleware(app, bench.instrument()))
        assert [each.get("body") for each in server.sent[1:]] == [b"0", b"1", b"2", b""]
        assert bench.duration() == (1, 0.15)

    @pytest.mark.parametrize("last", ["http.response.pathsend", "http.response.zerocopysend"])
    def test_files_sent_by_the_server_end_it_too(self, bench: Bench, last: str) -> None:
        Server().run(Middleware(answering(START, {"type": last, "path": "/x", "file": 3}), bench.instrument()))
        assert (bench.requests(), bench.errors()) == ({"2xx": 1}, 0)

    def test_trailers_and_hints_pass(self, bench: Bench) -> None:
        hint: Message = {"type": "http.response.early_hint", "links": []}
        trailers: Message = {"type": "http.response.trailers", "headers": []}
        server = Server().run(Middleware(answering(hint, START, chunk(), trailers), bench.instrument()))
        assert [each["type"].rpartition(".")[2] for each in server.sent] == ["early_hint", "start", "body", "trailers"]
        assert bench.requests() == {"2xx": 1}


class TestTrouble:
    """R-C9: an error is counted once, however it shows."""

    def test_an_exception_before_the_answer(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise RuntimeError("boom")

        with pytest.raises(RuntimeError, match="boom"):
            Server().run(Middleware(app, bench.instrument()))
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"5xx": 1}, 1, 0)

    def test_an_exception_in_the_middle_of_the_answer(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            await send(chunk(b"half", more=True))
            raise RuntimeError("boom")

        with pytest.raises(RuntimeError):
            Server().run(Middleware(app, bench.instrument()))
        assert (bench.requests(), bench.errors()) == ({"2xx": 1}, 1)

    def test_an_error_that_is_answered_and_then_raised(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({**START, "status": 500})
            await send(chunk(b"sorry"))
            raise RuntimeError("boom")

        with pytest.raises(RuntimeError):
            Server().run(Middleware(app, bench.instrument()))
        assert (bench.requests(), bench.errors()) == ({"5xx": 1}, 1)

    def test_two_middlewares_of_the_framework_do_not_make_two_errors(self, bench: Bench) -> None:
        """Starlette answers 500 and raises the exception again, for the server to log."""

        async def broken(request: Request) -> Response:
            raise RuntimeError("boom")

        app = Starlette(routes=[Route("/", broken)])
        with pytest.raises(RuntimeError):
            Server().run(Middleware(app, bench.instrument()))
        assert (bench.requests(), bench.errors()) == ({"5xx": 1}, 1)

    def test_an_answer_that_is_not_finished(self, bench: Bench) -> None:
        Server().run(Middleware(answering(START), bench.instrument()))
        Server().run(Middleware(answering(), bench.instrument()))
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"2xx": 1, "5xx": 1}, 2, 0)

    def test_a_client_that_went_away_is_not_an_error_of_the_version(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert (await receive())["type"] == "http.disconnect"

        Server(gone=True).run(Middleware(app, bench.instrument()))
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"aborted": 1}, 0, 0)

    def test_a_client_that_goes_away_in_the_middle(self, bench: Bench) -> None:
        with pytest.raises(OSError, match="the client is gone"):
            Server(refuses=True).run(Middleware(answering(START, chunk(b"x", more=True)), bench.instrument()))
        assert (bench.requests(), bench.errors()) == ({"aborted": 1}, 0)

    def test_an_oserror_of_the_application_itself_is_an_error(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise ConnectionError("the database")

        with pytest.raises(ConnectionError):
            Server().run(Middleware(app, bench.instrument()))
        assert (bench.requests(), bench.errors()) == ({"5xx": 1}, 1)

    def test_a_request_that_the_server_cancels(self, bench: Bench) -> None:
        async def scenario() -> None:
            started = asyncio.Event()

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                started.set()
                await asyncio.Event().wait()

            server = Server()
            task = asyncio.ensure_future(
                Middleware(app, bench.instrument())(server.scope, server.receive, server.send)  # type: ignore[arg-type]
            )
            await started.wait()
            assert bench.in_flight() == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(scenario())
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"aborted": 1}, 0, 0)

    def test_a_disconnect_after_the_answer_changes_nothing(self, bench: Bench) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            await send(chunk())
            await receive()

        Server(gone=True).run(Middleware(app, bench.instrument()))
        assert bench.requests() == {"2xx": 1}


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_scopes_pass_untouched(bench: Bench, kind: str) -> None:
    seen: list[tuple[Any, ...]] = []

    async def app(*given: Any) -> None:
        seen.append(given)

    server = Server(type=kind)
    server.run(Middleware(app, bench.instrument(metrics_path="/")))
    ((scope, receive, send),) = seen
    assert scope is server.scope
    assert (receive, send) == (server.receive, server.send)
    assert bench.requests() == {}


class TestExposition:
    def test_is_off_unless_asked_for(self, bench: Bench) -> None:
        server = Server(path="/metrics").run(Middleware(answering(START, chunk(b"mine")), bench.instrument()))
        assert server.sent[1]["body"] == b"mine"

    def test_answers_on_its_path_and_is_not_counted(self, bench: Bench) -> None:
        app = Middleware(answering(START, chunk(b"mine")), bench.instrument(metrics_path="/metrics"))
        Server().run(app)
        server = Server(path="/metrics").run(app)
        headers = dict(server.headers)
        assert server.sent[0]["status"] == 200
        assert headers[b"content-type"].startswith(b"text/plain; version=")
        assert headers[b"x-deployment-version"] == b"1"
        assert b'headgate_requests_total{status="2xx",version="1"} 1.0' in server.sent[1]["body"]
        assert int(headers[b"content-length"]) == len(server.sent[1]["body"])
        assert bench.requests() == {"2xx": 1}

    def test_in_the_form_asked_for(self, bench: Bench) -> None:
        app = Middleware(answering(), bench.instrument(metrics_path="/metrics"))
        asked = [(b"accept", b"application/openmetrics-text; version=1.0.0; charset=utf-8")]
        server = Server(path="/metrics", headers=asked).run(app)
        assert dict(server.headers)[b"content-type"].startswith(b"application/openmetrics-text; version=1.0.0")
        assert server.sent[1]["body"].endswith(b"# EOF\n")

    def test_reads_only(self, bench: Bench) -> None:
        app = Middleware(answering(), bench.instrument(metrics_path="/metrics"))
        head = Server(path="/metrics", method="HEAD").run(app)
        assert (head.sent[0]["status"], head.sent[1]["body"]) == (200, b"")
        assert int(dict(head.headers)[b"content-length"]) > 1000
        post = Server(path="/metrics", method="POST").run(app)
        assert (post.sent[0]["status"], dict(post.headers)[b"allow"]) == (405, b"GET, HEAD")


def test_around_a_framework(bench: Bench) -> None:
    """Starlette, with an ordinary, a streamed and an unknown page, asked with GET and with HEAD."""

    async def page(request: Request) -> Response:
        return JSONResponse({"version": request.scope["headgate.assignment"].version})

    async def stream(request: Request) -> Response:
        async def pieces() -> Any:
            for piece in ("a", "b", "c"):
                yield piece

        return StreamingResponse(pieces())

    inner = Starlette(routes=[Route("/", page), Route("/stream", stream)])
    transport = httpx.ASGITransport(Middleware(inner, bench.instrument()))  # type: ignore[arg-type]

    async def scenario() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            assert (await client.get("/")).json() == {"version": "1"}
            assert (await client.get("/stream")).text == "abc"
            head = await client.head("/")
            assert (head.status_code, head.headers["X-Deployment-Version"]) == (200, "1")
            missing = await client.get("/nowhere")
            assert (missing.status_code, missing.headers["X-Deployment-Version"]) == (404, "1")

    asyncio.run(scenario())
    assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"2xx": 3, "4xx": 1}, 0, 0)


def test_concurrent_requests_do_not_mix(bench: Bench) -> None:
    async def scenario() -> None:
        go = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await go.wait()
            await PlainTextResponse("x", status_code=200 + int(scope["path"][1:]))(scope, receive, send)

        middleware = Middleware(app, bench.instrument())
        servers = [Server(path=f"/{number}") for number in range(20)]
        tasks = [asyncio.ensure_future(_run(middleware, server)) for server in servers]
        await asyncio.sleep(0)
        assert bench.in_flight() == 20
        go.set()
        await asyncio.gather(*tasks)
        assert [server.sent[0]["status"] for server in servers] == [200 + number for number in range(20)]

    asyncio.run(scenario())
    assert (bench.requests(), bench.in_flight()) == ({"2xx": 20}, 0)


async def _run(app: App, server: Server) -> None:
    await app(server.scope, server.receive, server.send)
