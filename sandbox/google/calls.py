"""The log of API calls, so that a test waits for "services.patch has begun" instead of sleeping."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.calls import Asked, Rings

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
class Question(Asked):
    """operation: the end of a method id; method: HTTP; path: a part of it. "" leaves a condition out."""

    method: str = ""
    path: str = ""

    def wants(self, record: CallRecord) -> bool:
        return (
            (not self.operation or f".{record.operation}".endswith(f".{self.operation}"))
            and self.method in {"", record.method}
            and self.path in record.url
            and self.holds(record)
        )


class CallLog:
    """Of one loop; numbers start at 1 and never repeat while the server lives."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = asyncio.Event()
        self._rings: Rings[CallRecord] = Rings()

    def begin(self, service: str, operation: str, *, method: str, url: str, agent: str, body: object) -> int:
        """Note that a call has begun; returns its number."""
        begun = self._clock()
        number = self._rings.begin(
            lambda number: CallRecord(number, service, operation, method, url, agent, body, begun)
        )
        self._tell()
        return number

    def planted(self, number: int, fault: str) -> None:
        """Note which fault the running call met."""
        self._rings.planted(number, fault)
        self._tell()

    def finish(self, number: int, status: int) -> None:
        self._rings.finish(number, self._clock(), status)
        self._tell()

    def find(self, question: Question) -> list[CallRecord]:
        """The calls asked for, oldest first."""
        return self._rings.find(question.wants)

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
        self._rings.clear()

    def _tell(self) -> None:
        """Wake whoever waits now; who comes later waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()
