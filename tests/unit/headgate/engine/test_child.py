"""A child that outlives the first Ctrl-C and not the second."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from headgate.engine import EngineError, child

ENDS = """
import signal, sys
def end(*_):
    print("ending", flush=True)
    sys.exit(3)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
print("to stderr", file=sys.stderr, flush=True)
signal.pause()
"""
STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: print("not yet", flush=True))
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("ready", flush=True)
while True:
    signal.pause()
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_output_comes_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    run = child.run(python("print('a'); print('b')"), tmp_path, os.environ, lines.append)
    assert (run.code, run.output, run.errors, run.interrupted) == (0, "a\nb\n", "", False)
    assert lines == ["a", "b"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interruption_reaches_the_child_which_ends_by_itself(tmp_path: Path, number: signal.Signals) -> None:
    notices: list[str] = []

    def on_line(line: str) -> None:
        if line == "ready":
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    run = child.run(python(ENDS), tmp_path, os.environ, on_line, notices.append)
    assert (run.code, run.interrupted) == (3, True)
    assert "ending" in run.output
    assert notices == [child.ONCE]
    assert signal.getsignal(number) is before


def test_the_second_kills_it_and_what_it_started(tmp_path: Path) -> None:
    notices: list[str] = []

    def on_line(line: str) -> None:
        if line in ("ready", "not yet"):
            os.kill(os.getpid(), signal.SIGINT)

    run = child.run(python(STUBBORN), tmp_path, os.environ, on_line, notices.append)
    assert (run.code, run.interrupted) == (-signal.SIGKILL, True)
    assert notices == [child.ONCE, child.TWICE]


def test_outside_the_main_thread_it_runs_too(tmp_path: Path) -> None:
    runs: list[child.Run] = []
    thread = threading.Thread(target=lambda: runs.append(child.run(python("print(1)"), tmp_path, os.environ)))
    thread.start()
    thread.join()
    assert runs[0].output == "1\n"


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="none cannot be run: No such file"):
        child.run([str(tmp_path / "none")], tmp_path, os.environ)
