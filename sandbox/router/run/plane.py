"""One request from beginning to end: look at it, decide, carry it out, record what it got.

A request to a revision without an instance waits for one, as on Cloud Run: for 3.5 times the usual start or 10 s,
whichever is longer, and then gets 429 (guide "About instance autoscaling in Cloud Run services").
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace

from aiohttp import hdrs, web

from sandbox.router.backends import Backends
from sandbox.router.decision import Refuse
from sandbox.router.forwarding import Forwarded, Forwarder, Via, made_here
from sandbox.router.plane import Identity, cookies_of, refused
from sandbox.router.records import Outcome, Record, Records
from sandbox.router.rules import host_name
from sandbox.router.run.affinity import COOKIE
from sandbox.router.run.decision import Chance, Send, decide
from sandbox.router.run.entrance import ORIGIN_HEADER, SERVICE_HEADER, Knock
from sandbox.router.run.model import Cloud
from sandbox.router.run.status import PORTS
from sandbox.router.watching import Watch

log = logging.getLogger(__name__)

COLD_START_S = 10.0
_LOOK_AGAIN_S = 0.05
_VIA = Via("https", 443)


class Plane:
    """Answers the requests to all services."""

    def __init__(
        self,
        *,
        watch: Watch[Cloud],
        backends: Backends,
        records: Records,
        forwarder: Forwarder,
        identity: Identity,
        default: str | None = None,
        cold_start_s: float = COLD_START_S,
        uniform: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`default`: the service behind the load balancer. `uniform` gives numbers in [0, 1); `clock` epoch seconds."""
        self._watch = watch
        self._backends = backends
        self._records = records
        self._forwarder = forwarder
        self._identity = identity
        self._cold_start_s = cold_start_s
        self._uniform = uniform
        self._clock = clock
        self._chance = Chance(uniform=0.0, now=0.0, key=records.cookie_key(), default=default)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, and record it."""
        at, began = self._clock(), time.perf_counter()
        cookies = cookies_of(request.headers.getall(hdrs.COOKIE, ()))
        decision = self._decide(request, cookies, at)
        done = refused(decision) if isinstance(decision, Refuse) else await self._send(request, decision)
        sent = decision if isinstance(decision, Send) and done.outcome is not Outcome.REFUSED else None
        user = request.headers.get(self._identity.header) or cookies.get(self._identity.cookie)
        self._records.add(
            Record(
                at=at,
                user=self._records.hashed(user) if user else None,
                listener=PORTS["tags" if isinstance(decision, Send) and decision.tag else "traffic"],
                slot=sent.revision if sent else None,
                status=done.status,
                latency_ms=(time.perf_counter() - began) * 1000,
                outcome=done.outcome,
                held=sent is not None and sent.held,
                rule=None,
            )
        )
        return done.response

    def _decide(self, request: web.BaseRequest, cookies: dict[str, str], now: float) -> Send | Refuse:
        if not request.rel_url.raw_path.startswith("/"):
            # Also guards what comes after: put behind the address of a process, `@elsewhere/` would name
            # another host.
            return Refuse(400, "the request target is not a path", "send an absolute path")
        state = self._watch.state
        if state.seen is None:
            return Refuse(
                503,
                f"the emulated Google has not answered yet ({state.error or 'it is being asked'})",
                "is the emulator running? The router asks again by itself",
            )
        chance = replace(self._chance, uniform=self._uniform(), now=now)
        return decide(state.seen, knock_of(request), cookies.get(COOKIE), chance)

    async def _send(self, request: web.BaseRequest, decision: Send) -> Forwarded:
        base = await self._instance(decision.revision)
        if base is None:
            what = f"no instance of revision {decision.revision!r} became available within {self._cold_start_s:g} s"
            return refused(Refuse(429, what, "start one (headgate sandbox up)"))
        try:
            return await self._forwarder.forward(request, base, _VIA, decision.cookies)
        except Exception:
            log.exception("a request could not be forwarded: %s %s", request.method, request.rel_url)
            return Forwarded(made_here(500, '{"error": "the router failed; see its log"}'), 500, Outcome.LOST)

    async def _instance(self, revision: str) -> str | None:
        """The address of the revision's process, waited for if need be."""
        give_up = time.monotonic() + self._cold_start_s
        while (base := self._backends.urls.get(revision)) is None and time.monotonic() < give_up:
            await asyncio.sleep(_LOOK_AGAIN_S)
            self._backends.refresh()
        return base


def knock_of(request: web.BaseRequest) -> Knock:
    """What of a request decides about its way in."""
    return Knock(
        host=host_name(request.headers.get(hdrs.HOST, "")).lower(),
        service=request.headers.get(SERVICE_HEADER, ""),
        internal=request.headers.get(ORIGIN_HEADER, "").lower() == "internal",
        token=request.headers.get(hdrs.AUTHORIZATION, "").lower().startswith("bearer "),
    )
