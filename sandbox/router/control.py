"""The router's own paths, /__sandbox/…, on every one of its ports.

GET  /__sandbox/status?window=60   what the balancer is seen to do, and what requests got
GET  /__sandbox/stats?since=TS     figures per slot; also until=TS, listener=traffic|test|http|all
POST /__sandbox/mark?name=N        remember now; status counts from the last mark on
POST /__sandbox/refresh            read the balancer and the backends now, then as status
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from sandbox.router import weights
from sandbox.router.backends import Backends
from sandbox.router.live import Watch
from sandbox.router.model import Action, FixedResponse, Forward, Listener, Redirect
from sandbox.router.records import Records
from sandbox.serving import Unusable

PREFIX = "/__sandbox/"

# Which listener of the balancer each of the router's ports plays.
PORTS: Mapping[str, int] = {"traffic": 443, "test": 8443, "http": 80}

_WINDOW_S = 60.0


class Control:
    """Answers the requests to the router itself."""

    def __init__(
        self,
        *,
        balancer_name: str,
        watch: Watch,
        backends: Backends,
        records: Records,
        urls: Mapping[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = balancer_name
        self._watch = watch
        self._backends = backends
        self._records = records
        self._urls = urls
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
        if name not in {*PORTS, "all"}:
            raise Unusable(f"listener: found {name!r}, expected one of {', '.join(PORTS)}, all")
        stats = await self._records.stats(since, until, PORTS.get(name))
        return {
            "since": since,
            "until": until,
            "listener": name,
            "slots": {slot: figures.as_json() for slot, figures in stats.items()},
        }

    async def _status(self, window_s: float) -> dict[str, Any]:
        state = self._watch.state
        balancer = state.balancer
        listeners = {
            name: listener_json(balancer.listeners[port])
            for name, port in PORTS.items()
            if balancer is not None and port in balancer.listeners
        }
        traffic: dict[str, Any] = listeners.get("traffic") or {"default": {}}
        mark = await self._records.last_mark()
        now = self._clock()
        return {
            "load_balancer": self._name,
            "arn": balancer.arn if balancer else None,
            "found": state.found,
            "stale": state.stale_since is not None,
            "stale_since": state.stale_since,
            "last_refresh": state.read_at,
            "error": state.error,
            "changes": state.changes,
            "urls": dict(self._urls),
            "weights": traffic["default"].get("weights", {}),
            "stickiness": traffic["default"].get("stickiness"),
            "listeners": listeners,
            "backends": dict(self._backends.urls),
            "backends_error": self._backends.error,
            "records_error": self._records.error,
            "records_dropped": self._records.dropped,
            "now": now,
            "recent": {"seconds": window_s, **await self._stats({"since": str(now - window_s)})},
            "since_mark": None if mark is None else {"mark": mark.name, **await self._stats({"since": repr(mark.at)})},
        }


def listener_json(listener: Listener) -> dict[str, Any]:
    """A listener as the status shows it."""
    return {
        "arn": listener.arn,
        "port": listener.port,
        "protocol": listener.protocol,
        "default": {} if listener.default is None else action_json(listener.default),
        "rules": [
            {
                "priority": rule.priority,
                "conditions": [
                    {"field": condition.field, "header": condition.header, "values": list(condition.values)}
                    for condition in rule.conditions
                ],
                **action_json(rule.action),
            }
            for rule in listener.rules
        ],
        "problems": list(listener.problems),
    }


def action_json(action: Action) -> dict[str, Any]:
    """An action as the status shows it. Weights are by slot (by target group where it has no slot), raw
    and as the share in per cent that follows."""
    match action:
        case Forward(groups, stickiness):
            shares = weights.per_cent(groups)
            return {
                "action": "forward",
                "weights": {
                    entry.group.slot or entry.group.name: {
                        "weight": entry.weight,
                        "per_cent": round(share, 4),
                        "target_group": entry.group.name,
                    }
                    for entry, share in zip(groups, shares, strict=True)
                },
                "stickiness": {"enabled": stickiness.enabled, "duration_s": stickiness.duration_s},
            }
        case Redirect(status):
            return {"action": "redirect", "status": status}
        case FixedResponse(status):
            return {"action": "fixed-response", "status": status}


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
