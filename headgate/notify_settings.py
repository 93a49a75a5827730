"""What a stack file says of who is told: tiers of people, each with names of environment variables. Pure.

    headgate:notify: {team: [HEADGATE_NOTIFY_TEAM], on-call: [HEADGATE_NOTIFY_ON_CALL]}

The address of a message service is a key to it, so a stack file never holds one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from headgate.reader import Reader

KEY = "notify"
PREFIX = "HEADGATE_NOTIFY"
TEAM, ON_CALL, LEADS, MANAGEMENT = TIERS = ("team", "on-call", "leads", "management")

_NAME = re.compile(rf"{PREFIX}(?:_[A-Z0-9_]{{1,60}})?")
_HARMLESS = re.compile(r"[a-z?_-]{1,20}")  # a word, no address
_EXPECTED = f"a list of environment variables named {PREFIX} or {PREFIX}_..., which hold the addresses"


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Tier -> names of the environment variables that hold its addresses."""

    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def read_notify(raw: object, reader: Reader) -> NotifySettings:
    """`headgate:notify`; problems are left with the reader, and quote nothing that may be an address."""
    where = f"headgate:{KEY}"
    if raw is None:
        return NotifySettings()
    if not isinstance(raw, Mapping):
        reader.add(where, "a hidden value", f"a mapping with {', '.join(TIERS)}", "Write it out.")
        return NotifySettings()
    known = {str(tier): names for tier, names in raw.items() if tier in TIERS}
    strange = {str(tier) if _HARMLESS.fullmatch(str(tier)) else "(hidden)": None for tier in raw if tier not in TIERS}
    reader.refuse_unknown(strange, TIERS, where)
    return NotifySettings(
        MappingProxyType({tier: _names(reader, names, f"{where}.{tier}") for tier, names in known.items()})
    )


def _names(reader: Reader, raw: object, where: str) -> tuple[str, ...]:
    if isinstance(raw, list) and raw and all(isinstance(each, str) and _NAME.fullmatch(each) for each in raw):
        return tuple(raw)
    reader.add(where, "nothing" if raw in (None, [], "") else "a hidden value", _EXPECTED,
               "Put each address into such a variable, and the name of the variable here.")  # fmt: skip
    return ()
