"""What the cloud says now, read again and again: what a router does follows from this and nothing else.

A real data plane keeps serving with what it has when its control plane is away. So does a router: when the API does
not answer, the last configuration stays in force and the state says since when it is stale.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Away(Exception):
    """The API did not answer, or not with what was asked for; `gone` when nothing listens there any more."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class Reader(Protocol[T_co]):
    """Reads a configuration; None when there is none; raises Away. Blocks."""

    def read(self, *, everything: bool) -> T_co | None: ...


@dataclass(frozen=True, slots=True)
class State(Generic[T]):
    """What is known of the configuration that was `seen` last.

    `found` is None until the API has answered once. `read_at` is when the configuration was last read and
    `stale_since` when the API first failed after that; both epoch seconds. `changes` counts the times
    that the configuration was seen to differ from the one before.
    """

    seen: T | None = None
    found: bool | None = None
    read_at: float | None = None
    stale_since: float | None = None
    error: str | None = None
    changes: int = 0


class Watch(Generic[T]):
    """Keeps the state up to date: every `interval_s`, and when asked."""

    def __init__(self, reader: Reader[T], *, interval_s: float = 0.2, clock: Callable[[], float] = time.time) -> None:
        self.state: State[T] = State()
        self._reader = reader
        self._interval_s = interval_s
        self._clock = clock
        self._reading = asyncio.Lock()

    async def refresh(self, *, everything: bool = True) -> State[T]:
        """Read now; the state returned comes from calls that were all made after this one."""
        async with self._reading:
            try:
                seen = await asyncio.to_thread(self._reader.read, everything=everything)
            except Away as error:
                self._away(str(error))
            else:
                self._answered(seen)
            return self.state

    async def run(self) -> None:
        """Read for ever, until cancelled."""
        while True:
            await self.refresh(everything=False)
            await asyncio.sleep(self._interval_s)

    def _away(self, error: str) -> None:
        if self.state.stale_since is None:
            log.warning("the cloud's API is away, the last known configuration stays in force: %s", error)
        since = self.state.stale_since if self.state.stale_since is not None else self._clock()
        self.state = replace(self.state, stale_since=since, error=error)

    def _answered(self, seen: T | None) -> None:
        if self.state.stale_since is not None:
            log.warning("the cloud's API answers again")
        changed = self.state.found is None or seen != self.state.seen
        self.state = State(
            seen=seen,
            found=seen is not None,
            read_at=self._clock(),
            changes=self.state.changes + changed,
        )
