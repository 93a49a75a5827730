"""The rings that an emulator's log of API calls is kept in."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

# Reads are many (a router polls the traffic several times a second), writes are few and matter: each kind has its
# own ring, so that polling never pushes a write out of the log.
_READS_KEPT = 5_000
_WRITES_KEPT = 20_000


class Call(Protocol):
    """A frozen dataclass with `status` and `fault` besides; `finished` and `status` are None while it runs."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def number(self) -> int: ...

    @property
    def service(self) -> str: ...

    @property
    def agent(self) -> str: ...

    @property
    def finished(self) -> float | None: ...

    @property
    def reads(self) -> bool: ...


@dataclass(frozen=True)
class Asked:
    """Which calls are asked for; "" leaves a condition out.

    agent: a part of the caller's user agent; phase: "begun" or "finished".
    """

    since: int = 0
    service: str = ""
    operation: str = ""
    agent: str = ""
    phase: str = "begun"
    writes_only: bool = False

    def holds(self, record: Call) -> bool:
        """All conditions but the operation's, of which each cloud has its own notion."""
        return (
            record.number > self.since
            and self.service in {"", record.service}
            and self.agent in record.agent
            and (self.phase == "begun" or record.finished is not None)
            and not (self.writes_only and record.reads)
        )


C = TypeVar("C", bound=Call)


class Rings(Generic[C]):
    """Not thread-safe. Numbers start at 1 and never repeat."""

    def __init__(self) -> None:
        self._reads: deque[C] = deque(maxlen=_READS_KEPT)
        self._writes: deque[C] = deque(maxlen=_WRITES_KEPT)
        self._running: dict[int, C] = {}
        self._last = 0

    def begin(self, make: Callable[[int], C]) -> int:
        """Note that a call has begun; returns its number."""
        self._last += 1
        self._running[self._last] = make(self._last)
        return self._last

    def planted(self, number: int, fault: str) -> None:
        """Note which fault the running call met."""
        self._running[number] = replace(self._running[number], fault=fault)

    def finish(self, number: int, now: float, status: int) -> None:
        record = replace(self._running.pop(number), finished=now, status=status)
        (self._reads if record.reads else self._writes).append(record)

    def find(self, wanted: Callable[[C], bool]) -> list[C]:
        """The calls asked for, oldest first."""
        return sorted(self._matching(wanted), key=lambda record: record.number)

    def clear(self) -> None:
        """Forget finished calls; numbers go on."""
        self._reads.clear()
        self._writes.clear()

    def _matching(self, wanted: Callable[[C], bool]) -> Iterator[C]:
        for ring in (self._reads, self._writes, self._running.values()):
            yield from (record for record in ring if wanted(record))
