"""An emulated Google without a server: requests go straight through the gateway, with all its checks."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.google import services
from sandbox.google.calls import CallLog
from sandbox.google.cloud import Cloud
from sandbox.google.faults import FaultBook
from sandbox.google.gateway import Gateway, Request


class Refused(AssertionError):
    """An answer that is no 200."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.error = error

    @property
    def code(self) -> str:
        return f"{self.status} {self.error['status']}"


class Api:
    """One emulated cloud. Each verb answers the JSON of a 200 and raises Refused for anything else."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.cloud = Cloud(lambda: self.moment)
        self._gateway = Gateway(services.found(), self.cloud, CallLog(), FaultBook())

    def pass_time(self, **length: float) -> None:
        self.moment += timedelta(**length)

    def call(self, http: str, url: str, body: object = None) -> dict[str, Any]:
        path, _, query = url.partition("?")
        sent = b"" if body is None else json.dumps(body).encode()
        answer = asyncio.run(self._gateway.answer(Request(http, path, query, sent)))
        content = dict(answer.content)
        if answer.status != 200:
            raise Refused(answer.status, content["error"])
        return content

    def get(self, url: str) -> dict[str, Any]:
        return self.call("GET", url)

    def post(self, url: str, body: object = None) -> dict[str, Any]:
        return self.call("POST", url, {} if body is None else body)

    def put(self, url: str, body: object = None) -> dict[str, Any]:
        return self.call("PUT", url, {} if body is None else body)

    def patch(self, url: str, body: object) -> dict[str, Any]:
        return self.call("PATCH", url, body)

    def delete(self, url: str) -> dict[str, Any]:
        return self.call("DELETE", url)

    def refused(self, http: str, url: str, body: object = None) -> Refused:
        """The error of a call that has to be refused."""
        try:
            answer = self.call(http, url, body)
        except Refused as refusal:
            return refusal
        raise AssertionError(f"{http} {url} was answered: {answer}")
