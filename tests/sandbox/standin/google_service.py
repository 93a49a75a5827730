"""A small Cloud Run service, what is recorded of it, and what was sent, for tests of the Google stand-in."""

from typing import Any

import grpc
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.google.client import GoogleSandbox
from sandbox.plugins.gcp.rest import AGENT
from sandbox.plugins.values import from_wire
from tests.sandbox.standin.google_world import BY_REVISION, REGION
from tests.sandbox.standin.provider import PROJECT, Resource

NONE = provider_pb2.DiffResponse.DIFF_NONE
NAME = f"projects/{PROJECT}/locations/{REGION}/services/svc"

# As in the notes: nothing but what a program must say.
SMALL = {
    "name": "svc",
    "location": REGION,
    "deletionProtection": False,
    "ingress": "INGRESS_TRAFFIC_ALL",
    "labels": {"app": "x"},
    "template": {
        "revision": "svc-r1",
        "timeout": "60s",
        "scaling": {"minInstanceCount": 0, "maxInstanceCount": 3},
        "containers": [
            {
                "image": "us-docker.pkg.dev/p/r/img:v1",
                "envs": [{"name": "A", "value": "1"}],
                "ports": {"containerPort": 8080},
                "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpuIdle": False},
            }
        ],
    },
    "traffics": [{"type": BY_REVISION, "revision": "svc-r1", "percent": 100}],
}


def small(revision: str, image: str, *shares: tuple[str, int]) -> dict[str, Any]:
    """SMALL with another revision; the second share carries the tag."""
    container = {**SMALL["template"]["containers"][0], "image": f"us-docker.pkg.dev/p/r/img:{image}"}  # type: ignore[index]
    tags: list[dict[str, str]] = [{}, {"tag": "canary"}]
    traffics = [
        {"type": BY_REVISION, "revision": name, "percent": percent, **tag}
        for (name, percent), tag in zip(shares, tags, strict=False)
    ]
    changed = {**SMALL["template"], "revision": revision, "containers": [container]}  # type: ignore[dict-item]
    return {**SMALL, "template": changed, "traffics": traffics}


def message(error: grpc.RpcError) -> str:
    return str(error.details())


def half_done(error: Any) -> Any:
    """What the engine is told to record of a resource about which a request failed."""
    trailing = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail


def as_recorded(before: Resource, detail: Any) -> Resource:
    """What the engine keeps after an update that failed: the outputs it is told, and the inputs of before.

    Source: pulumi/pulumi pkg/engine/update.go, OnResourceStepPost (issue 2011 there).
    """
    return Resource(before.urn, detail.id, before.inputs, from_wire(detail.properties))


def sent(cloud: GoogleSandbox, since: int = 0) -> list[str]:
    """Method and path of every request of the stand-in, without the prefix of the API."""
    calls = cloud.calls(since=since, agent=AGENT)
    return [f"{call.method} {call.url.split('/', 2)[2]}" for call in calls]


def last(cloud: GoogleSandbox) -> int:
    return max((call.number for call in cloud.calls()), default=0)
