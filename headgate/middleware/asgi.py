"""The middleware for ASGI applications (https://asgi.readthedocs.io/en/latest/specs/www.html).

Requests over HTTP are labelled and measured. WebSocket connections and the lifespan pass through untouched.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from headgate.middleware.core import ASSIGNMENT_KEY, OUR_HEADERS, RECORDER_KEY, Exchange, Instrument, Reader, text_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_OUR_NAMES = frozenset(name.encode() for name in OUR_HEADERS)


class Middleware:
    """An ASGI application around another one."""

    def __init__(self, app: App, instrument: Instrument) -> None:
        self._app = app
        self._instrument = instrument

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. Raises what the application raises."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = self._instrument.begin(scope["path"], _reader(scope))
        watched = _Watched(exchange, receive, send)
        app = self._exposition if scope["path"] == self._instrument.metrics_path else self._app
        told = {**scope, ASSIGNMENT_KEY: exchange.assignment, RECORDER_KEY: exchange.recorder}
        try:
            await app(told, watched.receive, watched.send)
        except Exception:
            watched.unfinished()
            raise
        except BaseException:  # cancelled by the server
            exchange.aborted()
            raise
        watched.unfinished()

    async def _exposition(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an application
        accept = _reader(scope)("accept") or ""
        status, headers, body = self._instrument.exposition(scope["method"], accept)
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": body})


class _Watched:
    """The server as one request sees it."""

    __slots__ = ("_exchange", "_gone", "_receive", "_send")

    def __init__(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        self._exchange = exchange
        self._receive = receive
        self._send = send
        self._gone = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            message = {**message, "headers": self._signed(message)}
        try:
            await self._send(message)
        except OSError:  # what a server raises when the client is gone, since version 2.4 of the specification
            self._gone = True
            raise
        last = kind in {"http.response.body", "http.response.zerocopysend"} and not message.get("more_body", False)
        if last or kind == "http.response.pathsend":
            self._exchange.completed()

    def unfinished(self) -> None:
        """The application has returned or raised. Without effect when the answer was whole by then."""
        if self._gone:
            self._exchange.aborted()
        else:
            self._exchange.failed()

    def _signed(self, message: Message) -> list[tuple[bytes, bytes]]:
        ours = self._exchange.answered(message["status"])
        theirs = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in _OUR_NAMES]
        return [*theirs, *((name.lower().encode(), value.encode()) for name, value in ours)]


def _reader(scope: Scope) -> Reader:
    def read(name: str) -> str | None:
        wanted = name.encode()
        found = [value for each, value in scope["headers"] if each.lower() == wanted]
        if not found:
            return None
        # HTTP/2 may split the cookies; of any other header the first one counts.
        return text_of(b"; ".join(found) if name == "cookie" else found[0])

    return read
