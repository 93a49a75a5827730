"""Puts the router together and runs it, on one loopback port for all services. TLS is not terminated."""

import contextlib
import functools
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.router.backends import Backends
from sandbox.router.control import Control
from sandbox.router.forwarding import Forwarder
from sandbox.router.plane import Identity
from sandbox.router.records import Records
from sandbox.router.run.live import StoreReader
from sandbox.router.run.model import Cloud
from sandbox.router.run.plane import COLD_START_S, Plane
from sandbox.router.run.status import PORTS, cloud_json
from sandbox.router.server import Router, background, follow, site
from sandbox.router.watching import Watch
from sandbox.serving import listen, loopback_url, url_of


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run a router. `default`: the service behind the load balancer. Times in seconds."""

    google: str
    database: Path
    backends: Path
    default: str | None = None
    port: int = 0
    poll_s: float = 0.2
    cold_start_s: float = COLD_START_S
    connect_timeout_s: float = 10.0
    idle_timeout_s: float = 300.0  # a service's request timeout, unless it says otherwise
    seed: int | None = None
    identity: Identity = field(default_factory=Identity)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Router]:
    """Run a router while the block runs; it has read the emulator once when the block begins.

    Raises Unusable when a port, an address or the database cannot be used.
    """
    reader = StoreReader(loopback_url(settings.google))
    async with contextlib.AsyncExitStack() as stack:
        bound = listen(settings.port)
        stack.callback(bound.close)
        urls = {"traffic": url_of(bound)}

        records = Records(settings.database)
        stack.push_async_callback(records.close)
        forwarder = Forwarder(connect_timeout_s=settings.connect_timeout_s, idle_timeout_s=settings.idle_timeout_s)
        stack.push_async_callback(forwarder.close)
        watch: Watch[Cloud] = Watch(reader, interval_s=settings.poll_s)
        backends = Backends(settings.backends)
        backends.refresh()
        await watch.refresh()

        plane = Plane(
            watch=watch,
            backends=backends,
            records=records,
            forwarder=forwarder,
            default=settings.default,
            identity=settings.identity,
            cold_start_s=settings.cold_start_s,
            uniform=random.Random(settings.seed).random,  # noqa: S311 - splits traffic, guards nothing
        )
        control = Control(
            describe=lambda: cloud_json(watch.state),
            watch=watch,
            backends=backends,
            records=records,
            urls=urls,
            ports=PORTS,
        )
        await stack.enter_async_context(site(bound, plane.answer, control))
        broken = await stack.enter_async_context(
            background(watch.run, records.run, functools.partial(follow, backends, settings.poll_s))
        )
        yield Router(urls, broken)
