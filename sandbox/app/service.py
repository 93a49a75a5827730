"""The HTTP interface of the service.

    GET  /api/v2/health        status, version, slot, uptime
    GET  /api/v2/items/{id}    an item
    POST /api/v2/items         store an item: {"name": text, "quantity": whole number, optional}
    GET, POST /__sandbox/fault see or plant a fault; from this machine only, not through the router

Every answer, errors included, says which version gave it (X-Deployment-Version, X-Deployment-Slot) and how
long it took (X-Response-Time-Ms). A fault meets the items only: a version that fails its users and is healthy
all the same is what a rollout has to notice.
"""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from sandbox.app import faults
from sandbox.app.faults import Faults
from sandbox.app.store import Store
from sandbox.serving import Unusable, is_loopback

log = logging.getLogger(__name__)

VERSION_HEADER = "X-Deployment-Version"
SLOT_HEADER = "X-Deployment-Slot"
TIME_HEADER = "X-Response-Time-Ms"

_MOST_BODY_BYTES = 64 * 1024
_MOST_NAME = 200
_MOST_QUANTITY = 1_000_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service:
    """One version in one slot."""

    def __init__(
        self,
        version: str,
        slot: str,
        store: Store,
        dice: Faults,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._version = version
        self._slot = slot
        self._store = store
        self._faults = dice
        self._monotonic = monotonic
        self._began = monotonic()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._signed, self._faulty], client_max_size=_MOST_BODY_BYTES)
        app.router.add_get("/api/v2/health", self._health)
        app.router.add_get(r"/api/v2/items/{id:\d+}", self._read)
        app.router.add_post("/api/v2/items", self._write)
        app.router.add_get("/__sandbox/fault", self._show_fault)
        app.router.add_post("/__sandbox/fault", self._plant_fault)
        return app

    @web.middleware
    async def _signed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        response: web.StreamResponse
        try:
            response = await handler(request)
        except web.HTTPException as stop:
            response = _problem(stop.status, stop.reason)
            if hdrs.ALLOW in stop.headers:
                response.headers[hdrs.ALLOW] = stop.headers[hdrs.ALLOW]
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = _problem(500, "internal error")
        response.headers[VERSION_HEADER] = self._version
        response.headers[SLOT_HEADER] = self._slot
        response.headers[TIME_HEADER] = f"{(time.perf_counter() - began) * 1000:.3f}"
        return response

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/api/v2/items"):
            if self._faults.current.latency_ms:
                await asyncio.sleep(self._faults.current.latency_ms / 1000)
            if self._faults.strikes():
                return _problem(500, "planted fault")
        return await handler(request)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "status": "ok",
                "version": self._version,
                "slot": self._slot,
                "uptime_s": round(self._monotonic() - self._began, 3),
            }
        )

    async def _read(self, request: web.Request) -> web.Response:
        item = self._store.get(int(request.match_info["id"]))
        if item is None:
            return _problem(404, f"there is no item {request.match_info['id']}")
        return web.json_response(item.as_json())

    async def _write(self, request: web.Request) -> web.Response:
        try:
            name, quantity = parse_item(await request.read())
        except Unusable as problem:
            return _problem(400, str(problem))
        try:
            item = await self._store.add(name, quantity, self._slot, self._version)
        except sqlite3.Error as error:
            log.exception("an item could not be stored")
            return _problem(503, f"the item could not be stored: {error}")
        return web.json_response(item.as_json(), status=201, headers={hdrs.LOCATION: f"/api/v2/items/{item.id}"})

    async def _show_fault(self, request: web.Request) -> web.Response:
        _only_from_here(request)
        return web.json_response(self._faults.current.as_json())

    async def _plant_fault(self, request: web.Request) -> web.Response:
        _only_from_here(request)
        try:
            fault, seed = faults.parse(_json_of(await request.read()))
        except Unusable as problem:
            return _problem(400, str(problem))
        self._faults.plant(fault, seed)
        return web.json_response(fault.as_json())


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


def _only_from_here(request: web.Request) -> None:
    """Refuse what came from elsewhere or through a router."""
    if not is_loopback(request.remote or "") or hdrs.X_FORWARDED_FOR in request.headers:
        raise web.HTTPForbidden


def _problem(status: int, error: str) -> web.Response:
    return web.json_response({"error": error}, status=status)
