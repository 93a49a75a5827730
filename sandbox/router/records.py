"""What every request got, in SQLite.

Requests are kept in memory for a moment and written in batches by one thread, so that a request never
waits for the disk. Asking for figures writes what is pending first: an answer includes every request that
ended before the question.

A user is stored only as a short keyed hash. The key is made once per database and stays in it, so a
user has the same hash throughout a database and another one in the next.
"""

import asyncio
import contextlib
import logging
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2s
from pathlib import Path
from typing import NamedTuple, TypeVar

from sandbox.histogram import Histogram, bucket_of
from sandbox.serving import Unusable

log = logging.getLogger(__name__)

T = TypeVar("T")

VERSION = 1

_FLUSH_S = 0.25

# Older requests are of no use to a rehearsal.
_RETENTION_S = 24 * 3600.0
_PRUNE_EVERY_S = 600.0

# What is kept in memory when the disk does not take it: at 1000 requests/s, more than a minute.
_MOST_PENDING = 100_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
  at REAL NOT NULL, user TEXT, listener INTEGER NOT NULL, slot TEXT, status INTEGER NOT NULL,
  latency_ms REAL NOT NULL, bucket INTEGER NOT NULL, outcome TEXT NOT NULL, held INTEGER NOT NULL,
  rule INTEGER
);
CREATE INDEX IF NOT EXISTS requests_at ON requests (at);
CREATE TABLE IF NOT EXISTS marks (at REAL NOT NULL, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""


class Outcome(StrEnum):
    """SERVED: answered by a process or, as configured, by the balancer. REFUSED: there was nobody to ask.
    LOST: a process was asked and gave no whole answer. ABORTED: the client went away."""

    SERVED = "served"
    REFUSED = "refused"
    LOST = "lost"
    ABORTED = "aborted"


class Record(NamedTuple):
    """One request. `at` is when it began, epoch seconds; `slot` is None when no process was asked; `rule`
    is the priority of the listener rule, None for the default action."""

    at: float
    user: str | None
    listener: int
    slot: str | None
    status: int
    latency_ms: float
    outcome: Outcome
    held: bool
    rule: int | None


class Mark(NamedTuple):
    at: float
    name: str


@dataclass(slots=True)
class SlotStats:
    """Figures of one slot over a span of time. Latency counts served requests only."""

    requests: int = 0
    errors: int = 0
    client_errors: int = 0
    lost: int = 0
    refused: int = 0
    aborted: int = 0
    held: int = 0
    latency: Histogram = field(default_factory=Histogram)

    def as_json(self) -> dict[str, object]:
        """Counts, and quantiles in milliseconds (None without a served request). `errors` are answers of
        500 and above, whoever gave them."""
        quantiles = {"p50_ms": self.latency.quantile(0.5), "p95_ms": self.latency.quantile(0.95)}
        return {
            "requests": self.requests,
            "errors": self.errors,
            "client_errors": self.client_errors,
            "lost": self.lost,
            "refused": self.refused,
            "aborted": self.aborted,
            "held": self.held,
            **{name: None if value is None else round(value, 3) for name, value in quantiles.items()},
        }


class Records:
    """The database of one router. To be opened and used inside one event loop; close() writes the rest."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Raises Unusable when `path` cannot be opened or holds something else."""
        self.error: str | None = None
        self.dropped = 0
        self._clock = clock
        self._pending: deque[Record] = deque(maxlen=_MOST_PENDING)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="records")
        try:
            self._database = self._thread.submit(_open, path).result()
        except Unusable:
            self._thread.shutdown()
            raise
        self._salt = self._key("user")
        self._pruned_at = clock()

    def cookie_key(self) -> bytes:
        """The key that signs stickiness cookies; stays when the router is started again."""
        return self._key("cookie")

    def hashed(self, user: str) -> str:
        """What is stored in place of a user id: 12 hexadecimal digits."""
        return blake2s(user.encode(), key=self._salt, digest_size=6).hexdigest()

    def add(self, record: Record) -> None:
        if len(self._pending) == _MOST_PENDING:
            self.dropped += 1
        self._pending.append(record)

    async def run(self) -> None:
        """Write what is pending, again and again, until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_S)
            with contextlib.suppress(sqlite3.Error):
                await self.flush()

    async def flush(self) -> None:
        """Write what is pending. Raises sqlite3.Error; what was not written stays pending."""
        await self._in_thread(self._write)

    async def stats(
        self, since: float, until: float | None = None, listener: int | None = None
    ) -> dict[str, SlotStats]:
        """Figures per slot of the requests that began in [since, until); key "none" where no process was
        asked. `listener` is a listener port; None means all."""
        return await self._in_thread(lambda: self._stats(since, until, listener))

    async def mark(self, name: str) -> Mark:
        """Remember now under a name."""
        mark = Mark(self._clock(), name)
        await self._in_thread(lambda: self._insert_mark(mark))
        return mark

    async def last_mark(self) -> Mark | None:
        return await self._in_thread(self._last_mark)

    async def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            await self.flush()
        await self._in_thread(self._database.close)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _write(self) -> None:
        batch = [self._pending.popleft() for _ in range(len(self._pending))]
        try:
            with self._database:
                self._database.executemany(
                    "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(*r[:6], bucket_of(r.latency_ms), *r[6:]) for r in batch],
                )
            self._prune()
        except sqlite3.Error as error:
            self._pending.extendleft(reversed(batch))
            if self.error is None:
                log.exception("requests cannot be written; they are kept in memory for now")
            self.error = str(error)
            raise
        self.error = None

    def _prune(self) -> None:
        now = self._clock()
        if now - self._pruned_at >= _PRUNE_EVERY_S:
            self._pruned_at = now
            with self._database:
                self._database.execute("DELETE FROM requests WHERE at < ?", (now - _RETENTION_S,))

    def _stats(self, since: float, until: float | None, listener: int | None) -> dict[str, SlotStats]:
        self._write()
        rows = self._database.execute(
            """SELECT coalesce(slot, 'none'), outcome, bucket, count(*), sum(status >= 500),
                      sum(status BETWEEN 400 AND 499 AND outcome <> 'aborted'), sum(held)
               FROM requests
               WHERE at >= :since AND (:until IS NULL OR at < :until) AND (:port IS NULL OR listener = :port)
               GROUP BY 1, 2, 3""",
            {"since": since, "until": until, "port": listener},
        )
        stats: dict[str, SlotStats] = {}
        for slot, outcome, bucket, count, errors, client_errors, held in rows:
            of_slot = stats.setdefault(slot, SlotStats())
            of_slot.requests += count
            of_slot.errors += errors
            of_slot.client_errors += client_errors
            of_slot.held += held
            match outcome:
                case Outcome.SERVED:
                    of_slot.latency.merge(Histogram({bucket: count}))
                case Outcome.LOST:
                    of_slot.lost += count
                case Outcome.REFUSED:
                    of_slot.refused += count
                case Outcome.ABORTED:
                    of_slot.aborted += count
        return stats

    def _insert_mark(self, mark: Mark) -> None:
        with self._database:
            self._database.execute("INSERT INTO marks VALUES (?, ?)", mark)

    def _last_mark(self) -> Mark | None:
        row = self._database.execute("SELECT at, name FROM marks ORDER BY rowid DESC LIMIT 1").fetchone()
        return None if row is None else Mark(*row)

    def _key(self, name: str) -> bytes:
        def read_or_make() -> bytes:
            with self._database:
                self._database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (name, secrets.token_bytes(32)))
            row = self._database.execute("SELECT value FROM keys WHERE name = ?", (name,)).fetchone()
            return bytes(row[0])

        return self._thread.submit(read_or_make).result()


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, timeout=5)
        version = database.execute("PRAGMA user_version").fetchone()[0]
    except (OSError, sqlite3.Error) as error:
        raise Unusable(
            f"{path} cannot be opened as a database ({error}); name another file or delete this one"
        ) from error
    if version not in {0, VERSION}:
        database.close()
        raise Unusable(
            f"{path} is of version {version}, this router writes version {VERSION}; delete the file or name another one"
        )
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(_SCHEMA)
    database.execute(f"PRAGMA user_version = {VERSION}")
    return database
