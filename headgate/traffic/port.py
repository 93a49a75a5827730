"""The one interface to the thing that carries the traffic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from headgate.report import Live


class TrafficError(Exception):
    """The traffic could not be read or moved; the message says what failed and why."""


@dataclass(frozen=True, slots=True)
class Reading(Live):
    """A reading of the traffic and of the services behind it; the part that is recorded is `Live`.

    What catches users before the split does shows up inside `split`, under a name that is no slot
    (`rule 10 -> green`), so that it can never pass for the split that was asked for. So do rules for cohorts
    (`cohorts -> green`), unless they send the lowest cohorts where the split sends the same share.
    `running`: slot -> tasks that run, healthy or not. `unsteady`: slot -> why its service is still changing;
    a slot that is not in it is steady.
    """

    running: Mapping[str, int] = field(default_factory=dict)
    unsteady: Mapping[str, str] = field(default_factory=dict)


class TrafficPort(Protocol):
    """Reads where traffic goes and, when a write was lost, writes the split again."""

    def read_live(self) -> Live:
        """The traffic carrier and the services as they are now; `exists` is False when there is no carrier.

        Raises TrafficError when that cannot be told.
        """
        ...

    def read_split(self) -> Mapping[str, int]:
        """Only the split of `read_live`, with as few calls as that takes; empty when there is no carrier.

        Raises TrafficError when that cannot be told.
        """
        ...

    def write_split(self, split: Mapping[str, int], stickiness: int, candidate: str | None = None) -> None:
        """Make the carrier route `split` (slot -> per cent, together 100; a slot left out gets 0).

        `stickiness`: seconds a user is held to a version by the balancer's cookie; 0 switches it off. `candidate`: the
        slot that users with the lowest cohorts belong to, for a carrier that splits by cohort; it needs none where one
        slot gets everything.
        Everything else about the carrier stays as it is. Raises TrafficError. Only reading back tells what
        was applied, also after an error: the answer to a write that arrived may have been lost.
        """
        ...
