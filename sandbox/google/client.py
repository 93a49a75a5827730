"""The emulator as tests, the router and the rehearsal steer it: its control endpoint, with types."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from sandbox.emulator.control import PREFIX
from sandbox.google.calls import CallRecord
from sandbox.google.faults import Fault
from sandbox.serving import loopback_url

# A request waits for the log at most a minute (control.py); everything else is answered at once.
_PATIENCE_S = 65.0


class ControlError(Exception):
    """The emulator refused what it was told; the message says why."""


@dataclass(frozen=True)
class Split:
    """What a service really serves: percent by revision, and revision by tag. Revisions at 0 % are in both."""

    percents: dict[str, int]
    tags: dict[str, str]


class GoogleSandbox:
    """One emulator at `url`. To be closed, or used in a `with`. Raises ControlError, httpx.HTTPError."""

    def __init__(self, url: str) -> None:
        self.url = loopback_url(url)
        self._http = httpx.Client(base_url=self.url, trust_env=False, timeout=_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def health(self) -> dict[str, Any]:
        """`{"ok": True, "pid": …}`."""
        answer: dict[str, Any] = self._ask("GET", "health")
        return answer

    def reset(self) -> None:
        """An empty cloud: no resources, faults, conditions, operations or calls."""
        self._ask("POST", "reset")

    # Faults

    def plant(self, **fault: object) -> int:
        """Plant a fault (keys: `faults.Fault`); its number."""
        return int(self._ask("POST", "faults", fault)["number"])

    def refuse(self, operation: str, *, status: int = 403, times: int | None = 1, **more: object) -> int:
        """Refuse the next `times` calls of an operation ("services.patch"); None: all of them. Answers its number."""
        return self.plant(mode="refuse", operation=operation, status=status, times=times, **more)

    def ignore(self, operation: str, *, times: int | None = 1, **more: object) -> int:
        """Answer success and change nothing."""
        return self.plant(mode="ignore", operation=operation, times=times, **more)

    def delay(self, operation: str, seconds: float, *, times: int | None = 1, **more: object) -> int:
        """Answer later; `moment="before"` also changes later."""
        return self.plant(mode="delay", operation=operation, seconds=seconds, times=times, **more)

    def drop(self, operation: str, *, times: int | None = 1, **more: object) -> int:
        """Close the connection without an answer, after the change (`moment="before"`: instead of it)."""
        return self.plant(mode="drop", operation=operation, times=times, **more)

    def faults(self) -> list[Fault]:
        return [Fault(**fault) for fault in self._ask("GET", "faults")]

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    # Conditions

    def tell_revision(self, revision: str, *, ready: bool, reason: str = "", message: str = "") -> None:
        """A revision (short name) becomes ready, or does not, or is not any more."""
        self._ask("PUT", "revisions", {"revision": revision, "ready": ready, "reason": reason, "message": message})

    def tell_image(self, image: str, *, exists: bool) -> None:
        """Whether a registry has an image, as a template refers to it."""
        self._ask("PUT", "images", {"image": image, "exists": exists})

    def pend(self, polls: int) -> None:
        """New operations are carried out when they have been looked at so many times."""
        self._ask("PUT", "operations", {"pending_polls": polls})

    def heal(self) -> None:
        """Everything is well again: revisions, images, operations."""
        self._ask("DELETE", "condition")

    # What is there, and what was asked

    def calls(self, **question: object) -> list[CallRecord]:
        """The log, oldest first (keys: `calls.Question`, `writes=1`, and `wait` in seconds for the first one)."""
        found = self._ask("GET", "calls", query={key: str(value) for key, value in question.items()})
        return [CallRecord(**record) for record in found]

    def forget_calls(self) -> None:
        self._ask("DELETE", "calls")

    def resources(self) -> dict[str, list[str]]:
        """The names of everything, by kind."""
        found: dict[str, list[str]] = self._ask("GET", "resources")
        return found

    def store(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of a kind by name."""
        found: dict[str, dict[str, Any]] = self._ask("GET", "store").get(kind, {})
        return found

    def services(self) -> dict[str, dict[str, Any]]:
        """The Cloud Run services by short name, as the API answers them."""
        return {name.rpartition("/")[2]: service for name, service in self.store("run.services").items()}

    def split(self, service: str) -> Split:
        """What a Cloud Run service (short name) really serves, LATEST resolved. Raises KeyError."""
        found = self.services()[service]
        latest = str(found.get("latestReadyRevision", "")).rpartition("/")[2]
        percents: dict[str, int] = {}
        tags: dict[str, str] = {}
        for status in found.get("trafficStatuses", []):
            revision = status.get("revision") or latest
            percents[revision] = percents.get(revision, 0) + status.get("percent", 0)
            if status.get("tag"):
                tags[status["tag"]] = revision
        return Split(percents, tags)

    def _ask(self, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Any:
        answer = self._http.request(method, f"{PREFIX}{path}", json=body, params=query)
        content = answer.json()
        if answer.status_code != httpx.codes.OK:
            raise ControlError(f"{method} {PREFIX}{path}: {content.get('error', content)}")
        return content
