"""Tries a call of a cloud API again, within one bound for everything that belongs to one give-back."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

T = TypeVar("T")


class Passing(Enum):
    """What an error says of the next try."""

    BUSY = auto()  # throttling or an error of the server: passes by itself
    LOST = auto()  # refused, cut off or without an answer: passes, or the endpoint is dead
    NO = auto()  # the next try is answered likewise


@dataclass(frozen=True, slots=True)
class Patience:
    """`total`: seconds for all calls together, waits included; a call that runs is not cut off by it. `lost`: tries in
    a row without any answer, before each further call gets one try only. `first`, `most`: seconds between two tries,
    doubled from one to the other.
    """

    total: float = 45.0  # a rollback takes less than 300, and what follows wants its share
    lost: int = 3
    first: float = 0.2
    most: float = 4.0


class Retrying:
    """Calls with backoff, from now to the end of `patience`."""

    def __init__(
        self,
        kind: Callable[[Exception], Passing],
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        patience: Patience | None = None,
    ) -> None:
        self._kind = kind
        self._sleep = sleep
        self._monotonic = monotonic
        self._patience = patience or Patience()
        self._end = monotonic() + self._patience.total
        self._lost = 0

    @property
    def left(self) -> float:
        """Seconds that are left, 0 when it is over."""
        return max(0.0, self._end - self._monotonic())

    def wait(self, seconds: float) -> bool:
        """Wait, unless that would take longer than what is left; whether there was time."""
        if seconds >= self.left:
            return False
        self._sleep(seconds)
        return True

    def __call__(self, call: Callable[[], T]) -> T:
        """The answer of `call`. Raises what its last try raised."""
        pause = self._patience.first
        while True:
            try:
                answer = call()
            except Exception as error:
                kind = self._kind(error)
                self._lost = self._lost + 1 if kind is Passing.LOST else 0
                if kind is Passing.NO or self._lost >= self._patience.lost or not self.wait(pause):
                    raise
                pause = min(2 * pause, self._patience.most)
            else:
                self._lost = 0
                return answer
