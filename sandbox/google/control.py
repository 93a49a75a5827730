"""The control endpoint: `/headgate-sandbox/…` on the server of the emulated Google. JSON in, JSON out.

| request | what it does |
|---|---|
| GET health | answers when the server serves: `{"ok": true, "pid": …}` |
| GET faults | the faults in force |
| POST faults | plant one (keys: see `faults.Fault`); answers it with its number |
| DELETE faults, faults/N | clear all, or one |
| GET calls?since=&service=&operation=&method=&path=&agent=&phase=&writes=1&wait= | the log; `wait` = seconds to wait |
| DELETE calls | forget the log |
| GET condition | what was told about revisions, images and operations |
| PUT revisions {"revision", "ready", "reason", "message"} | a Cloud Run revision (short name) becomes ready, or not |
| PUT images {"image", "exists"} | whether a registry has an image; every image exists unless told otherwise |
| PUT operations {"pending_polls"} | new operations answer so many polls with "not done" before they are carried out |
| DELETE condition | everything is well again |
| GET resources | the names of all resources, by kind |
| GET store | all resources, by kind and name |
| POST reset | an empty cloud: no resources, faults, conditions, operations or calls |
"""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from sandbox.emulator.control import PREFIX, BadRequest, about_faults, members, question, text, unknown_request
from sandbox.emulator.faults import UnusableFault
from sandbox.google import calls, faults
from sandbox.google.cloud import Cloud, Conditions, Readiness
from sandbox.google.discovery import document
from sandbox.google.errors import ApiError
from sandbox.google.gateway import Answer, Gateway, Request, read_json


class Control:
    """Answers what comes under PREFIX."""

    def __init__(self, gateway: Gateway, cloud: Cloud, log: calls.CallLog, book: faults.FaultBook) -> None:
        self._gateway = gateway
        self._cloud = cloud
        self._log = log
        self._faults = book

    async def answer(self, request: Request) -> Answer:
        try:
            content = await self._answer(request)
            # The other end reads objects and lists alike; only the type of Answer wants an object.
            return Answer(200, content)
        except (BadRequest, UnusableFault) as problem:
            return Answer(400, {"error": str(problem)})

    async def _answer(self, request: Request) -> Any:
        what, _, rest = request.path.removeprefix(PREFIX).partition("/")
        match request.http, what:
            case "GET", "health":
                return {"ok": True, "pid": os.getpid()}
            case "GET" | "POST" | "DELETE", "faults":
                return about_faults(self._faults, request.http, rest, lambda: faults.parse(_body(request)))
            case "GET", "calls":
                return await self._calls(request)
            case "DELETE", "calls":
                self._log.clear()
                return {}
            case "GET", "resources":
                return self._cloud.store.names()
            case "GET", "store":
                return self._cloud.store.dump()
            case "POST", "reset":
                self._reset()
                return {}
        return self._condition(request, what)

    def _condition(self, request: Request, what: str) -> Any:
        conditions = self._cloud.conditions
        match request.http, what:
            case "GET", "condition":
                pass
            case "DELETE", "condition":
                self._cloud.conditions = Conditions()
            case "PUT", "revisions":
                told = _body(request)
                conditions.revisions[text(told, "revision", "a name")] = Readiness(
                    _flag(told, "ready"), _reason(told.get("reason")), str(told.get("message") or "")
                )
            case "PUT", "images":
                told = _body(request)
                change = conditions.missing_images.discard if _flag(told, "exists") else conditions.missing_images.add
                change(text(told, "image", "a name"))
            case "PUT", "operations":
                polls = _body(request).get("pending_polls")
                if isinstance(polls, bool) or not isinstance(polls, int) or polls < 0:
                    raise BadRequest(f"pending_polls: found {polls!r}; expected a whole number from 0 on")
                conditions.pending_polls = polls
            case _:
                raise unknown_request(request.http, request.path, __doc__)
        return self._cloud.conditions.as_json()

    async def _calls(self, request: Request) -> list[dict[str, Any]]:
        asked, wait_s = question(calls.Question, dict(parse_qsl(request.query)))
        found = await self._log.wait(asked, wait_s) if wait_s else self._log.find(asked)
        return [asdict(record) for record in found]

    def _reset(self) -> None:
        self._cloud.clear()
        self._faults.clear()
        self._log.clear()
        self._gateway.attach()


def _body(request: Request) -> dict[str, Any]:
    try:
        content = read_json(request.body)
    except ApiError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    return members(content)


def _flag(told: Mapping[str, Any], key: str) -> bool:
    if not isinstance(told.get(key), bool):
        raise BadRequest(f"{key}: found {told.get(key)!r}; expected true or false")
    return bool(told[key])


def _reason(told: object) -> str:
    """A reason that google.cloud.run.v2.Condition knows."""
    condition = document("run.v2").schemas["GoogleCloudRunV2Condition"]["properties"]
    known = [*condition["reason"]["enum"], *condition["revisionReason"]["enum"]]
    if told and told not in known:
        raise BadRequest(f"reason: found {told!r}; expected one of {', '.join(known)}")
    return str(told or Readiness.reason)
