"""Names that a provider makes up, as Pulumi's bridged providers do: the resource's name and 7 hex digits."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.values import DEFAULTS, contains_unknown

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


@dataclass(frozen=True)
class MadeUp:
    """The property of a type that is filled in when the program gives none; name "" when there is none."""

    token: str
    name: str
    longest: int

    def filled_in(self, request: Any, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Mapping[str, Any]:
        """`news` with the name, which stays what it was. request: a CheckRequest. Raises NoName."""
        if not self.name or self.name in news:
            return news
        options = request.autonaming if request.HasField("autonaming") else None
        if self.name in olds.get(DEFAULTS, ()):
            name = olds[self.name]
        elif options is not None and options.mode == type(options).Mode.DISABLE:
            raise NoName(f"autonaming is off, so {self.token} needs a {self.name!r}")
        elif options is not None and options.proposed_name:
            name = options.proposed_name
        else:
            name = autoname(request.urn.rsplit("::", 1)[-1], request.randomSeed, self.longest)
        return {**news, self.name: name, DEFAULTS: [self.name]}

    def is_taken(self, state: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        """A second resource of a name given by the program cannot exist beside the first."""
        if not self.name or self.name in news.get(DEFAULTS, ()) or contains_unknown(news.get(self.name)):
            return False
        return bool(news.get(self.name) == state.get(self.name))
