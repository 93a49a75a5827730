"""The log of API calls, so that a test waits for "ModifyListener has begun" instead of sleeping."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.emulator.calls import Asked, Rings

_READ_PREFIXES = ("Describe", "List", "Get", "Head", "BatchGet")


@dataclass(frozen=True)
class CallRecord:
    """One API call. Times are epoch seconds; `finished` and `status` are None while it runs."""

    number: int
    service: str
    operation: str
    agent: str
    begun: float
    finished: float | None = None
    status: int | None = None
    fault: str | None = None

    @property
    def reads(self) -> bool:
        return self.operation.startswith(_READ_PREFIXES)


@dataclass(frozen=True)
class Question(Asked):
    """operation: as the API reference names it."""

    def wants(self, record: CallRecord) -> bool:
        return self.operation in {"", record.operation} and self.holds(record)


class CallLog:
    """Thread-safe; numbers start at 1 and never repeat while the server lives."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._rings: Rings[CallRecord] = Rings()

    def begin(self, service: str, operation: str, agent: str) -> int:
        """Note that a call has begun; returns its number."""
        with self._changed:
            begun = self._clock()
            number = self._rings.begin(lambda number: CallRecord(number, service, operation, agent, begun))
            self._changed.notify_all()
            return number

    def planted(self, number: int, fault: str) -> None:
        """Note which fault the running call met."""
        with self._changed:
            self._rings.planted(number, fault)
            self._changed.notify_all()

    def finish(self, number: int, status: int) -> None:
        with self._changed:
            self._rings.finish(number, self._clock(), status)
            self._changed.notify_all()

    def find(self, question: Question, wait_s: float = 0.0) -> list[CallRecord]:
        """The calls asked for, oldest first; waits up to `wait_s` seconds for the first one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._rings.find(question.wants), wait_s)

    def clear(self) -> None:
        """Forget finished calls; numbers go on."""
        with self._changed:
            self._rings.clear()
