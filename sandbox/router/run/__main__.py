"""python -m sandbox.router.run: plays the Cloud Run services of a rehearsal; see sandbox.router.run."""

import argparse
import logging
import sys
from pathlib import Path

from sandbox.router.plane import Identity
from sandbox.router.run.plane import COLD_START_S
from sandbox.router.run.serve import Settings, running
from sandbox.router.server import serve_until_stopped
from sandbox.serving import LIFETIME_S, run, stop_signals


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.router.run", description=__doc__)
    parser.add_argument("--google", required=True, metavar="URL", help="the emulator, on loopback")
    parser.add_argument("--backends", required=True, type=Path, metavar="FILE", help="JSON: revision -> address")
    parser.add_argument("--database", required=True, type=Path, metavar="PATH", help="records, SQLite")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="written when serving: pid and url")
    parser.add_argument("--service", metavar="NAME", help="the one behind the load balancer (default: the only one)")
    parser.add_argument("--port", type=int, default=0, help="on loopback (default: any free port)")
    parser.add_argument("--poll", type=float, default=0.2, metavar="S", help="how often to read the emulator")
    parser.add_argument("--cold-start", type=float, default=COLD_START_S, metavar="S", help="wait for an instance")
    parser.add_argument("--seed", type=int, help="makes the split repeatable")
    parser.add_argument("--user-header", default=Identity().header, metavar="NAME")
    parser.add_argument("--user-cookie", default=Identity().cookie, metavar="NAME")
    parser.add_argument("--lifetime", type=float, default=LIFETIME_S, metavar="S", help="ends by itself after")
    return parser


async def serve(options: argparse.Namespace) -> int:
    settings = Settings(
        google=options.google,
        database=options.database,
        backends=options.backends,
        default=options.service,
        port=options.port,
        poll_s=options.poll,
        cold_start_s=options.cold_start,
        seed=options.seed,
        identity=Identity(options.user_header, options.user_cookie),
    )
    stop = stop_signals()
    async with running(settings) as router:
        await serve_until_stopped(router, {"url": router.urls["traffic"]}, options.ready_file, stop, options.lifetime)
    return 0


def main() -> int:
    options = arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return run("sandbox.router.run", lambda: serve(options))


if __name__ == "__main__":
    sys.exit(main())
