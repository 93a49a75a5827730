"""Detached processes, known by pid *and* start time: a pid that the system gave to somebody else is never touched."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.manager.errors import SandboxError

# Asked to end, a server finishes the requests under way, for at most 5 s; then it is made to end.
PATIENCE_S = 8.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Identity:
    """A process; `started` is an opaque mark of its start time that differs when the pid is used again."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether this very process runs. One that ended but was not yet collected by its parent does not."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return start_mark(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still this one."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def spawn(module: Sequence[str], log: Path, environ: Mapping[str, str]) -> Identity:
    """Start `python -m …` as a session of its own, with stdout and stderr in `log`; does not wait for anything."""
    log.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # -P: whatever lies in the current folder is not imported.
    arguments = [sys.executable, "-P", "-m", *module]
    pid = os.posix_spawn(
        sys.executable,
        arguments,
        dict(environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],  # else a parent that blocks SIGTERM would hand on a process that cannot be asked to end
    )
    return Identity(pid, start_mark(pid) or "ended")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C waits until the block is over, so that a process is never started without being known.

    By a handler and not by a mask: another thread would take the signal, and the main thread be interrupted by it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def end(processes: Sequence[Identity], patience_s: float = PATIENCE_S) -> None:
    """Ask all of them to end, wait for all, and make those end that do not. Raises SandboxError if one stays."""
    _send(processes, signal.SIGTERM)
    if not _gone(processes, patience_s):
        _send(processes, signal.SIGKILL)
        if not _gone(processes, patience_s):
            stays = ", ".join(str(process.pid) for process in processes if process.alive)
            raise SandboxError(f"process {stays} does not end; end it by hand (kill -9), then run the command again")


def start_mark(pid: int) -> str | None:
    """The start time of a running process as a text, or None when no process has this pid (or it is a zombie)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _mark_from_ps(pid)
    # proc(5): the name, field 2, is in brackets and may hold anything; field 3 is the state, 22 the start time.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else f"{_boot()}:{rest[18]}"


@cache
def _boot() -> str:
    """Start times count from the boot, so a mark names the boot too."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _mark_from_ps(pid: int) -> str | None:
    """Where there is no /proc (macOS). Seconds only, which a reused pid would have to hit."""
    asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = asked.stdout.strip().partition(" ")
    return started.strip() if asked.returncode == 0 and not state.startswith("Z") else None


def _send(processes: Sequence[Identity], number: signal.Signals) -> None:
    for process in processes:
        process.signal(number)


def _gone(processes: Sequence[Identity], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while any(process.alive for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
