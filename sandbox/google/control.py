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
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl

from sandbox.google import calls, faults
from sandbox.google.cloud import Cloud, Conditions, Readiness
from sandbox.google.discovery import document
from sandbox.google.errors import ApiError
from sandbox.google.gateway import Answer, Gateway, Request, read_json

PREFIX = "/headgate-sandbox/"

# A caller that waits longer than this has lost interest.
_LONGEST_WAIT_S = 60.0


class BadRequest(Exception):
    """The request cannot be carried out; the message says why."""


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
        except (BadRequest, faults.UnusableFault) as problem:
            return Answer(400, {"error": str(problem)})

    async def _answer(self, request: Request) -> Any:
        what, _, rest = request.path.removeprefix(PREFIX).partition("/")
        match request.http, what:
            case "GET", "health":
                return {"ok": True, "pid": os.getpid()}
            case "GET", "faults":
                return [faults.as_json(fault) for fault in self._faults.all()]
            case "POST", "faults":
                return faults.as_json(self._faults.plant(faults.parse(_body(request))))
            case "DELETE", "faults":
                self._faults.clear(_number(rest, "fault") if rest else None)
                return {}
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
                conditions.revisions[_text(told, "revision")] = Readiness(
                    _flag(told, "ready"), _reason(told.get("reason")), str(told.get("message") or "")
                )
            case "PUT", "images":
                told = _body(request)
                change = conditions.missing_images.discard if _flag(told, "exists") else conditions.missing_images.add
                change(_text(told, "image"))
            case "PUT", "operations":
                polls = _body(request).get("pending_polls")
                if isinstance(polls, bool) or not isinstance(polls, int) or polls < 0:
                    raise BadRequest(f"pending_polls: found {polls!r}; expected a whole number from 0 on")
                conditions.pending_polls = polls
            case _:
                raise BadRequest(f"{request.http} {request.path}: unknown; what there is:{_requests()}")
        return self._cloud.conditions.as_json()

    async def _calls(self, request: Request) -> list[dict[str, Any]]:
        given = dict(parse_qsl(request.query))
        known = ({field.name for field in fields(calls.Question)} - {"writes_only"}) | {"wait", "writes"}
        unknown = sorted(given.keys() - known)
        if unknown:
            raise BadRequest(f"unknown parameter {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        phase = given.get("phase", "begun")
        if phase not in {"begun", "finished"}:
            raise BadRequest(f"phase: found {phase!r}; expected begun or finished")
        question = calls.Question(
            since=_number(given.get("since", "0"), "since"),
            service=given.get("service", ""),
            operation=given.get("operation", ""),
            method=given.get("method", ""),
            path=given.get("path", ""),
            agent=given.get("agent", ""),
            phase=phase,
            writes_only=given.get("writes", "") == "1",
        )
        wait_s = min(float(_number(given.get("wait", "0"), "wait")), _LONGEST_WAIT_S)
        found = await self._log.wait(question, wait_s) if wait_s else self._log.find(question)
        return [calls.as_json(record) for record in found]

    def _reset(self) -> None:
        self._cloud.clear()
        self._faults.clear()
        self._log.clear()
        self._gateway.attach()


def _body(request: Request) -> Mapping[str, Any]:
    try:
        content = read_json(request.body)
    except ApiError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(content, Mapping):
        raise BadRequest(f"the body is {type(content).__name__}; expected an object")
    return content


def _text(told: Mapping[str, Any], key: str) -> str:
    if not isinstance(told.get(key), str) or not told[key]:
        raise BadRequest(f"{key}: found {told.get(key)!r}; expected a name")
    return str(told[key])


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


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise BadRequest(f"{name}: found {text!r}; expected a whole number")
    return int(text)


def _requests() -> str:
    rows = [line for line in (__doc__ or "").splitlines() if line.startswith("| ")][1:]
    return "".join(f" {row.split('|')[1].strip()};" for row in rows)
