"""The control endpoint `/headgate-sandbox/…`, as far as both emulators answer it alike."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from sandbox.emulator.calls import Asked
from sandbox.emulator.faults import Book, F

PREFIX = "/headgate-sandbox/"

# A caller that waits longer than this has lost interest; its connection would only be held for nothing.
_LONGEST_WAIT_S = 60.0


class BadRequest(Exception):
    """The request cannot be carried out; the message says why."""


Q = TypeVar("Q", bound=Asked)


def about_faults(book: Book[F], http: str, rest: str, planted: Callable[[], F]) -> Any:
    """Answers GET, POST and DELETE of `faults`. rest: what follows `faults/`; planted: the fault in the body."""
    match http:
        case "GET":
            return [asdict(fault) for fault in book.all()]
        case "POST":
            return asdict(book.plant(planted()))
    book.clear(number(rest, "fault") if rest else None)
    return {}


def question(kind: type[Q], given: Mapping[str, str]) -> tuple[Q, float]:
    """What a query asks of the log of calls, and how many seconds it waits. What `kind` adds to `Asked` are texts."""
    texts = {field.name for field in fields(kind)} - {"since", "phase", "writes_only"}
    known = sorted(texts | {"since", "phase", "wait", "writes"})
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise BadRequest(f"unknown parameter {', '.join(unknown)}; known: {', '.join(known)}")
    asked = kind(
        since=number(given.get("since", "0"), "since"),
        phase=one_of(given.get("phase", "begun"), ("begun", "finished"), "phase"),
        writes_only=given.get("writes", "") == "1",
        **{name: given.get(name, "") for name in texts},
    )
    return asked, min(float(number(given.get("wait", "0"), "wait")), _LONGEST_WAIT_S)


def members(content: object) -> dict[str, Any]:
    """The body of a request as an object. Raises BadRequest."""
    if not isinstance(content, dict):
        raise BadRequest(f"the body is {type(content).__name__}; expected an object")
    return content


def text(told: Mapping[str, Any], key: str, expected: str) -> str:
    """Raises BadRequest for anything but a text that is not empty. expected: as users call it."""
    if not isinstance(told.get(key), str) or not told[key]:
        raise BadRequest(f"{key}: found {told.get(key)!r}; expected {expected}")
    return str(told[key])


def number(given: str, name: str) -> int:
    """Raises BadRequest for anything but a whole number."""
    if not given.isdigit():
        raise BadRequest(f"{name}: found {given!r}; expected a whole number")
    return int(given)


def one_of(value: object, known: tuple[str, ...], name: str) -> str:
    """Raises BadRequest for a value that is not known."""
    if value not in known:
        raise BadRequest(f"{name}: found {value!r}; expected one of {', '.join(known)}")
    return str(value)


def unknown_request(http: str, path: str, page: str | None) -> BadRequest:
    """page: the docstring with the table of requests."""
    rows = [line for line in (page or "").splitlines() if line.startswith("| ")][1:]
    requests = "".join(f" {row.split('|')[1].strip()};" for row in rows)
    return BadRequest(f"{http} {path}: unknown; what there is:{requests}")
