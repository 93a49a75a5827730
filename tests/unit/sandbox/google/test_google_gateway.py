"""The way of one request: what the gateway does with a service that is itself wrong, and with faults."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.google.api import Call, Service
from sandbox.google.calls import CallLog, Question
from sandbox.google.cloud import Cloud
from sandbox.google.faults import FaultBook, parse
from sandbox.google.gateway import Answer, Dropped, Gateway, Request

TOPIC = "/pubsub/v1/projects/p/topics/t"


def put(call: Call) -> Mapping[str, Any]:
    """Keeps a topic; its name comes from the path, as the document has it."""
    return call.cloud.store.put("topics", call.path["name"], {"name": call.path["name"], **call.body})


def lie(call: Call) -> Mapping[str, Any]:
    return {"nom": "t"}


def fail(call: Call) -> Mapping[str, Any]:
    raise RuntimeError("a mistake in a handler")


SERVICE = Service(
    name="pubsub",
    documents=("pubsub.v1",),
    mounts={"/pubsub/": "", "/": "v1/"},
    handlers={
        "pubsub.projects.topics.create": put,
        "pubsub.projects.topics.get": lie,
        "pubsub.projects.topics.delete": fail,
    },
    attach=lambda cloud: cloud.store.put("attached", "once", {}) and None,
)


class World:
    """A gateway whose clock for delays is a list."""

    def __init__(self) -> None:
        self.cloud, self.log, self.faults = Cloud(), CallLog(), FaultBook()
        self.slept: list[float] = []
        self.gateway = Gateway([SERVICE], self.cloud, self.log, self.faults, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def send(self, http: str, path: str = TOPIC, body: object = None, query: str = "") -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        return asyncio.run(self.gateway.answer(Request(http, path, query, content)))


def test_a_request_through_everything() -> None:
    world = World()
    answer = world.send("PUT", body={"labels": {"a": "1"}}, query="alt=json")
    assert answer == Answer(200, {"name": "projects/p/topics/t", "labels": {"a": "1"}})
    assert world.send("PUT", "/projects/p/topics/u", {}).status == 200
    assert set(world.cloud.store.names()) == {"attached", "topics"}


@pytest.mark.parametrize(
    ("http", "status", "said"),
    [
        ("GET", 501, 'does not fit its schema: Invalid JSON payload received. Unknown name "nom"'),
        ("DELETE", 501, "a mistake in a handler"),
        ("PATCH", 501, "the emulator has no pubsub.projects.topics.patch"),
        ("POST", 404, "was not found"),
    ],
)
def test_a_wrong_service_is_said_and_never_a_500(
    http: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = World().send(http)
    assert answer.status == status
    assert said in answer.content["error"]["message"]
    assert ("Traceback" in capsys.readouterr().err) == (http == "DELETE")


@pytest.mark.parametrize(("moment", "kept"), [("before", False), ("after", True)])
def test_a_lost_answer_before_and_after_the_change(moment: str, kept: bool) -> None:
    world = World()
    world.faults.plant(parse({"mode": "drop", "moment": moment}))
    with pytest.raises(Dropped):
        world.send("PUT", body={})
    assert ("topics" in world.cloud.store.names()) == kept
    assert [record.status for record in world.log.find(Question(phase="finished"))] == [0]


def test_an_ignored_change_and_a_late_one() -> None:
    world = World()
    world.faults.plant(parse({"mode": "ignore"}))
    assert world.send("PUT", body={}).status == 200
    assert "topics" not in world.cloud.store.names()
    for moment in ("before", "after"):
        world.faults.plant(parse({"mode": "delay", "seconds": 7, "moment": moment}))
        assert world.send("PUT", body={}).status == 200
    assert world.slept == [7, 7]
