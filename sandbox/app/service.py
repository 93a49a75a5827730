"""The HTTP interface of the service, as an ASGI application.

    GET  /api/v2/health        status, version, slot, uptime
    GET  /api/v2/items/{id}    an item
    POST /api/v2/items         store an item: {"name": text, "quantity": whole number, optional}
    GET  /metrics              the figures of this version, for Prometheus
    GET, POST /__sandbox/fault see or plant a fault; from this machine only, not through the router

Every answer, errors included, says which version gave it (X-Deployment-Version, X-Deployment-Slot) and how
long it took (X-Response-Time-Ms): `headgate.middleware` in its mode for one version. A fault meets the items only: a
version that fails its users and is healthy all the same is what a rollout has to notice.
"""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headgate.middleware.asgi import App, Message, Middleware, Receive, Scope, Send
from headgate.middleware.core import RECORDER_KEY, Fixed, Instrument, Recorder
from headgate.middleware.metrics import Metrics
from sandbox.app import faults
from sandbox.app.faults import Faults
from sandbox.app.store import Store
from sandbox.serving import Unusable, is_loopback

log = logging.getLogger(__name__)

SLOT_HEADER = "X-Deployment-Slot"

METRICS_PATH = "/metrics"
_FAULT_PATH = "/__sandbox/fault"
# What the service reports of its own: a call to another service, and what the business counts, worth its quantity.
_DATABASE = "database"
_ITEM_STORED = "item_stored"

_MOST_BODY_BYTES = 64 * 1024
_MOST_NAME = 200
_MOST_QUANTITY = 1_000_000
_MOST_DIGITS = 19  # of an id: SQLite's are below 2**63


class Service:
    """One version in one slot. Raises Unusable for a version or slot that no header can carry."""

    def __init__(
        self,
        version: str,
        slot: str,
        store: Store,
        dice: Faults,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (slot.isascii() and slot.isprintable()):
            raise Unusable(f"--slot: found {slot!r}, expected printable ASCII, for a header")
        try:
            fixed = Fixed(version)
        except ValueError as error:
            raise Unusable(f"--{error}") from error
        metrics = Metrics(fixed.versions, dependencies=[_DATABASE], events=[_ITEM_STORED])
        self._instrument = Instrument(fixed, metrics, metrics_path=METRICS_PATH, uncounted=[_FAULT_PATH])
        self._version = version
        self._slot = slot
        self._store = store
        self._faults = dice
        self._monotonic = monotonic
        self._began = monotonic()

    def application(self) -> App:
        inner = Starlette(
            routes=[
                Route("/api/v2/health", self._health, methods=["GET"]),
                Route("/api/v2/items/{id}", self._read, methods=["GET"]),
                Route("/api/v2/items", self._write, methods=["POST"]),
                Route(_FAULT_PATH, self._fault, methods=["GET", "POST"]),
            ],
            exception_handlers={HTTPException: _refused, Exception: _broken},
        )
        inner.router.redirect_slashes = False
        return _Slotted(Middleware(_Faulty(inner, self._faults), self._instrument), self._slot)

    async def _health(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "status": "ok",
                "version": self._version,
                "slot": self._slot,
                "uptime_s": round(self._monotonic() - self._began, 3),
            }
        )

    async def _read(self, request: Request) -> Response:
        text = request.path_params["id"]
        if not (text.isascii() and text.isdecimal()):
            raise HTTPException(404)
        item = self._store.get(int(text)) if len(text) <= _MOST_DIGITS else None
        if item is None:
            return _problem(404, f"there is no item {text}")
        return JSONResponse(item.as_json())

    async def _write(self, request: Request) -> Response:
        try:
            name, quantity = parse_item(await _body_of(request))
        except Unusable as problem:
            return _problem(400, str(problem))
        recorder: Recorder = request.scope[RECORDER_KEY]
        try:
            item = await self._store.add(name, quantity, self._slot, self._version)
        except sqlite3.Error as error:
            recorder.dependency(_DATABASE, ok=False)
            log.exception("an item could not be stored")
            return _problem(503, f"the item could not be stored: {error}")
        recorder.dependency(_DATABASE, ok=True)
        recorder.event(_ITEM_STORED, quantity)
        return JSONResponse(item.as_json(), status_code=201, headers={"Location": f"/api/v2/items/{item.id}"})

    async def _fault(self, request: Request) -> Response:
        _only_from_here(request)
        if request.method != "POST":
            return JSONResponse(self._faults.current.as_json())
        try:
            fault, seed = faults.parse(_json_of(await _body_of(request)))
        except Unusable as problem:
            return _problem(400, str(problem))
        self._faults.plant(fault, seed)
        return JSONResponse(fault.as_json())


class _Faulty:
    """The planted fault meets a request for items before the service sees it."""

    def __init__(self, app: App, planted: Faults) -> None:
        self._app = app
        self._faults = planted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and scope["path"].startswith("/api/v2/items"):
            if self._faults.current.latency_ms:
                await asyncio.sleep(self._faults.current.latency_ms / 1000)
            if self._faults.strikes():
                app = _problem(500, "planted fault")
        await app(scope, receive, send)


class _Slotted:
    """Puts the slot on every answer."""

    def __init__(self, app: App, slot: str) -> None:
        self._app = app
        self._header = (SLOT_HEADER.lower().encode(), slot.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_slotted(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), self._header]}
            await send(message)

        await self._app(scope, receive, send_slotted)


def parse_item(body: bytes) -> tuple[str, int]:
    """Name and quantity of an item to store; raises Unusable with all problems at once."""
    content = _json_of(body)
    if not isinstance(content, dict):
        raise Unusable(f"found {type(content).__name__}, expected an object with a name")
    problems = [f"{key}: unknown; known are name and quantity" for key in content if key not in {"name", "quantity"}]
    name, quantity = content.get("name"), content.get("quantity", 1)
    if not isinstance(name, str) or not 1 <= len(name) <= _MOST_NAME:
        problems.append(f"name: expected a text of 1 to {_MOST_NAME} characters")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= _MOST_QUANTITY:
        problems.append(f"quantity: expected a whole number from 0 to {_MOST_QUANTITY}")
    if problems:
        raise Unusable("; ".join(problems))
    assert isinstance(name, str)  # noqa: S101 - for the type checker: checked above
    return name, quantity


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise Unusable(f"the body is not JSON: {error}") from error


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BODY_BYTES:
            raise HTTPException(413)
    return bytes(body)


def _only_from_here(request: Request) -> None:
    """Refuse what came from elsewhere or through a router."""
    client = "" if request.client is None else request.client.host
    if not is_loopback(client) or "X-Forwarded-For" in request.headers:
        raise HTTPException(403)


async def _refused(_request: Request, stop: Exception) -> Response:
    assert isinstance(stop, HTTPException)  # noqa: S101 - for the type checker: registered for it
    response = _problem(stop.status_code, stop.detail)
    allowed = (stop.headers or {}).get("Allow")
    if allowed is not None:
        response.headers["Allow"] = ",".join(sorted(method.strip() for method in allowed.split(",")))
    return response


async def _broken(_request: Request, _error: Exception) -> Response:
    # The framework raises the exception again once this is sent, and the server logs it.
    return _problem(500, "internal error")


def _problem(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status_code=status)
