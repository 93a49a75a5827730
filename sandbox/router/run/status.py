"""Services as the router's status shows them."""

from dataclasses import asdict
from typing import Any

from sandbox.router.control import Described, freshness
from sandbox.router.run.model import Cloud, Service
from sandbox.router.watching import State

# Numbers under which records keep what came by the split, and what came by a tag.
PORTS = {"traffic": 443, "tags": 8443}


def cloud_json(state: State[Cloud]) -> Described:
    """All services; `weights` has the revisions of all of them."""
    services = state.seen.services.values() if state.seen else ()
    return {
        **freshness(state),
        "weights": {name: share for service in services for name, share in _weights(service).items()},
        "doors": {host: asdict(door) for host, door in (state.seen.doors if state.seen else {}).items()},
        "services": {service.name: service_json(service) for service in services},
    }


def service_json(service: Service) -> dict[str, Any]:
    """A service as the status shows it; `weights` by revision, as what is really served."""
    return {
        "place": service.place,
        "hosts": list(service.hosts),
        "ingress": str(service.ingress),
        "default_uri": service.default_uri,
        "public": service.public,
        "weights": _weights(service),
        "tags": service.tags,
        "affinity": [name for name, revision in service.revisions.items() if revision.affinity],
        "running": {revision.name: revision.version for revision in service.running},
        "problems": {name: revision.problem for name, revision in service.revisions.items() if revision.problem},
    }


def _weights(service: Service) -> dict[str, dict[str, int]]:
    return {revision: {"weight": share, "per_cent": share} for revision, share in service.weights.items()}
