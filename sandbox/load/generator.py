"""Sends the requests of many users and counts what they got.

A run is bounded three ways, whichever comes first: a number of requests, a duration, and an event that the
caller sets. The last makes it continuous: give bounds that are not meant to be reached, start the run,
move the weights, set the event.
"""

import asyncio
import json
import random
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import hdrs

from sandbox.load.summary import Summary
from sandbox.load.users import User
from sandbox.serving import Unusable, loopback_url

ITEMS = "/api/v2/items"
HEALTH = "/api/v2/health"

# Ids of written items kept to be read by users and to be read back at the end.
_MOST_KNOWN = 20_000

# How long the reading back of written items may take in all.
_VERIFY_S = 30.0

# A version with a planted fault answers some readings with 500, which says nothing about the item.
_VERIFY_TRIES = 10


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. `requests` and `duration_s` are hard bounds.

    With `fresh`, every request comes from a user never seen before, and `users` is not used. `pause_s` is how
    long a user waits after an answer. `write_share` is the share of requests that store an item. `verify`
    reads every stored item back at the end, through the same address.
    """

    url: str
    users: int = 50
    requests: int = 1000
    duration_s: float = 60.0
    concurrency: int = 16
    write_share: float = 0.2
    fresh: bool = False
    pause_s: float = 0.0
    timeout_s: float = 10.0
    verify: bool = True
    seed: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What is wrong with it, in words; an empty list when it can be run."""
        found = [
            f"{name}: found {getattr(self, name)}, expected more than 0"
            for name in ("users", "requests", "duration_s", "concurrency", "timeout_s")
            if not getattr(self, name) > 0
        ]
        if not 0 <= self.write_share <= 1:
            found.append(f"write_share: found {self.write_share}, expected a share from 0 to 1")
        if self.pause_s < 0:
            found.append(f"pause_s: found {self.pause_s}, expected 0 or more")
        try:
            loopback_url(self.url)
        except Unusable as problem:
            found.append(f"url: {problem}")
        return found


async def run(load: Load, stop: asyncio.Event | None = None) -> Summary:
    """Send the requests and return what the users got; returns early when `stop` is set.

    Raises Unusable when the load cannot be run. Failing requests are counted, never raised.
    """
    problems = load.problems()
    if problems:
        raise Unusable("; ".join(problems))
    connector = aiohttp.TCPConnector(limit=load.concurrency)
    timeout = aiohttp.ClientTimeout(total=load.timeout_s)
    async with aiohttp.ClientSession(
        loopback_url(load.url), connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        running = _Run(load, session, stop or asyncio.Event())
        return await running.to_the_end()


class _Run:
    def __init__(self, load: Load, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        self._load = load
        self._session = session
        self._stop = stop
        self._random = random.Random(load.seed)  # noqa: S311 - picks what to send, guards nothing
        self._name = secrets.token_hex(4) if load.seed is None else f"seed{load.seed}"
        self._summary = Summary()
        self._known: deque[int] = deque(maxlen=_MOST_KNOWN)
        self._began = time.perf_counter()
        self._idle: deque[User] = deque()
        if not load.fresh:
            self._idle.extend(self._new_user() for _ in range(load.users))

    async def to_the_end(self) -> Summary:
        workers = self._load.concurrency if self._load.fresh else min(self._load.concurrency, self._load.users)
        await asyncio.gather(*(self._work() for _ in range(workers)))
        self._summary.seconds = time.perf_counter() - self._began
        if self._load.verify:
            await self._verify()
        else:
            self._summary.unverified = self._summary.writes
        return self._summary

    def _new_user(self) -> User:
        self._summary.users += 1
        return User(f"synthetic-{self._name}-{self._summary.users}")

    def _over(self) -> bool:
        return (
            self._stop.is_set()
            or self._summary.requests >= self._load.requests
            or time.perf_counter() - self._began >= self._load.duration_s
        )

    async def _work(self) -> None:
        while not self._over():
            user = self._new_user() if self._load.fresh else self._idle.popleft()
            self._summary.requests += 1
            await self._one(user)
            if self._load.pause_s:
                await asyncio.sleep(self._load.pause_s)
            if not self._load.fresh:
                self._idle.append(user)

    async def _one(self, user: User) -> None:
        writes = self._random.random() < self._load.write_share
        if writes:
            method, path, body = hdrs.METH_POST, ITEMS, json.dumps({"name": f"item of {user.id}"}).encode()
        else:
            known = self._random.choice(self._known) if self._known else None
            method, path, body = hdrs.METH_GET, HEALTH if known is None else f"{ITEMS}/{known}", None
        headers = {**self._load.headers, "X-User-Id": user.id}
        cookie = user.cookie_header()
        if cookie:
            headers[hdrs.COOKIE] = cookie
        began = time.perf_counter()
        try:
            async with self._session.request(method, path, data=body, headers=headers, allow_redirects=False) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._summary.count_lost(type(error).__name__)
            return
        self._count(user, answer, (time.perf_counter() - began) * 1000)
        if writes and answer.status == 201:
            self._summary.writes += 1
            self._known.append(json.loads(content)["id"])

    def _count(self, user: User, answer: aiohttp.ClientResponse, latency_ms: float) -> None:
        version = answer.headers.get("X-Deployment-Version")
        if version is None:
            self._summary.by_status[answer.status] += 1
            if answer.status >= 400:
                self._summary.count_lost(f"{answer.status} by the router")
            return
        self._summary.count_answer(version, answer.status, latency_ms)
        slot = answer.headers.get("X-Deployment-Slot", "unknown")
        self._summary.by_slot[slot] += 1
        if user.slot is None:
            self._summary.first_by_slot[slot] += 1
        elif user.slot != slot:
            self._summary.switches += 1
        user.slot = slot
        user.keep(answer.headers.getall(hdrs.SET_COOKIE, ()))

    async def _verify(self) -> None:
        """Read back what was confirmed as stored. Which version is asked is left to the router."""
        waiting = deque(self._known)
        self._summary.unverified = self._summary.writes - len(waiting)
        give_up = time.perf_counter() + _VERIFY_S

        async def read_back() -> None:
            while waiting:
                number = waiting.popleft()
                status: int | None = None
                for _ in range(_VERIFY_TRIES):
                    if status in {200, 404} or time.perf_counter() >= give_up:
                        break
                    status = await self._status_of(number)
                if status == 404:
                    self._summary.missing += 1
                elif status != 200:
                    self._summary.unverified += 1

        await asyncio.gather(*(read_back() for _ in range(self._load.concurrency)))

    async def _status_of(self, number: int) -> int | None:
        try:
            async with self._session.get(f"{ITEMS}/{number}", headers=self._load.headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
