"""python -m sandbox.manager watch: see sandbox.manager.watch. Started by `headgate sandbox up`."""

import argparse
import logging
import os
import sys
from pathlib import Path

from sandbox.manager import clouds, watch
from sandbox.manager.environment import for_processes
from sandbox.manager.errors import SandboxError
from sandbox.manager.layout import Layout
from sandbox.manager.slots import Slots
from sandbox.manager.watch import Watched
from sandbox.serving import LIFETIME_S, Unusable, loopback_url


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.manager", description=__doc__)
    parser.add_argument("verb", choices=["watch"])
    parser.add_argument("--aws-endpoint", required=True, metavar="URL", help="the emulator, on loopback")
    parser.add_argument("--router", required=True, metavar="URL", help="the router that plays the balancer")
    parser.add_argument("--cluster", required=True, metavar="NAME")
    parser.add_argument("--google", required=True, metavar="URL", help="the emulator, on loopback")
    parser.add_argument("--run-router", required=True, metavar="URL", help="the router that plays the services")
    parser.add_argument("--home", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--ready-file", required=True, type=Path, metavar="FILE")
    parser.add_argument("--lifetime", type=float, default=LIFETIME_S, metavar="S", help="ends by itself after")
    return parser


def main() -> int:
    """Run the verb; returns the exit code."""
    options = arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    layout = Layout(options.home)
    try:
        starter = watch.AppStarter(layout, options.lifetime, for_processes(os.environ))
        ecs = clouds.EcsServices(clouds.ecs_client(loopback_url(options.aws_endpoint)), options.cluster)
        revisions = clouds.RunRevisions(loopback_url(options.google))
        watched = [
            Watched(Slots(ecs, clouds.RouterWeights(loopback_url(options.router)), starter), layout.backends),
            Watched(
                Slots(revisions, clouds.RouterWeights(loopback_url(options.run_router)), starter), layout.run_backends
            ),
        ]
        watch.run(layout, watched, options.lifetime, options.ready_file)
    except (SandboxError, Unusable) as error:
        sys.stderr.write(f"sandbox.manager: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
