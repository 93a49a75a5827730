"""The sample service as a real process."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.load import Load, run
from tests.sandbox.data_plane.conftest import app_arguments

pytestmark = pytest.mark.sandbox

SIGNED = ("X-Deployment-Version", "X-Deployment-Slot", "X-Response-Time-Ms")


@pytest.fixture
def pair(start, tmp_path) -> dict[str, str]:
    return {
        slot: start("sandbox.app", *app_arguments(tmp_path, slot, version)).ready["url"]
        for slot, version in (("blue", "1"), ("green", "2"))
    }


def test_health(http, apps) -> None:
    said = http.get(apps["green"] + "/api/v2/health").json()
    assert (said["status"], said["version"], said["slot"]) == ("ok", "2", "green")
    assert said["uptime_s"] >= 0


ANSWERS: list[tuple[str, str, bytes | None, int]] = [
    ("GET", "/api/v2/health", None, 200),
    ("POST", "/api/v2/items", b'{"name": "a"}', 201),
    ("POST", "/api/v2/items", b"{", 400),
    ("POST", "/api/v2/items", b'{"name": "' + b"a" * 70_000 + b'"}', 413),
    ("GET", "/api/v2/items/999999999", None, 404),
    ("GET", "/api/v2/items/99999999999999999999999999", None, 404),
    ("GET", "/api/v2/items/x", None, 404),
    ("GET", "/nowhere", None, 404),
    ("DELETE", "/api/v2/health", None, 405),
]


@pytest.mark.parametrize("row", ANSWERS, ids=[f"{row[0]} {row[1]} {row[3]}" for row in ANSWERS])
def test_every_answer_says_who_gave_it_and_how_long_it_took(http, apps, row) -> None:
    method, path, body, status = row
    answer = http.request(method, apps["blue"] + path, content=body)
    assert answer.status_code == status
    assert [answer.headers[name] for name in SIGNED[:2]] == ["1", "blue"]
    assert float(answer.headers[SIGNED[2]]) >= 0
    assert answer.headers["Content-Type"].startswith("application/json")
    if status == 405:
        assert answer.headers["Allow"] == "GET,HEAD"


def test_a_planted_fault_meets_items_and_not_health(http, pair) -> None:
    url = pair["green"]
    planted = http.post(url + "/__sandbox/fault", json={"error_rate": 1, "latency_ms": 50})
    assert planted.json() == {"error_rate": 1.0, "latency_ms": 50.0}
    failing = http.get(url + "/api/v2/items/1")
    assert failing.status_code == 500
    assert failing.headers["X-Deployment-Version"] == "2"
    assert float(failing.headers["X-Response-Time-Ms"]) >= 50
    assert http.get(url + "/api/v2/health").status_code == 200
    assert http.get(pair["blue"] + "/api/v2/items/1").status_code == 404, "the other version is well"
    assert http.post(url + "/__sandbox/fault", json={}).json() == {"error_rate": 0.0, "latency_ms": 0.0}
    assert http.get(url + "/api/v2/items/1").status_code == 404


def test_a_fault_that_makes_no_sense_is_refused_and_changes_nothing(http, pair) -> None:
    url = pair["blue"] + "/__sandbox/fault"
    answer = http.post(url, json={"error_rate": 2})
    assert (answer.status_code, "found 2" in answer.json()["error"]) == (400, True)
    assert http.get(url).json() == {"error_rate": 0.0, "latency_ms": 0.0}


def test_faults_are_not_planted_through_a_router(http, cloud, front, apps) -> None:
    forwarded = {"X-Forwarded-For": "127.0.0.1"}
    assert http.post(apps["blue"] + "/__sandbox/fault", headers=forwarded).status_code == 403

    async def scenario() -> None:
        async with front() as router:
            assert (await router.send("POST", "/__sandbox/fault", json={"error_rate": 1})).status == 404

    asyncio.run(scenario())
    assert http.get(apps["blue"] + "/__sandbox/fault").json()["error_rate"] == 0


def test_a_share_of_errors_is_seen_as_errors_not_as_lost(http, cloud, front, pair) -> None:
    http.post(pair["blue"] + "/__sandbox/fault", json={"error_rate": 0.3, "seed": 1})

    async def scenario() -> None:
        summary = await run(Load(pair["blue"], users=5, requests=300, write_share=1, seed=1))
        assert summary.lost == 0
        assert 60 <= summary.errors <= 120
        assert summary.writes == 300 - summary.errors
        assert (summary.missing, summary.unverified) == (0, 0)
        assert summary.versions["1"].errors == summary.errors

    asyncio.run(scenario())


def test_both_versions_write_at_once_and_nothing_is_lost(http, pair) -> None:
    def write(number: int) -> dict[str, Any]:
        url = pair["blue" if number % 2 else "green"]
        answer = http.post(url + "/api/v2/items", json={"name": f"item {number}"}, timeout=30)
        assert answer.status_code == 201
        return dict(answer.json())

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, range(200)))
    assert len({item["id"] for item in written}) == 200
    assert {item["slot"] for item in written} == {"blue", "green"}
    for item in written[::20]:
        for url in pair.values():
            assert http.get(f"{url}/api/v2/items/{item['id']}").json() == item


def test_a_confirmed_write_survives_a_kill(http, start, tmp_path) -> None:
    victim = start("sandbox.app", *app_arguments(tmp_path, "blue", "1"))
    written = [
        http.post(victim.ready["url"] + "/api/v2/items", json={"name": f"{number}"}).json() for number in range(20)
    ]
    victim.popen.send_signal(signal.SIGKILL)
    victim.popen.wait()
    heir = start("sandbox.app", *app_arguments(tmp_path, "green", "2"))
    for item in written:
        assert http.get(f"{heir.ready['url']}/api/v2/items/{item['id']}").json() == item
