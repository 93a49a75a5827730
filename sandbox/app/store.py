"""The items, in one SQLite file that all versions share.

A write is committed before it is answered, so what a client was told is stored survives a kill of the
process and is found by the other version. Writes go through one thread; the two processes take turns
through SQLite's own lock.
"""

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.serving import Unusable

# Longer than any write of the other process takes, however busy the machine.
_BUSY_S = 10.0

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Item:
    """An item as stored; `slot` and `version` say who stored it, `created_at` is epoch seconds."""

    id: int
    name: str
    quantity: int
    slot: str
    version: str
    created_at: float

    def as_json(self) -> dict[str, object]:
        return asdict(self)


class Store:
    """The items. To be closed."""

    def __init__(self, path: Path) -> None:
        """Raises Unusable when `path` cannot be opened or is not such a database."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _prepare(path)
            self._writer = self._thread.submit(_connect, path).result()
            self._reader = _connect(path)
        except (OSError, sqlite3.Error) as error:
            self._thread.shutdown()
            raise Unusable(
                f"{path} cannot be used as a database ({error}); name another file or delete this one"
            ) from error

    async def add(self, name: str, quantity: int, slot: str, version: str) -> Item:
        """Store an item. Raises sqlite3.Error when it could not be stored."""
        created_at = time.time()

        def insert() -> int:
            with self._writer:
                cursor = self._writer.execute(
                    "INSERT INTO items (name, quantity, slot, version, created_at) VALUES (?, ?, ?, ?, ?)",
                    (name, quantity, slot, version, created_at),
                )
            assert cursor.lastrowid is not None  # noqa: S101 - an INSERT has a row id
            return cursor.lastrowid

        number = await asyncio.get_running_loop().run_in_executor(self._thread, insert)
        return Item(number, name, quantity, slot, version, created_at)

    def get(self, number: int) -> Item | None:
        """The item of that id, whichever version stored it."""
        if number > _LARGEST_ID:
            return None
        row = self._reader.execute(
            "SELECT id, name, quantity, slot, version, created_at FROM items WHERE id = ?", (number,)
        ).fetchone()
        return None if row is None else Item(*row)

    def close(self) -> None:
        self._thread.submit(self._writer.close).result()
        self._thread.shutdown()
        self._reader.close()


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_BUSY_S)
    database.execute("PRAGMA synchronous = NORMAL")
    return database


def _prepare(path: Path) -> None:
    """Create the table. Both processes may do this at the same time."""
    give_up = time.monotonic() + _BUSY_S
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=_BUSY_S)) as database, database:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(
                    """CREATE TABLE IF NOT EXISTS items (
                         id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, quantity INTEGER NOT NULL,
                         slot TEXT NOT NULL, version TEXT NOT NULL, created_at REAL NOT NULL)"""
                )
            return
        except sqlite3.OperationalError as error:
            # The change to WAL does not wait for a lock, whatever the timeout.
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
