"""python -m sandbox.router: plays the Application Load Balancer of a rehearsal; see sandbox.router.serve."""

import argparse
import logging
import sys
from pathlib import Path

from sandbox.router.plane import Identity
from sandbox.router.serve import Settings, running
from sandbox.router.server import serve_until_stopped
from sandbox.router.stickiness import ZeroWeight
from sandbox.serving import LIFETIME_S, run, stop_signals


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.router", description=__doc__)
    parser.add_argument("--aws-endpoint", required=True, metavar="URL", help="the emulator, on loopback")
    parser.add_argument("--load-balancer", required=True, metavar="NAME")
    parser.add_argument("--backends", required=True, type=Path, metavar="FILE", help="JSON: slot -> address")
    parser.add_argument("--database", required=True, type=Path, metavar="PATH", help="records, SQLite")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="written when serving: pid and urls")
    parser.add_argument("--port", type=int, default=0, help="plays listener 443 (default: any free port)")
    parser.add_argument("--test-port", type=int, default=0, help="plays listener 8443")
    parser.add_argument("--http-port", type=int, default=0, help="plays listener 80")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--poll", type=float, default=0.2, metavar="S", help="how often to read the balancer")
    parser.add_argument("--connect-timeout", type=float, default=10.0, metavar="S")
    parser.add_argument("--idle-timeout", type=float, default=60.0, metavar="S")
    parser.add_argument("--seed", type=int, help="makes the split repeatable")
    parser.add_argument(
        "--zero-weight",
        type=ZeroWeight,
        default=ZeroWeight.HOLD,
        choices=list(ZeroWeight),
        help="whether a stickiness cookie still holds its user on a target group of weight 0",
    )
    parser.add_argument("--user-header", default=Identity().header, metavar="NAME")
    parser.add_argument("--user-cookie", default=Identity().cookie, metavar="NAME")
    parser.add_argument("--lifetime", type=float, default=LIFETIME_S, metavar="S", help="ends by itself after")
    return parser


async def serve(options: argparse.Namespace) -> int:
    settings = Settings(
        aws_endpoint=options.aws_endpoint,
        load_balancer=options.load_balancer,
        database=options.database,
        backends=options.backends,
        region=options.region,
        ports={"traffic": options.port, "test": options.test_port, "http": options.http_port},
        poll_s=options.poll,
        connect_timeout_s=options.connect_timeout,
        idle_timeout_s=options.idle_timeout,
        seed=options.seed,
        zero_weight=options.zero_weight,
        identity=Identity(options.user_header, options.user_cookie),
    )
    stop = stop_signals()
    async with running(settings) as router:
        urls = {
            "url": router.urls["traffic"],
            "test_url": router.urls["test"],
            "http_url": router.urls["http"],
        }
        await serve_until_stopped(router, urls, options.ready_file, stop, options.lifetime)
    return 0


def main() -> int:
    options = arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return run("sandbox.router", lambda: serve(options))


if __name__ == "__main__":
    sys.exit(main())
