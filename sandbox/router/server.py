"""What the routers have in common when they run: a site per port, background tasks, backends that are followed."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.router.backends import Backends
from sandbox.router.control import PREFIX, Control
from sandbox.serving import announced, until_stopped

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# How long requests under way may take to end when the router is told to stop.
_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Router:
    """A running router: its address per listener name, and a task that ends only if it breaks."""

    urls: Mapping[str, str]
    broken: asyncio.Future[Any]


@contextlib.asynccontextmanager
async def site(bound: socket.socket, answer: Answer, control: Control) -> AsyncIterator[None]:
    """Serve on `bound`: the router's own paths by `control`, everything else by `answer`."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.rel_url.raw_path.startswith(PREFIX):
            return await control.answer(request)
        return await answer(request)

    # A longer pause between two requests of a client closes its connection, which costs it nothing.
    runner = web.ServerRunner(web.Server(handle, keepalive_timeout=75.0, access_log=None), shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def background(*tasks: Callable[[], Any]) -> AsyncIterator[asyncio.Future[Any]]:
    """Run endless tasks; the future ends when one of them breaks."""
    together = asyncio.gather(*(task() for task in tasks))
    try:
        yield together
    finally:
        together.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await together


async def follow(backends: Backends, interval_s: float) -> None:
    """Look at the backends for ever, until cancelled."""
    while True:
        await asyncio.sleep(interval_s)
        backends.refresh()


async def serve_until_stopped(
    router: Router, urls: Mapping[str, str], ready_file: Path | None, stop: asyncio.Event, lifetime_s: float
) -> None:
    """Announce `urls` in `ready_file` until told to stop or the lifetime is over. Raises what broke the router."""
    with announced(ready_file, urls):
        stopped = asyncio.ensure_future(until_stopped(stop, lifetime_s))
        await asyncio.wait({stopped, router.broken}, return_when=asyncio.FIRST_COMPLETED)
    if router.broken.done() and not router.broken.cancelled():
        with contextlib.suppress(asyncio.CancelledError):
            stopped.cancel()
        router.broken.result()
