"""What a user sees while something takes its time: one live line, or in a pipe a line now and then. On stderr."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from headgate import duration

QUIET = 2.0  # seconds that may pass without a word
EVERY = 15.0  # seconds between two lines in a log: a CI system does not call the job stuck
NOTE = 60  # characters; with the label a line of most terminals
BEAT = 0.5  # seconds between two looks at the clock

Clock = Callable[[], float]


class Progress(Protocol):
    """Reports to a human; never to stdout, which belongs to the result."""

    def say(self, message: str) -> None:
        """One finished sentence."""
        ...

    def phase(self, label: str) -> AbstractContextManager[Callable[[str], None]]:
        """A context while `label` goes on; it yields a function that takes what is going on now, a line."""
        ...

    def bar(self, label: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """A context while `total` seconds pass; it yields a function that takes how many have."""
        ...


class PlainProgress:
    """A line when something takes longer than two seconds, one every 15 s, one at the end.

    `every`: seconds between two looks at the clock while nobody says anything; None: there are none.
    """

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic, every: float | None = BEAT) -> None:
        self._stream = stream
        self._clock = clock
        self._every = every

    def say(self, message: str) -> None:
        """See `Progress.say`."""
        self._stream.write(f"{message}\n")
        self._stream.flush()

    @contextmanager
    def phase(self, label: str) -> Iterator[Callable[[str], None]]:
        """See `Progress.phase`."""
        started = self._clock()
        said_at: float | None = None
        last = ""

        def beat() -> None:
            nonlocal said_at
            now = self._clock()
            if said_at is None and now - started >= QUIET:
                said_at = now
                self.say(f"{label} …")
            elif said_at is not None and now - said_at >= EVERY:
                said_at = now
                self.say(f"{label} … {now - started:.0f} s{f': {last}' if last else ''}")

        def note(line: str) -> None:
            nonlocal last
            last = line.strip() or last
            beat()

        with _beating(beat, self._every):
            yield note
        beat()
        if said_at is not None:
            self.say(f"{label}: {self._clock() - started:.0f} s")

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """See `Progress.bar`."""
        said_at: float | None = None

        def at(done: int) -> None:
            nonlocal said_at
            now = self._clock()
            if said_at is None or now - said_at >= EVERY:
                said_at = now
                self.say(f"{label}: {duration.show(max(0, total - done))} left of {duration.show(total)}")

        yield at


class LiveProgress(PlainProgress):
    """One line that changes, on a terminal."""

    @contextmanager
    def phase(self, label: str) -> Iterator[Callable[[str], None]]:
        """See `Progress.phase`."""
        from rich.console import Console
        from rich.markup import escape

        started, last = self._clock(), ""
        status = Console(file=self._stream).status(escape(f"{label} …"))
        shown, starting = False, threading.Lock()

        def beat() -> None:
            nonlocal shown
            passed = self._clock() - started
            if passed < QUIET:
                return
            status.update(f"{escape(label)} … {passed:.0f} s  [dim]{escape(last)}[/dim]")
            with starting:
                if not shown:
                    shown = True
                    status.start()

        def note(line: str) -> None:
            nonlocal last
            last = line.strip()[:NOTE] or last
            beat()

        try:
            with _beating(beat, self._every):
                yield note
        finally:
            status.stop()
        if shown:
            self.say(f"{label}: {self._clock() - started:.0f} s")

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """See `Progress.bar`."""
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]} left"))
        with RichProgress(*columns, console=Console(file=self._stream), transient=True) as shown:
            task = shown.add_task(escape(label), total=total, left=duration.show(total))
            yield lambda done: shown.update(task, completed=done, left=duration.show(max(0, total - done)))


@contextmanager
def _beating(beat: Callable[[], None], every: float | None) -> Iterator[None]:
    """Calls `beat` each `every` seconds from another thread, whatever this one waits for."""
    if every is None:
        yield
        return
    over = threading.Event()

    def run() -> None:
        while not over.wait(every):
            beat()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def for_stream(stream: TextIO | None = None) -> Progress:
    """The right one for `stream` (stderr if None): live on a terminal."""
    stream = stream or sys.stderr
    return LiveProgress(stream) if stream.isatty() else PlainProgress(stream)
