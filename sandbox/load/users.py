"""A user: an id, and cookies kept as a browser keeps them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime


@dataclass(slots=True)
class User:
    """A user; `slot` is where the last answer came from, None before the first."""

    id: str
    clock: Callable[[], float] = time.time
    slot: str | None = None
    _cookies: dict[str, tuple[str, float | None]] = field(default_factory=dict)

    def cookie_header(self) -> str | None:
        """The Cookie header to send; None when there is nothing to send. Expired cookies are dropped."""
        now = self.clock()
        self._cookies = {
            name: (value, expires)
            for name, (value, expires) in self._cookies.items()
            if expires is None or expires > now
        }
        return "; ".join(f"{name}={value}" for name, (value, _) in self._cookies.items()) or None

    def keep(self, set_cookie: Iterable[str]) -> None:
        """Keep the cookies of an answer. Those marked Secure are not kept: the sandbox speaks plain HTTP."""
        for header in set_cookie:
            pair, *attributes = header.split(";")
            name, equals, value = pair.strip().partition("=")
            named = dict(attribute.strip().lower().partition("=")[::2] for attribute in attributes)
            if not equals or "secure" in named:
                continue
            self._cookies[name] = (value, _epoch(named.get("expires")))


def _epoch(expires: str | None) -> float | None:
    if not expires:
        return None
    try:
        return parsedate_to_datetime(expires).timestamp()
    except ValueError:
        return None
