"""Real parts for the data plane: an emulator of the AWS API, balancers in it, processes, a router."""

import contextlib
import itertools
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer

from sandbox.router.live import elbv2_client
from sandbox.router.serve import Settings, running
from sandbox.serving import write_json
from tests.sandbox.data_plane.parts import Cloud, Front, Given, Process, aws, eventually

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an emulator of the AWS API."""
    # It writes a line for every call, and the router makes many.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture(scope="session")
def given(endpoint: str) -> Given:
    """The default VPC that an account comes with, and a certificate."""
    with aws("ec2", endpoint) as ec2, aws("acm", endpoint) as acm:
        subnets = ec2.describe_subnets()["Subnets"][:2]
        certificate = acm.request_certificate(DomainName="api.example.com")["CertificateArn"]
    return Given(subnets[0]["VpcId"], [subnet["SubnetId"] for subnet in subnets], certificate)


@pytest.fixture
def cloud(endpoint: str, given: Given) -> Iterator[Cloud]:
    """A balancer as Headgate makes it, under a name of its own: all weight on blue."""
    client = elbv2_client(endpoint, "us-east-1")
    cloud = Cloud(client, f"gf-{next(_numbers)}", endpoint, given)
    cloud.create()
    yield cloud
    client.close()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client with one pool of connections; making one for every request takes longer than the request."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts a module as a process of its own; all of them are stopped at the end."""
    with _starter(tmp_path) as starter:
        yield starter


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One process of the sample service per slot: blue is version 1, green is version 2."""
    folder = tmp_path_factory.mktemp("apps")
    with _starter(folder) as starter:
        yield {
            slot: starter("sandbox.app", *app_arguments(folder, slot, version)).ready["url"]
            for slot, version in (("blue", "1"), ("green", "2"))
        }


def app_arguments(folder: Path, slot: str, version: str) -> list[str]:
    return ["--version", version, "--slot", slot, "--database", str(folder / "items.sqlite"), "--seed", "1"]


@contextlib.contextmanager
def _starter(folder: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def starter(module: str, *arguments: str) -> Process:
        ready = folder / f"{module}-{next(_numbers)}.ready"
        command = [sys.executable, "-m", module, *arguments, "--ready-file", str(ready)]
        process = Process(subprocess.Popen(command, stderr=subprocess.PIPE, text=True), ready)
        started.append(process)
        eventually(lambda: ready.exists() or process.popen.poll() is not None)
        assert ready.exists(), f"{command}: {process.end()[1]}"
        process.ready = json.loads(ready.read_text())
        return process

    try:
        yield starter
    finally:
        for process in started:
            process.end()


@pytest.fixture
def front(cloud: Cloud, apps: Mapping[str, str], tmp_path: Path) -> Callable[..., object]:
    """Runs a router in front of the processes: `async with front(seed=…) as front`."""

    @contextlib.asynccontextmanager
    async def run(**changes: Any) -> AsyncIterator[Front]:
        backends = tmp_path / "backends.json"
        write_json(backends, apps)
        settings = Settings(
            aws_endpoint=cloud.endpoint,
            load_balancer=cloud.name,
            database=tmp_path / "router.sqlite",
            backends=backends,
            seed=1,
        )
        async with running(replace(settings, **changes)) as router, Front.of(router.urls, backends) as front:
            yield front
            assert not router.broken.done()

    return run
