"""The systems that Headgate knows, and where their versions run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

DIGEST_DIGITS = 12  # of a slot's name: 48 bits tell any two images of a service apart


@dataclass(frozen=True, slots=True)
class System:
    """`slots`: the fixed slots that versions take in turn. Without any, each version has a slot of its own for ever,
    named after the stack and its image, and the platform adds tasks by itself. `made_of`: the configuration keys that
    such a version keeps for ever, by full key."""

    name: str
    slots: tuple[str, ...] = ()
    made_of: tuple[str, ...] = ()

    @property
    def fixed(self) -> bool:
        return bool(self.slots)


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        system.name: system
        for system in (
            System("greenflow", ("blue", "green")),
            System(
                "ion",
                made_of=("headgate:capacity", "headgate:secrets", "headgate:service", "headgate:variables"),
            ),
        )
    }
)


_BY_DIGEST = re.compile(r".+@sha256:([0-9a-f]{64})", re.DOTALL)


def digest_of(image: str) -> str:
    """The 64 lower-case hex digits that pin `image`, `name@sha256:...`; empty when it is not pinned."""
    match = _BY_DIGEST.fullmatch(image)
    return match[1] if match else ""


def slot_of(stack: str, image: str) -> str:
    """The slot of `image`: `<stack>-` and the first 12 hex digits of its digest; empty without a whole digest."""
    digest = digest_of(image)
    return f"{stack}-{digest[:DIGEST_DIGITS]}" if digest else ""
