"""The middleware around WSGI applications."""

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from headgate.assignment import Assignment, assign
from headgate.middleware.core import Instrument, Split, cookie
from headgate.middleware.wsgi import Middleware
from tests.unit.headgate.middleware.conftest import Bench

PLAIN = [("Content-Type", "text/plain")]


def environment(method: str = "GET", path: str = "/", **changes: Any) -> WSGIEnvironment:
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        **changes,
    }
    setup_testing_defaults(environ)
    return environ


class Served:
    """One request through a real WSGI server's handler; `checked` against the specification on both sides."""

    def __init__(self, app: WSGIApplication, *, checked: bool = True, **environ: Any) -> None:
        out, errors = io.BytesIO(), io.StringIO()
        handler = SimpleHandler(io.BytesIO(), out, errors, environment(**environ), multithread=False)
        handler.http_version = "1.1"
        handler.run(validator(app) if checked else app)
        head, _, self.body = out.getvalue().partition(b"\r\n\r\n")
        self.status, *lines = head.decode("latin-1").split("\r\n")
        self.headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        self.errors = errors.getvalue()


def answering(body: Iterable[bytes], status: str = "200 OK", headers: list[tuple[str, str]] = PLAIN) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        return body

    return app


class Body:
    """A streamed body that says what became of it."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self._chunks = chunks
        self._error = error
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed += 1


class TestHeaders:
    def test_version_and_time_are_added(self, bench: Bench) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            bench.clock.advance(12.5)
            start_response("200 OK", list(PLAIN))
            bench.clock.advance(100)
            return [b"hello"]

        served = Served(Middleware(app, bench.instrument()), checked=False)
        assert served.status.endswith("200 OK")
        assert served.body == b"hello"
        assert ("X-Deployment-Version", "1") in served.headers
        assert ("X-Response-Time-Ms", "12.500") in served.headers
        assert ("Content-Length", "5") in served.headers, "the server sees that the body is whole"
        assert bench.duration() == (1, 0.1125)

    def test_what_the_application_says_itself_is_replaced_not_doubled(self, bench: Bench) -> None:
        theirs = [*PLAIN, ("x-deployment-version", "0"), ("X-RESPONSE-TIME-MS", "9")]
        served = Served(Middleware(answering([b"x"], headers=theirs), bench.instrument()))
        ours = [pair for pair in served.headers if pair[0].lower().startswith(("x-deployment", "x-response"))]
        assert ours == [("X-Deployment-Version", "1"), ("X-Response-Time-Ms", "0.000")]


class TestAssignment:
    def test_the_application_reads_it(self, bench: Bench, split: Callable[..., Split]) -> None:
        seen: list[Assignment] = []

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            seen.append(environ["headgate.assignment"])
            environ["headgate.recorder"].dependency("search", ok=True)
            start_response("200 OK", list(PLAIN))
            return [b"x"]

        instrument = Instrument(split(lambda: 50, user_key=[cookie("uid")]), bench.metrics, clock=bench.clock)
        for number in range(20):
            key = f"é-{number}"
            # PEP 3333: the bytes of a header as characters of the same number.
            sent = f"a=b; uid={key}".encode().decode("latin-1")
            served = Served(Middleware(app, instrument), HTTP_COOKIE=sent)
            assert seen[-1] == assign(key, 50, "ion", "1", "2")
            assert ("X-Deployment-Version", seen[-1].version) in served.headers
        assert {each.version for each in seen} == {"1", "2"}


class TestStreaming:
    def test_chunks_pass_one_by_one_and_the_last_one_ends_it(self, bench: Bench) -> None:
        body = Body(b"a", b"b")
        answer = Middleware(answering(body), bench.instrument())(environment(), lambda *_: lambda _: None)
        chunks = iter(answer)
        assert next(chunks) == b"a"
        bench.clock.advance(50)
        assert (next(chunks), bench.in_flight()) == (b"b", 1)
        with pytest.raises(StopIteration):
            next(chunks)
        assert (bench.in_flight(), bench.duration()) == (0, (1, 0.05))
        answer.close()  # type: ignore[attr-defined]
        assert (body.closed, bench.requests()) == (1, {"2xx": 1})

    def test_through_a_server(self, bench: Bench) -> None:
        body = Body(b"a", b"b")
        served = Served(Middleware(answering(body), bench.instrument()))
        assert (served.body, body.closed, bench.requests(), bench.errors()) == (b"ab", 1, {"2xx": 1}, 0)

    def test_the_application_too_is_called_as_specified(self, bench: Bench) -> None:
        served = Served(Middleware(validator(answering([b"a", b"b"])), bench.instrument()))
        assert (served.body, served.errors, bench.requests()) == (b"ab", "", {"2xx": 1})

    def test_an_application_that_answers_when_it_is_read(self, bench: Bench) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            bench.clock.advance(30)
            start_response("404 Not Found", list(PLAIN))
            yield b"no"

        served = Served(Middleware(app, bench.instrument()))
        assert served.status.endswith("404 Not Found")
        assert ("X-Response-Time-Ms", "30.000") in served.headers
        assert bench.requests() == {"4xx": 1}

    def test_an_application_that_writes(self, bench: Bench) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", list(PLAIN))(b"written")
            return []

        assert Served(Middleware(app, bench.instrument())).body == b"written"
        assert bench.requests() == {"2xx": 1}

    def test_head(self, bench: Bench) -> None:
        """A server need not read a body that it does not send."""
        for body in ([], Body(b"a")):
            app = Middleware(answering(body), bench.instrument())
            answer = app(environment(method="HEAD"), lambda *_: lambda _: None)
            if hasattr(answer, "close"):
                answer.close()
        assert (bench.requests(), bench.in_flight()) == ({"2xx": 2}, 0)

    def test_an_answer_without_a_body(self, bench: Bench) -> None:
        app = Middleware(answering(Body(), status="304 Not Modified", headers=[]), bench.instrument())
        app(environment(), lambda *_: lambda _: None).close()  # type: ignore[attr-defined]
        assert bench.requests() == {"3xx": 1}


class TestTrouble:
    """R-C9: an error is counted once, however it shows."""

    def test_an_exception_before_the_answer(self, bench: Bench) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            raise RuntimeError("boom")

        with pytest.raises(RuntimeError, match="boom"):
            Middleware(app, bench.instrument())(environment(), lambda *_: lambda _: None)
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"5xx": 1}, 1, 0)

    def test_an_exception_in_the_middle_of_the_answer(self, bench: Bench) -> None:
        body = Body(b"half", error=RuntimeError("boom"))
        served = Served(Middleware(answering(body), bench.instrument()))
        assert "boom" in served.errors
        assert (body.closed, bench.requests(), bench.errors(), bench.in_flight()) == (1, {"2xx": 1}, 1, 0)

    def test_an_error_page_after_an_exception(self, bench: Bench) -> None:
        """The application caught it, and starts the answer again with what it caught."""

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", list(PLAIN))
            try:
                raise RuntimeError("boom")
            except RuntimeError:
                start_response("500 Internal Server Error", list(PLAIN), sys.exc_info())
            return [b"sorry"]

        served = Served(Middleware(app, bench.instrument()))
        assert served.status.endswith("500 Internal Server Error")
        assert len([name for name, _ in served.headers if name == "X-Deployment-Version"]) == 1
        assert (bench.requests(), bench.errors()) == ({"5xx": 1}, 1)

    def test_an_application_that_never_answers(self, bench: Bench) -> None:
        for body in ([], Body()):
            app = Middleware(lambda environ, start_response, body=body: body, bench.instrument())  # type: ignore[misc]
            assert list(app(environment(), lambda *_: lambda _: None)) == []
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"5xx": 2}, 2, 0)

    def test_a_client_that_went_away(self, bench: Bench) -> None:
        """The server stops reading, and closes."""
        body = Body(b"a", b"b")
        answer = Middleware(answering(body), bench.instrument())(environment(), lambda *_: lambda _: None)
        next(iter(answer))
        answer.close()  # type: ignore[attr-defined]
        assert body.closed == 1
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"aborted": 1}, 0, 0)

    def test_a_body_that_cannot_be_closed_is_still_counted(self, bench: Bench) -> None:
        class Stuck(Body):
            def close(self) -> None:
                raise RuntimeError("stuck")

        answer = Middleware(answering(Stuck()), bench.instrument())(environment(), lambda *_: lambda _: None)
        with pytest.raises(RuntimeError, match="stuck"):
            answer.close()  # type: ignore[attr-defined]
        assert bench.in_flight() == 0

    def test_a_process_that_is_told_to_stop(self, bench: Bench) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            raise SystemExit

        with pytest.raises(SystemExit):
            Middleware(app, bench.instrument())(environment(), lambda *_: lambda _: None)
        assert (bench.requests(), bench.errors()) == ({"aborted": 1}, 0)


class TestExposition:
    def test_answers_on_its_path_and_is_not_counted(self, bench: Bench) -> None:
        app = Middleware(answering([b"mine"]), bench.instrument(metrics_path="/metrics"))
        assert Served(app).body == b"mine"
        served = Served(app, path="/metrics")
        assert b'headgate_requests_total{status="2xx",version="1"} 1.0' in served.body
        assert ("X-Deployment-Version", "1") in served.headers
        asked = Served(app, path="/metrics", HTTP_ACCEPT="application/openmetrics-text; version=1.0.0")
        assert asked.body.endswith(b"# EOF\n")
        assert bench.requests() == {"2xx": 1}

    def test_reads_only(self, bench: Bench) -> None:
        app = Middleware(answering([b"mine"]), bench.instrument(metrics_path="/metrics"))
        assert Served(app, path="/metrics", method="HEAD").body == b""
        refused = Served(app, path="/metrics", method="POST")
        assert refused.status.endswith("405 Method Not Allowed")
        assert ("allow", "GET, HEAD") in refused.headers
        assert refused.body

    def test_is_off_unless_asked_for(self, bench: Bench) -> None:
        assert Served(Middleware(answering([b"mine"]), bench.instrument()), path="/metrics").body == b"mine"
