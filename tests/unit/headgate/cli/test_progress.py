"""What is said while something takes its time."""

import io
from dataclasses import dataclass

import pytest

from headgate.cli.progress import LiveProgress, PlainProgress, for_stream


@dataclass
class Moving:
    """A clock that the test moves, in seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Moving:
    return Moving()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_what_is_quick_is_not_mentioned(clock: Moving, stream: io.StringIO) -> None:
    with PlainProgress(stream, clock, None).phase("preview") as note:
        clock.now = 1.9
        note("a line")
    assert stream.getvalue() == ""


def test_in_a_pipe_a_line_now_and_then(clock: Moving, stream: io.StringIO) -> None:
    with PlainProgress(stream, clock, None).phase("update") as note:
        for now, line in ((2, "first"), (10, "second"), (17, "third"), (18, "fourth")):
            clock.now = now
            note(line)
    assert stream.getvalue().splitlines() == ["update …", "update … 17 s: third", "update: 18 s"]


def test_a_bar_in_a_pipe(clock: Moving, stream: io.StringIO) -> None:
    with PlainProgress(stream, clock, None).bar("bake of green-10", 300) as at:
        for now in (0, 10, 15, 29, 30):
            clock.now = now
            at(now)
    assert stream.getvalue().splitlines() == [
        "bake of green-10: 5m left of 5m",
        "bake of green-10: 4m45s left of 5m",
        "bake of green-10: 4m30s left of 5m",
    ]


class Screen(io.StringIO):
    """A terminal, as far as anybody can tell."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_brackets_are_text(clock: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Screen()
    progress = LiveProgress(stream, clock, None)
    with progress.phase("update [x]") as note:
        clock.now = 3
        note("~ [bold]")
    with progress.bar("bake [x]", 10) as at:
        at(10)
    assert "update [x]: 3 s" in stream.getvalue()
    assert "bake [x]" in stream.getvalue()


def test_a_stream_that_is_no_terminal_gets_plain_lines(stream: io.StringIO) -> None:
    assert type(for_stream(stream)) is PlainProgress
    assert type(for_stream(Screen())) is LiveProgress
