"""What the engine said about the run that this process judges. One process, one run."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headgate import clock
from policies import configuration
from policies.configuration import PRODUCTION, Exemption


@dataclass
class Session:
    """Set before the first resource is judged, by the calls with which the engine opens a run; then only read.

    `folder`: where the configuration of each environment is. `endpoints`: cloud endpoints in the stack's configuration.
    `problems`: what is wrong with the pack's own. `used`: exemptions that let something pass, with the resource's URN.
    """

    folder: Path = configuration.FOLDER
    environment: str = PRODUCTION
    endpoints: tuple[str, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    problems: tuple[str, ...] = ()
    used: dict[tuple[str, Exemption], None] = field(default_factory=dict)

    def now(self) -> int:
        """Epoch seconds, UTC; in a rehearsal, those of its clock. Raises ClockError when that may not run."""
        return clock.from_environment(os.environ, self.endpoints).now()

    def calendar(self) -> int:
        """Epoch seconds, UTC, by the calendar: exemptions run out by it, also in a rehearsal."""
        return clock.SystemClock().now()

    def exempts(self, policy: str, urn: str) -> bool:
        """Whether an exemption lets `policy` pass on `urn`; takes note of it."""
        today = configuration.today(self.calendar())
        for exemption in self.exemptions:
            if exemption.covers(policy, urn, today):
                self.used[urn, exemption] = None
                return True
        return False


def endpoints_of(config: Mapping[str, str]) -> tuple[str, ...]:
    """Cloud endpoints in a stack's configuration: `aws:endpoints`, and the custom endpoints of Google's provider."""
    return tuple(_endpoints(config))


def _endpoints(config: Mapping[str, str]) -> Iterator[str]:
    for key, value in config.items():
        if key == "aws:endpoints":
            yield from _aws_endpoints(value)
        elif key.startswith("gcp:") and key.lower().endswith("customendpoint"):
            yield value


def _aws_endpoints(value: str) -> Iterable[str]:
    try:
        listed = json.loads(value)
    except ValueError:
        return [value]
    entries = listed if isinstance(listed, list) else [listed]
    return [str(url) for entry in entries if isinstance(entry, Mapping) for url in entry.values()]
