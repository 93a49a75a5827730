"""The one interface to the thing that carries the traffic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from headgate.carrier import routed
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


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What giving everything back to slot `to` came to.

    `before`, `after`: the split that was read first and the one read back, None when it could not be read; shares as
    in `Reading`. `writes`: write calls sent, each try counted. `needed`: False when everything was with `to` already;
    then nothing was written. `trouble`: a sentence for each thing that failed and was done without.
    """

    to: str
    before: Mapping[str, int] | None
    after: Mapping[str, int] | None
    writes: int
    needed: bool
    trouble: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the split that was read back sends everything to `to`."""
        return self.after is not None and routed(self.after) == {self.to: 100}


class TrafficPort(Protocol):
    """Reads where traffic goes; writes the split again when a write was lost, and gives everything back."""

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

    def give_back(self, to: str) -> GivenBack:
        """Send everything to slot `to`: with as few writes as that takes, whatever the split was, users held by a
        cookie included. What somebody else's rules catch before the split is left alone and shows in `after`.

        Needs the configuration and the cloud API, nothing else. Idempotent. Tries again on throttling, errors of the
        server and lost connections, for less than a minute; a dead endpoint is given up after seconds. A reading that
        fails does not stop the write where it can be made without. Whether `to` can take the users is not looked at.
        Raises TrafficError only when no write got through.
        """
        ...
