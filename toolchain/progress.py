"""What a user sees during a build of minutes: one live line on a terminal, a line now and then in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

# In a log: seldom enough to read, often enough for a CI system not to call the job stuck.
PLAIN_EVERY_SECONDS = 15.0


class Progress(Protocol):
    """Reports to a human; never to stdout, which belongs to the result."""

    def say(self, message: str) -> None:
        """One finished sentence."""
        ...

    def phase(self, label: str) -> AbstractContextManager[Callable[[], None]]:
        """A context that yields a function to call now and then while `label` goes on."""
        ...


class PlainProgress:
    """A line at the start, one every 15 s, one at the end."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock

    def say(self, message: str) -> None:
        """See `Progress.say`."""
        print(message, file=self._stream, flush=True)

    @contextmanager
    def phase(self, label: str) -> Iterator[Callable[[], None]]:
        """See `Progress.phase`."""
        started = said_at = self._clock()

        def tick() -> None:
            nonlocal said_at
            now = self._clock()
            if now - said_at >= PLAIN_EVERY_SECONDS:
                said_at = now
                self.say(f"{label} … {now - started:.0f} s")

        self.say(f"{label} …")
        yield tick
        self.say(f"{label}: done in {self._clock() - started:.0f} s")


class LiveProgress(PlainProgress):
    """A spinner with the seconds that passed, on a terminal."""

    @contextmanager
    def phase(self, label: str) -> Iterator[Callable[[], None]]:
        """See `Progress.phase`."""
        from rich.console import Console

        started = self._clock()
        with Console(file=self._stream).status(f"{label} …") as status:
            yield lambda: status.update(f"{label} … {self._clock() - started:.0f} s")
        self.say(f"{label}: done in {self._clock() - started:.0f} s")


def for_stream(stream: TextIO | None = None) -> Progress:
    """The right one for `stream` (stderr if None): live on a terminal where Rich is installed."""
    stream = stream or sys.stderr
    if not stream.isatty():
        return PlainProgress(stream)
    try:
        import rich  # noqa: F401
    except ImportError:
        return PlainProgress(stream)
    return LiveProgress(stream)
