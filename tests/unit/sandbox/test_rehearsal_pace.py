"""Rehearsal time: never back, and where it was told to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import clock as clocks
from sandbox.rehearsal import pace as paces
from sandbox.rehearsal.pace import Pace

NOW = 1_795_000_000
DAY = 86_400


class Machine:
    """A machine whose time passes only by sleeping."""

    def __init__(self) -> None:
        self.at = float(NOW)

    def time(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    for name in ("time", "monotonic", "sleep"):
        monkeypatch.setattr(f"time.{name}", getattr(found, name))
    return found


def test_it_starts_now(machine: Machine) -> None:
    environ: dict[str, str] = {}
    pace = Pace(environ, 60)
    assert pace.now() == NOW
    assert environ == {clocks.VARIABLE: f"60@{NOW}"}


def test_commands_see_the_same_time(machine: Machine) -> None:
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_CONFIG_FILE": "/dev/null"}
    pace = Pace(environ, 60, forward=DAY)
    pace.set(NOW + 30 * DAY)
    assert clocks.from_environment({**environ, "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}).now() == pace.now()


@given(st.integers(2, 3600), st.integers(0, 400 * DAY))
def test_set_forward_exactly_or_a_little_more(scale: int, ahead: int) -> None:
    pace = Pace({}, scale)
    moment = pace.now() + ahead
    pace.set(moment)
    # The machine may have gone on by a second since.
    assert moment <= pace.now() <= moment + 2 * scale


def test_minutes_pass_at_the_speed_of_the_clock(machine: Machine) -> None:
    pace = Pace({}, 60)
    pace.wait_until(NOW + 300)
    assert pace.now() >= NOW + 300
    assert machine.at - NOW == pytest.approx(5, abs=1.1)


def test_weeks_pass_by_setting_the_clock_forward(machine: Machine) -> None:
    pace = Pace({}, 60, forward=4 * DAY)
    ticks: list[float] = []
    pace.wait_until(NOW + 14 * DAY, lambda: ticks.append(machine.at))
    assert NOW + 14 * DAY <= pace.now() <= NOW + 14 * DAY + 120
    assert machine.at - NOW == pytest.approx(3.5, abs=0.2)
    assert len(ticks) > 30


def test_what_is_past_is_not_waited_for(machine: Machine) -> None:
    pace = Pace({}, 60, forward=DAY)
    pace.set(NOW + 9 * DAY)
    before = pace.now()
    pace.wait_until(NOW + 8 * DAY)
    assert (pace.now(), machine.at) == (before, NOW)


def test_it_says_what_it_does(machine: Machine) -> None:
    assert "set forward" not in Pace({}, 60).describe()
    assert Pace({}, 60, forward=4 * DAY).describe().endswith("it is set forward by 4 days a second.")
    assert paces.clocks.VARIABLE in Pace({}, 60).describe()
