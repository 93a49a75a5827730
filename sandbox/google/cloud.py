"""The world that the handlers act on: one object per server, emptied by a reset."""

from __future__ import annotations

import base64
import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.google.operations import Operations
from sandbox.google.store import Store

# (project, secret, version) -> what is wrong with the reference, None when it can be used.
SecretCheck = Callable[[str, str, str], str | None]


def _no_secret_manager(project: str, secret: str, version: str) -> str | None:
    return f"Secret projects/{project}/secrets/{secret}/versions/{version} was not found"


@dataclass(frozen=True)
class Readiness:
    """What is told about a revision by hand: whether it becomes ready, and what it says when it does not.

    reason: a value of google.cloud.run.v2.Condition.CommonReason or RevisionReason.
    """

    ready: bool = True
    reason: str = "HEALTH_CHECK_CONTAINER_ERROR"
    message: str = ""


@dataclass
class Conditions:
    """What a test tells the cloud about its state of health.

    pending_polls: how many times a new operation answers `done: false` before it is carried out.
    revisions: by short name. missing_images: references of images that no registry has.
    """

    pending_polls: int = 0
    revisions: dict[str, Readiness] = field(default_factory=dict)
    missing_images: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        return {
            "pending_polls": self.pending_polls,
            "revisions": {name: vars(readiness).copy() for name, readiness in self.revisions.items()},
            "missing_images": sorted(self.missing_images),
        }


class Cloud:
    """State of all services. Not thread-safe: the server calls every handler from one loop.

    secret_check: set by Secret Manager when it is attached; without it every secret is unknown.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self.store = Store()
        self.conditions = Conditions()
        self.operations = Operations(self)
        self.secret_check: SecretCheck = _no_secret_manager
        self._serial = itertools.count(1)

    def now(self) -> str:
        """Now, as Google writes a Timestamp."""
        return self._clock().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def serial(self) -> int:
        """A number that was never given before; it survives a reset."""
        return next(self._serial)

    def etag(self) -> str:
        """A new etag: bytes in base64, which is what `format: byte` asks for."""
        return base64.b64encode(b"\x07\x06" + self.serial().to_bytes(7, "big")).decode()

    def uid(self) -> str:
        """A new UUID4."""
        return str(uuid.uuid4())

    def clear(self) -> None:
        """Forget everything; the services have to be attached again."""
        self.store = Store()
        self.conditions = Conditions()
        self.operations = Operations(self)
        self.secret_check = _no_secret_manager

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever the block does to resources is undone at its end; its operations stay readable, and done."""
        store, polls = self.store.snapshot(), self.conditions.pending_polls
        self.conditions.pending_polls = 0
        try:
            yield
        finally:
            self.conditions.pending_polls = polls
            self.store.restore(store)
