"""One request from beginning to end: look at it, decide, carry it out, record what it got."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import hdrs, web
from multidict import MultiMapping

from sandbox.router.backends import Backends
from sandbox.router.decision import Answer, Chance, Refuse, Send, decide, listener_of
from sandbox.router.forwarding import Forwarded, Forwarder, Via, made_here
from sandbox.router.model import Balancer, Listener
from sandbox.router.records import Outcome, Record, Records
from sandbox.router.rules import Facts
from sandbox.router.status import PORTS
from sandbox.router.stickiness import COOKIE, COOKIE_CORS, ZeroWeight
from sandbox.router.watching import Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Where the user id of a request is found: a header, or else a cookie."""

    header: str = "x-user-id"
    cookie: str = "uid"


class Plane:
    """Answers the requests of all listeners."""

    def __init__(
        self,
        *,
        balancer_name: str,
        watch: Watch[Balancer],
        backends: Backends,
        records: Records,
        forwarder: Forwarder,
        identity: Identity = Identity(),
        zero_weight: ZeroWeight = ZeroWeight.HOLD,
        uniform: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`uniform` gives numbers in [0, 1); `clock` gives epoch seconds."""
        self._name = balancer_name
        self._watch = watch
        self._backends = backends
        self._records = records
        self._forwarder = forwarder
        self._identity = identity
        self._uniform = uniform
        self._clock = clock
        self._chance = Chance(uniform=0.0, now=0.0, key=records.cookie_key(), zero_weight=zero_weight)

    async def answer(self, request: web.BaseRequest, port: int) -> web.StreamResponse:
        """Answer a request that came by the listener on `port`, and record it."""
        at, began = self._clock(), time.perf_counter()
        cookies = cookies_of(request.headers.getall(hdrs.COOKIE, ()))
        onward = self._past_the_edge(request, port, cookies)
        decision = self._decide(request, port, onward, cookies, at)
        done = await self._carry_out(request, port, onward, decision)
        sent = decision if isinstance(decision, Send) and done.outcome is not Outcome.REFUSED else None
        self._records.add(
            Record(
                at=at,
                user=self._user(request, cookies),
                listener=port,
                slot=sent.group.slot if sent else None,
                status=done.status,
                latency_ms=(time.perf_counter() - began) * 1000,
                outcome=done.outcome,
                held=sent is not None and sent.held,
                rule=decision.rule,
            )
        )
        return done.response

    def _past_the_edge(self, request: web.BaseRequest, port: int, cookies: dict[str, str]) -> MultiMapping[str]:
        """The headers as they reach the balancer: users come to its traffic listener by the edge."""
        balancer = self._watch.state.seen
        if balancer is None or balancer.edge is None or port != PORTS["traffic"]:
            return request.headers
        return balancer.edge.headers(request.headers, cookies)

    def _decide(
        self, request: web.BaseRequest, port: int, onward: MultiMapping[str], cookies: dict[str, str], now: float
    ) -> Send | Answer | Refuse:
        if request.method == hdrs.METH_TRACE:
            return Refuse(405, "a load balancer does not take TRACE", "use another method")
        if not request.rel_url.raw_path.startswith("/"):
            # Also guards what comes after: put behind the address of a process, `@elsewhere/` would name
            # another host.
            return Refuse(400, "the request target is not a path", "send an absolute path")
        listener = self._listener(port)
        if isinstance(listener, Refuse):
            return listener
        chance = replace(self._chance, uniform=self._uniform(), now=now)
        cookie = cookies.get(COOKIE) or cookies.get(COOKIE_CORS)
        return decide(listener, facts_of(request, onward), cookie, chance)

    async def _carry_out(
        self, request: web.BaseRequest, port: int, onward: MultiMapping[str], decision: Send | Answer | Refuse
    ) -> Forwarded:
        match decision:
            case Send():
                return await self._send(request, port, onward, decision)
            case Answer(status, _, headers, body):
                response = made_here(status, body)
                response.headers.update(headers)
                return Forwarded(response, status, Outcome.SERVED)
            case Refuse():
                return refused(decision)

    def _listener(self, port: int) -> Listener | Refuse:
        state = self._watch.state
        if state.seen is not None:
            return listener_of(state.seen, port)
        if state.found is None:
            return Refuse(
                503,
                f"the AWS API has not answered yet ({state.error or 'it is being asked'})",
                "is the emulator running? The router asks again by itself",
            )
        return Refuse(
            503,
            f"there is no load balancer {self._name!r}",
            "create it (pulumi up); the router finds it by itself",
        )

    async def _send(self, request: web.BaseRequest, port: int, onward: MultiMapping[str], decision: Send) -> Forwarded:
        group = decision.group
        if group.slot is None:
            return refused(
                Refuse(
                    503,
                    f"target group {group.name!r} has no tag `slot`",
                    "tag it with slot = blue or green, so that the router knows its process",
                )
            )
        base = self._backends.urls.get(group.slot)
        if base is None:
            return refused(Refuse(503, f"no process serves slot {group.slot!r}", "start one (headgate sandbox up)"))
        balancer = self._watch.state.seen
        listener = balancer.listeners.get(port) if balancer else None
        via = Via(listener.protocol if listener else "http", port)
        try:
            return await self._forwarder.forward(request, base, via, decision.cookies, onward)
        except Exception:
            log.exception("a request could not be forwarded: %s %s", request.method, request.rel_url)
            return Forwarded(made_here(500, '{"error": "the router failed; see its log"}'), 500, Outcome.LOST)

    def _user(self, request: web.BaseRequest, cookies: dict[str, str]) -> str | None:
        user = request.headers.get(self._identity.header) or cookies.get(self._identity.cookie)
        return self._records.hashed(user) if user else None


def facts_of(request: web.BaseRequest, headers: MultiMapping[str]) -> Facts:
    """What the rules look at, out of an aiohttp request with these `headers`."""
    return Facts(
        method=request.method,
        host=request.headers.get(hdrs.HOST, ""),
        path=request.rel_url.raw_path,
        query=request.rel_url.raw_query_string,
        headers=headers,
        source=request.remote or "",
    )


def refused(refusal: Refuse) -> Forwarded:
    """An answer of the router itself, because there is nobody to ask."""
    return Forwarded(made_here(refusal.status, refusal.body), refusal.status, Outcome.REFUSED)


def cookies_of(headers: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Names and values as sent. The values of stickiness cookies are not quoted or URL-encoded."""
    found: dict[str, str] = {}
    for header in headers:
        for part in header.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals:
                found.setdefault(name, value)
    return found
