"""Target group stickiness: the cookie, and whether it holds a user.

What AWS documents (User Guide for Application Load Balancers, "Forward actions" and "Sticky sessions"):

- The first answer out of a forward action with stickiness carries a cookie AWSALBTG that names the target
  group, encrypted, and AWSALBTGCORS, the same plus `SameSite=None; Secure`. The balancer sets the
  expiry anew with every answer, by `Expires`, not by `Max-Age`. Values are not URL-encoded.
- A request with that cookie that meets an action with stickiness *enabled* goes to the group in the cookie.
  Requests without it are split by weight. With stickiness disabled the cookie has no meaning.
- A cookie that cannot be read, or names a group that is not there any more, leads to a new choice.

What AWS does not document is a cookie that names a group of weight 0. Read literally, the cookie wins; an
answer accepted on AWS re:Post says so in general ("stickiness takes precedence over adjusting weight").
So `ZeroWeight.HOLD` is the default here: a rehearsal must not be kinder than the cloud may be. Whoever
wants to move everybody has to turn stickiness off in the same write, and with stickiness off every reading
agrees; that is why Headgate turns it off at the weights 0 and 100. `ZeroWeight.MOVE` plays the other reading.

Ours: the cookie is signed, not encrypted, and carries the time it was set, so that shortening the
duration of the action also ends what older cookies hold, as the guide describes for rebalancing.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum
from hashlib import blake2s, sha256

from sandbox.router.model import Forward, WeightedGroup

COOKIE = "AWSALBTG"
COOKIE_CORS = "AWSALBTGCORS"

_GROUP_BYTES = 8
_MAC_BYTES = 16
_PAYLOAD = struct.Struct(f">{_GROUP_BYTES}sd")


class ZeroWeight(StrEnum):
    """What a cookie does whose target group has weight 0."""

    HOLD = "hold"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a valid cookie says: a target group (as a digest) and when it was set (epoch seconds)."""

    group: bytes
    set_at: float


def write_ticket(key: bytes, arn: str, set_at: float) -> str:
    """The value of a cookie that binds to the target group `arn`."""
    payload = _PAYLOAD.pack(_digest(arn), set_at)
    return base64.b64encode(payload + _mac(key, payload)).decode()


def read_ticket(key: bytes, value: str) -> Ticket | None:
    """What a cookie says; None when it was not written with this key."""
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _PAYLOAD.size + _MAC_BYTES:
        return None
    payload, mac = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
    if not hmac.compare_digest(mac, _mac(key, payload)):
        return None
    group, set_at = _PAYLOAD.unpack(payload)
    return Ticket(group, set_at)


def held_by(action: Forward, ticket: Ticket | None, now: float, zero: ZeroWeight) -> WeightedGroup | None:
    """The group that the cookie holds its user on; None means a choice by weight."""
    if ticket is None or not action.stickiness.enabled:
        return None
    if ticket.set_at + action.stickiness.duration_s <= now:
        return None
    for candidate in action.groups:
        if _digest(candidate.group.arn) == ticket.group:
            return candidate if candidate.weight > 0 or zero is ZeroWeight.HOLD else None
    return None


def set_cookie_headers(value: str, now: float, duration_s: int) -> tuple[str, str]:
    """The two Set-Cookie header values of an answer with stickiness."""
    expires = formatdate(now + duration_s, usegmt=True)
    return (
        f"{COOKIE}={value}; Expires={expires}; Path=/",
        f"{COOKIE_CORS}={value}; Expires={expires}; Path=/; SameSite=None; Secure",
    )


def _digest(arn: str) -> bytes:
    return blake2s(arn.encode(), digest_size=_GROUP_BYTES).digest()


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, sha256)[:_MAC_BYTES]
