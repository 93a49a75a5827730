"""Planted faults: what the emulated APIs are told to do wrong, where, and how often.

The same words as `sandbox.aws.faults`, with what Google's APIs have besides: a path, and an answer that is lost.
"""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.faults import MOMENTS, Book, described
from sandbox.google.errors import STATUSES, ApiError, status_of_http

MODES = ("refuse", "ignore", "delay", "drop")


@dataclass(frozen=True)
class Fault:
    """One planted fault. Conditions left "" hold for every call.

    service: "run", "monitoring" …; operation: the end of a method id ("services.patch", "setIamPolicy");
    method: the HTTP method; path: a glob over the URL's path; match: a text that URL and body must contain.
    mode: "refuse" answers with an error; "ignore" answers success and changes nothing; "delay" waits; "drop"
    closes the connection without an answer.
    times: how many calls meet it before it is spent; None for every call until it is cleared.
    status, code, message: the error of "refuse"; code is the canonical one, "" takes what belongs to the status.
    seconds: how long "delay" waits. moment: whether "delay" waits, and "drop" closes, before or after the change.
    """

    mode: str
    service: str = ""
    operation: str = ""
    method: str = ""
    path: str = ""
    match: str = ""
    times: int | None = 1
    status: int = 403
    code: str = ""
    message: str = "a fault planted in the sandbox refuses this call"
    seconds: float = 0.0
    moment: str = "after"
    number: int = 0

    def meets(self, service: str, operation: str, method: str, path: str, text: str) -> bool:
        return (
            self.service in {"", service}
            and (not self.operation or f".{operation}".endswith(f".{self.operation}"))
            and self.method in {"", method}
            and (not self.path or fnmatch.fnmatchcase(path, self.path))
            and self.match in text
        )

    def refusal(self) -> ApiError:
        return ApiError(self.code or status_of_http(self.status), self.message, http=self.status)


_TYPES: dict[str, tuple[type, ...]] = {
    "mode": (str,),
    "service": (str,),
    "operation": (str,),
    "method": (str,),
    "path": (str,),
    "match": (str,),
    "times": (int, type(None)),
    "status": (int,),
    "code": (str,),
    "message": (str,),
    "seconds": (int, float),
    "moment": (str,),
}


def parse(document: object) -> Fault:
    """A Fault from what a request carried; raises UnusableFault with all problems at once."""
    return Fault(
        **described(
            document,
            _TYPES,
            required=("mode",),
            choices={"mode": MODES, "moment": MOMENTS, "code": ("", *STATUSES)},
            further=_no_error,
        )
    )


def _no_error(given: Mapping[str, Any]) -> list[str]:
    status = given.get("status")
    if not isinstance(status, int) or 400 <= status <= 599:
        return []
    return [f"status: found {status}; expected an HTTP status of an error, 400 to 599"]


class FaultBook(Book[Fault]):
    """The faults in force."""

    def take(self, service: str, operation: str, method: str, path: str, text: str) -> Fault | None:
        """The fault this call meets, used up by one; None when the call is to be answered honestly."""
        return self.first(lambda fault: fault.meets(service, operation, method, path, text))
