"""Planted faults: what the emulated API is told to do wrong, where, and how often."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

MODES = ("refuse", "ignore", "delay")
MOMENTS = ("before", "after")


class UnusableFault(Exception):
    """A fault was described wrongly; the message lists every problem."""


@dataclass(frozen=True)
class Fault:
    """One planted fault.

    service, operation: as boto3 and the API reference spell them ("elbv2", "ModifyListener").
    match: a text the decoded request must contain, "" for any request; an ARN or a name, usually.
    mode: "refuse" answers with an error; "ignore" answers success and changes nothing; "delay" waits.
    times: how many calls meet it before it is spent; None for every call until it is cleared.
    code, message, status: the error of "refuse". A code or status that AWS clients retry (Throttling,
    5xx) is met once per attempt.
    seconds, moment: how long "delay" waits, and whether before or after the change is applied.
    """

    service: str
    operation: str
    mode: str
    match: str = ""
    times: int | None = 1
    code: str = "OperationNotPermitted"
    message: str = "a fault planted in the sandbox refuses this call"
    status: int = 400
    seconds: float = 0.0
    moment: str = "before"
    number: int = 0

    def meets(self, service: str, operation: str, request: str) -> bool:
        return (
            self.service == service
            and self.operation == operation
            and self.match in request
            and (self.times is None or self.times > 0)
        )


_TYPES: dict[str, tuple[type, ...]] = {
    "service": (str,),
    "operation": (str,),
    "mode": (str,),
    "match": (str,),
    "times": (int, type(None)),
    "code": (str,),
    "message": (str,),
    "status": (int,),
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
    problems += [f"{key}: missing" for key in ("service", "operation", "mode") if key not in document]
    for key, known in (("mode", MODES), ("moment", MOMENTS)):
        if key in document and document[key] not in known:
            problems.append(f"{key}: found {document[key]!r}; expected one of {', '.join(known)}")
    if problems:
        raise UnusableFault("; ".join(problems))
    return Fault(**document)


class FaultBook:
    """The faults in force. Thread-safe; the oldest fault that meets a call is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._faults: list[Fault] = []

    def plant(self, fault: Fault) -> Fault:
        with self._lock:
            planted = replace(fault, number=next(self._numbers))
            self._faults.append(planted)
            return planted

    def take(self, service: str, operation: str, request: str) -> Fault | None:
        """The fault this call meets, used up by one; None when the call is to be answered honestly."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.meets(service, operation, request):
                    if fault.times is not None:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    return fault
            return None

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def clear(self, number: int | None = None) -> None:
        """Remove one fault, or all."""
        with self._lock:
            self._faults = [f for f in self._faults if number is not None and f.number != number]


def as_json(fault: Fault) -> dict[str, Any]:
    return asdict(fault)
