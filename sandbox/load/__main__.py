"""python -m sandbox.load: send traffic to the router of a rehearsal and print what the users got, as JSON.

SIGINT and SIGTERM end a run early and still print. Exit status 1 when a request or a write was lost.
"""

import argparse
import json
import sys
from pathlib import Path

from sandbox.load.generator import Load, run
from sandbox.serving import announced, stop_signals, write_json
from sandbox.serving import run as run_program


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.load", description=__doc__)
    parser.add_argument("url", help="the router, on loopback")
    parser.add_argument("--users", type=int, default=50, metavar="N")
    parser.add_argument("--requests", type=int, default=1000, metavar="N", help="at most (default 1000)")
    parser.add_argument("--duration", type=float, default=60.0, metavar="S", help="at most (default 60)")
    parser.add_argument("--concurrency", type=int, default=16, metavar="N", help="requests under way at a time")
    parser.add_argument("--writes", type=float, default=0.2, metavar="SHARE", help="share of writes (default 0.2)")
    parser.add_argument("--fresh", action="store_true", help="every request from a new user")
    parser.add_argument("--pause", type=float, default=0.0, metavar="S", help="between two requests of a user")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="for one request")
    parser.add_argument("--seed", type=int, help="makes what is sent repeatable")
    parser.add_argument("--no-verify", action="store_true", help="do not read written items back")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the summary there instead of printing")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="written when sending: pid")
    return parser


async def send(options: argparse.Namespace) -> int:
    load = Load(
        options.url,
        users=options.users,
        requests=options.requests,
        duration_s=options.duration,
        concurrency=options.concurrency,
        write_share=options.writes,
        fresh=options.fresh,
        pause_s=options.pause,
        timeout_s=options.timeout,
        verify=not options.no_verify,
        seed=options.seed,
    )
    stop = stop_signals()
    with announced(options.ready_file, {}):
        summary = await run(load, stop)
    if options.out:
        write_json(options.out, summary.as_json())
    else:
        sys.stdout.write(json.dumps(summary.as_json(), indent=2) + "\n")
    return 1 if summary.lost or summary.missing else 0


def main() -> int:
    options = arguments().parse_args()
    return run_program("sandbox.load", lambda: send(options))


if __name__ == "__main__":
    sys.exit(main())
