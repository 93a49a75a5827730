"""Session affinity: the cookie, and where it leads.

What Google documents (Cloud Run guide "Set session affinity for services", read in its English and Chinese editions):

- Affinity is a property of the revision. A cookie with a life of 30 days identifies the client.
- It is best effort: it ends with the instance.
- Affinity takes precedence over the split: what is split by the percentages is clients, not requests.
- When the split changes, a request with a cookie may go to another revision. As few clients move as possible: from
  90/10 to 80/20, the 10 % move that the second revision gains. So a client does *not* stay on a revision whose share
  went to 0, and a rollback reaches those who hold a cookie as well.
- Where only some revisions have affinity, requests drift to them: one without a cookie is split at random, and if it
  comes to such a revision, its client stays there.

So a cookie holds a *position* in the split, a number in [0, 100), not a revision. Entries of the traffic lie side by
side in their order; when a share grows at the border to its neighbour, exactly the clients in between move.
Ours: the order, the cookie's contents and its signature. Its name is what Google's front end uses.
"""

import base64
import binascii
import hmac
import struct
from collections.abc import Sequence
from email.utils import formatdate
from hashlib import sha256

from sandbox.router.run.model import Target

COOKIE = "GAESA"
LIFE_S = 30 * 24 * 3600

_MAC_BYTES = 16
_PAYLOAD = struct.Struct(">dd")


def write(key: bytes, position: float, now: float) -> str:
    """The value of a cookie for a client at `position`."""
    payload = _PAYLOAD.pack(position, now)
    return base64.urlsafe_b64encode(payload + _mac(key, payload)).decode()


def read(key: bytes, value: str, now: float) -> float | None:
    """The position in a cookie; None when it is not one of ours, or its life is over."""
    try:
        raw = base64.b64decode(value, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    payload, mac = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
    if len(raw) != _PAYLOAD.size + _MAC_BYTES or not hmac.compare_digest(mac, _mac(key, payload)):
        return None
    position, set_at = _PAYLOAD.unpack(payload)
    return float(position) if set_at + LIFE_S > now and 0 <= position < 100 else None


def set_cookie(value: str, now: float) -> str:
    """The Set-Cookie header value."""
    return f"{COOKIE}={value}; Expires={formatdate(now + LIFE_S, usegmt=True)}; Path=/; HttpOnly"


def at(targets: Sequence[Target], position: float) -> str | None:
    """The revision at `position` in [0, 100) of the split; None where no share lies."""
    for target in targets:
        if position < target.percent:
            return target.revision
        position -= target.percent
    return None


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, b"affinity" + payload, sha256)[:_MAC_BYTES]
