"""The key `headgate:notifications`, the same in every system: who is told, and how. Clouds differ in their kinds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from headgate.reader import Reader

WHERE = "headgate:notifications"
TIERS = ("deploy_team", "leads", "management")


@dataclass(frozen=True, slots=True)
class Channel:
    """Who is told, and how. `address` in the kind's own form; `secret`: token, key or URL, never shown."""

    kind: str
    tier: str
    address: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is written. `form`: of its address, none when it has only a secret; `secret`: whether it has one."""

    form: re.Pattern[str] | None
    described: str = ""
    secret: bool = False


_EMAIL = Kind(re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an e-mail address")
ON_GOOGLE: Mapping[str, Kind] = MappingProxyType(
    {
        "email": _EMAIL,
        "sms": Kind(re.compile(r"\+[1-9][0-9-]{6,20}"), "a number such as +14155550123"),
        "slack": Kind(re.compile(r"#\S+"), "a channel such as #ion-alerts", secret=True),
        "google_chat": Kind(re.compile(r"spaces/\S+"), "a space such as spaces/AAAA"),
        "webhook_tokenauth": Kind(None, secret=True),
        "pagerduty": Kind(None, secret=True),
    }
)
ON_AWS: Mapping[str, Kind] = MappingProxyType(
    {
        "email": _EMAIL,
        "sms": Kind(re.compile(r"\+[1-9][0-9]{6,14}"), "a number such as +14155550123"),
        "https": Kind(None, secret=True),
        "slack": Kind(
            re.compile(r"T[A-Z0-9]+/[CG][A-Z0-9]+"), "ids of workspace and channel such as T0123ABCD/C0456EFGH"
        ),
    }
)


def read(reader: Reader, raw: object, kinds: Mapping[str, Kind]) -> Mapping[str, Channel]:
    """Channels by name; problems are left with the reader."""
    if not isinstance(raw, Mapping) or not raw:
        reader.add(WHERE, raw, "channels by name, at least one, or nobody hears an alert", "Add one.")
        return MappingProxyType({})
    return MappingProxyType(
        {str(name): _channel(reader, entry, f"{WHERE}.{name}", kinds) for name, entry in raw.items()}
    )


def _channel(reader: Reader, raw: object, where: str, kinds: Mapping[str, Kind]) -> Channel:
    mapping = reader.mapping(raw, where, ("kind", "tier", "address", "secret"))
    name = reader.choice(mapping.get("kind"), f"{where}.kind", tuple(kinds))
    tier = reader.choice(mapping.get("tier", TIERS[0]), f"{where}.tier", TIERS)
    address, secret = mapping.get("address"), mapping.get("secret")
    kind = kinds.get(name, Kind(None))
    if kind.form is None and address is not None:
        reader.add(f"{where}.address", "an address", f"none for the kind {name}", "Remove it.")
    elif kind.form is not None:
        address = reader.matching(address, f"{where}.address", kind.form, kind.described)
    if (secret is not None) != kind.secret:
        expected = "one, written with `pulumi config set --secret --path`" if kind.secret else "none"
        reader.add(
            f"{where}.secret", "a hidden value" if secret else None, f"{expected} for the kind {name}", "Correct it."
        )
    return Channel(name, tier, None if address is None else str(address), None if secret is None else str(secret))
