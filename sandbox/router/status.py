"""A balancer as the router's status shows it."""

from dataclasses import asdict
from typing import Any

from sandbox.router import weights
from sandbox.router.control import Described, freshness
from sandbox.router.model import Action, Balancer, FixedResponse, Forward, Listener, Redirect
from sandbox.router.watching import State

# Which listener of the balancer each of the router's ports plays.
PORTS = {"traffic": 443, "test": 8443, "http": 80}


def balancer_json(name: str, state: State[Balancer]) -> Described:
    """The balancer called `name` as it is seen; `weights` and `stickiness` are those of the traffic listener."""
    balancer = state.seen
    listeners = {
        name: listener_json(balancer.listeners[port])
        for name, port in PORTS.items()
        if balancer is not None and port in balancer.listeners
    }
    traffic: dict[str, Any] = listeners.get("traffic") or {"default": {}}
    return {
        "load_balancer": name,
        "arn": balancer.arn if balancer else None,
        **freshness(state),
        "weights": traffic["default"].get("weights", {}),
        "stickiness": traffic["default"].get("stickiness"),
        "listeners": listeners,
        "cohorts": asdict(balancer.edge) if balancer and balancer.edge else None,
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
