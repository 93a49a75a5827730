"""Sends a request to a process and its answer back, as a balancer does.

Hop-by-hop headers end here (RFC 9110, section 7.6.1), X-Forwarded-For, -Proto and -Port are added, the
Host header and everything else passes unchanged. Bodies up to 64 KiB are passed whole, longer ones as a
stream. Errors, as the guide "Troubleshoot your Application Load Balancers" lists them: 502 when the
connection is refused, reset or closed early or the answer is malformed; 504 when connecting takes more than
10 s or the process stays silent for the idle timeout (60 s unless told). WebSockets are not played: an
Upgrade header ends here like the other hop-by-hop headers.
"""

import json
from dataclasses import dataclass

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from sandbox.router import edge_headers
from sandbox.router.records import Outcome

SMALL_BYTES = 64 * 1024

# The process keeps idle connections longer than this (sandbox.app): were it the other way round, a
# request could be sent on a connection that is being closed, and be lost.
KEEP_ALIVE_S = 15.0

_HOP_BY_HOP = frozenset(
    name.lower()
    for name in (
        hdrs.CONNECTION,
        hdrs.KEEP_ALIVE,
        hdrs.PROXY_AUTHENTICATE,
        hdrs.PROXY_AUTHORIZATION,
        "Proxy-Connection",
        hdrs.TE,
        hdrs.TRAILER,
        hdrs.TRANSFER_ENCODING,
        hdrs.UPGRADE,
    )
)

# What aiohttp would add of its own to a request.
_NOT_OURS = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)

CLIENT_CLOSED = 460


@dataclass(frozen=True, slots=True)
class Via:
    """The listener that a request came by."""

    protocol: str
    port: int


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What became of a request; `status` is what the client was told, or 460 if it did not wait."""

    response: web.StreamResponse
    status: int
    outcome: Outcome


def made_here(status: int, body: str, content_type: str = "application/json") -> web.Response:
    """An answer of the router itself; told apart from those of a process by its Server header."""
    return web.Response(
        status=status,
        body=body.encode(),
        headers={hdrs.SERVER: "headgate-sandbox-router", hdrs.CONTENT_TYPE: content_type},
    )


class Forwarder:
    """A pool of kept-alive connections to the processes. To be closed."""

    def __init__(self, *, connect_timeout_s: float = 10.0, idle_timeout_s: float = 60.0) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s, sock_read=idle_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOT_OURS,
            auto_decompress=False,
        )

    async def close(self) -> None:
        await self._session.close()

    async def forward(
        self,
        request: web.BaseRequest,
        base: str,
        via: Via,
        cookies: tuple[str, ...],
        headers: MultiMapping[str] | None = None,
    ) -> Forwarded:
        """Send `request` to the process at `base`; `cookies` are Set-Cookie values for the answer.

        `headers`: those of the request as they came past the edge; else its own.
        """
        try:
            body = await _body_of(request)
        except (
            ConnectionError,
            web.HTTPException,
            aiohttp.ClientPayloadError,
            aiohttp.http.HttpProcessingError,
        ):
            return _aborted()
        try:
            async with self._session.request(
                request.method,
                URL(base + request.rel_url.raw_path_qs, encoded=True),
                headers=request_headers(request, via, headers),
                data=body,
                allow_redirects=False,
            ) as answer:
                return await _answer(request, answer, cookies)
        except TimeoutError:
            return _lost(504, f"the process at {base} did not answer in time")
        except (aiohttp.ClientError, OSError) as error:
            if request.transport is None or request.transport.is_closing():
                return _aborted()
            return _lost(502, f"the process at {base} gave no answer: {str(error) or type(error).__name__}")


def request_headers(request: web.BaseRequest, via: Via, sent: MultiMapping[str] | None = None) -> CIMultiDict[str]:
    """The headers that the process gets, of those that were `sent`."""
    headers = _end_to_end(CIMultiDict(request.headers if sent is None else sent))
    headers.pop(hdrs.EXPECT, None)
    client = request.remote or ""
    chain = [*request.headers.getall(hdrs.X_FORWARDED_FOR, ()), client]
    headers[hdrs.X_FORWARDED_FOR] = ", ".join(filter(None, chain))
    headers[hdrs.X_FORWARDED_PROTO] = via.protocol.lower()
    headers["X-Forwarded-Port"] = str(via.port)
    return headers


def _end_to_end(headers: "CIMultiDict[str] | aiohttp.typedefs.LooseHeaders") -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    named = [name.strip().lower() for value in kept.getall(hdrs.CONNECTION, ()) for name in value.split(",")]
    for name in {*_HOP_BY_HOP, *named}:
        kept.popall(name, None)
    return kept


async def _body_of(request: web.BaseRequest) -> bytes | aiohttp.StreamReader | None:
    if not request.body_exists:
        return None
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    if request.content_length is not None and request.content_length <= SMALL_BYTES:
        return await request.read()
    return request.content


async def _answer(request: web.BaseRequest, answer: aiohttp.ClientResponse, cookies: tuple[str, ...]) -> Forwarded:
    headers = _end_to_end(answer.headers)
    for cookie in cookies:
        headers.add(hdrs.SET_COOKIE, cookie)
    length = answer.content_length
    if request.method == hdrs.METH_HEAD or (length is not None and length <= SMALL_BYTES):
        body = await answer.read()
        whole = web.Response(status=answer.status, reason=answer.reason, headers=headers, body=body)
        return Forwarded(whole, answer.status, Outcome.SERVED)
    return await _stream(request, answer, headers)


async def _stream(request: web.BaseRequest, answer: aiohttp.ClientResponse, headers: CIMultiDict[str]) -> Forwarded:
    edge_headers.leave(request, headers)
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    try:
        await response.prepare(request)
    except ConnectionError:
        return Forwarded(response, CLIENT_CLOSED, Outcome.ABORTED)
    chunks = answer.content.iter_any()
    while True:
        try:
            chunk = await anext(chunks, b"")
        except (aiohttp.ClientError, OSError, TimeoutError):
            # The status is out already. To cut the connection is the only way left to say that the
            # body is not whole.
            if request.transport is not None:
                request.transport.abort()
            return Forwarded(response, answer.status, Outcome.LOST)
        try:
            if not chunk:
                await response.write_eof()
                return Forwarded(response, answer.status, Outcome.SERVED)
            await response.write(chunk)
        except ConnectionError:
            return Forwarded(response, CLIENT_CLOSED, Outcome.ABORTED)


def _lost(status: int, error: str) -> Forwarded:
    body = json.dumps({"error": error, "remedy": "look at the log of that process; is it still running?"})
    return Forwarded(made_here(status, body), status, Outcome.LOST)


def _aborted() -> Forwarded:
    return Forwarded(made_here(CLIENT_CLOSED, "{}"), CLIENT_CLOSED, Outcome.ABORTED)
