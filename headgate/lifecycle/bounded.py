"""Waits for a reading no longer than it may take."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TooLong(Exception):
    """The reading did not end in time; the message says how long that was."""


def within(seconds: float, read: Callable[[], T]) -> T:
    """What `read` returns or raises. It goes on in a thread of its own, which nobody waits for after `seconds`: raises
    TooLong then."""
    answers: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(read())
        except Exception as error:  # noqa: BLE001 - raised again below, where somebody waits
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise TooLong(f"no answer within {seconds:g} s")
    return answers[0]
