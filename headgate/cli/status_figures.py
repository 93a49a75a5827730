"""What users get from each version, for `headgate status --watch`: requests, errors, latency of the last minute.

From the metrics paths that the middleware answers, or from a router of the sandbox; nowhere else, for now.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from headgate.middleware import comparison, scrape
from headgate.middleware.comparison import Snapshot
from headgate.state import Version

WINDOW = 60  # seconds that figures are of
TIMEOUT = 2.0  # seconds for one address; a picture waits for all of them
MOST_BYTES = 4 * 1024 * 1024  # of an answer; own choice: an exposition of a large application is a tenth of it
ROUTERS = ("HEADGATE_ROUTER_URL", "HEADGATE_ROUTER_RUN_URL")  # set by `headgate sandbox env`

Fetch = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Figures:
    """One version: how many requests ended, per cent of them that failed, and milliseconds that 95 % stayed within.

    None where nothing can be computed; the latency is infinite above every bucket.
    """

    requests: float
    error_rate: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures by slot over the last `seconds`; `where` names the source. `problems`: a line for what did not answer.

    Without figures for a slot nothing was measured there, which is not the same as no requests.
    """

    where: str = ""
    seconds: int = 0
    by_slot: Mapping[str, Figures] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom figures are about: `versions` of `stack`, up to `now` (epoch seconds of the system's clock)."""

    stack: str
    versions: Sequence[Version]
    now: float


class Source(Protocol):
    """Somewhere figures come from."""

    def read(self, about: Subject) -> Measured:
        """The figures. Never raises."""
        ...


class Scraped:
    """The metrics paths of instances, each of which may serve any version; figures are what the last minute added.

    The first reading gives nothing: a counter counts since its process began.
    """

    def __init__(self, urls: Sequence[str], fetch: Fetch | None = None) -> None:
        self._urls = tuple(urls)
        self._fetch = fetch or fetched
        self._kept: dict[tuple[str, str], deque[tuple[float, Snapshot]]] = {}

    def read(self, about: Subject) -> Measured:
        """See `Source.read`."""
        problems: list[str] = []
        parts: dict[str, list[Snapshot]] = {}
        seconds = 0.0
        for url in self._urls:
            try:
                text = self._fetch(url)
                found = _snapshots(text, about)
                if not found:
                    raise ValueError("it says nothing about the versions of this rollout")
                for slot, snapshot in found.items():
                    added = self._added(url, slot, snapshot, about.now)
                    if added is not None:
                        seconds = max(seconds, added[0])
                        parts.setdefault(slot, []).append(added[1])
            except (OSError, ValueError) as error:
                problems.append(f"{shown(url)}: {_first(error)}")
        by_slot = {}
        for slot, snapshots in parts.items():
            try:
                by_slot[slot] = _figures(comparison.merge(snapshots))
            except ValueError as error:
                problems.append(f"slot {slot}: {_first(error)}")
        return Measured("the metrics of the application", round(seconds), by_slot, tuple(problems))

    def _added(self, url: str, slot: str, snapshot: Snapshot, now: float) -> tuple[float, Snapshot] | None:
        """What was counted between the oldest reading of the window and this one, and the seconds between them."""
        kept = self._kept.setdefault((url, slot), deque())
        if kept and kept[-1][1].version != snapshot.version:
            kept.clear()  # a slot has its next version
        kept.append((now, snapshot))
        while len(kept) > 1 and kept[1][0] <= now - WINDOW:
            kept.popleft()
        at, oldest = kept[0]
        return None if len(kept) == 1 else (now - at, comparison.since(oldest, snapshot))


class Router:
    """The routers of the sandbox. One that plays another stack is passed over."""

    def __init__(self, urls: Sequence[str], fetch: Fetch | None = None) -> None:
        self._urls = tuple(urls)
        self._fetch = fetch or fetched

    def read(self, about: Subject) -> Measured:
        """See `Source.read`."""
        problems: list[str] = []
        for url in self._urls:
            try:
                status = json.loads(self._fetch(f"{url.rstrip('/')}/__sandbox/status?window={WINDOW}"))
                if status.get("load_balancer") != about.stack and about.stack not in (status.get("services") or {}):
                    continue
                slots = status["recent"]["slots"]
                by_slot = {each.slot: _routed(slots.get(each.slot) or {}) for each in about.versions}
                return Measured("the sandbox's router", WINDOW, by_slot)
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                problems.append(f"{shown(url)}: {_first(error)}")
        return Measured(problems=tuple(problems))


def source(urls: Sequence[str], environ: Mapping[str, str]) -> Source:
    """The metrics paths `urls`, else the routers of the sandbox that `environ` is of, else nothing."""
    if urls:
        return Scraped(urls)
    return Router([environ[name] for name in ROUTERS if environ.get(name)])


def refused(url: str) -> str:
    """Why `url` cannot be the address of metrics; empty when it can."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    return "" if fine else f"found {shown(url)!r}, expected an address such as http://127.0.0.1:8000/metrics"


def shown(url: str) -> str:
    """`url` without user, password and query, which nobody else should read."""
    head, at, rest = url.rpartition("@")
    return f"{head.partition('//')[0]}//{rest}".partition("?")[0] if at else url.partition("?")[0]


def fetched(url: str) -> str:
    """What `url` answers. Raises OSError or ValueError."""
    with urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 - the scheme was looked at by `refused`
        content: bytes = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"the answer is longer than {MOST_BYTES} bytes")
    return content.decode("utf-8")


def _snapshots(text: str, about: Subject) -> dict[str, Snapshot]:
    """What a process says of the versions, by slot. Raises ValueError when it is no exposition of metrics."""
    found = {}
    for version in about.versions:
        try:
            found[version.slot] = scrape.snapshot(text, version.version, about.now)
        except ValueError as error:
            if "no Prometheus text" in str(error):
                raise
    return found


def _figures(snapshot: Snapshot) -> Figures:
    found = comparison.figures(snapshot)
    return Figures(snapshot.total, found["error_rate"], found["p95_ms"])


def _routed(slot: Mapping[str, Any]) -> Figures:
    requests = float(slot.get("requests") or 0)
    p95 = slot.get("p95_ms")
    rate = 100 * float(slot.get("errors") or 0) / requests if requests else None
    return Figures(requests, rate, None if p95 is None else float(p95))


def _first(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    return (str(getattr(reason, "strerror", None) or reason).strip() or type(reason).__name__).splitlines()[0]
