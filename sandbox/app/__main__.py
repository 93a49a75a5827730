"""python -m sandbox.app: one version of the sample service in one slot; see sandbox.app.service."""

import argparse
import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import uvicorn

from headgate.middleware.asgi import App
from sandbox.app.faults import Faults
from sandbox.app.service import Service
from sandbox.app.store import Store
from sandbox.serving import BACKLOG, LIFETIME_S, announced, listen, run, stop_signals, until_stopped, url_of

# Longer than the router keeps an idle connection, so that it is never the service that closes first
# (User Guide for Application Load Balancers, troubleshooting HTTP 502).
KEEP_ALIVE_S = 75

# How long requests under way may take to end when the process is told to stop.
_GRACE_S = 5


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.app", description=__doc__)
    parser.add_argument("--version", required=True, metavar="V", help="what X-Deployment-Version says")
    parser.add_argument("--slot", required=True, help="blue or green, or the name of a revision")
    parser.add_argument("--database", required=True, type=Path, metavar="PATH", help="items, SQLite, shared by all")
    parser.add_argument("--port", type=int, default=0, help="on loopback (default: any free port)")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="written when serving: pid and url")
    parser.add_argument("--seed", type=int, help="makes planted faults repeatable")
    parser.add_argument("--lifetime", type=float, default=LIFETIME_S, metavar="S", help="ends by itself after")
    return parser


class Server(uvicorn.Server):
    """A server inside a program that handles signals itself and has to know when it is served."""

    def __init__(self, app: App) -> None:
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http="h11",
            ws="none",
            lifespan="off",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
            log_config=None,
            log_level="warning",
            access_log=False,
            # Who asks is who connects, never whom a header names: planting faults depends on it.
            proxy_headers=False,
            server_header=False,
        )
        super().__init__(config)
        self._serving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to whoever runs this."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As in uvicorn, and says so."""
        await super().startup(sockets=sockets)
        self._serving.set()

    @contextlib.asynccontextmanager
    async def running(self, bound: socket.socket) -> AsyncIterator[None]:
        """Serve on `bound` while the block runs; at its end, requests under way are waited for."""
        serving = asyncio.create_task(self.serve(sockets=[bound]))
        try:
            started = asyncio.create_task(self._serving.wait())
            await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
            started.cancel()
            yield
        finally:
            self.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def running(version: str, slot: str, database: Path, port: int, seed: int | None) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address. Raises Unusable when port, database or names cannot be used."""
    with listen(port) as bound, contextlib.closing(Store(database)) as store:
        url = url_of(bound)
        async with Server(Service(version, slot, store, Faults(seed)).application()).running(bound):
            yield url


async def serve(options: argparse.Namespace) -> int:
    stop = stop_signals()
    async with running(options.version, options.slot, options.database, options.port, options.seed) as url:
        about = {"url": url, "version": options.version, "slot": options.slot}
        with announced(options.ready_file, about):
            await until_stopped(stop, options.lifetime)
    return 0


def main() -> int:
    options = arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return run("sandbox.app", lambda: serve(options))


if __name__ == "__main__":
    sys.exit(main())
