"""`python -m sandbox.aws.server`: moto's server on loopback, repaired, with the control endpoint.

moto keeps everything in memory: this process must outlive all commands of a rehearsal.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sandbox.serving import LIFETIME_S, LOOPBACK, Unusable, announced

# Read by moto while it is imported, so set before. Each saves seconds or a wait.
_SWITCHES = {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # the first EC2 call takes 1.8 s with the default images, 0.5 without
    "MOTO_ACM_VALIDATION_WAIT": "0",  # seconds until a certificate is ISSUED; 60 by default
    "MOTO_DISABLE_GLOBAL_CORS": "true",  # no page of a browser has any business here
}


def application() -> Any:
    """The WSGI application of repaired moto and the control endpoint. To be built once per process."""
    os.environ.update(_SWITCHES)
    # moto takes more than a second to import, and reads its switches then.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from sandbox.aws import intercept, inventory, repairs
    from sandbox.aws.calls import CallLog
    from sandbox.aws.control import Control
    from sandbox.aws.faults import FaultBook
    from sandbox.aws.health import BOOK
    from sandbox.emulator.control import PREFIX

    log, faults = CallLog(), FaultBook()
    repairs.apply()
    intercept.install(log, faults)
    aws = DomainDispatcherApplication(create_backend_app)
    control = Control(log, faults, BOOK, inventory.of_this_server)

    def dispatch(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        ours = str(environ.get("PATH_INFO", "")).startswith(PREFIX)
        answer: Iterable[bytes] = (control if ours else aws)(environ, start_response)
        return answer

    return dispatch


def serve(port: int, ready_file: Path | None, lifetime_s: float = LIFETIME_S) -> int:
    """Serve until SIGINT, SIGTERM or the end of the lifetime. Returns the exit status.

    The ready file carries `{"pid", "port", "url"}`.
    """
    # Blocked here and inherited by every thread: a signal then always finds the main thread in sigtimedwait.
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    app = application()
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):
        def log_request(self, *_: Any, **__: Any) -> None:
            """The log of calls is kept by the control endpoint."""

    try:
        server = make_server(LOOPBACK, port, app, threaded=True, request_handler=QuietHandler)
    except (OSError, SystemExit) as error:
        raise Unusable(
            f"port {port} on {LOOPBACK} cannot be used; "
            "end the process that holds it or choose another port (0 takes a free one)"
        ) from error
    url = f"http://{LOOPBACK}:{server.server_port}"
    os.environ["MOTO_PORT"] = str(server.server_port)
    threading.Thread(target=server.serve_forever, name="aws", daemon=True).start()
    with announced(ready_file, {"port": server.server_port, "url": url}):
        signal.sigtimedwait(stops, lifetime_s)
    server.shutdown()
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free port")
    parser.add_argument("--ready-file", type=Path, help="written when the server serves, removed when it ends")
    parser.add_argument("--lifetime", type=float, default=LIFETIME_S, metavar="SECONDS")
    given = parser.parse_args(arguments)
    try:
        return serve(given.port, given.ready_file, given.lifetime)
    except Unusable as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
