"""Secrets and images as they are written into containers, whatever cloud runs them."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from policies.facts import Node
from policies.model import Setting, Settings, texts

_BY_DIGEST = re.compile(r"(?P<name>[^@\s]+)@sha256:[0-9a-f]{64}")

# Forms of keys that give access by themselves, so that the name of the variable does not matter.
_KEY_FORMS = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bgh[opsu]_[A-Za-z0-9]{36}"  # GitHub
    r"|\bxox[abpr]-[A-Za-z0-9-]{10,}"  # Slack
    r"|\bAIza[0-9A-Za-z_-]{35}"  # Google
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."  # JSON Web Token
    r"|://[^/\s:@]+:[^/\s@]+@"  # URL with user and password
)


def settings(reference_suffixes: Sequence[str]) -> dict[str, Setting]:
    """The settings that `written_secret` reads."""
    return {
        "namePattern": Setting(
            r"(^|_)(PASSWORD|PASSWD|PWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY(_ID)?|PRIVATE_?KEY|CREDENTIALS?)(_|$)"
            r"|ENGINE_AUTH_DATA",
            {"type": "string", "format": "regex"},
            "Names of variables that hold secrets: a regular expression, case does not matter.",
        ),
        "referenceSuffixes": texts(reference_suffixes, "Ends of names that only say where a secret is kept."),
    }


def written_secret(variable: Node, given: Settings) -> Iterator[str]:
    """A finding when an environment variable (`name`, `value`) reads like a secret, by its name or by its value."""
    name = variable.text("name") or ""
    secret = re.search(given["namePattern"], name, re.IGNORECASE)
    if secret and not name.upper().endswith(tuple(given["referenceSuffixes"])):
        yield f"{variable.path}.name must not be that of a secret, found a name that reads like one."
    elif _KEY_FORMS.search(str(variable.get("value") or "")):
        yield f"{variable.path}.value must not be a key, found one by its form."


def pinned(container: Node, allowed: Sequence[str]) -> Iterator[str]:
    """A finding unless `image` is given by digest, and another unless it is from an allowed registry.

    A pattern in `allowed` with a slash is about the whole name of the image, another about the registry's host.
    """
    image = container.text("image") or ""
    by_digest = _BY_DIGEST.fullmatch(image)
    if by_digest is None:
        yield f"{container.path}.image must end in @sha256: and 64 hex digits, found no digest."
    name = by_digest["name"] if by_digest else image
    host = name.partition("/")[0]
    if not any(fnmatchcase(name if "/" in pattern else host, pattern) for pattern in allowed):
        yield f"{container.path}.image must come from {' or '.join(allowed)}, found another registry."
