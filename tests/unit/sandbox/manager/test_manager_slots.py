"""One process per slot that the emulated ECS wants: the supervisor with fakes and a clock of the test's."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from sandbox.manager.slots import (
    DRAIN_S,
    KILL_AFTER_S,
    LINGER_S,
    MOST_DRAIN_S,
    MOST_RESTART_AFTER_S,
    RESTART_AFTER_S,
    CloudAway,
    Slots,
    Wanted,
)


@dataclass
class FakeApp:
    slot: str
    version: str
    ready: bool = True
    alive: bool = True
    obeys: bool = True
    asked: int = 0
    killed: bool = False

    @property
    def url(self) -> str | None:
        return f"http://127.0.0.1/{self.slot}/{self.version}" if self.ready else None

    def stop(self) -> None:
        self.asked += 1
        self.alive = self.alive and not self.obeys

    def kill(self) -> None:
        self.killed = True
        self.alive = False


@dataclass
class World:
    """Cloud, balancer and starter in one, and the supervisor over them."""

    services: dict[str, Wanted] = field(default_factory=dict)
    shares: dict[str, int] = field(default_factory=dict)
    away: CloudAway | None = None
    ready: bool = True
    started: list[FakeApp] = field(default_factory=list)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.slots = Slots(self, self, self)

    def wanted(self) -> Mapping[str, Wanted]:
        if self.away:
            raise self.away
        return dict(self.services)

    def weights(self) -> Mapping[str, int]:
        return self.shares

    def start(self, slot: str, version: str) -> FakeApp:
        self.started.append(FakeApp(slot, version, self.ready))
        return self.started[-1]

    def after(self, seconds: float) -> None:
        self.now += seconds
        self.slots.tick(self.now)

    def settle(self) -> None:
        for _ in range(3):
            self.after(0.0)

    @property
    def serving(self) -> dict[str, str]:
        return {slot: app.version for slot, app in self.slots.serving.items()}


@pytest.fixture
def world() -> World:
    """Both slots run; all traffic is on blue."""
    found = World({"blue": Wanted("1", 2), "green": Wanted("2", 1)}, {"blue": 100, "green": 0})
    found.settle()
    return found


def test_a_process_for_each_slot_that_wants_tasks(world: World) -> None:
    assert world.serving == {"blue": "1", "green": "2"}
    assert len(world.started) == 2


def test_nothing_happens_while_nothing_changes(world: World) -> None:
    for _ in range(20):
        world.after(10)
    assert len(world.started) == 2
    assert all(app.asked == 0 for app in world.started)


def test_a_slot_without_tasks_gets_none() -> None:
    world = World({"blue": Wanted("1", 2), "green": Wanted("2", 0)})
    world.settle()
    assert world.serving == {"blue": "1"}


def test_requests_are_sent_only_to_a_process_that_serves() -> None:
    world = World({"blue": Wanted("1", 1)}, ready=False)
    world.settle()
    assert world.serving == {}
    world.started[0].ready = True
    world.settle()
    assert world.serving == {"blue": "1"}
    assert len(world.started) == 1


class TestNewVersion:
    def test_it_takes_over_once_it_serves(self, world: World) -> None:
        world.ready = False
        world.services["green"] = Wanted("3", 1)
        world.settle()
        assert world.serving["green"] == "2"
        world.started[2].ready = True
        world.settle()
        assert world.serving["green"] == "3"

    def test_the_old_one_stays_for_requests_under_way(self, world: World) -> None:
        world.services["green"] = Wanted("3", 1)
        world.settle()
        old = world.started[1]
        world.after(LINGER_S / 2)
        assert (old.asked, old.alive) == (0, True)
        world.after(LINGER_S)
        assert (old.asked, old.alive) == (1, False)
        assert old not in world.slots.every

    def test_one_that_never_served_is_dropped_for_the_next(self, world: World) -> None:
        world.ready = False
        world.services["green"] = Wanted("3", 1)
        world.settle()
        world.ready = True
        world.services["green"] = Wanted("4", 1)
        world.settle()
        assert world.serving["green"] == "4"
        assert not world.started[2].alive

    def test_going_back_to_the_version_that_still_serves(self, world: World) -> None:
        world.ready = False
        world.services["green"] = Wanted("3", 1)
        world.settle()
        world.services["green"] = Wanted("2", 1)
        world.settle()
        assert world.serving["green"] == "2"
        assert not world.started[2].alive
        assert world.started[1].asked == 0


class TestCrash:
    def test_a_process_that_ends_is_started_again(self, world: World) -> None:
        world.started[0].alive = False
        world.after(0.4)
        assert "blue" not in world.serving
        world.after(RESTART_AFTER_S)
        world.settle()
        assert world.serving["blue"] == "1"
        assert len(world.started) == 3

    def test_one_that_ends_while_it_starts_is_tried_less_and_less_often(self) -> None:
        world = World({"blue": Wanted("1", 1)}, ready=False)
        starts = []
        for _ in range(1000):
            world.after(0.1)
            if len(world.started) > len(starts):
                starts.append(world.now)
            world.started[-1].alive = False
        pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
        assert pauses == sorted(pauses)
        assert pauses[0] >= RESTART_AFTER_S
        assert MOST_RESTART_AFTER_S <= pauses[-1] < MOST_RESTART_AFTER_S + 1


class TestDraining:
    def test_a_slot_with_traffic_keeps_its_process(self, world: World) -> None:
        world.shares = {"blue": 90, "green": 10}
        world.services["green"] = Wanted("2", 0)
        for _ in range(20):
            world.after(1.0)
        assert world.serving["green"] == "2"

    def test_it_leaves_a_while_after_its_traffic(self, world: World) -> None:
        world.shares = {"blue": 90, "green": 10}
        world.services["green"] = Wanted("2", 0)
        world.after(1.0)
        world.shares = {"blue": 100, "green": 0}
        world.after(0.0)
        world.after(DRAIN_S - 0.1)
        assert world.serving["green"] == "2"
        world.after(0.2)
        assert "green" not in world.serving
        green = world.started[1]
        assert green.asked == 0
        world.after(LINGER_S)
        assert (green.asked, green.alive) == (1, False)

    def test_traffic_that_comes_back_starts_the_wait_anew(self, world: World) -> None:
        world.services["green"] = Wanted("2", 0)
        world.after(0.0)
        world.after(DRAIN_S - 0.1)
        world.shares = {"blue": 50, "green": 50}
        world.after(0.1)
        world.shares = {"blue": 100}
        world.after(0.1)
        world.after(DRAIN_S - 0.1)
        assert world.serving["green"] == "2"

    def test_tasks_that_are_wanted_again_are_not_drained(self, world: World) -> None:
        world.services["green"] = Wanted("2", 0)
        world.after(DRAIN_S / 2)
        world.services["green"] = Wanted("2", 3)
        for _ in range(20):
            world.after(1.0)
        assert world.serving["green"] == "2"
        assert len(world.started) == 2

    def test_it_does_not_stay_for_ever_where_traffic_does(self, world: World) -> None:
        world.shares = {"blue": 90, "green": 10}
        world.services["green"] = Wanted("2", 0)
        world.after(0.0)
        world.after(MOST_DRAIN_S)
        assert "green" not in world.serving

    def test_a_service_that_is_deleted_is_drained_too(self, world: World) -> None:
        del world.services["green"]
        world.after(0.0)
        world.after(DRAIN_S)
        world.after(LINGER_S)
        assert world.serving == {"blue": "1"}
        assert world.slots.every == [world.started[0]]


def test_a_process_that_does_not_obey_is_killed(world: World) -> None:
    green = world.started[1]
    green.obeys = False
    del world.services["green"]
    world.after(0.0)
    world.after(DRAIN_S)
    world.after(LINGER_S)
    assert (green.asked, green.killed) == (1, False)
    world.after(KILL_AFTER_S)
    assert green.killed
    assert green not in world.slots.every


class TestCloudAway:
    def test_everything_stays_as_it_is(self, world: World) -> None:
        world.away = CloudAway("timed out")
        for _ in range(20):
            world.after(10.0)
        assert world.serving == {"blue": "1", "green": "2"}
        assert world.slots.gone_for(world.now) == 0.0

    def test_nobody_listens_any_more(self, world: World) -> None:
        world.away = CloudAway("refused", gone=True)
        world.after(1.0)
        world.after(4.0)
        assert world.slots.gone_for(world.now) == 4.0

    def test_it_comes_back(self, world: World) -> None:
        world.away = CloudAway("refused", gone=True)
        world.after(1.0)
        world.away = None
        world.after(4.0)
        assert world.slots.gone_for(world.now) == 0.0
