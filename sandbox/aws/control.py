"""The control endpoint: `/headgate-sandbox/…` on the server of the emulated AWS. JSON in, JSON out.

| request | what it does |
|---|---|
| GET health | answers when the server serves: `{"ok": true, "pid": …}` |
| GET faults | the faults in force |
| POST faults | plant one (keys: see `faults.Fault`); answers it with its number |
| DELETE faults, faults/N | clear all, or one |
| GET calls?since=&service=&operation=&agent=&phase=&writes=1&wait= | the log; `wait` = seconds to wait |
| DELETE calls | forget the log |
| GET condition | what was told about targets and services |
| PUT targets {"group", "state", "reason"} | every target of a group (ARN or name) is so from now on |
| PUT services {"service", "rollout_state", "running"} | an ECS service (ARN or name) is so from now on |
| DELETE condition | everything is well again |
| GET resources | `inventory.find`: what carries the tag managed-by=headgate |
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.aws import calls, faults
from sandbox.aws.health import ROLLOUT_STATES, TARGET_STATES, HealthBook, ServiceHealth, TargetHealth
from sandbox.emulator.control import PREFIX, BadRequest, about_faults, members, one_of, question, text, unknown_request
from sandbox.emulator.faults import UnusableFault


class Control:
    """A WSGI application. `inventory` lists what there is, by kind."""

    def __init__(
        self,
        log: calls.CallLog,
        book: faults.FaultBook,
        health: HealthBook,
        inventory: Callable[[], dict[str, list[str]]],
    ) -> None:
        self._log = log
        self._faults = book
        self._health = health
        self._inventory = inventory

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            status, content = 200, self._answer(request)
        except (BadRequest, UnusableFault) as problem:
            status, content = 400, {"error": str(problem)}
        response = Response(json.dumps(content) + "\n", status, content_type="application/json")
        return response(environ, start_response)

    def _answer(self, request: Request) -> Any:
        what, _, rest = request.path.removeprefix(PREFIX).partition("/")
        match request.method, what:
            case "GET", "health":
                return {"ok": True, "pid": os.getpid()}
            case "GET" | "POST" | "DELETE", "faults":
                return about_faults(self._faults, request.method, rest, lambda: faults.parse(_body(request)))
            case "GET", "calls":
                return self._calls(request)
            case "DELETE", "calls":
                self._log.clear()
                return {}
            case "GET", "condition":
                return self._health.as_json()
            case "PUT", "targets":
                return self._tell_target(_body(request))
            case "PUT", "services":
                return self._tell_service(_body(request))
            case "DELETE", "condition":
                self._health.clear()
                return {}
            case "GET", "resources":
                return self._inventory()
        raise unknown_request(request.method, request.path, __doc__)

    def _calls(self, request: Request) -> list[dict[str, Any]]:
        asked, wait_s = question(calls.Question, dict(request.args))
        return [asdict(record) for record in self._log.find(asked, wait_s)]

    def _tell_target(self, told: dict[str, Any]) -> dict[str, Any]:
        group = text(told, "group", "a name or an ARN")
        state = one_of(told.get("state"), TARGET_STATES, "state")
        self._health.tell_target(group, TargetHealth(state, told.get("reason"), told.get("description")))
        return self._health.as_json()

    def _tell_service(self, told: dict[str, Any]) -> dict[str, Any]:
        service = text(told, "service", "a name or an ARN")
        state = one_of(told.get("rollout_state", "COMPLETED"), ROLLOUT_STATES, "rollout_state")
        running = told.get("running")
        if running is not None and (not isinstance(running, int) or running < 0):
            raise BadRequest(f"running: found {running!r}; expected a number of tasks or null")
        self._health.tell_service(service, ServiceHealth(state, running))
        return self._health.as_json()


def _body(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(request.get_data(as_text=True))
    except json.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    return members(content)
