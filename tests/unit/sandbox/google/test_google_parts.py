"""Masks, faults, policies, operations, store and log of the emulated Google."""

import asyncio
from typing import Any

import pytest

from sandbox.emulator.faults import UnusableFault
from sandbox.google import iam, masks
from sandbox.google.calls import CallLog, Question
from sandbox.google.cloud import Cloud
from sandbox.google.errors import ApiError, status_of_http
from sandbox.google.faults import FaultBook, parse

POLICY = "projects/p/locations/l/services/s"


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (["b"], {"a": 1, "b": {"c": 9}, "m": {"x": "1"}}),
        (["b.c"], {"a": 1, "b": {"c": 9, "d": 4}, "m": {"x": "1"}}),
        (["b.d"], {"a": 1, "b": {"c": 3}, "m": {"x": "1"}}),
        (["a"], {"b": {"c": 3, "d": 4}, "m": {"x": "1"}}),
        (["m.y"], {"a": 1, "b": {"c": 3, "d": 4}, "m": {"x": "1", "y": "2"}}),
        (["*"], {"b": {"c": 9}, "m": {"y": "2"}}),
    ],
)
def test_a_mask_replaces_and_clears(mask: list[str], expected: dict[str, Any]) -> None:
    current = {"a": 1, "b": {"c": 3, "d": 4}, "m": {"x": "1"}}
    assert masks.merged(current, {"b": {"c": 9}, "m": {"y": "2"}}, mask) == expected
    assert current == {"a": 1, "b": {"c": 3, "d": 4}, "m": {"x": "1"}}


def test_both_spellings_of_a_mask() -> None:
    assert masks.paths("display_name, template.max_instance_count") == ["displayName", "template.maxInstanceCount"]


def take(book: FaultBook, operation: str = "projects.locations.services.patch", text: str = "") -> str | None:
    fault = book.take("run", operation, "PATCH", "/run/v2/projects/p/locations/l/services/s", text)
    return None if fault is None else fault.mode


@pytest.mark.parametrize(
    ("condition", "meets"),
    [
        ({}, True),
        ({"operation": "services.patch"}, True),
        ({"operation": "patch", "service": "run", "method": "PATCH"}, True),
        ({"operation": "ervices.patch"}, False),
        ({"service": "pubsub"}, False),
        ({"method": "GET"}, False),
        ({"path": "/run/*/services/s"}, True),
        ({"path": "/run/*/services/t"}, False),
        ({"match": "svc-r2"}, True),
        ({"match": "svc-r3"}, False),
    ],
)
def test_which_calls_meet_a_fault(condition: dict[str, Any], meets: bool) -> None:
    book = FaultBook()
    book.plant(parse({"mode": "refuse", **condition}))
    assert take(book, text='{"revision": "svc-r2"}') == ("refuse" if meets else None)


def test_a_fault_is_spent_and_the_oldest_comes_first() -> None:
    book = FaultBook()
    for mode, times in (("refuse", 2), ("ignore", None)):
        book.plant(parse({"mode": mode, "times": times}))
    assert [take(book) for _ in range(4)] == ["refuse", "refuse", "ignore", "ignore"]
    book.clear(2)
    assert take(book) is None


@pytest.mark.parametrize(
    "fault",
    [{}, {"mode": "explode"}, {"mode": "refuse", "status": 200}, {"mode": "refuse", "code": "NOPE"}, [], {"mode": 1}],
)
def test_an_unusable_fault(fault: object) -> None:
    with pytest.raises(UnusableFault):
        parse(fault)


