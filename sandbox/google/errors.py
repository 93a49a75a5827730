"""Errors in the form that Google's APIs answer them (google.rpc.Status as JSON)."""

from collections.abc import Iterable, Mapping
from typing import Any

# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto: number and HTTP mapping of each code.
_CODES: dict[str, tuple[int, int]] = {
    "CANCELLED": (1, 499),
    "UNKNOWN": (2, 500),
    "INVALID_ARGUMENT": (3, 400),
    "DEADLINE_EXCEEDED": (4, 504),
    "NOT_FOUND": (5, 404),
    "ALREADY_EXISTS": (6, 409),
    "PERMISSION_DENIED": (7, 403),
    "RESOURCE_EXHAUSTED": (8, 429),
    "FAILED_PRECONDITION": (9, 400),
    "ABORTED": (10, 409),
    "OUT_OF_RANGE": (11, 400),
    "UNIMPLEMENTED": (12, 501),
    "INTERNAL": (13, 500),
    "UNAVAILABLE": (14, 503),
    "DATA_LOSS": (15, 500),
    "UNAUTHENTICATED": (16, 401),
}
STATUSES = tuple(_CODES)


class ApiError(Exception):
    """What a handler raises to refuse a call; answered as Google's JSON.

    status: a canonical code ("NOT_FOUND"); http: 0 takes the HTTP status that belongs to it.
    """

    def __init__(self, status: str, message: str, details: Iterable[Mapping[str, Any]] = (), http: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = [dict(detail) for detail in details]
        self.http = http or _CODES[status][1]

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        error: dict[str, Any] = {"code": self.http, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}

    def as_status(self) -> dict[str, Any]:
        """The same as google.rpc.Status, for the error of an operation: its code is the number, not the HTTP status."""
        status: dict[str, Any] = {"code": _CODES[self.status][0], "message": self.message}
        if self.details:
            status["details"] = self.details
        return status


def status_of_http(http: int) -> str:
    """The canonical code that an HTTP status stands for, as clients read it."""
    return next((name for name, (_, mapped) in _CODES.items() if mapped == http), "UNKNOWN")


def invalid(violations: Iterable[tuple[str, str]]) -> ApiError:
    """400 INVALID_ARGUMENT that names the fields: (field, what is wrong with it)."""
    found = list(violations)
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": field, "description": text} for field, text in found],
    }
    return ApiError("INVALID_ARGUMENT", "\n".join(text for _, text in found), [detail])


def bad_field(field: str, problem: str) -> ApiError:
    """400 INVALID_ARGUMENT for one field, when a handler finds a rule of the service broken."""
    return invalid([(field, f"Violation in {field}: {problem}")])


def not_found(name: str, message: str = "") -> ApiError:
    return ApiError("NOT_FOUND", message or f"Resource '{name}' was not found.")


def already_exists(name: str, message: str = "") -> ApiError:
    return ApiError("ALREADY_EXISTS", message or f"Resource '{name}' already exists.")
