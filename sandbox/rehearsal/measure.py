"""One measurement: what the cloud serves, what Headgate observes, and where the requests of fresh users really went."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import httpx

from sandbox.load import Load, Summary, binomial_interval, run
from sandbox.load.generator import HEALTH

CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True)
class Observed:
    """What fresh users got: the share of one slot in per cent; `low` and `high` bound what the asked weight allows.

    `tries`: 2 when the first share was outside the bounds and was measured again. An honest share is outside once in
    a hundred, and twice in a row once in ten thousand.
    """

    observed_share: float
    low: float
    high: float
    requests: int
    errors: int
    lost: int
    tries: int

    @property
    def within(self) -> bool:
        return self.low <= self.observed_share <= self.high


@dataclass(frozen=True, slots=True)
class Measurement:
    """The share of one slot in per cent: `served` by the emulated cloud, as the router reads it; `status` by
    `headgate status`; and what `users` got."""

    served: float
    status: int
    users: Observed


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: the router's address, the slot, and what Headgate says of the split (slot -> per cent)."""

    router: str
    slot: str
    status: Callable[[], dict[str, int]]


def measure(subject: Subject, weight: int, users: int) -> Measurement:
    """Sends one request for each of `users` fresh users and compares with `weight`, the asked share of the slot.

    Measured once more, with other users, when the first share lies outside the 99 % interval.
    """
    answer = httpx.post(f"{subject.router}/__sandbox/refresh", timeout=10.0, trust_env=False).raise_for_status()
    served = answer.json()["weights"].get(subject.slot, {"per_cent": 0})["per_cent"]
    with ThreadPoolExecutor(1) as beside:
        status = beside.submit(subject.status)
        found = _observe(subject, weight, users, 1)
        if not found.within:
            found = _observe(subject, weight, users, 2)
        return Measurement(served, status.result().get(subject.slot, 0), found)


def await_service(router: str, seconds: float = 30.0) -> None:
    """Returns when a process answers through the router; after a first deployment that takes a moment."""
    give_up = time.monotonic() + seconds
    with httpx.Client(base_url=router, trust_env=False, timeout=seconds) as http:
        while http.get(HEALTH).status_code != httpx.codes.OK and time.monotonic() < give_up:
            time.sleep(0.1)


def _observe(subject: Subject, weight: int, users: int, tries: int) -> Observed:
    summary = asyncio.run(run(Load(subject.router, requests=users, fresh=True, write_share=0.1)))
    answered = sum(summary.first_by_slot.values())
    low, high = binomial_interval(answered, weight / 100, CONFIDENCE)
    in_per_cent = 100 / max(answered, 1)
    return Observed(
        observed_share=summary.first_by_slot[subject.slot] * in_per_cent,
        low=low * in_per_cent,
        high=high * in_per_cent,
        requests=summary.requests,
        errors=summary.errors,
        lost=summary.lost,
        tries=tries,
    )


class Background:
    """Returning users who keep asking while weights move. Bounded in time and number; `stop` returns what they got."""

    MOST_SECONDS = 1800.0
    MOST_REQUESTS = 200_000

    def __init__(self, router: str, users: int = 40) -> None:
        self._summary: Summary | None = None
        self._error: BaseException | None = None
        self._stop: Callable[[], object] = lambda: None
        self._ready = threading.Event()
        load = Load(
            router,
            users=users,
            requests=self.MOST_REQUESTS,
            duration_s=self.MOST_SECONDS,
            concurrency=8,
            pause_s=0.1,  # about 80 requests a second, so that the updates keep most of a core
        )
        self._thread = threading.Thread(target=self._main, args=(load,), daemon=True)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> Summary:
        """Ends the users and returns what they got. Raises what ended them, if something did."""
        self._stop()
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._summary is None:
            raise RuntimeError("the background users returned nothing")
        return self._summary

    def _main(self, load: Load) -> None:
        try:
            self._summary = asyncio.run(self._send(load))
        except BaseException as error:  # noqa: BLE001 - handed to whoever stops the users
            self._error = error
            self._ready.set()

    async def _send(self, load: Load) -> Summary:
        event, loop = asyncio.Event(), asyncio.get_running_loop()
        self._stop = partial(loop.call_soon_threadsafe, event.set)
        self._ready.set()
        return await run(load, event)
