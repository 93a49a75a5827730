"""What AWS libraries raise, in one clear line each, and whether it passes by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headgate.traffic.port import TrafficError
from headgate.traffic.retrying import Passing

# Error codes that botocore's standard mode tries again (botocore.retries.standard, TransientRetryableChecker and
# ThrottledRetryableChecker).
_BUSY = frozenset(
    {
        "BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete", "RequestLimitExceeded",
        "RequestThrottled", "RequestThrottledException", "RequestTimeout", "RequestTimeoutException", "SlowDown",
        "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip
_NOT_ALLOWED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_NOT_ACCEPTED = frozenset(
    {
        "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
        "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken", "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)  # fmt: skip
_ODD_ANSWER = (AttributeError, KeyError, IndexError, TypeError, ValueError)
_SIGN_IN = "Sign in (aws sso login, or aws configure), or set AWS_PROFILE"


def passing(error: Exception) -> Passing:
    """Whether a call that raised `error` may succeed when it is made again."""
    from botocore import exceptions as aws
    from botocore.parsers import ResponseParserError

    if isinstance(error, aws.ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        busy = code(error) in _BUSY or status == 429 or status >= 500
        return Passing.BUSY if busy else Passing.NO
    if isinstance(error, aws.ConnectionError | aws.HTTPClientError | ResponseParserError):
        return Passing.LOST
    return Passing.NO


def failures() -> tuple[type[Exception], ...]:
    """Everything that a call, or reading its answer, may raise."""
    from botocore import exceptions as aws
    from botocore.parsers import ResponseParserError

    return (aws.BotoCoreError, aws.ClientError, ResponseParserError, TrafficError, *_ODD_ANSWER)


def code(error: Exception) -> str:
    """The API's own code, `AccessDenied`; an empty text for an error that is not the API's."""
    answer: Any = getattr(error, "response", None)
    return str(answer["Error"].get("Code", "")) if isinstance(answer, dict) and "Error" in answer else ""


@contextmanager
def said(what: str, region: str | None) -> Iterator[None]:
    """Turns what the cloud API says, or does not say, into a TrafficError that begins with `what`."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise TrafficError(f"{what}: {line(error, region)}") from error
    except _ODD_ANSWER as error:
        raise TrafficError(f"{what}: {line(error, region)}") from error


def line(error: Exception, region: str | None) -> str:
    """One line: what was found, and what to do about it where that is known."""
    from botocore import exceptions as aws

    found = (str(error).strip() or type(error).__name__).splitlines()[0].removesuffix(".")
    if isinstance(error, _ODD_ANSWER) and not isinstance(error, aws.BotoCoreError):
        return f"an answer of the API does not have the expected form ({error!r})"
    where = f"aws:region ({region or 'not set'})"
    if isinstance(error, aws.ClientError):
        return found + _advice(code(error), error.operation_name)
    if isinstance(error, aws.NoRegionError):
        return "there is no region. Set aws:region in the stack file, or AWS_REGION."
    if isinstance(error, aws.InvalidRegionError):
        return f"{found}. Check {where}."
    if isinstance(error, aws.NoCredentialsError):
        return f"there are no AWS credentials. {_SIGN_IN}."
    if isinstance(error, _unusable()):
        return f"the AWS credentials cannot be used ({found}). {_SIGN_IN}."
    if isinstance(error, aws.ConnectionError | aws.HTTPClientError):
        return f"{found}. Check the network, {where} and, if set, AWS_ENDPOINT_URL."
    return found


def _advice(error_code: str, operation: str) -> str:
    if error_code in _NOT_ALLOWED:
        return f". These credentials need the permission for {operation}, or AWS_PROFILE names the wrong ones."
    if error_code in _NOT_ACCEPTED:
        return f". The credentials were not accepted; they may have expired. {_SIGN_IN}."
    return ""


def _unusable() -> tuple[type[Exception], ...]:
    from botocore import exceptions as aws

    return (
        aws.CredentialRetrievalError,
        aws.NoAuthTokenError,
        aws.PartialCredentialsError,
        aws.ProfileNotFound,
        aws.SSOError,
        aws.TokenRetrievalError,
    )
