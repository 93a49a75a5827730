"""What is written about requests, and the figures read out of it."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.router.records import Outcome, Record, Records
from sandbox.serving import Unusable


def record(at: float, slot: str | None = "blue", status: int = 200, **changes: object) -> Record:
    plain = Record(at, "u", 443, slot, status, 10.0, Outcome.SERVED, False, None)
    return plain._replace(**changes)  # type: ignore[arg-type]


def with_records(path: Path, scenario: Callable[[Records], Awaitable[None]], now: float = 1000.0) -> None:
    async def run() -> None:
        records = Records(path, clock=lambda: now)
        try:
            await scenario(records)
        finally:
            await records.close()

    asyncio.run(run())


def test_figures_per_slot(tmp_path: Path) -> None:
    async def scenario(records: Records) -> None:
        for number in range(100):
            records.add(record(1.0, latency_ms=float(number + 1), held=number < 30))
        records.add(record(1.0, status=404))
        records.add(record(1.0, "green", 500))
        records.add(record(1.0, "green", 502, outcome=Outcome.LOST, latency_ms=9999.0))
        records.add(record(1.0, "green", 460, outcome=Outcome.ABORTED))
        records.add(record(1.0, None, 503, outcome=Outcome.REFUSED))
        records.add(record(1.0, None, 301, listener=80))

        stats = await records.stats(0.0, listener=443)
        assert set(stats) == {"blue", "green", "none"}
        blue = stats["blue"]
        assert (blue.requests, blue.errors, blue.client_errors, blue.held) == (101, 0, 1, 30)
        assert blue.as_json()["p50_ms"] == pytest.approx(50, rel=0.011)
        assert blue.as_json()["p95_ms"] == pytest.approx(95, rel=0.011)
        green = stats["green"]
        assert (green.requests, green.errors, green.lost, green.aborted) == (3, 2, 1, 1)
        assert green.client_errors == 0
        assert green.as_json()["p95_ms"] == pytest.approx(10, rel=0.011), "lost requests have no latency"
        assert stats["none"].as_json()["p50_ms"] is None
        assert (stats["none"].refused, stats["none"].errors) == (1, 1)
        assert (await records.stats(0.0))["none"].requests == 2

    with_records(tmp_path / "r.sqlite", scenario)


def test_a_span_takes_its_beginning_and_leaves_its_end(tmp_path: Path) -> None:
    async def scenario(records: Records) -> None:
        for at in (1.0, 2.0, 3.0):
            records.add(record(at))
        assert (await records.stats(2.0))["blue"].requests == 2
        assert (await records.stats(1.0, 3.0))["blue"].requests == 2
        assert await records.stats(4.0) == {}

    with_records(tmp_path / "r.sqlite", scenario)


def test_marks(tmp_path: Path) -> None:
    async def scenario(records: Records) -> None:
        assert await records.last_mark() is None
        await records.mark("a")
        assert await records.mark("b") == (1000.0, "b")
        assert await records.last_mark() == (1000.0, "b")

    with_records(tmp_path / "r.sqlite", scenario)


def test_what_is_pending_at_the_end_is_written_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "made" / "r.sqlite"
    keys: list[tuple[bytes, str]] = []

    async def write(records: Records) -> None:
        records.add(record(1.0))
        keys.append((records.cookie_key(), records.hashed("alice")))

    async def read(records: Records) -> None:
        assert (await records.stats(0.0))["blue"].requests == 1
        keys.append((records.cookie_key(), records.hashed("alice")))

    with_records(path, write)
    with_records(path, read)
    assert keys[0] == keys[1], "cookies stay valid and users the same when the router starts again"


def test_users_are_stored_as_a_salted_hash_only(tmp_path: Path) -> None:
    hashes = []

    async def scenario(records: Records) -> None:
        hashed = records.hashed("alice@example.com")
        records.add(record(1.0, user=hashed))
        hashes.append(hashed)

    for name in ("one", "two"):
        with_records(tmp_path / name, scenario)
        content = b"".join(file.read_bytes() for file in tmp_path.glob(f"{name}*"))
        assert b"alice" not in content
        assert hashes[-1].encode() in content
    assert hashes[0] != hashes[1], "the salt differs between databases"
    assert len(hashes[0]) == 12


def test_old_requests_are_removed(tmp_path: Path) -> None:
    clock = [100_000.0]

    async def scenario() -> None:
        records = Records(tmp_path / "r.sqlite", clock=lambda: clock[0])
        records.add(record(100_000.0))
        await records.flush()
        clock[0] += 25 * 3600
        records.add(record(clock[0]))
        await records.flush()
        assert (await records.stats(0.0))["blue"].requests == 1
        await records.close()

    asyncio.run(scenario())


def test_requests_wait_in_memory_while_the_disk_does_not_take_them(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"

    async def scenario(records: Records) -> None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("ALTER TABLE requests RENAME TO elsewhere")
            records.add(record(1.0))
            with pytest.raises(sqlite3.Error):
                await records.flush()
            assert records.error is not None
            other.execute("ALTER TABLE elsewhere RENAME TO requests")
        assert (await records.stats(0.0))["blue"].requests == 1
        assert records.error is None

    with_records(path, scenario)


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be taken for a damaged one " * 20)
    with pytest.raises(Unusable, match="cannot be opened as a database"):
        Records(text)
    later = tmp_path / "later.sqlite"
    with closing(sqlite3.connect(later)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(Unusable, match="of version 99, this router writes version 1"):
        Records(later)
