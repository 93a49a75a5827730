"""The way of one request: route, fault, check, handler, check of the answer."""

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sandbox.google.api import Call, Service
from sandbox.google.calls import CallLog
from sandbox.google.cloud import Cloud
from sandbox.google.discovery import Document, Method, document
from sandbox.google.errors import ApiError
from sandbox.google.faults import Fault, FaultBook


class Dropped(Exception):
    """The connection is to be closed without an answer."""


@dataclass(frozen=True)
class Request:
    """One HTTP request. path: as it was sent, still encoded; query: without the question mark."""

    http: str
    path: str
    query: str = ""
    body: bytes = b""
    agent: str = ""

    @property
    def url(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True)
class Answer:
    """Status and JSON."""

    status: int
    content: Mapping[str, Any]


@dataclass(frozen=True)
class _Target:
    """What a request means."""

    service: Service
    document: Document
    method: Method
    path: Mapping[str, str]

    @property
    def operation(self) -> str:
        return self.method.id.partition(".")[2]


class Gateway:
    """Answers requests to the emulated APIs. One loop; handlers are never interrupted by one another."""

    def __init__(
        self,
        services: Iterable[Service],
        cloud: Cloud,
        calls: CallLog,
        faults: FaultBook,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.services = tuple(services)
        self._cloud = cloud
        self._calls = calls
        self._faults = faults
        self._sleep = sleep
        # The longest prefix first: /run/v2/ before /run/.
        self._mounts = sorted(
            ((prefix, put, service) for service in self.services for prefix, put in service.mounts.items()),
            key=lambda mount: -len(mount[0]),
        )
        self.attach()

    def attach(self) -> None:
        """Let every service put into the cloud what others ask it for. To be called after each reset."""
        for service in self.services:
            service.attach(self._cloud)

    async def answer(self, request: Request) -> Answer:
        """Answer one request; raises Dropped when a planted fault closes the connection."""
        target = self._target(request)
        service, operation = (target.service.name, target.operation) if target else ("", "")
        number = self._calls.begin(
            service,
            operation,
            method=request.http,
            url=request.url,
            agent=request.agent,
            body=_shown(request.body),
        )
        status = 0
        try:
            text = f"{request.url} {request.body.decode('utf-8', 'replace')}"
            fault = self._faults.take(service, operation, request.http, request.path, text)
            if fault is not None:
                self._calls.planted(number, f"{fault.mode} #{fault.number}")
            answer = await self._answer(request, target, fault)
            status = answer.status
            return answer
        finally:
            self._calls.finish(number, status)

    async def _answer(self, request: Request, target: _Target | None, fault: Fault | None) -> Answer:
        if fault is None:
            return self._honest(request, target)
        if fault.mode == "refuse":
            return _error(fault.refusal())
        if fault.mode == "ignore":
            with self._cloud.unchanged():
                return self._honest(request, target)
        if fault.mode == "delay" and fault.moment == "before":
            await self._sleep(fault.seconds)
        if fault.mode == "drop" and fault.moment == "before":
            raise Dropped
        answer = self._honest(request, target)
        if fault.mode == "drop":
            raise Dropped
        if fault.moment == "after":
            await self._sleep(fault.seconds)
        return answer

    def _honest(self, request: Request, target: _Target | None) -> Answer:
        try:
            if target is None:
                raise ApiError("NOT_FOUND", f"The requested URL {request.http} {request.path} was not found.")
            return self._call(request, target)
        except ApiError as error:
            return _error(error)
        except Exception as error:  # noqa: BLE001 - a 500 would be retried by providers for 20 minutes
            traceback.print_exc(file=sys.stderr)
            return _error(ApiError("UNIMPLEMENTED", f"the emulator failed in {request.http} {request.path}: {error!r}"))

    def _call(self, request: Request, target: _Target) -> Answer:
        method = target.method
        handler = target.service.handlers.get(method.id)
        if handler is None:
            raise ApiError(
                "UNIMPLEMENTED", f"the emulator has no {method.id}; a handler in sandbox/google could add it"
            )
        query, from_query = target.document.query(method, parse_qsl(request.query, keep_blank_values=True))
        body: dict[str, Any] = {}
        if method.request:
            given = read_json(request.body)
            if isinstance(given, Mapping):
                given = {**from_query, **given}
            body = target.document.body(method, given, target.path, target.service.optional)
        elif request.body.strip() and read_json(request.body) != {}:
            raise ApiError("INVALID_ARGUMENT", f"{method.id} takes no body; found {len(request.body)} bytes")
        if "updateMask" in query:
            target.document.check_mask(method, str(query["updateMask"]))
        call = Call(method.id, target.path, query, body, self._cloud, request.http, request.url, request.agent)
        content = dict(handler(call))
        problems = target.document.problems_of_answer(method, content)
        if problems:
            told = "; ".join(text for _, text in problems)
            raise ApiError("UNIMPLEMENTED", f"the emulator's answer to {method.id} does not fit its schema: {told}")
        return Answer(200, content)

    def _target(self, request: Request) -> _Target | None:
        for prefix, put, service in self._mounts:
            if request.path.startswith(prefix):
                path = put + request.path.removeprefix(prefix)
                for name in service.documents:
                    found = document(name).find(request.http, path)
                    if found is not None:
                        return _Target(service, document(name), *found)
        return None


def _error(error: ApiError) -> Answer:
    return Answer(error.http, error.body())


def read_json(body: bytes) -> object:
    """The JSON of a body, {} for none; raises ApiError INVALID_ARGUMENT."""
    if not body.strip():
        return {}
    try:
        return json.loads(body)
    except ValueError as error:
        raise ApiError("INVALID_ARGUMENT", f"Invalid JSON payload received. {error}") from error


def _shown(body: bytes) -> object:
    """The body for the log: JSON when it is, text otherwise, None when there was none."""
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
