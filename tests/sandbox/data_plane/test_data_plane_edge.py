"""Users' answers carry what the emulated edge says: security headers, and CORS for the configured origins only."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiohttp import web

from sandbox.router.live import elbv2_client
from sandbox.router.serve import Settings, running
from sandbox.serving import write_json
from tests.sandbox.data_plane.parts import Cloud, Front, Given, soon
from tests.sandbox.standin.conftest import aws, provider
from tests.sandbox.standin.edge_cases import distribution, response_policy
from tests.sandbox.standin.provider import Provider
from tests.sandbox.standin.world import World, world

__all__ = ["aws", "provider"]

pytestmark = pytest.mark.sandbox

APP = "https://app.example.com"
SECURITY = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'",
}
BIG = 128 * 1024


async def careless(request: web.BaseRequest) -> web.Response:
    """An application that lets everybody in and tells what it runs on."""
    headers = {"Access-Control-Allow-Origin": "*", "X-Frame-Options": "ALLOWALL", "Server": "careless/1.0"}
    size = BIG if request.rel_url.path == "/api/big" else 2
    return web.Response(body=b"x" * size, headers=headers)


@pytest.fixture
def cloud(aws: str) -> Iterator[Cloud]:
    """A balancer in the repaired emulator."""
    ec2, acm = (boto3.client(s, endpoint_url=aws, region_name="us-east-1", **KEYS) for s in ("ec2", "acm"))
    subnets = ec2.describe_subnets()["Subnets"][:2]
    certificate = acm.request_certificate(DomainName="api.example.com")["CertificateArn"]
    client = elbv2_client(aws, "us-east-1")
    made = Cloud(
        client, f"edge-{next(_numbers)}", aws, Given(subnets[0]["VpcId"], [s["SubnetId"] for s in subnets], certificate)
    )
    made.create()
    yield made
    for each in (ec2, acm, client):
        each.close()


KEYS = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
_numbers = iter(range(1, 100))


@contextlib.asynccontextmanager
async def served(cloud: Cloud, folder: Path) -> AsyncIterator[Front]:
    runner = web.ServerRunner(web.Server(careless), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    backends = folder / "backends.json"
    write_json(backends, {"blue": site.name, "green": site.name})
    settings = Settings(
        aws_endpoint=cloud.endpoint,
        load_balancer=cloud.name,
        database=folder / "router.sqlite",
        backends=backends,
        edge_poll_s=0.05,
    )
    try:
        async with running(settings) as router, Front.of(router.urls, backends) as front:
            yield front
    finally:
        await runner.cleanup()


def balancer_name(cloud: Cloud) -> str:
    return str(cloud.client.describe_load_balancers(Names=[cloud.name])["LoadBalancers"][0]["DNSName"])


def edge_before(w: World, cloud: Cloud, *, by_record: bool) -> dict[str, Any]:
    """A distribution that asks the balancer, by its own name or by a record for it."""
    inputs = distribution(w)
    name = balancer_name(cloud)
    if by_record:
        zone = w.make("aws:route53/zone:Zone", "zone", name=f"{w.suffix}.example.net").id
        alias = {"name": name, "zoneId": "Z35SXDOTRQ7X7K", "evaluateTargetHealth": True}
        host = f"origin.{w.suffix}.example.net"
        w.make("aws:route53/record:Record", "origin", zoneId=zone, name=host, type="A", aliases=[alias])
        name = host
    inputs["origins"][0]["domainName"] = name
    return inputs


@pytest.mark.parametrize("by_record", [True, False], ids=["by a record", "by its own name"])
def test_users_are_answered_as_the_edge_says(cloud: Cloud, provider: Provider, tmp_path: Path, by_record: bool) -> None:
    async def scenario(w: World) -> None:
        async with served(cloud, tmp_path) as router:
            # Without an edge the application's words pass.
            before = await router.get("/api/x", headers={"Origin": "https://evil.example"})
            assert before.headers["Access-Control-Allow-Origin"] == "*"
            assert before.headers["X-Frame-Options"] == "ALLOWALL"

            w.make("aws:cloudfront/distribution:Distribution", "edge", **edge_before(w, cloud, by_record=by_record))

            async def arrived() -> bool:
                return (await router.get("/api/x")).headers["X-Frame-Options"] == "DENY"

            await soon(arrived)
            for path in ("/api/x", "/api/big", "/index.html"):
                got = await router.get(path, headers={"Origin": "https://evil.example"})
                assert {name: got.headers.get(name) for name in SECURITY} == SECURITY, path
                assert "Access-Control-Allow-Origin" not in got.headers, path
                assert "careless" not in got.headers.get("Server", ""), path
            assert len((await router.get("/api/big")).body) == BIG

            ours = await router.get("/api/big", headers={"Origin": APP})
            assert ours.headers["Access-Control-Allow-Origin"] == APP
            assert ours.headers["Vary"] == "Origin"

            # Testers do not come by the edge.
            direct = await router.get("/api/x", via="test")
            assert "Strict-Transport-Security" not in direct.headers

    with world(provider) as w:
        asyncio.run(scenario(w))


def test_the_router_s_own_refusals_carry_the_headers_too(cloud: Cloud, provider: Provider, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        w.make("aws:cloudfront/distribution:Distribution", "edge", **edge_before(w, cloud, by_record=False))
        async with served(cloud, tmp_path) as router:
            write_json(router.backends, {})
            await router.refresh()
            got = await router.get("/api/x")
            assert got.status == 503
            assert got.headers["Strict-Transport-Security"] == SECURITY["Strict-Transport-Security"]

    with world(provider) as w:
        asyncio.run(scenario(w))


def test_another_balancer_s_edge_is_not_ours(cloud: Cloud, provider: Provider, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        w.make("aws:cloudfront/distribution:Distribution", "edge", **distribution(w))
        async with served(cloud, tmp_path) as router:
            got = await router.get("/api/x")
            assert got.headers["X-Frame-Options"] == "ALLOWALL"

    with world(provider) as w:
        asyncio.run(scenario(w))


def test_a_changed_policy_arrives(cloud: Cloud, provider: Provider, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        w.make("aws:cloudfront/distribution:Distribution", "edge", **edge_before(w, cloud, by_record=False))
        async with served(cloud, tmp_path) as router:
            other = {"headers": {"Origin": "https://new.example.com"}}
            assert "Access-Control-Allow-Origin" not in (await router.get("/api/x", **other)).headers
            provider.update(w.made["headers"], response_policy(w, ("https://new.example.com",)))

            async def arrived() -> bool:
                return "Access-Control-Allow-Origin" in (await router.get("/api/x", **other)).headers

            await soon(arrived)

    with world(provider) as w:
        asyncio.run(scenario(w))
