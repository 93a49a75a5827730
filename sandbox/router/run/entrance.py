"""Which service a request is for, by which way it came, and whether it may come in.

Two ways lead to a service: its run.app addresses (`<service>-<hash>.a.run.app`; `<tag>---` in front reaches one
revision), and a load balancer, for which every other name in the Host header stands here. Which service is behind it is
told by the header `X-Sandbox-Service`, else by a host rule of a URL map, which may also lead to a tag, else by the
router's default, else it is the only one there is.
`X-Sandbox-Origin: internal` makes a request one from inside the project's network.

Sources: guide "Restrict network ingress for Cloud Run" (who may come in by which setting; with the default address
disabled only other paths are left); guide "Troubleshoot Cloud Run" (404 where the ingress setting refuses, 403 for a
caller who may not invoke the service). Any bearer token is taken for a good one: the sandbox has no identities.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.router.decision import Refuse
from sandbox.router.run.model import Cloud, Door, Ingress, Service

SERVICE_HEADER, ORIGIN_HEADER = "X-Sandbox-Service", "X-Sandbox-Origin"
RUN_APP = ".run.app"
_TAG_END = "---"


@dataclass(frozen=True, slots=True)
class Knock:
    """What of a request decides about its way in; `host` without port."""

    host: str
    service: str = ""
    internal: bool = False
    token: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """A request that may come in; `tag` is empty when it is to be split."""

    service: Service
    tag: str = ""


def enter(cloud: Cloud, knock: Knock, default: str | None) -> Entered | Refuse:
    """The service that `knock` reaches, or why none."""
    direct = knock.host.endswith(RUN_APP)
    if direct:
        found = _by_address(cloud, knock.host)
    elif not knock.service and knock.host in cloud.doors:
        found = _by_rule(cloud, cloud.doors[knock.host])
    else:
        found = _behind_balancer(cloud, knock.service, default)
    if isinstance(found, Refuse):
        return found
    refusal = _way_in(found.service, knock, direct=direct) or _caller(found.service, knock)
    return refusal or found


def _by_address(cloud: Cloud, host: str) -> Entered | Refuse:
    tag, _, rest = host.rpartition(_TAG_END)
    for service in cloud.services.values():
        if rest in service.hosts:
            return _tagged(service, tag)
    hosts = [host for service in cloud.services.values() for host in service.hosts]
    return _not_found(f"there is no service at {rest!r}", f"addresses: {_listed(hosts)}")


def _by_rule(cloud: Cloud, door: Door) -> Entered | Refuse:
    service = cloud.services.get(door.service)
    if service is None:
        return _not_found(f"the load balancer leads to {door.service!r}, which does not exist", "create it (pulumi up)")
    return _tagged(service, door.tag)


def _tagged(service: Service, tag: str) -> Entered | Refuse:
    if tag and tag not in service.tags:
        return _not_found(f"service {service.name!r} has no tag {tag!r}", f"tags: {_listed(service.tags)}")
    return Entered(service, tag)


def _behind_balancer(cloud: Cloud, asked: str, default: str | None) -> Entered | Refuse:
    services = list(cloud.services.values())
    chosen = [service for service in services if service.name == (asked or default)]
    if not asked and not chosen:
        chosen = services
    if len(chosen) == 1:
        return Entered(chosen[0])
    names = _listed([f"{service.name} ({service.place})" for service in services])
    if not chosen:
        missing = f"there is no service {asked!r}" if asked else "there is no service yet"
        return _not_found(missing, f"create it (pulumi up); the router finds it by itself. Services: {names}")
    what = f"{len(chosen)} services could be meant"
    return _not_found(what, f"name one in the header {SERVICE_HEADER}. Services: {names}")


def _way_in(service: Service, knock: Knock, *, direct: bool) -> Refuse | None:
    if knock.internal:
        return None
    if direct and not service.default_uri:
        return _not_found(f"the run.app addresses of service {service.name!r} are disabled", "use the load balancer")
    allowed = (Ingress.ALL,) if direct else (Ingress.ALL, Ingress.LOAD_BALANCER)
    if service.ingress not in allowed:
        way = "its run.app address" if direct else "a load balancer"
        what = f"service {service.name!r} has ingress {service.ingress} and takes nothing from outside by {way}"
        return _not_found(what, f"come another way ({ORIGIN_HEADER}: internal plays a caller inside the network)")
    return None


def _caller(service: Service, knock: Knock) -> Refuse | None:
    if service.public or knock.token:
        return None
    what = f"service {service.name!r} may only be called by those who have roles/run.invoker"
    return Refuse(403, what, "send Authorization: Bearer …, or give the role to allUsers")


def _not_found(error: str, remedy: str) -> Refuse:
    return Refuse(404, error, remedy)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
