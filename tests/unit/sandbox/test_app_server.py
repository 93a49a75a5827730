"""The sample service on a socket: connections are kept, requests under way are finished."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.app.__main__ import KEEP_ALIVE_S, Server, running
from sandbox.router.forwarding import KEEP_ALIVE_S as ROUTER_KEEP_ALIVE_S
from sandbox.serving import BACKLOG, Unusable, listen

pytestmark = pytest.mark.sandbox

REQUEST = b"GET /api/v2/health HTTP/1.1\r\nHost: app\r\n\r\n"


def served(scenario: Callable[[str], Awaitable[None]], folder: Path) -> None:
    async def run() -> None:
        async with running("1", "blue", folder / "items.sqlite", 0, 1) as url:
            await scenario(url)

    asyncio.run(run())


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    return head + await reader.readexactly(int(length.partition(b":")[2]))


async def seen_in_flight(http: httpx.AsyncClient, url: str) -> None:
    """Return once the service says that it is working on a request."""
    for _ in range(1000):
        if b'headgate_requests_in_flight{version="1"} 1.0' in (await http.get(url + "/metrics")).content:
            return
    raise AssertionError("the request was never under way")


def test_settings_that_others_rely_on() -> None:
    async def scenario() -> None:
        async def nothing(*_: object) -> None:
            """Never called."""

        config = Server(nothing).config
        assert config.timeout_keep_alive == KEEP_ALIVE_S > ROUTER_KEEP_ALIVE_S
        assert config.backlog == BACKLOG
        assert config.proxy_headers is False

    asyncio.run(scenario())


def test_a_connection_is_used_again_and_answers_are_not_delayed(tmp_path: Path) -> None:
    async def scenario(url: str) -> None:
        async with connection(url) as (reader, writer):
            began = asyncio.get_running_loop().time()
            for _ in range(50):
                writer.write(REQUEST)
                assert (await answer(reader)).startswith(b"HTTP/1.1 200")
            # With Nagle's delay on, each answer takes 40 ms.
            assert asyncio.get_running_loop().time() - began < 1.5

    served(scenario, tmp_path)


def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    async def scenario(url: str) -> None:
        async with connection(url) as (reader, writer):
            writer.write(REQUEST + REQUEST.replace(b"health", b"items/1"))
            assert (await answer(reader)).startswith(b"HTTP/1.1 200")
            assert (await answer(reader)).startswith(b"HTTP/1.1 404")

    served(scenario, tmp_path)


def test_the_rest_of_a_body_that_is_too_long_does_not_become_a_request(tmp_path: Path) -> None:
    async def scenario(url: str) -> None:
        async with connection(url) as (reader, writer):
            length = 1_000_000
            writer.write(b"POST /api/v2/items HTTP/1.1\r\nHost: app\r\nContent-Length: %d\r\n\r\n" % length)
            writer.write(b"x" * length)
            assert (await answer(reader)).startswith(b"HTTP/1.1 413")
            writer.write(REQUEST)
            assert (await answer(reader)).startswith(b"HTTP/1.1 200")

    served(scenario, tmp_path)


def test_what_is_under_way_is_finished_when_it_is_told_to_stop(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            async with running("1", "blue", tmp_path / "items.sqlite", 0, 1) as url:
                await http.post(url + "/__sandbox/fault", json={"latency_ms": 400})
                slow = asyncio.create_task(http.get(url + "/api/v2/items/1"))
                async with connection(url) as (reader, writer):
                    writer.write(REQUEST)
                    await answer(reader)
                await seen_in_flight(http, url)
            assert (await slow).status_code == 404
            with pytest.raises(httpx.ConnectError):
                await http.get(url + "/api/v2/health")

    asyncio.run(scenario())


def test_an_idle_connection_does_not_hold_it_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running("1", "blue", tmp_path / "items.sqlite", 0, 1) as url:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(REQUEST)
            await answer(reader)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 4, "the grace is for requests, not for idle connections"
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    asyncio.run(scenario())


def test_the_port_is_free_again_afterwards(tmp_path: Path) -> None:
    ports: list[int] = []

    async def scenario(url: str) -> None:
        ports.append(int(url.rpartition(":")[2]))

    served(scenario, tmp_path)
    with listen(ports[0]) as again:
        assert again.proto == socket.IPPROTO_TCP


def test_a_name_that_cannot_be_used_leaves_nothing_open(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running("é", "blue", tmp_path / "items.sqlite", 0, 1):
            raise AssertionError("served")

    with pytest.raises(Unusable, match="--version"):
        asyncio.run(scenario())
