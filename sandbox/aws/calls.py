"""The log of API calls, so that a test waits for "ModifyListener has begun" instead of sleeping."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

# Reads are many (the router polls the balancer several times a second), writes are few and matter:
# each kind has its own ring, so that polling never pushes a write out of the log.
_READS_KEPT = 5_000
_WRITES_KEPT = 20_000
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
class Question:
    """Which calls are asked for; None and "" leave a condition out.

    phase: "begun" (default) or "finished"; agent: a part of the caller's user agent.
    """

    since: int = 0
    service: str = ""
    operation: str = ""
    agent: str = ""
    phase: str = "begun"
    writes_only: bool = False

    def wants(self, record: CallRecord) -> bool:
        return (
            record.number > self.since
            and self.service in {"", record.service}
            and self.operation in {"", record.operation}
            and self.agent in record.agent
            and (self.phase == "begun" or record.finished is not None)
            and not (self.writes_only and record.reads)
        )


class CallLog:
    """Thread-safe; numbers start at 1 and never repeat while the server lives."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._reads: deque[CallRecord] = deque(maxlen=_READS_KEPT)
        self._writes: deque[CallRecord] = deque(maxlen=_WRITES_KEPT)
        self._running: dict[int, CallRecord] = {}
        self._last = 0

    def begin(self, service: str, operation: str, agent: str) -> int:
        """Note that a call has begun; returns its number."""
        with self._changed:
            self._last += 1
            record = CallRecord(self._last, service, operation, agent, self._clock())
            self._running[record.number] = record
            self._changed.notify_all()
            return record.number

    def planted(self, number: int, fault: str) -> None:
        """Note which fault the running call met."""
        with self._changed:
            self._running[number] = replace(self._running[number], fault=fault)
            self._changed.notify_all()

    def finish(self, number: int, status: int) -> None:
        with self._changed:
            record = replace(self._running.pop(number), finished=self._clock(), status=status)
            (self._reads if record.reads else self._writes).append(record)
            self._changed.notify_all()

    def find(self, question: Question, wait_s: float = 0.0) -> list[CallRecord]:
        """The calls asked for, oldest first; waits up to `wait_s` seconds for the first one."""
        with self._changed:
            self._changed.wait_for(lambda: any(True for _ in self._matching(question)), wait_s)
            return sorted(self._matching(question), key=lambda record: record.number)

    def clear(self) -> None:
        """Forget finished calls; numbers go on."""
        with self._changed:
            self._reads.clear()
            self._writes.clear()

    def _matching(self, question: Question) -> Iterator[CallRecord]:
        for ring in (self._reads, self._writes, self._running.values()):
            yield from (record for record in ring if question.wants(record))


def as_json(record: CallRecord) -> dict[str, Any]:
    return asdict(record)
