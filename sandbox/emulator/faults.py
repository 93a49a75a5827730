"""Faults as they are described in a request, and the book of those in force."""

import itertools
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

MOMENTS = ("before", "after")


class UnusableFault(Exception):
    """A fault was described wrongly; the message lists every problem."""


def described(
    document: object,
    types: Mapping[str, tuple[type, ...]],
    *,
    required: Collection[str],
    choices: Mapping[str, tuple[str, ...]],
    further: Callable[[Mapping[str, Any]], list[str]] = lambda given: [],
) -> dict[str, Any]:
    """The members of a fault that a request carried. further: problems that only one cloud's faults have.

    Raises UnusableFault with all problems at once.
    """
    if not isinstance(document, Mapping):
        raise UnusableFault(f"expected an object with {', '.join(types)}; found {type(document).__name__}")
    problems = [f"{key}: unknown; the keys are {', '.join(types)}" for key in document if key not in types]
    problems += [
        f"{key}: found {value!r}; expected {' or '.join(kind.__name__ for kind in types[key])}"
        for key, value in document.items()
        if key in types and (not isinstance(value, types[key]) or isinstance(value, bool))
    ]
    problems += [f"{key}: missing" for key in required if key not in document]
    problems += [
        f"{key}: found {document[key]!r}; expected one of {', '.join(known)}"
        for key, known in choices.items()
        if key in document and document[key] not in known
    ]
    problems += further(document)
    if problems:
        raise UnusableFault("; ".join(problems))
    return dict(document)


class Planted(Protocol):
    """A frozen dataclass. times: how many calls meet it before it is spent, None for every call."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def number(self) -> int: ...

    @property
    def times(self) -> int | None: ...


F = TypeVar("F", bound=Planted)


class Book(Generic[F]):
    """The faults in force. Thread-safe; the oldest fault that meets a call is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._faults: list[F] = []

    def plant(self, fault: F) -> F:
        """Put it in force; returns it with its number."""
        with self._lock:
            planted = replace(fault, number=next(self._numbers))
            self._faults.append(planted)
            return planted

    def first(self, meets: Callable[[F], bool]) -> F | None:
        """The first fault that `meets` and is not spent, used up by one."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.times is not None and fault.times <= 0:
                    continue
                if meets(fault):
                    if fault.times is not None:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    return fault
            return None

    def all(self) -> list[F]:
        with self._lock:
            return list(self._faults)

    def clear(self, number: int | None = None) -> None:
        """Remove one fault, or all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if number is not None and fault.number != number]
