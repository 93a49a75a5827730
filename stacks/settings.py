"""The only reader of `pulumi.Config`: the stack's configuration as frozen values, or every problem at once."""

import json
from collections.abc import Mapping

import pulumi
from pulumi.runtime import config as runtime_config

from headgate.gates import registry
from headgate.settings import PROJECT, Settings, SettingsError
from stacks import configuration
from stacks.configuration import Configuration

__all__ = [
    "Configuration",
    "Settings",
    "SettingsError",
    "google_project",
    "google_region",
    "load",
    "provider_configuration",
    "provider_endpoints",
    "region",
]


def load() -> Configuration:
    """The configuration of the selected stack.

    Raises pulumi.RunError, whose message lists every problem with file and path and which Pulumi shows without a
    traceback.
    """
    stack = pulumi.get_stack()
    raw = {key: _plain(value) for key, value in _values(f"{PROJECT}:").items()}
    try:
        parsed = configuration.parse(raw, f"stacks/Pulumi.{stack}.yaml", registry.KNOWN)
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    settings = parsed.settings
    if settings.name != stack:
        raise pulumi.RunError(
            f"{settings.file}: headgate:system and headgate:environment name the stack {settings.name!r}, but the "
            f"selected stack is {stack!r}. Select {settings.name!r}, or correct the two keys."
        )
    return parsed


def provider_endpoints() -> tuple[str, ...]:
    """Endpoints that the stack configuration sets for the cloud providers (`aws:endpoints`, Google's custom ones)."""
    found: list[str] = []
    for key, value in {**_values("aws:"), **_values("gcp:")}.items():
        plain = _plain(value)
        if key == "endpoints" and isinstance(plain, list):
            found.extend(str(url) for entry in plain if isinstance(entry, Mapping) for url in entry.values())
        elif key.lower().endswith("customendpoint"):
            found.append(str(plain))
    return tuple(found)


def provider_configuration() -> dict[str, object]:
    """The providers' configuration by full key, e.g. `aws:region`."""
    return {f"{prefix}{key}": _plain(value) for prefix in ("aws:", "gcp:") for key, value in _values(prefix).items()}


def region() -> str:
    """The AWS region of the stack. Raises pulumi.RunError when it is not set."""
    return _provider("aws:region", "a region such as us-east-1", "us-east-1")


def google_project() -> str:
    """The Google project of the stack. Raises pulumi.RunError when it is not set."""
    return _provider("gcp:project", "the id of a project such as my-team-production", "my-team-production")


def google_region() -> str:
    """The Google region of the stack. Raises pulumi.RunError when it is not set."""
    return _provider("gcp:region", "a region such as us-central1", "us-central1")


def _provider(key: str, expected: str, example: str) -> str:
    found = provider_configuration().get(key)
    if isinstance(found, str) and found:
        return found
    raise pulumi.RunError(
        f"stacks/Pulumi.{pulumi.get_stack()}.yaml: {key}: found nothing; expected {expected}. "
        f"Set it with: pulumi config set {key} {example}"
    )


def _values(prefix: str) -> dict[str, str]:
    """Configuration values by key without `prefix`. pulumi.Config cannot list keys; a misspelt one must be found."""
    every = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    return {key.removeprefix(prefix): str(value) for key, value in every.items() if key.startswith(prefix)}


def _plain(value: str) -> object:
    """Pulumi hands every value over as text, objects and lists as JSON; a text that is not an object stays a text."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return parsed if isinstance(parsed, Mapping | list) else value
