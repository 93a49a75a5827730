"""Clients of the emulated AWS, and of nothing else: an endpoint that is not on this machine is refused."""

import os
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.plugins.understood import NotASandbox
from sandbox.serving import is_loopback

# The calls of this provider in the sandbox's log are found by this part of the user agent.
AGENT = "headgate-standin-aws"

# A planted delay must not look like a lost connection; the longest one a test plants is a few seconds.
_READ_TIMEOUT_S = 120
_CONNECT_TIMEOUT_S = 5

# Retried: throttling and 5xx. The official provider retries up to 25 times; a planted refusal should
# come through in a test's patience.
_ATTEMPTS = 3


class CloudError(Exception):
    """An operation was refused. code: AWS's error code."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation = operation
        self.code = code


def sandbox_endpoint(environ: Mapping[str, str], configured: Mapping[str, str] | None = None) -> str:
    """The one endpoint to speak to. configured: endpoints of the provider's configuration, by service.

    Raises NotASandbox when there is none or when any is not on this machine.
    """
    named = {key: value for key, value in environ.items() if key.startswith("AWS_ENDPOINT_URL") and value}
    named |= {f"aws:endpoints ({service})": url for service, url in (configured or {}).items()}
    foreign = [f"{name}={url}" for name, url in sorted(named.items()) if not _on_this_machine(url)]
    if foreign:
        raise NotASandbox(
            "the stand-in AWS provider speaks only to a sandbox on this machine, and refuses "
            f"{', '.join(foreign)}. Use the official pulumi-resource-aws for a real account, "
            "or set AWS_ENDPOINT_URL as `headgate sandbox env` prints it"
        )
    endpoint = named.get("AWS_ENDPOINT_URL") or next(iter((configured or {}).values()), None)
    if not endpoint:
        raise NotASandbox(
            "the stand-in AWS provider speaks only to a sandbox on this machine, and AWS_ENDPOINT_URL is not "
            'set. Run: headgate sandbox up && eval "$(headgate sandbox env)". '
            "For a real account, use the official pulumi-resource-aws"
        )
    return endpoint


def _on_this_machine(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and is_loopback(parts.hostname or "")


class Clients:
    """One client per service and region, made when first needed. Thread-safe."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self.region = region
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str], Any] = {}

    def call(self, service: str, operation: str, region: str = "", /, **params: Any) -> dict[str, Any]:
        """Run an operation, named as the API reference names it. Raises CloudError."""
        # Loading botocore takes 0.2 s, and a run that changes nothing never calls.
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

        client = self._client(service, region or self.region)
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        except ClientError as refused:
            error = refused.response.get("Error", {})
            raise CloudError(operation, error.get("Code", "Unknown"), error.get("Message", "")) from refused
        except (HTTPClientError, EndpointConnectionError) as lost:
            raise CloudError(
                operation,
                type(lost).__name__,
                f"{self._endpoint} did not answer; `headgate sandbox status` says whether the sandbox runs",
            ) from lost
        except BotoCoreError as failed:
            raise CloudError(operation, type(failed).__name__, _without_values(failed)) from failed
        return answer

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = self._make(service, region)
            return self._made[service, region]

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config

        from sandbox.plugins.aws.models import session

        return session().create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint,
            # An empty mapping, because None takes the proxies of the environment.
            config=Config(
                proxies={},
                read_timeout=_READ_TIMEOUT_S,
                connect_timeout=_CONNECT_TIMEOUT_S,
                max_pool_connections=32,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                user_agent_extra=AGENT,
            ),
            # The emulator looks at no key; a real one never leaves its place for it.
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )


def _without_values(failed: Exception) -> str:
    """What botocore says, without the parameters it may quote."""
    from botocore.exceptions import ParamValidationError

    if isinstance(failed, ParamValidationError):
        from sandbox.plugins.aws.models import without_values

        return without_values(str(failed))
    return str(failed)


def region_of(environ: Mapping[str, str], configured: str | None) -> str | None:
    """As the official provider: aws:region, AWS_REGION, AWS_DEFAULT_REGION."""
    return configured or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")


def environment() -> Mapping[str, str]:
    return os.environ
