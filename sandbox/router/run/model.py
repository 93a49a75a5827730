"""What a Cloud Run service is, as far as the router plays one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ingress(StrEnum):
    """Which ways lead to a service (Admin API v2, IngressTraffic)."""

    ALL = "INGRESS_TRAFFIC_ALL"
    INTERNAL_ONLY = "INGRESS_TRAFFIC_INTERNAL_ONLY"
    LOAD_BALANCER = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of the traffic that is served; `percent` 0 to 100, `tag` may be empty."""

    revision: str
    percent: int = 0
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """`affinity`: whether its template has session affinity. `problem`: why it cannot serve; empty when it can.

    `version`: HEADGATE_VERSION of its container, else the image. `minimum`: instances that are kept.
    """

    name: str
    version: str = ""
    affinity: bool = False
    minimum: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service; `hosts` are the names of its run.app addresses, `targets` what is really served.

    `default_uri`: whether those addresses resolve publicly. `public`: callers need no token.
    """

    name: str
    place: str = ""
    hosts: tuple[str, ...] = ()
    ingress: Ingress = Ingress.ALL
    default_uri: bool = True
    public: bool = True
    targets: tuple[Target, ...] = ()
    revisions: Mapping[str, Revision] = field(default_factory=dict)

    @property
    def weights(self) -> dict[str, int]:
        """Revision -> per cent; entries of one revision are added up."""
        shares: dict[str, int] = {}
        for target in self.targets:
            shares[target.revision] = shares.get(target.revision, 0) + target.percent
        return shares

    @property
    def tags(self) -> dict[str, str]:
        """Tag -> revision."""
        return {target.tag: target.revision for target in self.targets if target.tag}

    @property
    def running(self) -> tuple[Revision, ...]:
        """Revisions that have instances, or get them with the first request.

        Those with a share or a tag; and those that keep a minimum, which are started whenever the traffic names them,
        be it with 0 % (guide "Set minimum instances for services", revisions and minimum instances).
        """
        named = {target.revision: target for target in self.targets}
        wanted = {target.revision for target in self.targets if target.percent or target.tag}
        found = [self.revisions.get(name, Revision(name)) for name in named]
        return tuple(each for each in found if each.name in wanted or each.minimum > 0)


@dataclass(frozen=True, slots=True)
class Door:
    """Where a load balancer sends the requests for one host name: a service by full name, and a tag or none."""

    service: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Every service by full name, and the host names for which a load balancer has a rule of its own."""

    services: Mapping[str, Service] = field(default_factory=dict)
    doors: Mapping[str, Door] = field(default_factory=dict)
