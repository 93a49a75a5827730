"""Keeps one application process per slot that an emulated cloud wants. Pure logic over three small interfaces.

One process plays all tasks of a slot. A new version is started beside the old one and takes over once it serves. A
slot that is not wanted any more is drained: its process stays until the balancer sends it nothing.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

log = logging.getLogger(__name__)

DRAIN_S = 1.0  # a slot gets no traffic for so long before it counts as drained: the router polls every 0.2 s
MOST_DRAIN_S = 30.0  # then its tasks end even if they still get traffic, as on ECS after the deregistration delay
LINGER_S = 1.0  # a process stays after nobody is sent to it any more, for the requests under way
KILL_AFTER_S = 8.0  # after being asked to end; the service itself finishes what is under way for 5 s
RESTART_AFTER_S = 1.0  # between the end of a process that was wanted and the next try
MOST_RESTART_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a service wants in its slot."""

    version: str
    tasks: int


class CloudAway(Exception):
    """The emulated cloud did not answer; `gone` when nothing listens there any more."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class Cloud(Protocol):
    def wanted(self) -> Mapping[str, Wanted]:
        """Slot -> what its service wants. Raises CloudAway."""
        ...


class Balancer(Protocol):
    def weights(self) -> Mapping[str, int]:
        """Slot -> weight in the traffic listener; empty when there is nothing that routes."""
        ...


class App(Protocol):
    """A process of one version in one slot."""

    @property
    def slot(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def url(self) -> str | None:
        """Where it serves; None until it does."""
        ...

    @property
    def alive(self) -> bool: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Starter(Protocol):
    def start(self, slot: str, version: str) -> App: ...


@dataclass(slots=True)
class _Place:
    """A slot: what serves in it, what is about to, and since when (monotonic s) it is not wanted or gets nothing."""

    serving: App | None = None
    starting: App | None = None
    failures: int = 0
    retry_at: float = 0.0
    unwanted_since: float | None = None
    idle_since: float | None = None


@dataclass(slots=True)
class _Leaving:
    app: App
    stop_at: float
    kill_at: float
    asked: bool = False


@dataclass(slots=True)
class Slots:
    """Call `tick` again and again; between two calls nothing happens by itself."""

    cloud: Cloud
    balancer: Balancer
    starter: Starter
    _places: dict[str, _Place] = field(default_factory=dict)
    _leaving: list[_Leaving] = field(default_factory=list)
    _wanted: Mapping[str, Wanted] = field(default_factory=dict)
    _gone_since: float | None = None
    _away: bool = False

    @property
    def serving(self) -> dict[str, App]:
        """Slot -> the process that requests are sent to."""
        return {slot: place.serving for slot, place in self._places.items() if place.serving is not None}

    @property
    def every(self) -> list[App]:
        """All processes that may still run, also those that start or leave."""
        of_places = [app for place in self._places.values() for app in (place.serving, place.starting) if app]
        return [*of_places, *(leaving.app for leaving in self._leaving)]

    def tick(self, now: float) -> None:
        """Bring the processes one step nearer to what the cloud wants. `now`: monotonic seconds."""
        self._ask(now)
        for slot in sorted({*self._places, *self._wanted}):
            place = self._places.setdefault(slot, _Place())
            want = self._wanted.get(slot)
            if want is not None and want.tasks > 0:
                self._provide(place, slot, want.version, now)
            else:
                self._drain(place, slot, now)
        self._see_off(now)

    def gone_for(self, now: float) -> float:
        """Seconds since when nothing listens at the cloud's address; 0 while something does."""
        return 0.0 if self._gone_since is None else now - self._gone_since

    def _ask(self, now: float) -> None:
        try:
            self._wanted = self.cloud.wanted()
        except CloudAway as error:
            if not self._away:
                log.warning("the emulated cloud does not answer; everything stays as it is: %s", error)
            self._away = True
            if not error.gone:
                self._gone_since = None
            elif self._gone_since is None:
                self._gone_since = now
        else:
            self._gone_since, self._away = None, False

    def _provide(self, place: _Place, slot: str, version: str, now: float) -> None:
        place.unwanted_since = place.idle_since = None
        if place.serving is not None and not place.serving.alive:
            log.warning("slot %s: the process of version %s ended by itself", slot, place.serving.version)
            place.serving = None
            self._failed(place, now)
        if place.starting is not None and place.starting.version != version:
            self._leave(place.starting, now, at_once=True)
            place.starting = None
        if place.serving is not None and place.serving.version == version:
            return
        if place.starting is None:
            if now >= place.retry_at:
                log.info("slot %s: starting version %s", slot, version)
                place.starting = self.starter.start(slot, version)
        elif not place.starting.alive:
            log.error("slot %s: version %s ended while it started; see its log", slot, version)
            place.starting = None
            self._failed(place, now)
        elif place.starting.url is not None:
            log.info("slot %s: version %s serves at %s", slot, version, place.starting.url)
            if place.serving is not None:
                self._leave(place.serving, now)
            place.serving, place.starting, place.failures = place.starting, None, 0

    def _failed(self, place: _Place, now: float) -> None:
        place.retry_at = now + min(RESTART_AFTER_S * 2**place.failures, MOST_RESTART_AFTER_S)
        place.failures += 1

    def _drain(self, place: _Place, slot: str, now: float) -> None:
        if place.starting is not None:
            self._leave(place.starting, now, at_once=True)
            place.starting = None
        if place.serving is None:
            return
        if place.unwanted_since is None:
            place.unwanted_since = now
        if self.balancer.weights().get(slot, 0) > 0:
            place.idle_since = None
        elif place.idle_since is None:
            place.idle_since = now
        drained = place.idle_since is not None and now - place.idle_since >= DRAIN_S
        if drained or now - place.unwanted_since >= MOST_DRAIN_S:
            why = "drained" if drained else f"not wanted for {MOST_DRAIN_S:g} s, though it still gets traffic"
            log.info("slot %s: version %s leaves: %s", slot, place.serving.version, why)
            self._leave(place.serving, now)
            self._places[slot] = _Place()

    def _leave(self, app: App, now: float, *, at_once: bool = False) -> None:
        stop_at = now if at_once else now + LINGER_S
        self._leaving.append(_Leaving(app, stop_at, stop_at + KILL_AFTER_S))

    def _see_off(self, now: float) -> None:
        for leaving in self._leaving:
            if not leaving.asked and now >= leaving.stop_at:
                leaving.app.stop()
                leaving.asked = True
            if leaving.asked and now >= leaving.kill_at:
                leaving.app.kill()
        self._leaving = [leaving for leaving in self._leaving if not leaving.asked or leaving.app.alive]
