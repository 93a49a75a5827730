import io

import pytest

from toolchain.progress import LiveProgress, PlainProgress, for_stream


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_a_line_now_and_then() -> None:
    clock, out = Clock(), io.StringIO()
    with PlainProgress(out, clock).phase("building") as tick:
        for _ in range(80):
            clock.now += 0.5
            tick()
    assert out.getvalue().splitlines() == [
        "building …",
        "building … 15 s",
        "building … 30 s",
        "building: done in 40 s",
    ]


def test_a_failed_phase_is_not_called_done() -> None:
    out = io.StringIO()
    with pytest.raises(ValueError, match="broken"), PlainProgress(out, Clock()).phase("building"):
        raise ValueError("broken")
    assert out.getvalue() == "building …\n"


def test_a_terminal_gets_one_live_line_with_the_seconds() -> None:
    clock, out = Clock(), Terminal()
    with LiveProgress(out, clock).phase("building") as tick:
        clock.now += 7
        tick()
    assert out.getvalue().endswith("building: done in 7 s\n")


def test_the_stream_decides() -> None:
    assert type(for_stream(io.StringIO())) is PlainProgress
    assert type(for_stream(Terminal())) is LiveProgress
