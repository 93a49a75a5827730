"""Running other programs, behind a Protocol so that tests need none of them."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# Often enough for a spinner to show a new second, seldom enough to cost nothing beside a compiler.
TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Completed:
    """What a program left: exit code and decoded output (empty when it was shown, not kept)."""

    returncode: int
    stdout: str = ""
    stderr: str = ""


class Runner(Protocol):
    """Runs one program to its end."""

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        tick: Callable[[], None] | None = None,
        show: bool = False,
    ) -> Completed:
        """Run `argv` in `cwd`; call `tick` about twice a second; with `show` pass output on to stderr.

        Returns exit code 127 when the program cannot be started at all.
        """
        ...


class SubprocessRunner:
    """The real one."""

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        tick: Callable[[], None] | None = None,
        show: bool = False,
    ) -> Completed:
        """See `Runner.run`."""
        kept = sys.stderr if show else subprocess.PIPE
        try:
            process = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=kept,
                stderr=kept,
                text=True,
                errors="replace",
            )
        except OSError as error:
            return Completed(returncode=127, stderr=str(error))
        with process:
            try:
                while True:
                    try:
                        stdout, stderr = process.communicate(timeout=TICK_SECONDS if tick else None)
                    except subprocess.TimeoutExpired:
                        if tick:
                            tick()
                    else:
                        return Completed(process.returncode, stdout or "", stderr or "")
            finally:
                if process.poll() is None:
                    process.terminate()
