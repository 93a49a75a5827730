"""The configuration of the provider: what of it the stand-in understands, and where each API is.

Keys and variables are those of the official provider; see docs/sandbox.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.plugins.understood import Keys, NotASandbox
from sandbox.serving import is_loopback

# API of the table -> what its configuration key and its variable are made of.
APIS: Mapping[str, tuple[str, str]] = {
    "run": ("cloudRunV2", "CLOUD_RUN_V2"),
    "monitoring": ("monitoring", "MONITORING"),
    "logging": ("logging", "LOGGING"),
    "pubsub": ("pubsub", "PUBSUB"),
    "cloudscheduler": ("cloudScheduler", "CLOUD_SCHEDULER"),
    "secretmanager": ("secretManager", "SECRET_MANAGER"),
    "artifactregistry": ("artifactRegistry", "ARTIFACT_REGISTRY"),
    "iam": ("iamBeta", "IAM_BETA"),
    "cloudresourcemanager": ("resourceManager", "RESOURCE_MANAGER"),
    "compute": ("compute", "COMPUTE"),
    "cloudkms": ("kms", "KMS"),
    "serviceusage": ("serviceUsage", "SERVICE_USAGE"),
}

_ENDPOINT_KEY, _ENDPOINT_VARIABLE = "CustomEndpoint", "_CUSTOM_ENDPOINT"
KEYS = Keys(
    "Google",
    "gcp",
    read=frozenset({"project", "region", "zone", "pollInterval"}),
    read_suffix=_ENDPOINT_KEY,
    # Without meaning for an emulator, but harmless: credentials, and what is about speaking to Google.
    ignored=frozenset(
        {
            "accessToken",
            "addPulumiAttributionLabel",
            "batching",
            "billingProject",
            "credentials",
            "disableGlobalProjectWarning",
            "impersonateServiceAccount",
            "impersonateServiceAccountDelegates",
            "pluginDownloadURL",
            "requestReason",
            "requestTimeout",
            "scopes",
            "skipRegionValidation",
            "userProjectOverride",
            "version",
        }
    ),
)

# Source: the official provider's default for waiting between two looks at an operation.
_POLL_S = 10.0
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0}
# Go's syntax for a duration.
_DURATION = re.compile(r"^(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m)$")

# In the order in which the official provider looks.
_PROJECT = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
_REGION = ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")
_ZONE = ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE")

_ADVICE = (
    'Run: headgate sandbox up && eval "$(headgate sandbox env)". '
    "For a real project, use the official pulumi-resource-gcp"
)


@dataclass(frozen=True)
class Configuration:
    """endpoints: by API, each with a slash at its end. poll: seconds between two looks at an operation."""

    endpoints: Mapping[str, str]
    defaults: Mapping[str, str]
    poll: float = _POLL_S

    def endpoint(self, api: str) -> str:
        """Raises NotASandbox when it is not set."""
        if api not in self.endpoints:
            key, variable = APIS[api]
            raise NotASandbox(
                f"no address for the API {api!r}: neither gcp:{key}{_ENDPOINT_KEY} nor "
                f"GOOGLE_{variable}{_ENDPOINT_VARIABLE} is set, and the stand-in Google provider speaks only to a "
                f"sandbox on this machine. {_ADVICE}"
            )
        return self.endpoints[api]


def read(given: Mapping[str, Any], environ: Mapping[str, str]) -> Configuration:
    """Raises NotASandbox or ValueError; the message is for the user."""
    KEYS.refuse_others(given)
    _only_this_machine(given, environ)
    endpoints = {}
    for api, (key, variable) in APIS.items():
        name = f"gcp:{key}{_ENDPOINT_KEY}"
        url = given.get(f"{key}{_ENDPOINT_KEY}")
        if not url:
            name = f"GOOGLE_{variable}{_ENDPOINT_VARIABLE}"
            url = environ.get(name)
        if url:
            endpoints[api] = _with_a_slash(name, str(url))
    if not endpoints:
        raise NotASandbox(
            "the stand-in Google provider speaks only to a sandbox on this machine, and neither a configuration key "
            f"gcp:…{_ENDPOINT_KEY} nor a variable GOOGLE_…{_ENDPOINT_VARIABLE} is set. {_ADVICE}"
        )
    names = {"project": _PROJECT, "region": _REGION, "zone": _ZONE}
    found = {name: given.get(name) or _first(environ, variables) for name, variables in names.items()}
    defaults = {name: str(value) for name, value in found.items() if value}
    return Configuration(endpoints, defaults, _seconds(given.get("pollInterval")))


def _only_this_machine(given: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    named = {f"gcp:{key}": value for key, value in given.items() if key.endswith(_ENDPOINT_KEY) and value}
    named |= {
        key: value
        for key, value in environ.items()
        if key.startswith("GOOGLE_") and key.endswith(_ENDPOINT_VARIABLE) and value
    }
    foreign = [f"{name}={url}" for name, url in sorted(named.items()) if not _here(str(url))]
    if foreign:
        raise NotASandbox(
            "the stand-in Google provider speaks only to a sandbox on this machine, and refuses "
            f"{', '.join(foreign)}. {_ADVICE}"
        )


def _here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def _with_a_slash(name: str, url: str) -> str:
    if not url.endswith("/"):
        # The official provider checks this too, and says less.
        raise ValueError(f"{name}={url}: expected an address that ends with a slash, as in http://127.0.0.1:1/run/v2/")
    return url


def _first(environ: Mapping[str, str], variables: tuple[str, ...]) -> str | None:
    return next((environ[variable] for variable in variables if environ.get(variable)), None)


def _seconds(given: Any) -> float:
    if not given:
        return _POLL_S
    match = _DURATION.match(str(given))
    if match is None:
        raise ValueError(f"gcp:pollInterval: expected a duration such as 500ms or 1s, found {given!r}")
    return float(match["number"]) * _UNITS_S[match["unit"]]
