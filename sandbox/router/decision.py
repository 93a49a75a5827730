"""What is to happen with a request, as a pure function of everything it depends on."""

import json
from dataclasses import dataclass

from sandbox.router.model import Balancer, FixedResponse, Forward, Listener, Redirect, TargetGroup
from sandbox.router.redirects import location
from sandbox.router.rules import Facts, matching_rule
from sandbox.router.stickiness import ZeroWeight, held_by, read_ticket, set_cookie_headers, write_ticket
from sandbox.router.weights import choose


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request to a target group, and the answer back with these Set-Cookie headers."""

    group: TargetGroup
    rule: int | None
    held: bool
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer in the name of the balancer, because its configuration says so."""

    status: int
    rule: int | None
    headers: tuple[tuple[str, str], ...]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer that nobody can be asked: what is wrong and what to do about it."""

    status: int
    error: str
    remedy: str
    rule: int | None = None

    @property
    def body(self) -> str:
        return json.dumps({"error": self.error, "remedy": self.remedy})


Decision = Send | Answer | Refuse


@dataclass(frozen=True, slots=True)
class Chance:
    """What a decision needs besides request and configuration.

    `uniform` is a random number in [0, 1), `now` is epoch seconds, `key` signs the stickiness cookies.
    """

    uniform: float
    now: float
    key: bytes
    zero_weight: ZeroWeight = ZeroWeight.HOLD


def listener_of(balancer: Balancer, port: int) -> Listener | Refuse:
    """The listener on `port`, if there is one that the router can play."""
    listener = balancer.listeners.get(port)
    if listener is None:
        there = ", ".join(map(str, sorted(balancer.listeners))) or "none"
        return Refuse(
            503,
            f"load balancer {balancer.name!r} has no listener on port {port} (listeners: {there})",
            "create the listener; a real balancer would not accept the connection at all",
        )
    if listener.problems:
        return Refuse(
            501,
            f"the listener on port {port} uses what the sandbox router does not play: " + "; ".join(listener.problems),
            "change the listener, or teach sandbox/router to play it",
        )
    return listener


def decide(listener: Listener, facts: Facts, cookie: str | None, chance: Chance) -> Decision:
    """What the listener does with a request that carries the stickiness cookie `cookie` (or none)."""
    rule = matching_rule(listener, facts)
    action, priority = (rule.action, rule.priority) if rule else (listener.default, None)
    match action:
        case Forward():
            return _forward(action, priority, cookie, chance)
        case Redirect():
            return Answer(action.status, priority, (("Location", location(action, listener, facts)),))
        case FixedResponse():
            return Answer(action.status, priority, (("Content-Type", action.content_type),), action.body)
        case None:
            return Refuse(
                503, f"the listener on port {listener.port} has no default action", "give it a default action"
            )


def _forward(action: Forward, rule: int | None, cookie: str | None, chance: Chance) -> Decision:
    ticket = read_ticket(chance.key, cookie) if cookie and action.stickiness.enabled else None
    held = held_by(action, ticket, chance.now, chance.zero_weight)
    chosen = held or choose(action.groups, chance.uniform)
    if chosen is None:
        names = ", ".join(group.group.name for group in action.groups) or "none"
        return Refuse(
            503,
            f"no target group of the forward action has a weight above 0 (target groups: {names})",
            "give at least one target group a weight",
            rule,
        )
    if not action.stickiness.enabled:
        return Send(chosen.group, rule, held=False)
    value = write_ticket(chance.key, chosen.group.arn, chance.now)
    cookies = set_cookie_headers(value, chance.now, action.stickiness.duration_s)
    return Send(chosen.group, rule, held=held is not None, cookies=cookies)
