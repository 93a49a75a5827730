"""`python -m sandbox.google`: the emulated Google APIs on loopback, with the control endpoint.

Everything is kept in memory: this process must outlive all commands of a rehearsal.
"""

import argparse
import json
from pathlib import Path

from aiohttp import web

from sandbox import serving
from sandbox.emulator.control import PREFIX
from sandbox.google import services
from sandbox.google.calls import CallLog
from sandbox.google.cloud import Cloud
from sandbox.google.control import Control
from sandbox.google.faults import FaultBook
from sandbox.google.gateway import Answer, Dropped, Gateway, Request

# A dashboard is the largest thing that is sent, and Google takes 1 MB of it.
_LARGEST_BODY = 10 * 1024 * 1024


def application() -> web.Application:
    """The emulated APIs and the control endpoint. To be built inside the running loop."""
    cloud, log, faults = Cloud(), CallLog(), FaultBook()
    gateway = Gateway(services.found(), cloud, log, faults)
    control = Control(gateway, cloud, log, faults)

    async def handle(received: web.Request) -> web.StreamResponse:
        path, _, query = received.raw_path.partition("?")
        request = Request(received.method, path, query, await received.read(), received.headers.get("User-Agent", ""))
        try:
            answer = await (control if path.startswith(PREFIX) else gateway).answer(request)
        except Dropped:
            if received.transport is not None:
                received.transport.abort()
            return web.Response(status=503)
        return _response(answer)

    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _response(answer: Answer) -> web.Response:
    text = json.dumps(answer.content, indent=2) + "\n"
    return web.Response(text=text, status=answer.status, content_type="application/json", charset="UTF-8")


async def serve(port: int, ready_file: Path | None, lifetime_s: float) -> int:
    """Serve until SIGINT, SIGTERM or the end of the lifetime. Returns the exit status.

    The ready file carries `{"pid", "port", "url"}`.
    """
    stop = serving.stop_signals()
    bound = serving.listen(port)
    runner = web.AppRunner(application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, bound, backlog=serving.BACKLOG).start()
        with serving.announced(ready_file, {"port": bound.getsockname()[1], "url": serving.url_of(bound)}):
            await serving.until_stopped(stop, lifetime_s)
    finally:
        await runner.cleanup()
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.google", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free port")
    parser.add_argument("--ready-file", type=Path, help="written when the server serves, removed when it ends")
    parser.add_argument("--lifetime", type=float, default=serving.LIFETIME_S, metavar="SECONDS")
    given = parser.parse_args(arguments)
    return serving.run(parser.prog, lambda: serve(given.port, given.ready_file, given.lifetime))
