"""The clock of everything that is not pure: the system's, or in a rehearsal one that runs faster.

A rehearsal clock shortens bakes, so it must never be in force where users are. It is accepted only while
every cloud endpoint in use is a loopback address.

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
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from headgate.problems import Problem

VARIABLE = "HEADGATE_REHEARSAL_CLOCK"
MOST_SCALE = 100_000  # a 7-day bake in 6 seconds; more only rounds bakes away


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Epoch seconds, UTC."""


class ClockError(Exception):
    """A rehearsal clock was asked for where it may not run, or in a form that cannot be read."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return int(time.time())


@dataclass(frozen=True, slots=True)
class RehearsalClock:
    """From `anchor` (epoch seconds) on, time passes `scale` times as fast as on `real`."""

    scale: float
    anchor: int
    real: Clock = field(default_factory=SystemClock)

    def now(self) -> int:
        return self.anchor + int((self.real.now() - self.anchor) * self.scale)


def from_environment(environ: Mapping[str, str], endpoints: Iterable[str] = (), real: Clock | None = None) -> Clock:
    """The clock that `environ` asks for: `real` (the system's), or the one in HEADGATE_REHEARSAL_CLOCK.

    `endpoints` are the cloud endpoints set in code or stack configuration. The variable has the form
    `<scale>@<anchor>`, e.g. `60@1767225600`: since that epoch second, time passes 60 times as fast.

    Raises ClockError, with every problem found, when the form is wrong or an endpoint is not on this machine.
    """
    real = real or SystemClock()
    raw = environ.get(VARIABLE, "")
    if not raw:
        return real
    clock, problems = _parse(raw, real)
    problems += _aws_problems(environ)
    problems += _google_problems(environ)
    problems += [
        _not_loopback("a cloud endpoint in the configuration", endpoint)
        for endpoint in endpoints
        if not is_loopback(endpoint)
    ]
    if problems or clock is None:
        raise ClockError(problems)
    return clock


def describe(clock: Clock) -> str:
    """One line for people about where the time comes from."""
    if not isinstance(clock, RehearsalClock):
        return "System clock: bakes take the time the plan says."
    since = datetime.fromtimestamp(clock.anchor, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"REHEARSAL CLOCK ({VARIABLE}): since {since} time passes {clock.scale:g} times as fast. "
        "Allowed because every cloud endpoint in use is on this machine."
    )


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


_FORM = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)@([0-9]{1,12})")


def _parse(raw: str, real: Clock) -> tuple[RehearsalClock | None, list[Problem]]:
    match = _FORM.fullmatch(raw)
    if match is None:
        expected = "<scale>@<anchor epoch second>, such as 60@1767225600"
        return None, [Problem(VARIABLE, repr(raw), expected, f"Correct {VARIABLE} or unset it.")]
    scale, anchor = float(match[1]), int(match[2])
    problems = []
    if not 1 < scale <= MOST_SCALE:
        expected = f"a scale above 1 and at most {MOST_SCALE}"
        problems.append(Problem(VARIABLE, f"scale {match[1]}", expected, "Correct the scale."))
    if anchor > real.now():
        fix = "Use the second at which the rehearsal began."
        problems.append(Problem(VARIABLE, f"anchor {anchor}", f"a second before now, {real.now()}", fix))
    return RehearsalClock(scale, anchor, real), problems


_AWS = re.compile(r"AWS_ENDPOINT_URL(?:_\w+)?|(?:TF_)?AWS_\w+_ENDPOINT")


def _aws_problems(environ: Mapping[str, str]) -> list[Problem]:
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


def _google_problems(environ: Mapping[str, str]) -> list[Problem]:
    return [
        _not_loopback(name, environ[name])
        for name in sorted(filter(_GOOGLE.fullmatch, environ))
        if not is_loopback(environ[name])
    ]


def _not_loopback(where: str, url: str) -> Problem:
    found = f"{where} {_without_user(url)!r}" if url else f"{where} unset or empty"
    expected = "a loopback address such as http://127.0.0.1:5000 for every cloud endpoint in use"
    return Problem(VARIABLE, found, expected, f"Unset {VARIABLE}, or rehearse against the sandbox.")


def _endpoints_ignored(where: str, value: str) -> Problem:
    expected = "the configured endpoints to be used"
    fix = f"Set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false, or unset {VARIABLE}."
    return Problem(VARIABLE, f"{where}: {value}", expected, fix)


def _without_user(url: str) -> str:
    """`url` without user name and password, which an error message must not repeat."""
    return re.sub(r"//[^/]*@", "//...@", url)
