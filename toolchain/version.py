"""Versions as `pulumi version` and `go version` print them."""

import re
from dataclasses import dataclass

_SEMVER = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_GO = re.compile(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?((?:rc|beta)\d+)?")


@dataclass(frozen=True, order=True)
class Version:
    """A release; `final` is 0 for a pre-release, which therefore sorts before its release."""

    major: int
    minor: int
    patch: int
    final: int = 1

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + ("" if self.final else " (pre-release)")


def parse(text: str) -> Version | None:
    """The version in `text` (`v3.259.0`, `3.260.0-alpha.1+dirty`, `1.25`), or None if it is not one."""
    found = _SEMVER.fullmatch(text.strip())
    return _version(found) if found else None


def parse_go(text: str) -> Version | None:
    """The version in the output of `go version` (`go version go1.26.8 linux/amd64`), or None."""
    found = _GO.search(text)
    return _version(found) if found else None


def _version(found: re.Match[str]) -> Version:
    major, minor, patch, pre = found.groups()
    return Version(int(major), int(minor), int(patch or 0), final=0 if pre else 1)
