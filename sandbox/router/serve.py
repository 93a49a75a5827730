"""Puts the router together and runs it.

One loopback port for each listener that Headgate makes: 443 (traffic), 8443 (test) and 80 (redirect).

TLS is not terminated: the ports speak plain HTTP whatever the protocol of the listener, which shows only in
X-Forwarded-Proto and -Port. Certificates and TLS policies are therefore not proved by a rehearsal. The
redirect of port 80 points to the real port 443, as a balancer's does, not to a port of the sandbox.
"""

import asyncio
import contextlib
import functools
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.router.backends import Backends
from sandbox.router.control import PORTS, PREFIX, Control
from sandbox.router.forwarding import Forwarder
from sandbox.router.live import Elbv2Reader, Watch, elbv2_client
from sandbox.router.plane import Identity, Plane
from sandbox.router.records import Records
from sandbox.router.stickiness import ZeroWeight
from sandbox.serving import listen, loopback_url, url_of

# How long requests under way may take to end when the router is told to stop.
_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run a router. Ports are per name in control.PORTS, 0 for any free one; times in seconds."""

    aws_endpoint: str
    load_balancer: str
    database: Path
    backends: Path
    region: str = "us-east-1"
    ports: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(PORTS, 0))
    poll_s: float = 0.2
    connect_timeout_s: float = 10.0
    idle_timeout_s: float = 60.0
    seed: int | None = None
    zero_weight: ZeroWeight = ZeroWeight.HOLD
    identity: Identity = field(default_factory=Identity)


@dataclass(frozen=True, slots=True)
class Router:
    """A running router: its address per listener name, and a task that ends only if it breaks."""

    urls: Mapping[str, str]
    broken: asyncio.Future[Any]


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Router]:
    """Run a router while the block runs; it has read the balancer once when the block begins.

    Raises Unusable when a port, an address or the database cannot be used.
    """
    endpoint = loopback_url(settings.aws_endpoint)
    async with contextlib.AsyncExitStack() as stack:
        sockets = {}
        for listener in PORTS:
            sockets[listener] = listen(settings.ports.get(listener, 0))
            stack.callback(sockets[listener].close)
        urls = {name: url_of(bound) for name, bound in sockets.items()}

        records = Records(settings.database)
        stack.push_async_callback(records.close)
        forwarder = Forwarder(connect_timeout_s=settings.connect_timeout_s, idle_timeout_s=settings.idle_timeout_s)
        stack.push_async_callback(forwarder.close)
        reader = Elbv2Reader(elbv2_client(endpoint, settings.region), settings.load_balancer)
        stack.callback(reader.close)
        watch = Watch(reader, interval_s=settings.poll_s)
        backends = Backends(settings.backends)
        backends.refresh()
        await watch.refresh()

        name = settings.load_balancer
        plane = Plane(
            balancer_name=name,
            watch=watch,
            backends=backends,
            records=records,
            forwarder=forwarder,
            identity=settings.identity,
            zero_weight=settings.zero_weight,
            uniform=random.Random(settings.seed).random,  # noqa: S311 - splits traffic, guards nothing
        )
        control = Control(balancer_name=name, watch=watch, backends=backends, records=records, urls=urls)
        for listener, bound in sockets.items():
            await stack.enter_async_context(_site(bound, plane, control, PORTS[listener]))
        broken = await stack.enter_async_context(
            _background(watch.run, records.run, functools.partial(_follow, backends, settings.poll_s))
        )
        yield Router(urls, broken)


@contextlib.asynccontextmanager
async def _site(bound: socket.socket, plane: Plane, control: Control, port: int) -> AsyncIterator[None]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.rel_url.raw_path.startswith(PREFIX):
            return await control.answer(request)
        return await plane.answer(request, port)

    # A longer pause between two requests of a client closes its connection, which costs it nothing.
    runner = web.ServerRunner(web.Server(handle, keepalive_timeout=75.0, access_log=None), shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _background(*tasks: Callable[[], Any]) -> AsyncIterator[asyncio.Future[Any]]:
    """Run endless tasks; the future ends when one of them breaks."""
    together = asyncio.gather(*(task() for task in tasks))
    try:
        yield together
    finally:
        together.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await together


async def _follow(backends: Backends, interval_s: float) -> None:
    while True:
        await asyncio.sleep(interval_s)
        backends.refresh()
