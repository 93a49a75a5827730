"""Long-running operations: readable as long as the emulator lives, and pending for as many polls as asked for.

A provider retries a 404 on an operation for minutes (cloud-run-notes 3.8), so none is ever forgotten but by a reset.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.google.errors import ApiError, not_found

if TYPE_CHECKING:
    from sandbox.google.api import Call, Handler
    from sandbox.google.cloud import Cloud


@dataclass
class Operation:
    """One operation. finish: carries the change out and answers its response, or raises ApiError.

    polls: how many more looks find it running.
    """

    name: str
    metadata: dict[str, Any]
    finish: Callable[[], Mapping[str, Any]] | None
    polls: int = 0
    response: dict[str, Any] = field(default_factory=dict)
    error: ApiError | None = None

    @property
    def done(self) -> bool:
        return self.finish is None

    def complete(self) -> None:
        """Carry the change out, if it was not yet."""
        if self.finish is None:
            return
        finish, self.finish = self.finish, None
        try:
            self.response = dict(finish())
        except ApiError as error:
            self.error = error

    def as_json(self) -> dict[str, Any]:
        """As google.longrunning.Operation."""
        shown: dict[str, Any] = {"name": self.name}
        if self.metadata:
            shown["metadata"] = self.metadata
        if self.done:
            shown["done"] = True
            if self.error is not None:
                shown["error"] = self.error.as_status()
            else:
                shown["response"] = self.response
        return shown


class Operations:
    """The operations of a cloud, in the order they began."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._all: dict[str, Operation] = {}

    def begin(
        self, parent: str, finish: Callable[[], Mapping[str, Any]], metadata: Mapping[str, Any] | None = None
    ) -> Operation:
        """A new operation `parent/operations/ID` ("" for none); done at once unless told to stay pending.

        The response should carry an "@type", as the Any it is.
        """
        name = f"{parent}/operations/{uuid.uuid4()}".removeprefix("/")
        operation = Operation(name, dict(metadata or {}), finish, self._cloud.conditions.pending_polls)
        self._all[name] = operation
        if operation.polls == 0:
            operation.complete()
        return operation

    def poll(self, name: str) -> Operation:
        """Look at it once more; raises ApiError NOT_FOUND."""
        operation = self._all.get(name)
        if operation is None:
            raise not_found(name, f"Operation '{name}' was not found.")
        if operation.polls > 0:
            operation.polls -= 1
        else:
            operation.complete()
        return operation

    def wait(self, name: str) -> Operation:
        """Look at it until it is done, however many polls were asked for."""
        operation = self._all.get(name)
        if operation is None:
            raise not_found(name, f"Operation '{name}' was not found.")
        operation.polls = 0
        operation.complete()
        return operation

    def under(self, parent: str) -> list[Operation]:
        return [operation for name, operation in self._all.items() if name.startswith(f"{parent}/operations/")]

    def forget(self, name: str) -> None:
        if self._all.pop(name, None) is None:
            raise not_found(name, f"Operation '{name}' was not found.")


def handlers(collection: str) -> dict[str, Handler]:
    """The methods get, list, wait and delete under `collection` ("run.projects.locations.operations").

    A document that has not all four: take the ones it has.
    """
    return {
        f"{collection}.get": lambda call: call.cloud.operations.poll(call.path["name"]).as_json(),
        f"{collection}.wait": lambda call: call.cloud.operations.wait(call.path["name"]).as_json(),
        f"{collection}.list": _list,
        f"{collection}.delete": _delete,
    }


def _list(call: Call) -> Mapping[str, Any]:
    return {"operations": [operation.as_json() for operation in call.cloud.operations.under(call.path["name"])]}


def _delete(call: Call) -> Mapping[str, Any]:
    call.cloud.operations.forget(call.path["name"])
    return {}
