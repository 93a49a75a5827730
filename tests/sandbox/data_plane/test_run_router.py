"""The Cloud Run router in front of real processes, and Headgate's adapter beside it, on the emulated Google."""

import asyncio
import contextlib
import functools
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from headgate.traffic.cloud_run import CloudRunTraffic
from headgate.traffic.port import TrafficError
from sandbox.google.client import GoogleSandbox
from sandbox.load import Load, binomial_interval, run
from sandbox.router.run.serve import Settings, running
from sandbox.serving import write_json
from tests.sandbox.data_plane.parts import Front
from tests.support.google import google_cloud, google_server, services_client  # noqa: F401

pytestmark = pytest.mark.sandbox

PLACE = "projects/p/locations/us-central1"
NAME = f"{PLACE}/services/ion"
BY_REVISION = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
BALANCER = {"Host": "api.ion.example"}


def image(letter: str) -> str:
    return f"us-docker.pkg.dev/p/ion/api@sha256:{letter * 64}"


def scenario(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """An asynchronous test, run to its end."""

    @functools.wraps(test)
    def whole(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return whole


class Ion:
    """The service, changed with the official client and nothing else."""

    def __init__(self, cloud: GoogleSandbox) -> None:
        self.cloud = cloud
        self.client = services_client(cloud.url)

    @property
    def traffic(self) -> CloudRunTraffic:
        return CloudRunTraffic("ion", "p", "us-central1", endpoint=f"{self.cloud.url}/run/v2/")

    def service(self, letter: str, a: int, b: int | None, **more: Any) -> run_v2.Service:
        container = run_v2.Container(name="api", image=image(letter), ports=[run_v2.ContainerPort(container_port=8080)])
        container.env = [run_v2.EnvVar(name="HEADGATE_VERSION", value=f"version {letter}")]
        template = run_v2.RevisionTemplate(revision=f"ion-{letter}", containers=[container], session_affinity=True)
        entries = [("ion-a", a, "live"), *([("ion-b", b, "candidate")] if b is not None else [])]
        traffic = [
            run_v2.TrafficTarget(type_=BY_REVISION, revision=revision, percent=percent, tag=tag)
            for revision, percent, tag in entries
        ]
        return run_v2.Service(template=template, traffic=traffic, invoker_iam_disabled=True, **more)

    def create(self, **more: Any) -> None:
        service = self.service("a", 100, None, **more)
        self.client.create_service(parent=PLACE, service=service, service_id="ion").result()

    def update(self, letter: str, a: int, b: int | None, **more: Any) -> None:
        service = self.service(letter, a, b, **more)
        service.name = NAME
        self.client.update_service(service=service).result()


@pytest.fixture
def ion(google_cloud: GoogleSandbox, monkeypatch: pytest.MonkeyPatch) -> Ion:  # noqa: F811
    """Revision a has all traffic, revision b exists at 0 % with the tag `candidate`."""
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "sandbox")
    found = Ion(google_cloud)
    found.create()
    found.update("b", 100, 0)
    return found


@pytest.fixture
def front(ion: Ion, apps: Mapping[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Runs a router: `async with front(…) as front`. The processes call themselves blue (a) and green (b)."""

    @contextlib.asynccontextmanager
    async def started(**changes: Any) -> AsyncIterator[Front]:
        backends = tmp_path / "backends.json"
        write_json(backends, {"ion-a": apps["blue"], "ion-b": apps["green"]})
        settings = Settings(google=ion.cloud.url, database=tmp_path / "run.sqlite", backends=backends, seed=1)
        async with running(replace(settings, **changes)) as router, Front.of(router.urls, backends) as found:
            yield found
            assert not router.broken.done()

    return started


async def shares(front: Front, users: int = 1000) -> Counter[str]:
    summary = await run(Load(front.url, requests=users, fresh=True))
    assert summary.lost == 0
    return summary.first_by_slot


@scenario
async def test_split_adapter_and_users_agree_at_every_step(ion: Ion, front: Callable[..., Any]) -> None:
    async with front() as router:
        for weight in (0, 5, 50, 100, 0):
            ion.traffic.write_split({"ion-a": 100 - weight, "ion-b": weight}, 0)
            assert ion.traffic.read_split() == {"ion-a": 100 - weight, "ion-b": weight}
            status = await router.refresh()
            assert {name: each["weight"] for name, each in status["weights"].items()} == ion.traffic.read_split()
            low, high = binomial_interval(1000, weight / 100, 0.9999)
            assert low <= (await shares(router))["green"] <= high
    assert set(ion.cloud.split("ion").tags) == {"live", "candidate"}


@scenario
async def test_writing_the_split_makes_no_revision(ion: Ion) -> None:
    before = ion.client.get_service(name=NAME)
    ion.traffic.write_split({"ion-a": 50, "ion-b": 50}, 0)
    after = ion.client.get_service(name=NAME)
    assert (after.template, after.latest_created_revision) == (before.template, before.latest_created_revision)


@scenario
async def test_a_whole_reading(ion: Ion) -> None:
    live = ion.traffic.read_live()
    assert live.split == {"ion-a": 100, "ion-b": 0}
    assert live.images == {"ion-a": image("a"), "ion-b": image("b")}
    assert live.healthy == live.desired == {"ion-a": 1, "ion-b": 1}
    assert live.unsteady == {}


@scenario
async def test_a_refused_write_leaves_everything_as_it_was(ion: Ion) -> None:
    ion.cloud.refuse("services.patch", service="run")
    with pytest.raises(TrafficError, match="cannot be written"):
        ion.traffic.write_split({"ion-a": 50, "ion-b": 50}, 0)
    assert ion.traffic.read_split() == {"ion-a": 100, "ion-b": 0}


@scenario
async def test_a_write_whose_answer_is_lost_is_not_written_twice(ion: Ion) -> None:
    ion.cloud.drop("services.patch", service="run")
    ion.traffic.write_split({"ion-a": 50, "ion-b": 50}, 0)
    assert ion.traffic.read_split() == {"ion-a": 50, "ion-b": 50}


@scenario
async def test_a_revision_that_does_not_become_ready_shows(ion: Ion) -> None:
    ion.cloud.tell_revision("ion-b", ready=False, message="it ran out of memory")
    live = ion.traffic.read_live()
    assert live.healthy == {"ion-a": 1, "ion-b": 0}
    assert "it ran out of memory" in live.unsteady["ion-b"]


@scenario
async def test_polling_leaves_no_trace_and_uses_up_no_fault(ion: Ion, front: Callable[..., Any]) -> None:
    number = ion.cloud.refuse("services.get", service="run")
    ion.cloud.forget_calls()
    async with front() as router:
        await router.refresh()
    assert ion.cloud.calls() == []
    assert [(fault.number, fault.times) for fault in ion.cloud.faults()] == [(number, 1)]


@scenario
async def test_a_returning_user_stays_and_a_rollback_fetches_everybody(ion: Ion, front: Callable[..., Any]) -> None:
    ion.traffic.write_split({"ion-a": 50, "ion-b": 50}, 0)
    async with front() as router:
        held: dict[str, str] = {}
        while len(held) < 2:
            got = await router.get()
            held[got.slot or ""] = got.headers["Set-Cookie"].split(";")[0]
        for slot, cookie in held.items():
            answers = [await router.get(headers={"Cookie": cookie}) for _ in range(20)]
            assert {got.slot for got in answers} == {slot}
        ion.traffic.write_split({"ion-a": 100}, 0)
        await router.refresh()
        assert (await router.get(headers={"Cookie": held["green"]})).slot == "blue"
        assert (await router.slots())["ion-b"]["held"] == 20


@scenario
async def test_tags_and_ingress(ion: Ion, front: Callable[..., Any]) -> None:
    host = re.sub("^https://", "", ion.client.get_service(name=NAME).uri)
    async with front() as router:
        assert {(await router.get(headers={"Host": f"candidate---{host}"})).slot for _ in range(10)} == {"green"}
        assert "ion-b" not in await router.slots()
        assert (await router.slots("tags"))["ion-b"]["requests"] == 10
        ion.update("b", 100, 0, ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER)
        await router.refresh()
        assert (await router.get(headers={"Host": host})).status == 404
        internal = {"Host": f"candidate---{host}", "X-Sandbox-Origin": "internal"}
        assert (await router.get(headers=internal)).slot == "green"
        assert (await router.get(headers=BALANCER)).slot == "blue"


@scenario
async def test_a_caller_without_the_right(ion: Ion, front: Callable[..., Any]) -> None:
    service = ion.service("b", 100, 0)
    service.name, service.invoker_iam_disabled = NAME, False
    ion.client.update_service(service=service).result()
    async with front() as router:
        assert (await router.get()).status == 403
        assert (await router.get(headers={"Authorization": "Bearer x"})).status == 200


@scenario
async def test_a_request_waits_for_an_instance(ion: Ion, front: Callable[..., Any], apps: Mapping[str, str]) -> None:
    async with front(cold_start_s=0.2) as router:
        write_json(router.backends, {})
        await router.refresh()
        assert (await router.get()).status == 429
        write_json(router.backends, {"ion-a": apps["blue"]})
        assert (await router.get()).slot == "blue"


@scenario
async def test_without_a_service(google_cloud: GoogleSandbox, tmp_path: Path) -> None:  # noqa: F811
    settings = Settings(google=google_cloud.url, database=tmp_path / "d", backends=tmp_path / "b")
    async with running(settings) as router, Front.of(router.urls, tmp_path / "b") as front:
        got = await front.get()
        summary = await run(Load(front.url, requests=5, fresh=True))
    assert (got.status, b"no service yet" in got.body) == (404, True)
    assert (summary.lost, summary.lost_reasons["404 by the router"]) == (5, 5)


@scenario
async def test_an_emulator_that_is_away_changes_nothing(ion: Ion, front: Callable[..., Any], tmp_path: Path) -> None:
    settings = Settings(google="http://127.0.0.1:1", database=tmp_path / "d", backends=tmp_path / "b")
    async with running(settings) as router, Front.of(router.urls, tmp_path / "b") as nobody:
        assert (await nobody.get()).status == 503
        assert (await nobody.status())["found"] is None
