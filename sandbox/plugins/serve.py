"""`python -m sandbox.plugins.serve`: keep both providers warm, so that a run need not start them.

Prints `export PULUMI_DEBUG_PROVIDERS=aws:PORT,gcp:PORT`; the engine then attaches to them. The emulators are the
ones that AWS_ENDPOINT_URL and the GOOGLE_…_CUSTOM_ENDPOINT variables name when this starts.
"""

import argparse
import signal
import sys
from pathlib import Path

from sandbox.plugins.slim import stub_pulumi
from sandbox.serving import LIFETIME_S, announced


def serve(ready_file: Path | None, lifetime_s: float) -> int:
    """Serve until SIGINT, SIGTERM or the end of the lifetime. The ready file carries `{"pid", "debug_providers"}`."""
    # Blocked before any thread is started, so that a signal always finds this one waiting.
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    from sandbox.plugins.aws.servicer import AwsStandIn
    from sandbox.plugins.gcp.servicer import GcpStandIn
    from sandbox.plugins.host import start
    from sandbox.plugins.install import plugin_version

    aws, aws_port = start(AwsStandIn(plugin_version("aws")))
    gcp, gcp_port = start(GcpStandIn(plugin_version("gcp")))
    providers = f"aws:{aws_port},gcp:{gcp_port}"
    with announced(ready_file, {"debug_providers": providers}):
        sys.stdout.write(f"export PULUMI_DEBUG_PROVIDERS={providers}\n")
        sys.stdout.flush()
        signal.sigtimedwait(stops, lifetime_s)
    for server in (aws, gcp):
        server.stop(None).wait()
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.plugins.serve", description=__doc__)
    parser.add_argument("--ready-file", type=Path, help="written when the providers serve, removed when they end")
    parser.add_argument("--lifetime", type=float, default=LIFETIME_S, metavar="SECONDS")
    given = parser.parse_args(arguments)
    return serve(given.ready_file, given.lifetime)


if __name__ == "__main__":
    stub_pulumi()
    sys.exit(main())
