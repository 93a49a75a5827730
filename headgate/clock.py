"""The clock of everything that is not pure: the system's, or in a rehearsal one that runs faster.

A rehearsal clock shortens bakes, so it must never be in force where users are. It is accepted only while
every cloud endpoint in use is a loopback address.

Which those are, `headgate.traffic.endpoints` knows.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from headgate.problems import Problem
from headgate.traffic.endpoints import leaks

VARIABLE = "HEADGATE_REHEARSAL_CLOCK"
MOST_SCALE = 100_000  # a 7-day bake in 6 seconds; more only rounds bakes away


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Epoch seconds, UTC."""


class ClockError(Exception):
    """A rehearsal clock was asked for where it may not run, or in a form that cannot be read."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return int(time.time())


@dataclass(frozen=True, slots=True)
class RehearsalClock:
    """From `anchor` (epoch seconds) on, time passes `scale` times as fast as on `real`."""

    scale: float
    anchor: int
    real: Clock = field(default_factory=SystemClock)

    def now(self) -> int:
        return self.anchor + int((self.real.now() - self.anchor) * self.scale)


def from_environment(
    environ: Mapping[str, str], endpoints: Iterable[str] = (), real: Clock | None = None, needed: Iterable[str] = ()
) -> Clock:
    """The clock that `environ` asks for: `real` (the system's), or the one in HEADGATE_REHEARSAL_CLOCK.

    `endpoints` are the cloud endpoints set in code or stack configuration, `needed` the variables that must name one
    (`headgate.traffic.endpoints.needed_by`). The variable has the form
    `<scale>@<anchor>`, e.g. `60@1767225600`: since that epoch second, time passes 60 times as fast.

    Raises ClockError, with every problem found, when the form is wrong or an endpoint is not on this machine.
    """
    real = real or SystemClock()
    raw = environ.get(VARIABLE, "")
    if not raw:
        return real
    clock, problems = _parse(raw, real)
    problems += [
        Problem(VARIABLE, leak.found, leak.expected, f"{leak.remedy}, or unset {VARIABLE}.")
        for leak in leaks(environ, endpoints, needed)
    ]
    if problems or clock is None:
        raise ClockError(problems)
    return clock


def describe(clock: Clock) -> str:
    """One line for people about where the time comes from."""
    if not isinstance(clock, RehearsalClock):
        return "System clock: bakes take the time the plan says."
    since = datetime.fromtimestamp(clock.anchor, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"REHEARSAL CLOCK ({VARIABLE}): since {since} time passes {clock.scale:g} times as fast. "
        "Allowed because every cloud endpoint in use is on this machine."
    )


_FORM = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)@([0-9]{1,12})")


def _parse(raw: str, real: Clock) -> tuple[RehearsalClock | None, list[Problem]]:
    match = _FORM.fullmatch(raw)
    if match is None:
        expected = "<scale>@<anchor epoch second>, such as 60@1767225600"
        return None, [Problem(VARIABLE, repr(raw), expected, f"Correct {VARIABLE} or unset it.")]
    scale, anchor = float(match[1]), int(match[2])
    problems = []
    if not 1 < scale <= MOST_SCALE:
        expected = f"a scale above 1 and at most {MOST_SCALE}"
        problems.append(Problem(VARIABLE, f"scale {match[1]}", expected, "Correct the scale."))
    if anchor > real.now():
        fix = "Use the second at which the rehearsal began."
        problems.append(Problem(VARIABLE, f"anchor {anchor}", f"a second before now, {real.now()}", fix))
    return RehearsalClock(scale, anchor, real), problems
