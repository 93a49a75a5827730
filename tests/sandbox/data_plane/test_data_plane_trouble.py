"""What a request gets, and what is recorded, when something is missing, broken, slow or away."""

import asyncio
import contextlib
import json
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace

import pytest
from moto.server import ThreadedMotoServer

from sandbox.load import Load, run
from sandbox.serving import write_json
from tests.sandbox.data_plane.parts import Cloud, forward, soon

pytestmark = pytest.mark.sandbox


async def refused(router, status: int, words: str, via: str = "traffic") -> None:
    got = await router.get(via=via)
    said = json.loads(got.body)
    assert got.status == status, said
    assert words in said["error"]
    assert said["remedy"]
    assert got.slot is None


def test_a_killed_process_costs_its_slot_only_and_is_recorded_as_lost(
    cloud: Cloud, front, apps, start, tmp_path
) -> None:
    cloud.set_weights(0, 100)
    arguments = ["--version", "3", "--slot", "green", "--database", str(tmp_path / "items.sqlite")]
    victim = start("sandbox.app", *arguments)

    async def scenario() -> None:
        async with front() as router:
            write_json(router.backends, {**apps, "green": victim.ready["url"]})
            await router.refresh()
            assert (await router.get()).headers["X-Deployment-Version"] == "3"

            victim.popen.kill()
            victim.popen.wait()
            lost = await run(Load(router.url, users=5, requests=30, verify=False))
            assert (lost.requests, lost.lost) == (30, 30)
            assert set(lost.lost_reasons) == {"502 by the router"}
            assert (await router.slots())["green"]["lost"] == 30

            cloud.set_weights(100, 0)
            await router.refresh()
            assert (await router.get()).slot == "blue"

            # The next process of the slot has another address; nothing is started again but the process.
            write_json(router.backends, {**apps, "green": start("sandbox.app", *arguments).ready["url"]})
            await router.refresh()
            assert (await router.get(via="test")).headers["X-Deployment-Version"] == "3"

    asyncio.run(scenario())


@pytest.fixture
def own_api(cloud: Cloud):
    """A second door to the same emulator, that a test can close and open again."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield replace(cloud, endpoint=f"http://{host}:{port}"), server
    with contextlib.suppress(OSError, AttributeError):
        server.stop()


def test_serves_on_while_the_api_is_away_and_says_that_it_is_stale(cloud: Cloud, front, own_api) -> None:
    door, server = own_api
    cloud.set_weights(0, 100)

    async def scenario() -> None:
        async with front(aws_endpoint=door.endpoint) as router:
            assert not (await router.status())["stale"]
            await asyncio.to_thread(server.stop)
            cloud.set_weights(100, 0)
            status = await router.refresh()
            assert (status["stale"], status["found"]) == (True, True)
            assert status["stale_since"] >= status["last_refresh"]
            assert door.endpoint in status["error"]
            assert {(await router.get()).slot for _ in range(20)} == {"green"}

            again = ThreadedMotoServer(ip_address="127.0.0.1", port=int(door.endpoint.split(":")[2]))
            await asyncio.to_thread(again.start)
            try:
                assert await soon(lambda: fresh(router))
                assert (await router.get()).slot == "blue"
            finally:
                await asyncio.to_thread(again.stop)

    asyncio.run(scenario())


async def fresh(router) -> bool:
    return not (await router.status())["stale"]


def test_an_api_that_never_answered(front) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def scenario() -> None:
            async with front(aws_endpoint=nobody) as router:
                await refused(router, 503, "the AWS API has not answered yet")
                status = await router.status()
                assert (status["found"], status["stale"], status["weights"]) == (None, True, {})

        asyncio.run(scenario())


def test_a_balancer_that_comes_and_goes(cloud: Cloud, front) -> None:
    late = replace(cloud, name=f"{cloud.name}-late", groups={}, listeners={})

    async def scenario() -> None:
        async with front(load_balancer=late.name) as router:
            await refused(router, 503, f"there is no load balancer '{late.name}'")
            assert (await router.status())["found"] is False
            await asyncio.to_thread(late.create)
            await router.refresh()
            assert (await router.get()).slot == "blue"
            late.client.delete_load_balancer(LoadBalancerArn=late.arn)
            await router.refresh()
            await refused(router, 503, "there is no load balancer")
            assert (await router.slots())["none"]["refused"] == 2

    asyncio.run(scenario())


def test_nobody_to_send_to(cloud: Cloud, front, apps) -> None:
    async def scenario() -> None:
        async with front() as router:
            cloud.set_weights(0, 0)
            await router.refresh()
            await refused(router, 503, "no target group of the forward action has a weight above 0")

            untagged = cloud.create_group(f"{cloud.name}-none", None)
            cloud.set_default(443, forward((untagged, 1)))
            await router.refresh()
            await refused(router, 503, f"target group '{cloud.name}-none' has no tag `slot`")

            write_json(router.backends, {"blue": apps["blue"]})
            cloud.set_weights(0, 100)
            await router.refresh()
            await refused(router, 503, "no process serves slot 'green'")

            cloud.client.delete_listener(ListenerArn=cloud.listeners[8443])
            await router.refresh()
            await refused(router, 503, "has no listener on port 8443", via="test")
            assert set(await router.slots("all")) == {"none"}

    asyncio.run(scenario())


def test_what_the_router_does_not_play_is_refused_by_name(cloud: Cloud, front) -> None:
    cloud.set_weights(1000, 0)

    async def scenario() -> None:
        async with front() as router:
            await refused(router, 501, "weight 1000 of target group")
            assert (await router.status())["listeners"]["traffic"]["problems"]

    asyncio.run(scenario())


@contextlib.asynccontextmanager
async def peer(answer) -> AsyncIterator[str]:
    """A process that speaks TCP as told: `answer(reader, writer)`."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"this is not HTTP\r\n\r\n")
    writer.close()


