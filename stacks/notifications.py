"""Who is told about alarms: channels by name, in the same form in every system's stack file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from headgate.reader import Reader

TIERS = ("deploy_team", "leads", "management")
HIDDEN = "a hidden value"  # what a message says instead of something that may be a secret


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to tell somebody. `address`: its form, None where a kind has only a secret; `words` describe it."""

    address: re.Pattern[str] | None = None
    words: str = ""
    secret: bool = False


Kinds = Mapping[str, Kind]

EMAIL = Kind(re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an e-mail address")
SMS = Kind(re.compile(r"\+[1-9][0-9-]{6,20}"), "a number such as +14155550123")


@dataclass(frozen=True, slots=True)
class Channel:
    """Who is told, and how. `address` in the kind's own form; `secret`: token, key or URL, never shown."""

    kind: str
    tier: str
    address: str | None = None
    secret: str | None = field(default=None, repr=False)


def read(raw: object, reader: Reader, kinds: Kinds) -> Mapping[str, Channel]:
    """The channels of `headgate:notifications`, by name; problems are left with the reader."""
    where = "headgate:notifications"
    if not isinstance(raw, Mapping) or not raw:
        reader.add(where, hidden(raw), "channels by name, at least one, or nobody hears an alert", "Add one.")
        return MappingProxyType({})
    found = {str(name): _channel(reader, entry, f"{where}.{name}", kinds) for name, entry in raw.items()}
    return MappingProxyType(found)


def _channel(reader: Reader, raw: object, where: str, kinds: Kinds) -> Channel:
    """Addresses and secrets are not quoted: a web hook's address is one."""
    if not isinstance(raw, Mapping):
        reader.add(where, hidden(raw), "a mapping with kind, tier, address, secret", "Write it out.")
        raw = {}
    mapping = reader.mapping(raw, where, ("kind", "tier", "address", "secret"))
    name = reader.choice(mapping.get("kind"), f"{where}.kind", tuple(kinds))
    tier = reader.choice(mapping.get("tier", TIERS[0]), f"{where}.tier", TIERS)
    address, secret = mapping.get("address"), mapping.get("secret")
    if not name:
        return Channel(name, tier)
    kind = kinds[name]
    if kind.address is None and address is not None:
        reader.add(f"{where}.address", HIDDEN, f"none for the kind {name}", "Remove it.")
    elif kind.address is not None and not (isinstance(address, str) and kind.address.fullmatch(address)):
        reader.add(f"{where}.address", hidden(address), kind.words, "Correct it.")
    if kind.secret and not (isinstance(secret, str) and secret.strip()):
        expected = f"one, written with `pulumi config set --secret --path`, for the kind {name}"
        reader.add(f"{where}.secret", hidden(secret), expected, "Correct it.")
    elif not kind.secret and secret is not None:
        reader.add(f"{where}.secret", HIDDEN, f"none for the kind {name}", "Remove it.")
    return Channel(name, tier, None if address is None else str(address), None if secret is None else str(secret))


def hidden(raw: object) -> object:
    """`raw` as a message may show it: only whether there is something."""
    return raw if raw in (None, "", {}) else HIDDEN
