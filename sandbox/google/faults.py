"""Planted faults: what the emulated APIs are told to do wrong, where, and how often.

The same words as `sandbox.aws.faults`, with what Google's APIs have besides: a path, and an answer that is lost.
"""

import fnmatch
import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sandbox.google.errors import STATUSES, ApiError, status_of_http

MODES = ("refuse", "ignore", "delay", "drop")
MOMENTS = ("before", "after")


class UnusableFault(Exception):
    """A fault was described wrongly; the message lists every problem."""


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
            (self.times is None or self.times > 0)
            and self.service in {"", service}
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
    if not isinstance(document, Mapping):
        raise UnusableFault(f"expected an object with {', '.join(_TYPES)}; found {type(document).__name__}")
    problems = [f"{key}: unknown; the keys are {', '.join(_TYPES)}" for key in document if key not in _TYPES]
    problems += [
        f"{key}: found {value!r}; expected {' or '.join(kind.__name__ for kind in _TYPES[key])}"
        for key, value in document.items()
        if key in _TYPES and (not isinstance(value, _TYPES[key]) or isinstance(value, bool))
    ]
    if "mode" not in document:
        problems.append("mode: missing")
    for key, known in (("mode", MODES), ("moment", MOMENTS), ("code", ("", *STATUSES))):
        if key in document and document[key] not in known:
            problems.append(f"{key}: found {document[key]!r}; expected one of {', '.join(known)}")
    if isinstance(document.get("status"), int) and not 400 <= document["status"] <= 599:
        problems.append(f"status: found {document['status']}; expected an HTTP status of an error, 400 to 599")
    if problems:
        raise UnusableFault("; ".join(problems))
    return Fault(**document)


class FaultBook:
    """The faults in force; the oldest fault that meets a call is taken."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._faults: list[Fault] = []

    def plant(self, fault: Fault) -> Fault:
        planted = replace(fault, number=next(self._numbers))
        self._faults.append(planted)
        return planted

    def take(self, service: str, operation: str, method: str, path: str, text: str) -> Fault | None:
        """The fault this call meets, used up by one; None when the call is to be answered honestly."""
        for index, fault in enumerate(self._faults):
            if fault.meets(service, operation, method, path, text):
                if fault.times is not None:
                    self._faults[index] = replace(fault, times=fault.times - 1)
                return fault
        return None

    def all(self) -> list[Fault]:
        return list(self._faults)

    def clear(self, number: int | None = None) -> None:
        """Remove one fault, or all."""
        self._faults = [fault for fault in self._faults if number is not None and fault.number != number]


def as_json(fault: Fault) -> dict[str, Any]:
    return asdict(fault)
