"""The configuration of the provider: what of it the stand-in understands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws import clients
from sandbox.plugins.understood import Keys

KEYS = Keys(
    "AWS",
    "aws",
    read=frozenset({"region", "endpoints", "allowedAccountIds"}),
    # Without meaning for an emulator, but harmless: credentials, and the checks that a real account wants skipped.
    ignored=frozenset({"accessKey", "secretKey", "token", "s3UsePathStyle", "version", "pluginDownloadURL"}),
    ignored_prefix="skip",
)

# moto's account, unless MOTO_ACCOUNT_ID says otherwise.
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Configuration:
    region: str
    endpoint: str


def read(given: Mapping[str, Any], environ: Mapping[str, str]) -> Configuration:
    """Raises NotASandbox or ValueError; the message is for the user."""
    KEYS.refuse_others(given)
    endpoint = clients.sandbox_endpoint(environ, _endpoints(given.get("endpoints")))
    region = clients.region_of(environ, given.get("region"))
    if not region:
        raise ValueError("no region: set it with `pulumi config set aws:region us-east-1`, or set AWS_REGION")
    allowed = _json(given.get("allowedAccountIds"), "allowedAccountIds") or []
    if allowed and ACCOUNT not in allowed:
        raise ValueError(
            f"aws:allowedAccountIds is {', '.join(map(str, allowed))}, and the sandbox's account is {ACCOUNT}"
        )
    return Configuration(region, endpoint)


def _endpoints(given: Any) -> dict[str, str]:
    """By service, from `[{"ec2": url, …}, …]`."""
    listed = _json(given, "endpoints") or []
    return {service: url for block in listed for service, url in block.items()}


def _json(given: Any, key: str) -> Any:
    """Nested configuration arrives as JSON in a string."""
    if not isinstance(given, str) or not given:
        return given
    try:
        return json.loads(given)
    except json.JSONDecodeError as error:
        raise ValueError(f"aws:{key}: expected JSON; {error}") from error
