"""The router's own paths, /__sandbox/…, on every one of its ports.

GET  /__sandbox/status?window=60   what the cloud is seen to ask for, and what requests got
GET  /__sandbox/stats?since=TS     figures per slot; also until=TS, listener=NAME|all
POST /__sandbox/mark?name=N        remember now; status counts from the last mark on
POST /__sandbox/refresh            read the cloud and the backends now, then as status
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from sandbox.router.backends import Backends
from sandbox.router.records import Records
from sandbox.router.watching import State, Watch
from sandbox.serving import Unusable

PREFIX = "/__sandbox/"

Described = dict[str, Any]

_WINDOW_S = 60.0


class Control:
    """Answers the requests to a router itself.

    `describe` gives what is particular to the kind of router; `ports` is the number that records have for each name of
    a listener.
    """

    def __init__(
        self,
        *,
        describe: Callable[[], Described],
        watch: Watch[Any],
        backends: Backends,
        records: Records,
        urls: Mapping[str, str],
        ports: Mapping[str, int],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._describe = describe
        self._watch = watch
        self._backends = backends
        self._records = records
        self._urls = urls
        self._ports = ports
        self._clock = clock

    async def answer(self, request: web.BaseRequest) -> web.Response:
        verb = (request.method, request.rel_url.path.removeprefix(PREFIX))
        query = request.rel_url.query
        try:
            match verb:
                case (hdrs.METH_GET, "status"):
                    return _json(200, await self._status(_number(query, "window", _WINDOW_S)))
                case (hdrs.METH_GET, "stats"):
                    return _json(200, await self._stats(query))
                case (hdrs.METH_POST, "mark"):
                    return _json(200, (await self._records.mark(query.get("name", "")))._asdict())
                case (hdrs.METH_POST, "refresh"):
                    self._backends.refresh()
                    await self._watch.refresh()
                    return _json(200, await self._status(_number(query, "window", _WINDOW_S)))
        except Unusable as problem:
            return _json(400, {"error": str(problem)})
        known = "GET status, GET stats, POST mark, POST refresh"
        return _json(404, {"error": f"{' '.join(verb)} is unknown", "remedy": f"under {PREFIX}: {known}"})

    async def _stats(self, query: Mapping[str, str]) -> dict[str, Any]:
        since = _number(query, "since", 0.0)
        until = _number(query, "until", None) if "until" in query else None
        name = query.get("listener", "traffic")
        if name not in {*self._ports, "all"}:
            raise Unusable(f"listener: found {name!r}, expected one of {', '.join(self._ports)}, all")
        stats = await self._records.stats(since, until, self._ports.get(name))
        return {
            "since": since,
            "until": until,
            "listener": name,
            "slots": {slot: figures.as_json() for slot, figures in stats.items()},
        }

    async def _status(self, window_s: float) -> dict[str, Any]:
        mark = await self._records.last_mark()
        now = self._clock()
        return {
            **self._describe(),
            "urls": dict(self._urls),
            "backends": dict(self._backends.urls),
            "backends_error": self._backends.error,
            "records_error": self._records.error,
            "records_dropped": self._records.dropped,
            "now": now,
            "recent": {"seconds": window_s, **await self._stats({"since": str(now - window_s)})},
            "since_mark": None if mark is None else {"mark": mark.name, **await self._stats({"since": repr(mark.at)})},
        }


def freshness(state: State[Any]) -> Described:
    """How recent what is known of the cloud is."""
    return {
        "found": state.found,
        "stale": state.stale_since is not None,
        "stale_since": state.stale_since,
        "last_refresh": state.read_at,
        "error": state.error,
        "changes": state.changes,
    }


def _number(query: Mapping[str, str], name: str, default: float | None) -> Any:
    text = query.get(name)
    if text is None:
        return default
    try:
        return float(text)
    except ValueError:
        raise Unusable(f"{name}: found {text!r}, expected a number of seconds") from None


def _json(status: int, content: Mapping[str, Any]) -> web.Response:
    return web.json_response(content, status=status, dumps=lambda value: json.dumps(value, default=str))