@pytest.mark.parametrize(
    ("http", "status"),
    [(403, "PERMISSION_DENIED"), (409, "ALREADY_EXISTS"), (429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE")],
)
def test_the_code_of_a_status(http: int, status: str) -> None:
    assert status_of_http(http) == status
    error = parse({"mode": "refuse", "status": http}).refusal().body()["error"]
    assert (error["code"], error["status"]) == (http, status)


def binding(role: str = "roles/run.invoker", *members: str, **more: object) -> dict[str, Any]:
    return {"role": role, "members": list(members) or ["allUsers"], **more}


def test_a_policy_is_kept_with_a_new_etag() -> None:
    cloud = Cloud()
    assert iam.policy_of(cloud, POLICY) == {"etag": "ACAB"}
    first = iam.set_policy(cloud, POLICY, {"policy": {"bindings": [binding()], "etag": "ACAB", "version": 3}})
    assert iam.policy_of(cloud, POLICY) == first
    assert iam.members_of(cloud, POLICY, "roles/run.invoker") == {"allUsers"}
    emptied = iam.set_policy(cloud, POLICY, {"policy": {"etag": first["etag"], "version": 3}})
    assert "bindings" not in emptied
    assert emptied["etag"] != first["etag"]


def test_a_stale_etag_is_refused_and_none_overwrites() -> None:
    cloud = Cloud()
    iam.set_policy(cloud, POLICY, {"policy": {"bindings": [binding()]}})
    with pytest.raises(ApiError) as refusal:
        iam.set_policy(cloud, POLICY, {"policy": {"etag": "ACAB"}})
    assert (refusal.value.http, refusal.value.status) == (409, "ABORTED")
    assert "bindings" not in iam.set_policy(cloud, POLICY, {"policy": {}})


def test_bindings_of_one_role_become_one() -> None:
    kept = iam.set_policy(
        Cloud(),
        POLICY,
        {"policy": {"bindings": [binding("roles/a.b", "user:b@x.y"), binding("roles/a.b", "user:a@x.y")]}},
    )
    assert kept["bindings"] == [{"role": "roles/a.b", "members": ["user:a@x.y", "user:b@x.y"]}]


@pytest.mark.parametrize(
    "bad",
    [
        binding("run.invoker"),
        binding("roles/run.invoker", "everybody"),
        binding("roles/run.invoker", "serviceAccount:nobody"),
        {"role": "roles/run.invoker", "members": []},
        binding(condition={"expression": "true"}),
    ],
)
def test_a_binding_that_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="Violation"):
        iam.set_policy(Cloud(), POLICY, {"policy": {"bindings": [bad]}})


def test_an_operation_waits_for_its_polls() -> None:
    cloud = Cloud()
    cloud.conditions.pending_polls = 2
    done: list[int] = []
    operation = cloud.operations.begin("projects/p/locations/l", lambda: done.append(1) or {"x": 1})  # type: ignore[func-returns-value]
    assert "done" not in operation.as_json()
    assert [cloud.operations.poll(operation.name).done for _ in range(3)] == [False, False, True]
    assert done == [1]
    assert cloud.operations.poll(operation.name).as_json()["response"] == {"x": 1}


def test_an_operation_that_fails() -> None:
    def finish() -> dict[str, Any]:
        raise ApiError("FAILED_PRECONDITION", "not ready")

    cloud = Cloud()
    shown = cloud.operations.begin("projects/p/locations/l", finish).as_json()
    assert (shown["done"], shown["error"]) == (True, {"code": 9, "message": "not ready"})
    with pytest.raises(ApiError, match="not found"):
        cloud.operations.poll("projects/p/locations/l/operations/none")


def test_what_is_done_in_vain_is_undone() -> None:
    cloud = Cloud()
    cloud.conditions.pending_polls = 5
    cloud.store.insert("things", "a", {"x": [1]})
    with cloud.unchanged():
        cloud.store.put("things", "a", {"x": [2]})
        cloud.store.insert("things", "b", {})
        operation = cloud.operations.begin("p", dict)
    assert cloud.store.dump() == {"things": {"a": {"x": [1]}}}
    assert cloud.conditions.pending_polls == 5
    assert cloud.operations.poll(operation.name).done


def test_what_the_store_gives_is_a_copy() -> None:
    store = Cloud().store
    store.insert("things", "p/a", {"x": [1]})
    store.get("things", "p/a")["x"].append(2)
    assert store.under("things", "p") == [{"x": [1]}]
    assert store.under("things", "q") == []
    with pytest.raises(ApiError, match="already exists"):
        store.insert("things", "p/a", {})
    store.delete("things", "p/a")
    with pytest.raises(ApiError, match="was not found"):
        store.get("things", "p/a")


def test_the_log_is_waited_for() -> None:
    async def wait() -> None:
        log = CallLog()
        waiting = asyncio.create_task(log.wait(Question(operation="services.patch", writes_only=True), 10))
        await asyncio.sleep(0)
        log.begin("run", "projects.locations.services.get", method="GET", url="/a", agent="", body=None)
        number = log.begin("run", "projects.locations.services.patch", method="PATCH", url="/a", agent="", body={})
        assert [record.number for record in await waiting] == [number]
        assert await log.wait(Question(phase="finished"), 0.01) == []
        log.finish(number, 200)
        assert [record.status for record in log.find(Question(phase="finished"))] == [200]

    asyncio.run(wait())
