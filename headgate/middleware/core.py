"""What both adapters share: who gets which version, the two headers, and when a request has ended, and how.

A request is counted exactly once, at its end: when the last byte of the answer was handed to the server, when the
application raised, or when the client went away. Nothing is kept about it afterwards but counts.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from headgate.assignment import Assignment, assign, check_salt, check_weight

log = logging.getLogger(__name__)

VERSION_HEADER = "X-Deployment-Version"
TIME_HEADER = "X-Response-Time-Ms"
OUR_HEADERS = frozenset({VERSION_HEADER.lower(), TIME_HEADER.lower()})

# Where the application finds its assignment and its recorder: keys of the ASGI scope and of the WSGI environment.
ASSIGNMENT_KEY = "headgate.assignment"
RECORDER_KEY = "headgate.recorder"

# The whole set of values of the label `status`, so that nothing a client sends makes another series.
ABORTED = "aborted"
OTHER = "other"
STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", ABORTED, OTHER)

# Reads a header of the request by its lower-case name.
Reader = Callable[[str], str | None]
# Finds the user key of a request, or nothing.
Source = Callable[[Reader], str | None]


class Recorder(Protocol):
    """Where the application reports what it alone knows, for the version of one request."""

    def dependency(self, name: str, ok: bool) -> None:
        """A call to another service came back well, or did not."""

    def event(self, name: str, value: float = 1.0) -> None:
        """Something happened that the business counts; `value` is what it was worth, such as a score."""


class Meter(Protocol):
    """Keeps the figures."""

    def began(self, version: str) -> None:
        """A request arrived."""

    def ended(self, version: str, status_class: str, failed: bool, seconds: float | None) -> None:
        """The same request ended; `seconds` is None when it says nothing about how long the version takes."""

    def recorder(self, version: str) -> Recorder:
        """The recorder of one version."""

    def exposition(self, accept: str) -> tuple[str, bytes]:
        """All figures as text: media type and body, chosen by the Accept header."""


class Versions(Protocol):
    """Says which version a request gets."""

    def assign(self, read: Reader) -> Assignment:
        """The version of the request whose headers `read` reads. Never raises."""


class Fixed:
    """This process is one version, and a balancer in front of it splits: label and measure only."""

    def __init__(self, version: str) -> None:
        self.versions = (_header_value("version", version),)
        self._assignment = Assignment(None, False, version, keyed=False)

    def assign(self, read: Reader) -> Assignment:  # noqa: ARG002 - nothing in the request matters
        """See Versions."""
        return self._assignment


class Split:
    """This process holds both versions, and the user key decides; see `headgate.assignment`.

    `weight` gives the per cent of users on the candidate at this moment. It is called for every request, so it answers
    at once, from memory. While it raises or gives no weight, everybody gets live, and the log says so once.
    `user_key` are the places to look, in order; an empty one counts as absent. Without a key, `unit` draws a random
    number for the request, and without `unit` the request gets live.
    """

    def __init__(
        self,
        live: str,
        candidate: str | None,
        *,
        salt: str,
        weight: Callable[[], int],
        user_key: Sequence[Source],
        unit: Callable[[], float] | None = None,
    ) -> None:
        """Raises ValueError for a salt or a version that cannot be used."""
        check_salt(salt)
        if live == candidate:
            raise ValueError(f"candidate: found {candidate!r}, the same as live; figures could not be told apart")
        given = (live,) if candidate is None else (live, candidate)
        self.versions = tuple(_header_value("version", version) for version in given)
        self._live = live
        self._candidate = candidate
        self._salt = salt
        self._weight = weight
        self._user_key = tuple(user_key)
        self._unit = unit
        self._weight_is_known = True

    def assign(self, read: Reader) -> Assignment:
        """See Versions."""
        key = next((found for source in self._user_key if (found := source(read))), None)
        unit = self._unit() if key is None and self._unit is not None else None
        return assign(key, self._weight_now(), self._salt, self._live, self._candidate, unit=unit)

    def _weight_now(self) -> int:
        try:
            weight = self._weight()
            check_weight(weight)
        except Exception as error:  # noqa: BLE001 - whatever it is, users are served, by the version known to be good
            if self._weight_is_known:
                log.warning("the weight is not known, so everybody gets version %s: %r", self._live, error)
            self._weight_is_known = False
            return 0
        if not self._weight_is_known:
            log.info("the weight is known again: %d", weight)
        self._weight_is_known = True
        return weight


def header(name: str) -> Source:
    """The user key is the value of this header."""
    lower = name.lower()

    def read_header(read: Reader) -> str | None:
        return (read(lower) or "").strip() or None

    return read_header


def cookie(name: str) -> Source:
    """The user key is the value of this cookie, as it was sent: quotes and per cent signs included."""

    def read_cookie(read: Reader) -> str | None:
        for pair in (read("cookie") or "").split(";"):
            found, equals, value = pair.partition("=")
            if equals and found.strip() == name:
                return value.strip() or None
        return None

    return read_cookie


def text_of(value: bytes) -> str:
    """A header as text: UTF-8, or Latin-1 where it is not. So both adapters hash the same user key."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


