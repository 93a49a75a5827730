"""What a record and a message may say: no secret, whoever wrote it where. Pure."""

import re
from collections.abc import Mapping

SECRET = "[secret]"  # noqa: S105 - what is said instead of one
HIDDEN = "[hidden]"
MOST = 500  # characters of one text that somebody wrote

# Addresses under these are places; any other scheme may be one of a message service, whose whole address is a key.
_PLACES = frozenset({"file", "http", "https"})
_ADDRESS = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{1,30})://([^\s\"'<>|,;)\]}]*)")
_NAMED = re.compile(r"(?i)(secret|token|passw|api_?key|credential|private_?key)")


def cleaned(text: str) -> str:
    """`text` in one line, without control characters, and with addresses cut to their host."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    shown = _ADDRESS.sub(_cut, line)
    return shown if len(shown) <= MOST else shown[: MOST - 3] + "..."


def _cut(found: re.Match[str]) -> str:
    scheme, rest = found[1], found[2]
    if scheme.lower() not in _PLACES:
        return f"{scheme}://{HIDDEN}"
    host = rest.rpartition("@")[2] if "@" in rest else rest
    host, slash, path = host.partition("/")
    host = re.split(r"[?#]", host)[0]
    return f"{scheme}://{host}{slash}{HIDDEN if path else ''}"


def redacted(value: object, name: str = "") -> object:
    """A configuration value as plain JSON; what is or may be a secret becomes a word that says so."""
    if isinstance(value, Mapping):
        if "secure" in value:
            return SECRET
        return {str(key): redacted(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(each, name) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        return SECRET
    return HIDDEN if value and _NAMED.search(name) else cleaned(value)
