"""The middleware for WSGI applications (PEP 3333)."""

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from types import TracebackType
from typing import TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from headgate.middleware.core import ASSIGNMENT_KEY, OUR_HEADERS, RECORDER_KEY, Exchange, Instrument, Reader, text_of

_ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Middleware:
    """A WSGI application around another one."""

    def __init__(self, app: WSGIApplication, instrument: Instrument) -> None:
        self._app = app
        self._instrument = instrument

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request. Raises what the application raises."""
        path = environ.get("PATH_INFO", "")
        exchange = self._instrument.begin(path, _reader(environ))
        environ[ASSIGNMENT_KEY] = exchange.assignment
        environ[RECORDER_KEY] = exchange.recorder
        answer = _Answer(exchange, start_response, bodiless=environ["REQUEST_METHOD"] == "HEAD")
        app = self._exposition if path == self._instrument.metrics_path else self._app
        try:
            body = app(environ, answer.start)
        except Exception:
            exchange.failed()
            raise
        except BaseException:
            exchange.aborted()
            raise
        return answer.of(body)

    def _exposition(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._instrument.exposition(environ["REQUEST_METHOD"], environ.get("HTTP_ACCEPT", ""))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body] if body else []


class _Answer:
    """The answer of the application as it passes, and as the iterable that the server reads."""

    __slots__ = ("_bodiless", "_body", "_chunks", "_exchange", "_start_response")

    def __init__(self, exchange: Exchange, start_response: StartResponse, *, bodiless: bool) -> None:
        self._exchange = exchange
        self._start_response = start_response
        self._bodiless = bodiless

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: _ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """What the application calls instead of the server's `start_response`."""
        code = int(status[:3]) if status[:3].isdecimal() else None
        ours = self._exchange.answered(code)
        theirs = [(name, value) for name, value in headers if name.lower() not in OUR_HEADERS]
        self._bodiless = self._bodiless or code in {204, 304}
        if exc_info is None:
            return self._start_response(status, [*theirs, *ours])
        return self._start_response(status, [*theirs, *ours], exc_info)

    def of(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """What the server gets to read instead of `body`."""
        if isinstance(body, list | tuple):
            # Whole already. As it is, so that a server can see its length and set Content-Length.
            self._exchange.completed()
            return body
        self._body = body
        self._chunks: Iterator[bytes] | None = None
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            if self._chunks is None:
                self._chunks = iter(self._body)
            return next(self._chunks)
        except StopIteration:
            self._exchange.completed()
            raise
        except Exception:
            self._exchange.failed()
            raise

    def close(self) -> None:
        """The server has finished, or given up because the client did."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            if self._bodiless:
                self._exchange.completed()
            else:
                self._exchange.aborted()


def _reader(environ: WSGIEnvironment) -> Reader:
    def read(name: str) -> str | None:
        value = environ.get("HTTP_" + name.upper().replace("-", "_"))
        # PEP 3333: the bytes of a header, each as the character of the same number.
        return None if value is None else text_of(value.encode("latin-1"))

    return read
