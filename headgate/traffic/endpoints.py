"""Does every cloud endpoint in use lie on this machine? Asked before a rehearsal clock may shorten bakes.

How AWS libraries choose an endpoint (botocore's `ConfiguredEndpointProvider`; AWS documents the same order
for its other SDKs): one given in code, such as the provider's `aws:endpoints`; AWS_ENDPOINT_URL_<SERVICE>;
AWS_ENDPOINT_URL; the `services` section of the shared configuration file; its `endpoint_url`; the real
cloud. So with AWS_ENDPOINT_URL on loopback no file leads away, and only endpoints in code and variables per
service (the official provider also knows an older form, [TF_]AWS_<SERVICE>_ENDPOINT) are left to look at.
But AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, or `ignore_configured_endpoint_urls` in a shared file, which the
variable outranks, switches off all but endpoints in code. It must not be on.

Google's libraries have no variable for all services. Those that are set are looked at; a caller that uses
Google passes the custom endpoints of its stack as `endpoints`.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Leak:
    """A way out of this machine: what was found, what is expected, and how to close it."""

    found: str
    expected: str
    remedy: str


def leaks(environ: Mapping[str, str], endpoints: Iterable[str] = (), needed: Iterable[str] = ()) -> list[Leak]:
    """Every way by which a cloud library could leave this machine.

    `endpoints`: those set in code or configuration. `needed`: variables that must name an endpoint (`needed_by`).
    """
    configured = [
        _not_loopback("a cloud endpoint in the configuration", endpoint)
        for endpoint in endpoints
        if not is_loopback(endpoint)
    ]
    missing = [_not_loopback(name, "") for name in needed if not environ.get(name)]
    return [*_aws_problems(environ), *_google_problems(environ), *configured, *missing]


def needed_by(system: str, configuration: Mapping[str, object]) -> tuple[str, ...]:
    """Variables without which the traffic of `system` would be read from the real cloud.

    `configuration`: the stack's other configuration values by full key, which may name the endpoint instead.
    """
    if system == "ion" and not configuration.get("gcp:cloudRunV2CustomEndpoint"):
        return ("GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT",)
    return ()


_ENDPOINT = re.compile(
    r"https?://(?:(?P<ipv4>[0-9.]+)|\[(?P<ipv6>[0-9a-f:]+)\]|localhost)(?::[0-9]{1,5})?(?:/[\w./-]*)?",
    re.ASCII | re.IGNORECASE,
)


def is_loopback(url: str) -> bool:
    """Whether `url` is http(s) on 127.0.0.0/8, ::1 or localhost.

    The form is strict, because libraries differ in how they read odd ones: no user info, no query, no
    backslash, no short or octal addresses. No name is resolved.
    """
    match = _ENDPOINT.fullmatch(url)
    if match is None:
        return False
    address = match["ipv4"] or match["ipv6"]
    try:
        return address is None or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


_AWS = re.compile(r"AWS_ENDPOINT_URL(?:_\w+)?|(?:TF_)?AWS_\w+_ENDPOINT")


def _aws_problems(environ: Mapping[str, str]) -> list[Leak]:
    problems = [
        _not_loopback(name, environ.get(name, ""))
        for name in sorted({"AWS_ENDPOINT_URL", *filter(_AWS.fullmatch, environ)})
        if not is_loopback(environ.get(name, ""))
    ]
    ignored = environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "")
    if ignored.lower() not in ("", "false"):
        problems.append(_endpoints_ignored("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", ignored))
    if not ignored:
        problems += [
            _endpoints_ignored(str(path), "ignore_configured_endpoint_urls")
            for path in _shared_files(environ)
            if _mentions_ignoring(path)
        ]
    return problems


def _shared_files(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """The files in which the AWS libraries look for a profile's settings."""
    home = Path(environ.get("HOME") or Path.home())
    return (
        Path(environ.get("AWS_CONFIG_FILE") or home / ".aws/config"),
        Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws/credentials"),
    )


def _mentions_ignoring(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    except OSError:
        return True  # what cannot be read may say anything
    return "ignore_configured_endpoint_urls" in text.lower()


_GOOGLE = re.compile(r"GOOGLE_\w+_CUSTOM_ENDPOINT|CLOUDSDK_API_ENDPOINT_OVERRIDES_\w+")


def _google_problems(environ: Mapping[str, str]) -> list[Leak]:
    return [
        _not_loopback(name, environ[name])
        for name in sorted(filter(_GOOGLE.fullmatch, environ))
        if not is_loopback(environ[name])
    ]


def _not_loopback(where: str, url: str) -> Leak:
    found = f"{where} {_without_user(url)!r}" if url else f"{where} unset or empty"
    expected = "a loopback address such as http://127.0.0.1:5000 for every cloud endpoint in use"
    return Leak(found, expected, "Rehearse against the sandbox")


def _endpoints_ignored(where: str, value: str) -> Leak:
    expected = "the configured endpoints to be used"
    return Leak(f"{where}: {value}", expected, "Set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false")


def _without_user(url: str) -> str:
    """`url` without user name and password, which an error message must not repeat."""
    return re.sub(r"//[^/]*@", "//...@", url)
