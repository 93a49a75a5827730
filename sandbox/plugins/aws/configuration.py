"""The configuration of the provider: what of it the stand-in understands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws import clients

# Without meaning for an emulator, but harmless: credentials, and the checks that a real account wants skipped.
_IGNORED = frozenset({"accessKey", "secretKey", "token", "s3UsePathStyle", "version", "pluginDownloadURL"})
_SKIPS = "skip"
_READ = frozenset({"region", "endpoints", "allowedAccountIds"})

# moto's account, unless MOTO_ACCOUNT_ID says otherwise.
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Configuration:
    region: str
    endpoint: str


def problems(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keys the stand-in does not understand: key and sentence."""
    return [
        (key, _not_understood(key))
        for key in given
        if key not in _READ | _IGNORED and not key.startswith((_SKIPS, "__"))
    ]


def _not_understood(key: str) -> str:
    return (
        f"the stand-in AWS provider of the sandbox does not understand the configuration key aws:{key}. "
        f"It reads {', '.join(sorted(_READ))}, and takes no notice of {', '.join(sorted(_IGNORED))} and "
        f"{_SKIPS}…. Remove it (pulumi config rm aws:{key}), or use the official provider"
    )


def read(given: Mapping[str, Any], environ: Mapping[str, str]) -> Configuration:
    """Raises NotASandbox or ValueError; the message is for the user."""
    wrong = problems(given)
    if wrong:
        raise ValueError("; ".join(sentence for _, sentence in wrong))
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
