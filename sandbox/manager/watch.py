"""`python -m sandbox.manager watch`: real HTTP processes exist exactly where the emulated clouds want tasks.

Asks both clouds again and again (`clouds`) and writes the backends for their routers. It ends, and ends the processes
with it, when it is told to, when its lifetime is over, or when nothing listens at a cloud's address any more.
"""

import json
import logging
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.manager import record
from sandbox.manager.layout import Layout
from sandbox.manager.processes import Identity, end, spawn
from sandbox.manager.slots import Slots
from sandbox.serving import announced, write_json

log = logging.getLogger(__name__)

POLL_S = 0.4
GONE_S = 5.0  # longer than any restart of a connection; then the cloud is taken for ended


@dataclass(frozen=True, slots=True)
class AppProcess:
    """`slots.App`: a `python -m sandbox.app`."""

    slot: str
    version: str
    identity: Identity
    ready_file: Path

    @property
    def url(self) -> str | None:
        """See `slots.App`."""
        with suppress(OSError, ValueError, KeyError):
            content = json.loads(self.ready_file.read_text())
            if content["pid"] == self.identity.pid:
                return str(content["url"])
        return None

    @property
    def alive(self) -> bool:
        """See `slots.App`."""
        return self.identity.alive

    def stop(self) -> None:
        """See `slots.App`."""
        self.identity.signal(signal.SIGTERM)

    def kill(self) -> None:
        """See `slots.App`."""
        self.identity.signal(signal.SIGKILL)


class AppStarter:
    """`slots.Starter`. `environ` is handed to every process."""

    def __init__(self, layout: Layout, lifetime_s: float, environ: Mapping[str, str]) -> None:
        self._layout = layout
        self._lifetime_s = lifetime_s
        self._environ = environ
        self._count = 0

    def start(self, slot: str, version: str) -> AppProcess:
        """See `slots.Starter`."""
        self._count += 1
        ready_file = self._layout.ready_file(f"app-{slot}-{self._count}")
        module = ["sandbox.app", f"--version={version}", f"--slot={slot}"]
        module += [f"--database={self._layout.items}", f"--ready-file={ready_file}"]
        module += [f"--lifetime={self._lifetime_s}"]
        identity = spawn(module, self._layout.log(f"app-{slot}"), self._environ)
        return AppProcess(slot, version, identity, ready_file)


@dataclass(frozen=True, slots=True)
class Watched:
    """The slots of one cloud, and the file that its router reads."""

    slots: Slots
    backends: Path


class Published:
    """What others read: backends for the routers, apps.json for people and for whoever cleans up."""

    def __init__(self, layout: Layout, watched: Sequence[Watched]) -> None:
        self._layout = layout
        self._watched = watched
        self._backends: dict[Path, Mapping[str, str]] = {}
        self._apps: list[dict[str, object]] | None = None

    def write(self) -> None:
        """Write the files that changed."""
        apps: list[dict[str, object]] = []
        for each in self._watched:
            serving = each.slots.serving
            backends = {slot: app.url for slot, app in serving.items() if app.url is not None}
            if backends != self._backends.get(each.backends):
                write_json(each.backends, backends)
                self._backends[each.backends] = backends
            apps += [
                {"slot": app.slot, "version": app.version, "url": app.url, "serves": app in serving.values(),
                 **asdict(app.identity)}
                for app in each.slots.every if isinstance(app, AppProcess)
            ]  # fmt: skip
        if apps != self._apps:
            write_json(self._layout.apps, {"apps": apps})
            self._apps = apps


def orphans(layout: Layout) -> list[Identity]:
    """Application processes that an earlier watch left behind when it was killed."""
    try:
        apps = json.loads(layout.apps.read_text())["apps"]
        return [process for process in map(record.identity, apps) if process.alive]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def run(layout: Layout, watched: Sequence[Watched], lifetime_s: float, ready_file: Path) -> None:
    """Watch until told to stop, until the lifetime is over or a cloud is gone; then end all processes."""
    stops = {signal.SIGINT, signal.SIGTERM}
    # Blocked, and waited for with a time limit between two rounds: no round is cut in two.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    began = time.monotonic()
    published = Published(layout, watched)
    end(orphans(layout))
    try:
        _round(watched, began)
        published.write()
        with announced(ready_file, {}):
            while signal.sigtimedwait(stops, POLL_S) is None:
                now = time.monotonic()
                _round(watched, now)
                published.write()
                if any(each.slots.gone_for(now) >= GONE_S for each in watched):
                    log.error("nothing listens at a cloud's address any more; ending")
                    break
                if now - began >= lifetime_s:
                    log.info("the lifetime of %g s is over; ending", lifetime_s)
                    break
    finally:
        leftover = [app.identity for each in watched for app in each.slots.every if isinstance(app, AppProcess)]
        for each in watched:
            write_json(each.backends, {})
        end(leftover)
        write_json(layout.apps, {"apps": []})


def _round(watched: Sequence[Watched], now: float) -> None:
    for each in watched:
        each.slots.tick(now)
