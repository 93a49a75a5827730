"""What is to happen with a request, as a pure function of everything it depends on."""

from dataclasses import dataclass

from sandbox.router.decision import Refuse
from sandbox.router.run import affinity
from sandbox.router.run.entrance import Entered, Knock, enter
from sandbox.router.run.model import Cloud, Service


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request to a revision, and the answer back with these Set-Cookie headers.

    `tag`: the tag it came by; empty when the split decided. `held`: a cookie decided.
    """

    revision: str
    tag: str = ""
    held: bool = False
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chance:
    """What a decision needs besides request and configuration.

    `uniform` is a random number in [0, 1), `now` is epoch seconds, `key` signs the affinity cookies. `default`: the
    service behind the load balancer.
    """

    uniform: float
    now: float
    key: bytes
    default: str | None = None


def decide(cloud: Cloud, knock: Knock, cookie: str | None, chance: Chance) -> Send | Refuse:
    """Where a request goes that carries the affinity cookie `cookie` (or none)."""
    match enter(cloud, knock, chance.default):
        case Refuse() as refusal:
            return refusal
        case Entered(service, tag):
            sent = Send(service.tags[tag], tag) if tag else _split(service, cookie, chance)
            return sent if isinstance(sent, Refuse) else _ready(service, sent)


def _split(service: Service, cookie: str | None, chance: Chance) -> Send | Refuse:
    position = affinity.read(chance.key, cookie, chance.now) if cookie else None
    kept = affinity.at(service.targets, position) if position is not None else None
    if kept is not None and _has_affinity(service, kept):
        return Send(kept, held=True)
    drawn = chance.uniform * 100
    revision = affinity.at(service.targets, drawn)
    if revision is None:
        what = f"service {service.name!r} sends traffic to no revision"
        return Refuse(503, what, "is a revision of it ready? Look at its conditions")
    if not _has_affinity(service, revision):
        return Send(revision)
    value = affinity.write(chance.key, drawn, chance.now)
    return Send(revision, cookies=(affinity.set_cookie(value, chance.now),))


def _ready(service: Service, sent: Send) -> Send | Refuse:
    found = service.revisions.get(sent.revision)
    if found is None:
        return Refuse(503, f"service {service.name!r} has no revision {sent.revision!r}", "send its share elsewhere")
    if found.problem:
        return Refuse(503, f"revision {sent.revision!r} cannot serve: {found.problem}", "send its share elsewhere")
    return sent


def _has_affinity(service: Service, revision: str) -> bool:
    found = service.revisions.get(revision)
    return found is not None and found.affinity