class Exchange:
    """One request and its answer, from arrival to end."""

    __slots__ = ("_began", "_clock", "_meter", "_status", "assignment", "recorder")

    def __init__(self, assignment: Assignment, meter: Meter, clock: Callable[[], int], counted: bool) -> None:
        self.assignment = assignment
        self.recorder = meter.recorder(assignment.version)
        self._clock = clock
        self._status: int | None = None
        self._meter = meter if counted else None
        self._began = clock()
        if self._meter is not None:
            self._meter.began(assignment.version)

    def answered(self, status: int | None) -> tuple[tuple[str, str], tuple[str, str]]:
        """The answer begins: remembers its status, and gives the two headers to put on it."""
        self._status = status
        elapsed_ms = (self._clock() - self._began) / 1e6
        return (VERSION_HEADER, self.assignment.version), (TIME_HEADER, f"{elapsed_ms:.3f}")

    def completed(self) -> None:
        """The whole answer was handed to the server."""
        self._end(failed=False, aborted=False)

    def failed(self) -> None:
        """The application raised, or left the answer unfinished."""
        self._end(failed=True, aborted=False)

    def aborted(self) -> None:
        """The client, or the server in its name, gave up before the answer was whole: not the version's error."""
        self._end(failed=False, aborted=True)

    def _end(self, *, failed: bool, aborted: bool) -> None:
        """Count, the first time only: an error that is answered and then raised again is one error."""
        meter, self._meter = self._meter, None
        if meter is None:
            return
        seconds = (self._clock() - self._began) / 1e9
        if aborted:
            # Who leaves before an answer waited at least that long; who leaves in the middle of a stream says nothing.
            meter.ended(self.assignment.version, ABORTED, False, seconds if self._status is None else None)
            return
        # An application that raises before it answers makes the server answer 500.
        status = 500 if self._status is None else self._status
        meter.ended(self.assignment.version, status_class(status), failed or status >= 500, seconds)


class Instrument:
    """What an adapter wraps around an application. `clock` gives nanoseconds from any start, and never goes back."""

    def __init__(
        self,
        versions: Versions,
        meter: Meter,
        *,
        metrics_path: str | None = None,
        uncounted: Collection[str] = (),
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`metrics_path` answers with the figures; without it, nobody does. Paths in `uncounted` are only labelled."""
        self.meter = meter
        self.metrics_path = metrics_path
        self._versions = versions
        self._uncounted = frozenset(uncounted) | ({metrics_path} if metrics_path is not None else frozenset())
        self._clock = clock

    def begin(self, path: str, read: Reader) -> Exchange:
        """A request arrives."""
        return Exchange(self._versions.assign(read), self.meter, self._clock, path not in self._uncounted)

    def exposition(self, method: str, accept: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """The answer of the metrics path: status, headers and body."""
        if method not in {"GET", "HEAD"}:
            body = b"only GET and HEAD\n"
            headers = [("allow", "GET, HEAD"), ("content-type", "text/plain"), ("content-length", str(len(body)))]
            return 405, headers, body
        media_type, body = self.meter.exposition(accept)
        headers = [("content-type", media_type), ("content-length", str(len(body))), ("cache-control", "no-store")]
        return 200, headers, b"" if method == "HEAD" else body


def status_class(status: int) -> str:
    """The label of a status: `2xx` for 204."""
    return f"{status // 100}xx" if 100 <= status < 600 else OTHER


def _header_value(field: str, text: str) -> str:
    if not (text and text.isascii() and text.isprintable() and text == text.strip()):
        raise ValueError(f"{field}: found {text!r}, expected printable ASCII without spaces around it, for a header")
    return text
