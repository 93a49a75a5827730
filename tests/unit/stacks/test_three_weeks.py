"""ION's production plan, 21 days and more, walked by a clock in hand: to the second, in seconds.

The whole way is walked by the whole program, the turns off it by what the program decides. 2026-01-05 is a Monday.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import pulumi
import pytest

from headgate import carrier
from headgate.plan import IDLE
from headgate.settings import Settings
from headgate.state import Release, Version
from headgate.systems import slot_of
from headgate.windows import Freeze
from tests.support import stack_files
from tests.support.journeys import Journey
from tests.support.stack_program import Stack

STACK = "ion-production"
SERVICE = "gcp:cloudrunv2/service:Service"
FILE = stack_files.load(STACK)
OLD, NEW = FILE.release.live, FILE.release.candidate
assert NEW is not None
IMAGE = f"{OLD.image.partition('@')[0]}@sha256:{'e' * 64}"
NEXT = Version("2.8.0", slot_of(STACK, IMAGE), IMAGE)
UP, CANARY, HALF, FULL = FILE.plan.step_names
PLAN = [(0, 300), (5, 7 * 86_400), (50, 14 * 86_400), (100, 3600)]  # per cent and seconds
PROMOTED = replace(FILE, release=Release(NEW, standby=OLD))
RETIRED = replace(FILE, release=Release(NEW))


def at(step: str, settings: Settings = FILE) -> Settings:
    return replace(settings, step=step)


def epoch(text: str) -> int:
    """`2026-01-06 14:00:00`, UTC."""
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())


def frozen(settings: Settings) -> Settings:
    """With a freeze from the 15th of January, 00:00, to the 21st, 08:00."""
    freeze = Freeze(epoch("2026-01-15 00:00:00"), epoch("2026-01-21 08:00:00"), "fair")
    calendar = replace(settings.plan.calendar, freezes=(freeze,))
    return replace(settings, plan=replace(settings.plan, calendar=calendar))


@pytest.fixture(autouse=True)
def _reads_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.ledger.BETWEEN_READINGS", 0.0)


class Way(Protocol):
    """A stack that is asked at moments of the calendar, and time runs forward."""

    def refused(self, moment: str, settings: Settings) -> str:
        """What is said to `settings` at `moment`; fails when they are let through, or change anything."""
        ...

    def up(self, moment: str, settings: Settings) -> None:
        """Fails when `settings` are refused at `moment`."""
        ...

    @property
    def split(self) -> dict[str, int]:
        """The live split, without who gets nothing."""
        ...

    @property
    def phase(self) -> str:
        """The recorded phase."""
        ...


class Programmed:
    """The program of the stack, in updates."""

    def __init__(self) -> None:
        self.stack = Stack.of(STACK)

    def refused(self, moment: str, settings: Settings) -> str:
        self._set(moment)
        split, outputs = self.split, self.stack.outputs
        failure = self.stack.attempt(settings)
        assert issubclass(failure.kind, pulumi.RunError)
        assert failure.recorded.of_type(SERVICE) == []
        assert (self.split, self.stack.outputs) == (split, outputs)
        return failure.message

    def up(self, moment: str, settings: Settings) -> None:
        self._set(moment)
        self.stack.up(settings)

    def _set(self, moment: str) -> None:
        assert epoch(moment) >= self.stack.clock.time
        self.stack.clock.time = epoch(moment)

    @property
    def split(self) -> dict[str, int]:
        return carrier.routed(self.stack.cloud.live.split)

    @property
    def phase(self) -> str:
        return str(self.stack.outputs["rollout"]["proposed"]["phase"])

    @property
    def service(self) -> Mapping[str, Any]:
        """Inputs of the service, as last declared."""
        assert self.stack.recorded is not None
        return self.stack.recorded.one(SERVICE).inputs


class Decided:
    """The decision and the rules, without the program."""

    def __init__(self) -> None:
        self.journey = Journey(STACK)

    def refused(self, moment: str, settings: Settings) -> str:
        self._set(moment)
        _, found = self.journey.decide(settings)
        assert found, "let through"
        return "\n".join(map(str, found))

    def up(self, moment: str, settings: Settings) -> None:
        self._set(moment)
        assert self.journey.go(settings) == frozenset()

    def _set(self, moment: str) -> None:
        assert epoch(moment) >= self.journey.now
        self.journey.now = epoch(moment)

    @property
    def split(self) -> dict[str, int]:
        return carrier.routed(self.journey.cloud.live.split)

    @property
    def phase(self) -> str:
        return str(self.journey.state.phase)


def begun(way: Way) -> Way:
    """On Friday the 2nd of January, before its first rollout."""
    way.up("2026-01-02 14:00:00", FILE)
    return way


@pytest.fixture
def ion() -> Way:
    return begun(Decided())


def started(ion: Way, settings: Settings = FILE) -> None:
    """A rollout that is at 5 % since Tuesday the 6th of January, 14:05."""
    ion.up("2026-01-06 14:00:00", at(UP, settings))
    ion.up("2026-01-06 14:05:00", at(CANARY, settings))


def test_the_plan_is_the_one_of_the_requirements() -> None:
    """0, 5, 50, 100 per cent; 7 days and 14 days; a start at 14:00 UTC on four days of the week."""
    plan = FILE.plan
    assert [(each.weight, each.bake) for each in plan.steps] == PLAN
    (window,) = plan.calendar.start
    assert (window.days, window.opens, window.length) == ((0, 1, 2, 3), 14 * 3600, 2 * 3600)


@pytest.mark.parametrize("made", [Programmed, Decided])
def test_the_whole_way(made: Callable[[], Way]) -> None:
    ion = begun(made())
    # A start has its hours, on four days of the week.
    for moment in ("2026-01-02 14:30:00", "2026-01-03 14:00:00", "2026-01-04 15:00:00", "2026-01-05 13:59:59"):
        assert "R-28" in ion.refused(moment, at(UP))
    assert "Wait until 2026-01-06 14:00 UTC" in ion.refused("2026-01-05 16:00:00", at(UP))
    ion.up("2026-01-05 16:00:01", FILE)  # what is not a start needs no window
    ion.up("2026-01-06 14:00:00", at(UP))
    assert ion.split == {OLD.slot: 100}

    # Five minutes, then seven days, to the second.
    assert "R-06" in ion.refused("2026-01-06 14:04:59", at(CANARY))
    ion.up("2026-01-06 14:05:00", at(CANARY))
    assert ion.split == {OLD.slot: 95, NEW.slot: 5}
    assert "Wait another 7d" in ion.refused("2026-01-06 14:05:00", at(HALF))
    assert "Wait another 1s" in ion.refused("2026-01-13 14:04:59", at(HALF))
    assert "R-03" in ion.refused("2026-01-13 14:05:00", at(FULL))
    ion.up("2026-01-13 14:05:00", at(HALF))
    assert ion.split == {OLD.slot: 50, NEW.slot: 50}

    # Fourteen days. An update without a change in between changes nothing, and restarts no bake.
    ion.up("2026-01-20 03:00:00", at(HALF))
    assert "Wait another 1s" in ion.refused("2026-01-27 14:04:59", at(FULL))
    ion.up("2026-01-27 14:05:00", at(FULL))
    assert ion.split == {NEW.slot: 100}

    # An hour at 100 %, then promotion: 21 days, one hour and five minutes after the first user.
    assert "R-06" in ion.refused("2026-01-27 15:04:59", PROMOTED)
    ion.up("2026-01-27 15:05:00", PROMOTED)
    assert (ion.phase, ion.split) == ("promoted", {NEW.slot: 100})

    # Three days of retention.
    assert "R-16" in ion.refused("2026-01-30 15:04:59", RETIRED)
    ion.up("2026-01-30 15:05:00", RETIRED)
    assert (ion.phase, ion.split) == ("idle", {NEW.slot: 100})

    # The next rollout, again in its window: that was a Friday.
    following = replace(FILE, release=Release(NEW, candidate=NEXT))
    ion.up("2026-01-30 15:06:00", following)
    assert "Wait until 2026-02-02 14:00 UTC" in ion.refused("2026-01-30 15:07:00", at(UP, following))
    ion.up("2026-02-02 15:59:59", at(UP, following))
    ion.up("2026-02-02 16:04:59", at(CANARY, following))
    assert ion.split == {NEW.slot: 95, NEXT.slot: 5}


@pytest.fixture
def halted(ion: Way) -> Way:
    """At 5 %, past its seven days, with a freeze that was announced on the way."""
    started(ion)
    ion.up("2026-01-10 09:00:00", frozen(at(CANARY)))
    return ion


def test_a_freeze_in_the_middle_holds_the_advance(halted: Way) -> None:
    assert "R-15" in halted.refused("2026-01-14 12:00:00", at(CANARY))  # it cannot be lifted again
    assert "R-15" in halted.refused("2026-01-14 12:00:00", at(HALF))
    message = halted.refused("2026-01-15 00:00:00", frozen(at(HALF)))
    assert "R-28" in message
    assert "2026-01-15 00:00 UTC to 2026-01-21 08:00 UTC (fair)" in message
    halted.up("2026-01-18 00:00:00", frozen(at(CANARY)))  # an update without a change passes
    assert "R-28" in halted.refused("2026-01-21 07:59:59", frozen(at(HALF)))
    halted.up("2026-01-21 08:00:00", frozen(at(HALF)))
    assert halted.split == {OLD.slot: 50, NEW.slot: 50}
    # The bake of the step is counted from then on, the freeze is no part of it.
    assert "Wait another 1s" in halted.refused("2026-02-04 07:59:59", frozen(at(FULL)))
    halted.up("2026-02-04 08:00:00", frozen(at(FULL)))
    assert halted.split == {NEW.slot: 100}


def test_the_last_second_before_a_freeze_is_free(halted: Way) -> None:
    halted.up("2026-01-14 23:59:59", frozen(at(HALF)))
    assert halted.split == {OLD.slot: 50, NEW.slot: 50}


def test_a_freeze_never_holds_a_rollback(halted: Way) -> None:
    halted.up("2026-01-17 03:30:01", frozen(at(IDLE)))
    assert (halted.phase, halted.split) == ("rolled-back", {OLD.slot: 100})
    # Nor is it a way around: neither the same rollout nor another begins before the freeze and the window allow it.
    again = frozen(replace(FILE, step=UP, release=replace(FILE.release, rollout="again")))
    assert "R-13" in halted.refused("2026-01-17 04:00:00", frozen(at(UP)))
    assert "R-28" in halted.refused("2026-01-20 14:00:00", again)  # a Tuesday, in the window and in the freeze
    assert "R-28" in halted.refused("2026-01-21 08:00:00", again)  # the freeze is over, the window is not open yet
    halted.up("2026-01-21 14:00:00", again)
    assert halted.split == {OLD.slot: 100}


def test_a_rollback_in_a_freeze_writes_the_traffic_alone() -> None:
    ion = Programmed()
    begun(ion)
    started(ion, frozen(FILE))
    before = ion.service
    ion.up("2026-01-17 03:30:00", frozen(at(IDLE)))
    assert ion.split == {OLD.slot: 100}
    assert {key for key in before if before[key] != ion.service[key]} == {"traffics"}


def test_one_step_back_needs_neither_window_nor_bake(ion: Way) -> None:
    started(ion)
    ion.up("2026-01-13 14:05:00", at(HALF))
    ion.up("2026-01-18 02:00:00", at(CANARY))  # a Sunday, at night
    assert ion.split == {OLD.slot: 95, NEW.slot: 5}
    assert "R-06" in ion.refused("2026-01-25 01:59:59", at(HALF))
    ion.up("2026-01-25 02:00:00", at(HALF))
    assert ion.split == {OLD.slot: 50, NEW.slot: 50}


def test_a_promotion_can_be_taken_back_as_long_as_the_standby_is_kept(ion: Way) -> None:
    started(ion)
    for moment, settings in (
        ("2026-01-13 14:05:00", at(HALF)),
        ("2026-01-27 14:05:00", at(FULL)),
        ("2026-01-27 15:05:00", PROMOTED),
        ("2026-01-30 15:04:59", FILE),
    ):
        ion.up(moment, settings)
    assert (ion.phase, ion.split) == ("rolled-back", {OLD.slot: 100})
