"""What the long-running processes of the sandbox have in common: bind, announce, stop.

Every process listens on loopback only, says where it listens in a *ready file* (JSON, written in one
step so that a reader never sees half of it), and ends by itself: on SIGINT or SIGTERM, or when its
lifetime is over, so that a forgotten sandbox does not stay for ever.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"

# A rehearsal of a whole plan takes minutes; a day of work on one takes hours.
LIFETIME_S = 12 * 3600.0

# A backlog smaller than a burst of the traffic generator makes the kernel drop connections, which
# would be counted as lost requests of the version under test.
BACKLOG = 1024


class Unusable(Exception):
    """Something the user gave cannot be used; the message says what, and what to do."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 lets the system choose. Raises Unusable when taken."""
    # The protocol is named because asyncio turns Nagle's delay off only where it is (`_set_nodelay`): with the delay,
    # an answer in two writes takes 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
    except OSError as error:
        bound.close()
        raise Unusable(
            f"port {port} on {LOOPBACK} cannot be used ({error.strerror}); "
            "end the process that holds it or choose another port (0 takes a free one)"
        ) from error
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound


def url_of(bound: socket.socket) -> str:
    return f"http://{LOOPBACK}:{bound.getsockname()[1]}"


def loopback_url(url: str) -> str:
    """`url` without a trailing slash, if it is plain HTTP on loopback; raises Unusable otherwise."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    host = parts.hostname or ""
    if parts.scheme != "http" or port is None or not is_loopback(host):
        raise Unusable(
            f"{url!r} is not an address of this machine; expected http://127.0.0.1:<port>, "
            "because the sandbox never speaks to anything else"
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Unusable(f"{url!r} has a path or a query; expected the bare address http://{host}:{port}")
    return f"http://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or an address of the loopback interface."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write `content` so that a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def announced(ready_file: Path | None, content: Mapping[str, object]) -> Iterator[None]:
    """Announce that the process serves, for as long as the block runs."""
    if ready_file is not None:
        write_json(ready_file, {"pid": os.getpid(), **content})
    try:
        yield
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def stop_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set. To be called inside the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def until_stopped(stop: asyncio.Event, lifetime_s: float) -> None:
    """Return when `stop` is set or `lifetime_s` seconds are over."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), lifetime_s)


def run(program: str, main: Callable[[], Coroutine[object, object, int]]) -> int:
    """Run `main` and turn what the user can cause into one line on stderr and exit status 2."""
    try:
        return asyncio.run(main())
    except Unusable as error:
        sys.stderr.write(f"{program}: {error}\n")
        return 2
