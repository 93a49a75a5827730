"""An in-memory `TrafficPort` that can lose writes, refuse them, and be unreachable."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from headgate.carrier import routed
from headgate.report import Live
from headgate.traffic.port import GivenBack, Reading, TrafficError


@dataclass
class FakeTraffic:
    """`live` is what a reading gives. `unreachable`: every call raises with it. `unreadable`: readings raise with it,
    writes work. `lost`: writes are acknowledged and change nothing. `stale`: so many readings after a write still give
    the old split. `back`: to whom everything was given back."""

    live: Live = field(default_factory=lambda: Reading(exists=False))
    unreachable: str = ""
    unreadable: str = ""
    lost: bool = False
    stale: int = 0
    readings: int = 0
    writes: list[tuple[dict[str, int], int]] = field(default_factory=list)
    candidates: list[str | None] = field(default_factory=list)  # what each write said of the candidate
    back: list[str] = field(default_factory=list)
    _before: list[Live] = field(default_factory=list)

    def read_live(self) -> Live:
        self.readings += 1
        if self.unreachable or self.unreadable:
            raise TrafficError(self.unreachable or self.unreadable)
        return self._before.pop() if self._before else self.live

    def read_split(self) -> Mapping[str, int]:
        return self.read_live().split

    def write_split(self, split: Mapping[str, int], stickiness: int, candidate: str | None = None) -> None:
        if self.unreachable:
            raise TrafficError(self.unreachable)
        if not self.live.exists:
            raise TrafficError("there is no traffic carrier")
        self.writes.append((dict(split), stickiness))
        self.candidates.append(candidate)
        if not self.lost:
            self._before = [self.live] * self.stale
            self.live = replace(self.live, split={**dict.fromkeys(self.live.split, 0), **split})

    def give_back(self, to: str) -> GivenBack:
        if self.unreachable:
            raise TrafficError(self.unreachable)
        if not self.live.exists:
            raise TrafficError("there is no traffic carrier")
        self.back.append(to)
        before = dict(self.live.split)
        needed = routed(before) != {to: 100}
        if self.unreadable or needed:
            self.write_split({to: 100}, 0)
        if self.unreadable:
            return GivenBack(to, None, None, 1, needed=True, trouble=(self.unreadable,))
        return GivenBack(to, before, dict(self.live.split), int(needed), needed)
