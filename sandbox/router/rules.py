"""Which listener rule a request meets.

Readings of ours where the documentation is silent: a host condition is compared with the host name
without its port; a query string is taken apart at `&` and the first `=`, and percent-decoded; a part
without `=` counts as a value without a key.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import unquote_plus

from multidict import MultiMapping

from sandbox.router.model import Condition, Field, Listener, Rule
from sandbox.router.patterns import matches


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a request the rules look at.

    `path` and `query` are as sent, percent-encoded, without the `?`. `headers` does not mind the case of
    names. `source` is the address of the peer, never one out of X-Forwarded-For.
    """

    method: str
    host: str
    path: str
    query: str
    headers: MultiMapping[str]
    source: str


def matching_rule(listener: Listener, facts: Facts) -> Rule | None:
    """The first rule in priority order whose conditions all hold; None means the default action."""
    for rule in listener.rules:
        if all(holds(condition, facts) for condition in rule.conditions):
            return rule
    return None


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether one of the condition's values matches the request."""
    match condition.field:
        case Field.HOST:
            host = host_name(facts.host)
            return any(matches(value, host) for value in condition.values)
        case Field.PATH:
            return any(matches(value, facts.path, case_sensitive=True) for value in condition.values)
        case Field.HEADER:
            sent = facts.headers.getall(condition.header, ())
            return any(matches(value, text) for text in sent for value in condition.values)
        case Field.METHOD:
            return facts.method in condition.values
        case Field.QUERY:
            return _query_holds(condition, facts.query)
        case Field.SOURCE:
            return _source_holds(condition.values, facts.source)


def host_name(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def query_pairs(query: str) -> list[tuple[str | None, str]]:
    """The keys and values of a query string, decoded; a part without `=` has no key."""
    pairs: list[tuple[str | None, str]] = []
    for part in filter(None, query.split("&")):
        key, equals, value = part.partition("=")
        pairs.append((unquote_plus(key), unquote_plus(value)) if equals else (None, unquote_plus(key)))
    return pairs


def _query_holds(condition: Condition, query: str) -> bool:
    pairs = query_pairs(query)
    for wanted_key, wanted in zip(condition.keys, condition.values, strict=True):
        for key, value in pairs:
            key_fits = wanted_key is None or (key is not None and matches(wanted_key, key, escapes=True))
            if key_fits and matches(wanted, value, escapes=True):
                return True
    return False


def _source_holds(blocks: tuple[str, ...], source: str) -> bool:
    try:
        address = ip_address(source)
    except ValueError:
        return False
    return any(address in _network(block) for block in blocks)


@lru_cache(maxsize=1024)
def _network(block: str) -> IPv4Network | IPv6Network:
    return ip_network(block, strict=False)
