"""What a balancer is, as far as the router plays one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.router.edge_function import EdgeFunction


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group; `slot` is the value of its tag `slot`, None when it has no such tag."""

    arn: str
    slot: str | None = None

    @property
    def name(self) -> str:
        # arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<name>/<id>
        parts = self.arn.split("/")
        return parts[1] if len(parts) == 3 else self.arn


@dataclass(frozen=True, slots=True)
class WeightedGroup:
    """A target group in a forward action; weights are ratios from 0 to 999."""

    group: TargetGroup
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Stickiness:
    """Target group stickiness of a forward action; the duration counts from the last answer."""

    enabled: bool = False
    duration_s: int = 0


@dataclass(frozen=True, slots=True)
class Forward:
    groups: tuple[WeightedGroup, ...]
    stickiness: Stickiness = Stickiness()


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect; the parts may contain #{protocol}, #{host}, #{port}, #{path} and #{query}."""

    status: int
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True, slots=True)
class FixedResponse:
    status: int
    content_type: str = "text/plain"
    body: str = ""


Action = Forward | Redirect | FixedResponse


class Field(StrEnum):
    """The kinds of rule conditions, as the API names them."""

    HOST = "host-header"
    PATH = "path-pattern"
    HEADER = "http-header"
    METHOD = "http-request-method"
    QUERY = "query-string"
    SOURCE = "source-ip"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; it holds when one of its values matches.

    `header` is set for HEADER only. `keys` is used by QUERY only and runs in parallel to `values`: the
    key pattern of each value, None for "any key".
    """

    field: Field
    values: tuple[str, ...]
    header: str = ""
    keys: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A listener rule; it applies when all its conditions hold. Lower priorities are tried first."""

    priority: int
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener; `rules` are in priority order.

    `problems` says what of it the router does not play. Such a listener answers no request: to skip what
    is not understood would be to pretend.
    """

    arn: str
    port: int
    protocol: str
    default: Action | None
    rules: tuple[Rule, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Balancer:
    """A balancer by port of its listeners, and the function at the edge in front of its traffic listener, if any."""

    name: str
    arn: str
    listeners: Mapping[int, Listener] = field(default_factory=dict)
    edge: EdgeFunction | None = None