async def cut_short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    writer.close()


@pytest.mark.parametrize(("answer", "status"), [(never, 504), (hangs_up, 502), (nonsense, 502), (cut_short, 502)])
def test_a_process_that_gives_no_whole_answer(cloud: Cloud, front, answer, status: int) -> None:
    async def scenario() -> None:
        async with peer(answer) as url, front(idle_timeout_s=0.3) as router:
            write_json(router.backends, {"blue": url})
            await router.refresh()
            for method in ("GET", "POST"):
                got = await router.send(method, "/", data=b"body" if method == "POST" else None)
                assert got.status == status
                assert got.slot is None
            blue = (await router.slots())["blue"]
            assert (blue["lost"], blue["errors"], blue["p50_ms"]) == (2, 2, None)

    asyncio.run(scenario())


async def cut_in_the_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100_000)
    await writer.drain()
    writer.close()


def test_an_answer_cut_in_the_middle_of_a_stream_is_cut_for_the_client_too(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with peer(cut_in_the_stream) as url, front() as router:
            write_json(router.backends, {"blue": url})
            await router.refresh()
            summary = await run(Load(router.url, users=1, requests=1, write_share=0, verify=False))
            assert summary.lost == 1
            assert await soon(lambda: lost_one(router))

    asyncio.run(scenario())


async def lost_one(router) -> bool:
    return bool((await router.slots()).get("blue", {}).get("lost") == 1)


def test_a_client_that_goes_away_is_not_counted_as_lost(cloud: Cloud, front) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                await writer.drain()

    async def gone(router) -> bool:
        return bool((await router.slots()).get("blue", {}).get("aborted") == 1)

    async def scenario() -> None:
        async with peer(endless) as url, front() as router:
            write_json(router.backends, {"blue": url})
            await router.refresh()
            async with router.session.get(router.url) as answer:
                assert len(await answer.content.readexactly(100_000)) == 100_000
                answer.close()
            assert await soon(lambda: gone(router))
            blue = (await router.slots())["blue"]
            assert (blue["requests"], blue["lost"], blue["errors"]) == (1, 0, 0)

    asyncio.run(scenario())


@pytest.mark.parametrize("target", ["@127.0.0.2:1/", "*", "127.0.0.2:1/x"])
def test_a_request_target_that_is_no_path_goes_nowhere(cloud: Cloud, front, target: str) -> None:
    async def scenario() -> None:
        async with front() as router:
            host, port = router.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"OPTIONS {target} HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            assert answer.split(b" ")[1] == b"400"
            assert "blue" not in await router.slots()

    asyncio.run(scenario())


def test_users_are_not_stored_in_clear(cloud: Cloud, front, tmp_path) -> None:
    async def scenario() -> None:
        async with front() as router:
            for _ in range(2):
                await router.get(headers={"X-User-Id": "alice@example.com"})
            await router.get(headers={"Cookie": "a=b; uid=bob@example.com"})
            await router.get()
            await router.status()

    asyncio.run(scenario())
    with closing(sqlite3.connect(tmp_path / "router.sqlite")) as database:
        users = [user for (user,) in database.execute("SELECT user FROM requests ORDER BY at")]
    assert users[0] == users[1]
    assert len({*users}) == 3
    assert users[3] is None
    content = b"".join(file.read_bytes() for file in tmp_path.glob("router.sqlite*"))
    assert b"example.com" not in content


def test_unknown_and_wrong_questions_to_the_router_itself(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with front() as router:
            assert (await router.get("/__sandbox/nonsense")).status == 404
            assert (await router.send("POST", "/__sandbox/status")).status == 404
            got = await router.get("/__sandbox/stats?since=yesterday")
            assert (got.status, b"found 'yesterday'" in got.body) == (400, True)
            got = await router.get("/__sandbox/stats?listener=moon")
            assert (got.status, b"expected one of traffic, test, http, all" in got.body) == (400, True)
            assert await router.slots("all") == {}, "questions are not traffic"

    asyncio.run(scenario())
