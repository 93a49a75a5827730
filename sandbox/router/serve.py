"""Puts the router together and runs it.

One loopback port for each listener that Headgate makes: 443 (traffic), 8443 (test) and 80 (redirect).

TLS is not terminated: the ports speak plain HTTP whatever the protocol of the listener, which shows only in
X-Forwarded-Proto and -Port. Certificates and TLS policies are therefore not proved by a rehearsal. The
redirect of port 80 points to the real port 443, as a balancer's does, not to a port of the sandbox.

The function at the edge that gives users their cohort is played in front of the traffic listener, where there is one.
"""

import contextlib
import functools
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.router.backends import Backends
from sandbox.router.control import Control
from sandbox.router.edge_headers import EdgeHeaders, past_the_edge
from sandbox.router.edge_live import EdgeReader
from sandbox.router.forwarding import Forwarder
from sandbox.router.live import Elbv2Reader, elbv2_client
from sandbox.router.plane import Identity, Plane
from sandbox.router.records import Records
from sandbox.router.server import Answer, Router, background, follow, site
from sandbox.router.status import PORTS, balancer_json
from sandbox.router.stickiness import ZeroWeight
from sandbox.router.watching import Watch
from sandbox.serving import listen, loopback_url, url_of


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
    edge_poll_s: float = 2.0
    connect_timeout_s: float = 10.0
    idle_timeout_s: float = 60.0
    seed: int | None = None
    zero_weight: ZeroWeight = ZeroWeight.HOLD
    identity: Identity = field(default_factory=Identity)


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
        clients = [elbv2_client(endpoint, settings.region, service) for service in ("elbv2", "cloudfront")]
        reader = Elbv2Reader(clients[0], settings.load_balancer, functions=clients[1])
        stack.callback(reader.close)
        watch = Watch(reader, interval_s=settings.poll_s)
        backends = Backends(settings.backends)
        backends.refresh()
        await watch.refresh()
        connect = functools.partial(elbv2_client, endpoint, settings.region)
        edge_reader = EdgeReader(connect, settings.load_balancer)
        stack.callback(edge_reader.close)
        edge: Watch[EdgeHeaders] = Watch(edge_reader, interval_s=settings.edge_poll_s)
        await edge.refresh()

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
        control = Control(
            describe=lambda: balancer_json(name, watch.state),
            watch=watch,
            backends=backends,
            records=records,
            urls=urls,
            ports=PORTS,
        )
        for listener, bound in sockets.items():
            answer: Answer = functools.partial(plane.answer, port=PORTS[listener])
            if listener == "traffic":
                # Users come by the edge; testers go to the balancer.
                answer = past_the_edge(answer, lambda: edge.state.seen)
            await stack.enter_async_context(site(bound, answer, control))
        broken = await stack.enter_async_context(
            background(watch.run, edge.run, records.run, functools.partial(follow, backends, settings.poll_s))
        )
        yield Router(urls, broken)
