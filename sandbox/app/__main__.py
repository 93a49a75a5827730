"""python -m sandbox.app: one version of the sample service in one slot; see sandbox.app.service."""

import argparse
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from sandbox.app.faults import Faults
from sandbox.app.service import Service
from sandbox.app.store import Store
from sandbox.serving import LIFETIME_S, announced, listen, run, stop_signals, until_stopped, url_of

# Longer than the router keeps an idle connection, so that it is never the service that closes first
# (User Guide for Application Load Balancers, troubleshooting HTTP 502).
KEEP_ALIVE_S = 75.0

# How long requests under way may take to end when the process is told to stop.
_GRACE_S = 5.0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.app", description=__doc__)
    parser.add_argument("--version", required=True, metavar="V", help="what X-Deployment-Version says")
    parser.add_argument("--slot", required=True, help="blue or green")
    parser.add_argument("--database", required=True, type=Path, metavar="PATH", help="items, SQLite, shared by all")
    parser.add_argument("--port", type=int, default=0, help="on loopback (default: any free port)")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="written when serving: pid and url")
    parser.add_argument("--seed", type=int, help="makes planted faults repeatable")
    parser.add_argument("--lifetime", type=float, default=LIFETIME_S, metavar="S", help="ends by itself after")
    return parser


@contextlib.asynccontextmanager
async def running(version: str, slot: str, database: Path, port: int, seed: int | None) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address. Raises Unusable when port or database cannot be used."""
    bound = listen(port)
    store = Store(database)
    runner = web.AppRunner(
        Service(version, slot, store, Faults(seed)).application(),
        keepalive_timeout=KEEP_ALIVE_S,
        access_log=None,
        shutdown_timeout=_GRACE_S,
    )
    try:
        await runner.setup()
        await web.SockSite(runner, bound).start()
        yield url_of(bound)
    finally:
        await runner.cleanup()
        store.close()
        bound.close()


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
