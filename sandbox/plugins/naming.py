"""Names that a provider makes up, as Pulumi's bridged providers do: the resource's name and 7 hex digits."""

import hashlib
import secrets

_DIGITS = 7


class NoName(Exception):
    """A name is needed and none may be made up; the message says what to do."""


def autoname(resource: str, seed: bytes, longest: int) -> str:
    """`<resource>-1a2b3c4`. seed: the engine's, the same in a preview and the update that follows from its
    plan; random without one. Raises NoName when the resource's name leaves no room."""
    room = longest - _DIGITS - 1
    if len(resource) > room:
        raise NoName(
            f"the name made up for {resource!r} would be longer than the {longest} characters allowed; "
            "give the resource a name of its own, or a shorter logical name"
        )
    digits = hashlib.sha256(seed).hexdigest()[:_DIGITS] if seed else secrets.token_hex(4)[:_DIGITS]
    return f"{resource}-{digits}"
