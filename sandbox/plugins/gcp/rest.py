"""Requests to the emulated Google Cloud, and to nothing else. One connection per request: it is on this machine."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.plugins.gcp.configuration import Configuration

# The calls of this provider in the sandbox's log are found by this part of the user agent.
AGENT = "headgate-standin-gcp"

# A planted delay must not look like a lost connection; the longest one a test plants is a few seconds.
_TIMEOUT_S = 120

# The official provider retries these for 20 minutes (5 for a read); a planted refusal should come through in a
# test's patience.
_RETRIED = frozenset({429, 500, 502, 503})
_PAUSES_S = (0.1, 0.3)


class CloudError(Exception):
    """A request was refused. code: of HTTP, or of google.rpc for an operation that failed; 0 for no answer.

    late: the request was taken, and the operation that it started failed.
    """

    def __init__(self, code: int, message: str, *, late: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.late = late


@dataclass(frozen=True)
class Request:
    """path: below the endpoint of the API, without a leading slash."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class Google:
    """Sends requests and waits for operations. Thread-safe."""

    def __init__(self, config: Configuration, sleep: Callable[[float], None] = time.sleep) -> None:
        self._config = config
        self._sleep = sleep

    def send(self, api: str, request: Request) -> dict[str, Any]:
        """The answer's JSON object; retries what passes by itself. Raises CloudError and NotASandbox."""
        for pause in (*_PAUSES_S, None):
            try:
                return self._once(api, request)
            except CloudError as refused:
                if refused.code not in _RETRIED or pause is None:
                    raise
                self._sleep(pause)
        raise AssertionError("unreachable")

    def wait(self, operation: Mapping[str, Any], look: Callable[[], dict[str, Any]], what: str) -> dict[str, Any]:
        """The operation when it is done: looked at at once, then at the interval of the configuration.

        An answer without a name is not an operation but the end of one. Raises CloudError.
        """
        found = dict(operation)
        first = True
        while found.get("name") and not _done(found):
            if not first:
                self._sleep(self._config.poll)
            first = False
            found = look()
        problem = _failure(found)
        if problem is not None:
            code, message = problem
            raise CloudError(code, f"Error waiting to {what}: Error code {code}, message: {message}", late=True)
        return found

    def _once(self, api: str, request: Request) -> dict[str, Any]:
        # A run that changes nothing never sends; loading the client takes 20 ms.
        import http.client

        base = urlsplit(self._config.endpoint(api))
        query = urlencode({"alt": "json", **request.query})
        payload = None if request.body is None else json.dumps(request.body).encode()
        headers = {"Authorization": "Bearer sandbox", "Content-Type": "application/json", "User-Agent": AGENT}
        connection = http.client.HTTPConnection(base.hostname or "", base.port or 80, timeout=_TIMEOUT_S)
        try:
            connection.request(request.method, f"{base.path}{request.path}?{query}", payload, headers)
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as lost:
            raise CloudError(
                0,
                f"{request.method} {request.path}: {type(lost).__name__}: {base.netloc} did not answer; "
                "`headgate sandbox status` says whether the sandbox runs",
            ) from lost
        finally:
            connection.close()
        found = _object(content)
        if status >= 400:
            raise CloudError(status, _refusal(status, request, found, content))
        return found


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content) if content else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(status: int, request: Request, found: Mapping[str, Any], content: bytes) -> str:
    """As the official provider words it, and what was asked."""
    error = found.get("error")
    said = error.get("message") if isinstance(error, Mapping) else content.decode(errors="replace")[:200]
    return f"googleapi: Error {status}: {said} ({request.method} {request.path})"


def _done(operation: Mapping[str, Any]) -> bool:
    return bool(operation.get("done")) or operation.get("status") == "DONE"


def _failure(operation: Mapping[str, Any]) -> tuple[int, str] | None:
    """Code and message of a failed operation, of google.longrunning or of Compute Engine."""
    error = operation.get("error")
    if not isinstance(error, Mapping) or not error:
        return None
    several = error.get("errors")
    if isinstance(several, list):
        said = "; ".join(f"{each.get('code')}: {each.get('message')}" for each in several)
        return int(operation.get("httpErrorStatusCode", 400)), said
    return int(error.get("code", 2)), str(error.get("message", ""))
