"""What of a request and an answer passes through the router, and what does not."""

import asyncio
import contextlib
import hashlib
import io
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from sandbox.serving import write_json
from tests.sandbox.data_plane.parts import Cloud, Front

pytestmark = pytest.mark.sandbox

MEGABYTE = 1024 * 1024


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    """Says what arrived, or answers as the path asks."""
    match request.rel_url.path:
        case "/empty":
            return web.Response(status=204)
        case "/cached":
            return web.Response(status=304, headers={"ETag": '"x"'})
        case "/teapot":
            headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Keep-Alive", "timeout=9"), ("X-Own", "y")]
            return web.Response(status=418, reason="Short and stout", headers=headers, text="tea")
        case "/stream":
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(8):
                await response.write(b"x" * MEGABYTE)
            return response
        case "/zipped":
            return web.Response(body=b"not really", headers={"Content-Encoding": "gzip"})
    body = hashlib.sha256()
    size = 0
    async for chunk in request.content.iter_any():
        body.update(chunk)
        size += len(chunk)
    said = {
        "method": request.method,
        "target": request.raw_path,
        "headers": [(name.lower(), value) for name, value in request.headers.items()],
        "size": size,
        "sha256": body.hexdigest(),
    }
    return web.json_response(said)


@contextlib.asynccontextmanager
async def echoing(front) -> AsyncIterator[Front]:
    runner = web.ServerRunner(web.Server(echo), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with front() as router:
            write_json(router.backends, {"blue": site.name})
            await router.refresh()
            yield router
    finally:
        await runner.cleanup()


def test_headers_of_the_request(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with echoing(front) as router:
            sent = {
                "Host": "api.example.com",
                "X-Forwarded-For": "203.0.113.7",
                "X-Forwarded-Proto": "gopher",
                "X-Forwarded-Port": "1",
                "Connection": "keep-alive, X-Private",
                "X-Private": "for the router only",
                "TE": "trailers",
                "Upgrade": "websocket",
                "Cookie": "AWSALBTG=x; uid=7",
                "Accept-Encoding": "br",
            }
            said = json.loads((await router.get("/a", headers=sent)).body)
            got = dict(said["headers"])
            assert got["host"] == "api.example.com"
            assert got["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"
            assert (got["x-forwarded-proto"], got["x-forwarded-port"]) == ("https", "443")
            assert got["cookie"] == "AWSALBTG=x; uid=7"
            assert got["accept-encoding"] == "br"
            assert not {"x-private", "te", "upgrade", "keep-alive"} & set(got)
            assert len(said["headers"]) == len(got), "no header twice"

    asyncio.run(scenario())


@pytest.mark.parametrize("target", ["/", "/a%2Fb/%20?x=%26&y=1+2&z", "//double", "/dot/../x", "http://elsewhere/x?y"])
def test_the_target_passes_as_it_was_sent(cloud: Cloud, front, target: str) -> None:
    async def scenario() -> None:
        async with echoing(front) as router:
            host, port = router.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {target} HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert json.loads(body)["target"] == target.removeprefix("http://elsewhere")

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 5 * MEGABYTE])
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_of_any_size_arrive_whole(cloud: Cloud, front, size: int, chunked: bool) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 50_000):
            yield content[start : start + 50_000]

    async def scenario() -> None:
        async with echoing(front) as router:
            got = await router.send("PUT", "/", data=pieces() if chunked else io.BytesIO(content))
            said = json.loads(got.body)
            assert (said["method"], said["size"]) == ("PUT", size)
            assert said["sha256"] == hashlib.sha256(content).hexdigest()

    asyncio.run(scenario())


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with echoing(front) as router:
            got = await asyncio.wait_for(router.send("PUT", "/", data=io.BytesIO(b"x" * MEGABYTE), expect100=True), 20)
            assert json.loads(got.body)["size"] == MEGABYTE

    asyncio.run(scenario())


def test_answers_pass_as_they_are(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with echoing(front) as router:
            got = await router.get("/teapot")
            assert (got.status, got.body) == (418, b"tea")
            assert got.headers.getall("Set-Cookie") == ["a=1", "b=2"]
            assert got.headers["X-Own"] == "y"
            assert "Keep-Alive" not in got.headers
            assert (await router.get("/empty")).status == 204
            got = await router.get("/cached")
            assert (got.status, got.headers["ETag"]) == (304, '"x"')
            got = await router.send("HEAD", "/teapot")
            assert (got.status, got.headers["Content-Length"], got.body) == (418, "3", b"")
            assert (await router.get("/stream")).body == b"x" * 8 * MEGABYTE
            async with router.session.get(router.url + "/zipped", auto_decompress=False) as raw:
                assert (raw.headers["Content-Encoding"], await raw.read()) == ("gzip", b"not really")
            assert (await router.slots())["blue"]["requests"] == 6

    asyncio.run(scenario())


def test_cookies_of_the_balancer_join_those_of_the_process(cloud: Cloud, front) -> None:
    cloud.set_weights(100, 0, sticky_s=600)

    async def scenario() -> None:
        async with echoing(front) as router:
            for path in ("/teapot", "/stream"):
                got = await router.get(path)
                names = [cookie.split("=")[0] for cookie in got.headers.getall("Set-Cookie")]
                assert names[-2:] == ["AWSALBTG", "AWSALBTGCORS"]

    asyncio.run(scenario())


def test_trace_is_not_taken(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with echoing(front) as router:
            assert (await router.send("TRACE", "/")).status == 405

    asyncio.run(scenario())
