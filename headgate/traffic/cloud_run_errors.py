"""What Google's libraries raise, in one clear line each, and whether it passes by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from headgate.traffic.port import TrafficError
from headgate.traffic.retrying import Passing

ENDPOINT_KEY, ENDPOINT_VARIABLE = "gcp:cloudRunV2CustomEndpoint", "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT"
TOKEN_VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - the name that the official provider reads

_SIGN_IN = f"Run gcloud auth application-default login, or set {TOKEN_VARIABLE}"
_ODD_ANSWER = (AttributeError, KeyError, IndexError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes, as the configuration says it, and the role that it needs."""

    service: str
    project: str
    region: str
    role: str

    @property
    def path(self) -> str:
        return f"projects/{self.project}/locations/{self.region}/services/{self.service}"

    def absent(self) -> TrafficError:
        return TrafficError(
            f"service {self.service!r} does not exist in region {self.region} of project {self.project}, so it has no "
            "traffic to write to. Check gcp:region and gcp:project."
        )


def passing(error: Exception) -> Passing:
    """Whether a call that raised `error` may succeed when it is made again; a conflict only after another look."""
    from google.api_core import exceptions as api
    from google.auth.exceptions import TransportError
    from requests.exceptions import RequestException

    if isinstance(error, api.TooManyRequests | api.ServerError):
        return Passing.BUSY
    if isinstance(error, RequestException | TransportError | api.RetryError):
        return Passing.LOST
    return Passing.NO


def failures() -> tuple[type[Exception], ...]:
    """Everything that a call, or reading its answer, may raise."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.protobuf.json_format import Error as NotTheForm
    from requests.exceptions import RequestException

    return (GoogleAPIError, GoogleAuthError, NotTheForm, RequestException, TimeoutError, TrafficError, *_ODD_ANSWER)


@contextmanager
def said(what: str, place: Place, *, tried_s: float, settle_s: float) -> Iterator[None]:
    """Turns what the API says, or does not say, into a TrafficError that begins with `what`.

    `tried_s`, `settle_s`: seconds that one call was tried for, and that a change had to come into force.
    """
    from google.api_core.exceptions import RetryError

    try:
        yield
    except TrafficError:
        raise
    except RetryError as error:
        raise TrafficError(f"{what}: {first_line(error.cause or error)} (tried for {tried_s:g} s)") from error
    except TimeoutError as error:
        raise TrafficError(
            f"{what}: the change was accepted but is not in force after {settle_s:g} s. Look at what is served "
            "(headgate status)."
        ) from error
    except failures() as error:
        raise TrafficError(f"{what}: {line(error, place)}") from error


def line(error: Exception, place: Place) -> str:
    """One line: what was found, and what to do about it where that is known."""
    from google.api_core import exceptions as api
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
    from google.protobuf.json_format import Error as NotTheForm
    from requests.exceptions import ConnectionError, Timeout  # noqa: A004 - not the builtin one

    found = first_line(error)
    if isinstance(error, DefaultCredentialsError):
        return f"there are no credentials for Google Cloud. {_SIGN_IN}."
    if isinstance(error, TransportError):
        return f"the credentials could not be renewed ({found}). Check the network."
    if isinstance(error, GoogleAuthError | api.Unauthorized):
        return f"the credentials were not accepted ({found}). They may have expired. {_SIGN_IN}."
    if isinstance(error, api.Forbidden):
        return (
            f"{found}. Check gcp:project ({place.project}), that run.googleapis.com is enabled in it, and that these "
            f"credentials have {place.role}."
        )
    if isinstance(error, api.NotFound):
        return (
            f"{found}. Check gcp:project ({place.project}), gcp:region ({place.region}) and, if set, {ENDPOINT_KEY} "
            f"and {ENDPOINT_VARIABLE}."
        )
    if isinstance(error, ConnectionError | Timeout):
        return (
            f"no answer from {_host(error)} ({_reason(found)}). Check the network and, if set, {ENDPOINT_KEY} and "
            f"{ENDPOINT_VARIABLE}."
        )
    if isinstance(error, (NotTheForm, *_ODD_ANSWER)) and not isinstance(error, OSError):
        return f"an answer of the API does not have the expected form ({error!r})"
    return found


def _host(error: Any) -> str:
    """`https://run.googleapis.com`, as far as the error knows whom it asked."""
    asked = urlsplit(str(getattr(getattr(error, "request", None), "url", "") or ""))
    return f"{asked.scheme}://{asked.netloc}" if asked.netloc else "the API"


def _reason(found: str) -> str:
    """What the libraries' long line comes to."""
    known = {
        "refused": "connection refused",
        "timed out": "timed out",
        "resolve": "its name is not known",
        "CERTIFICATE": "its certificate is not trusted",
    }
    return next((short for sign, short in known.items() if sign in found), found)


def means_absent(error: Any, name: str) -> bool:
    """Whether a 404 says that `name` does not exist: an answer of the API itself, and not about project or region."""
    try:
        told = error.response.json()["error"]
        message = str(told["message"]).lower()
    except _ODD_ANSWER:
        return False  # the page of a proxy, or an address that is not the API's
    if told.get("status") != "NOT_FOUND":
        return False
    return name in message or not any(word in message for word in ("project", "location", "region"))


def first_line(error: BaseException) -> str:
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(message).strip().splitlines()[0].removesuffix(".")
