"""Runs a child that must not be torn off: Ctrl-C reaches it once and it ends by itself; a second one kills it.

The child gets a process group of its own, so a terminal's Ctrl-C does not reach it behind our back, nor the plugins and
programs that it started.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from headgate.engine.port import EngineError, Run

Say = Callable[[str], None]

ONCE = "Ctrl-C: pulumi is told to end what it is doing; it finishes the calls it has sent. Press again to kill it."
TWICE = (
    "Ctrl-C again: pulumi is killed. Calls that it had sent may still take effect, and the stack stays locked; "
    "`headgate doctor` says what is left."
)
_ENDING = (signal.SIGINT, signal.SIGTERM)
DRAIN = 5  # seconds; own choice


def say(line: str) -> None:
    """To stderr; stdout belongs to the result."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def run(
    command: Sequence[str], cwd: Path, environ: Mapping[str, str], on_line: Say | None = None, notice: Say = say
) -> Run:
    """Runs `command` to its end, however long that takes.

    `on_line` is called with each line of stdout or stderr, without its line end, from a thread of its own; `notice`
    with what has to be said about an interruption. Raises EngineError when the command cannot be started.
    """
    started: list[subprocess.Popen[str]] = []
    told: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        notice(ONCE if len(told) == 1 else TWICE)
        for each in started:
            _interrupt(each) if len(told) == 1 else _kill(each)

    lock = threading.Lock()
    with _handled(end):
        child = _start(command, cwd, environ)
        started.append(child)
        if told:  # it came before there was anything to tell
            _interrupt(child)
        output, errors = _Reader(child.stdout, on_line, lock), _Reader(child.stderr, on_line, lock)
        code = child.wait()
        # What the command started may hold its pipes open after it was killed.
        for reader in (output, errors):
            reader.join(timeout=DRAIN)
    return Run(code, output.text, errors.text, bool(told))


def _start(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
        )
    except OSError as error:
        raise EngineError(f"{command[0]} cannot be run: {error.strerror or error}") from error


class _Reader(threading.Thread):
    def __init__(self, stream: IO[str] | None, on_line: Say | None, lock: threading.Lock) -> None:
        super().__init__(daemon=True)
        self._stream, self._on_line, self._lock = stream, on_line, lock
        self._lines: list[str] = []
        self.start()

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def run(self) -> None:
        if self._stream is None:
            return
        with self._stream:
            for line in self._stream:
                self._lines.append(line)
                if self._on_line is not None:
                    with self._lock:
                        self._on_line(line.rstrip("\r\n"))


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """`handler` for the signals that end us. Only the main thread may set one; elsewhere nobody sends us any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in _ENDING}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _interrupt(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGINT)


def _kill(child: subprocess.Popen[str]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        child.kill()
