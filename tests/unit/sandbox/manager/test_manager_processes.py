"""Detached processes, known by pid and start time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.manager.processes import Identity, end, spawn, start_mark, undisturbed

SLEEPER = """
import signal, sys, time
print("ready", flush=True)
if sys.argv[1:] == ["stubborn"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, []), flush=True)
time.sleep(60)
"""

Start = Callable[..., Identity]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the sleeper and waits until it runs."""
    (tmp_path / "headgate_test_sleeper.py").write_text(SLEEPER)
    started = []

    def starter(*arguments: str) -> Identity:
        log = tmp_path / f"{len(started)}.log"
        environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
        process = spawn(["headgate_test_sleeper", *arguments], log, environ)
        started.append(process)
        deadline = time.monotonic() + 60
        while log.read_text().count("\n") < 2:
            assert process.alive, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return process

    yield starter
    for process in started:
        process.signal(signal.SIGKILL)


def test_a_started_process_is_a_session_of_its_own(start: Start) -> None:
    process = start()
    assert process.alive
    assert os.getsid(process.pid) == process.pid


def test_it_inherits_no_blocked_signal(start: Start, tmp_path: Path) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert (tmp_path / "0.log").read_text() == "ready\nFalse\n"


def test_processes_end_when_they_are_asked(start: Start) -> None:
    both = [start(), start()]
    end(both)
    assert not any(process.alive for process in both)


def test_one_that_does_not_is_made_to(start: Start) -> None:
    process = start("stubborn")
    end([process], patience_s=0.3)
    assert not process.alive


def test_a_process_that_has_ended_stays_ended() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    process = Identity(done.pid, start_mark(done.pid) or "ended already")
    done.wait()
    assert not process.alive
    end([process])


def test_one_that_was_killed_and_not_collected_counts_as_ended(start: Start) -> None:
    process = start()
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while process.alive:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_somebody_elses_process_with_the_same_pid_is_never_touched() -> None:
    other = Identity(os.getpid(), "started at another time")
    assert not other.alive
    other.signal(signal.SIGKILL)
    end([other])
    assert start_mark(os.getpid()) is not None


def test_no_process_has_no_mark() -> None:
    assert start_mark(2**22 + 1) is None


def test_ctrl_c_waits_until_what_was_started_is_known() -> None:
    done = []

    def begin() -> None:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("started and noted")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        begin()
    assert done == ["started and noted"]
    assert signal.getsignal(signal.SIGINT) == before
