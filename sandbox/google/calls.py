"""The log of API calls, so that a test waits for "services.patch has begun" instead of sleeping."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

# Reads are many (the router polls the traffic several times a second), writes are few and matter: each kind
# has its own ring, so that polling never pushes a write out of the log.
_READS_KEPT = 5_000
_WRITES_KEPT = 20_000
_READING_VERBS = ("getIamPolicy", "testIamPermissions", "wait", "access")


@dataclass(frozen=True)
class CallRecord:
    """One API call. operation: the method id without the service; "" for a route that nothing serves.

    url: path and query as sent; body: the JSON sent, None for none. Times are epoch seconds; `finished` and
    `status` are None while it runs; status 0: the connection was closed without an answer.
    """

    number: int
    service: str
    operation: str
    method: str
    url: str
    agent: str
    body: Any
    begun: float
    finished: float | None = None
    status: int | None = None
    fault: str | None = None

    @property
    def reads(self) -> bool:
        return self.method == "GET" or self.operation.rpartition(".")[2] in _READING_VERBS


@dataclass(frozen=True)
class Question:
    """Which calls are asked for; "" leaves a condition out.

    operation: the end of a method id; method: HTTP; path, agent: a part of them; phase: "begun" or "finished".
    """

    since: int = 0
    service: str = ""
    operation: str = ""
    method: str = ""
    path: str = ""
    agent: str = ""
    phase: str = "begun"
    writes_only: bool = False

    def wants(self, record: CallRecord) -> bool:
        return (
            record.number > self.since
            and self.service in {"", record.service}
            and (not self.operation or f".{record.operation}".endswith(f".{self.operation}"))
            and self.method in {"", record.method}
            and self.path in record.url
            and self.agent in record.agent
            and (self.phase == "begun" or record.finished is not None)
            and not (self.writes_only and record.reads)
        )


class CallLog:
    """Of one loop; numbers start at 1 and never repeat while the server lives."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = asyncio.Event()
        self._reads: deque[CallRecord] = deque(maxlen=_READS_KEPT)
        self._writes: deque[CallRecord] = deque(maxlen=_WRITES_KEPT)
        self._running: dict[int, CallRecord] = {}
        self._last = 0

    def begin(self, service: str, operation: str, *, method: str, url: str, agent: str, body: object) -> int:
        """Note that a call has begun; returns its number."""
        self._last += 1
        self._running[self._last] = CallRecord(self._last, service, operation, method, url, agent, body, self._clock())
        self._tell()
        return self._last

    def planted(self, number: int, fault: str) -> None:
        """Note which fault the running call met."""
        self._running[number] = replace(self._running[number], fault=fault)
        self._tell()

    def finish(self, number: int, status: int) -> None:
        record = replace(self._running.pop(number), finished=self._clock(), status=status)
        (self._reads if record.reads else self._writes).append(record)
        self._tell()

    def find(self, question: Question) -> list[CallRecord]:
        """The calls asked for, oldest first."""
        return sorted(self._matching(question), key=lambda record: record.number)

    async def wait(self, question: Question, wait_s: float) -> list[CallRecord]:
        """As `find`, but waits up to `wait_s` seconds for the first one."""
        try:
            async with asyncio.timeout(wait_s):
                while not (found := self.find(question)):
                    await self._changed.wait()
        except TimeoutError:
            return []
        return found

    def clear(self) -> None:
        """Forget finished calls; numbers go on."""
        self._reads.clear()
        self._writes.clear()

    def _tell(self) -> None:
        """Wake whoever waits now; who comes later waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _matching(self, question: Question) -> Iterator[CallRecord]:
        for ring in (self._reads, self._writes, self._running.values()):
            yield from (record for record in ring if question.wants(record))


def as_json(record: CallRecord) -> dict[str, Any]:
    return asdict(record)
