"""A stand-in provider behind its real gRPC interface, driven as the engine drives it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.google.endpoints import environment
from sandbox.plugins.aws.servicer import AwsStandIn
from sandbox.plugins.gcp.servicer import GcpStandIn
from sandbox.plugins.host import start
from sandbox.plugins.values import from_wire, to_wire

PROJECT = "headgate-test"


@dataclass(frozen=True)
class Resource:
    """One resource as the engine keeps it."""

    urn: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class CheckFailed(Exception):
    """What Check had against the inputs."""


@dataclass(frozen=True)
class Provider:
    """Every call raises grpc.RpcError with the message for the user."""

    stub: Any

    def check(self, urn: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(urn=urn, olds=to_wire(olds or {}), news=to_wire(news), randomSeed=b"seed")
        )
        if answer.failures:
            raise CheckFailed("; ".join(f"{failure.property}: {failure.reason}" for failure in answer.failures))
        return from_wire(answer.inputs)

    def create(self, token: str, name: str, news: Mapping[str, Any]) -> Resource:
        urn = urn_of(token, name)
        inputs = self.check(urn, news)
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=urn, properties=to_wire(inputs)))
        return Resource(urn, answer.id, inputs, from_wire(answer.properties))

    def read(self, resource: Resource) -> Resource | None:
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                urn=resource.urn,
                id=resource.id,
                inputs=to_wire(resource.inputs),
                properties=to_wire(resource.outputs),
            )
        )
        if not answer.id:
            return None
        return Resource(resource.urn, answer.id, from_wire(answer.inputs), from_wire(answer.properties))

    def diff(self, resource: Resource, inputs: Mapping[str, Any]) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=resource.urn,
                id=resource.id,
                old_inputs=to_wire(resource.inputs),
                olds=to_wire(resource.outputs),
                news=to_wire(inputs),
            )
        )

    def update(self, resource: Resource, news: Mapping[str, Any]) -> Resource:
        inputs = self.check(resource.urn, news, resource.inputs)
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                urn=resource.urn,
                id=resource.id,
                old_inputs=to_wire(resource.inputs),
                olds=to_wire(resource.outputs),
                news=to_wire(inputs),
            )
        )
        return Resource(resource.urn, resource.id, inputs, from_wire(answer.properties))

    def delete(self, resource: Resource) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                urn=resource.urn,
                id=resource.id,
                old_inputs=to_wire(resource.inputs),
                properties=to_wire(resource.outputs),
            )
        )


def urn_of(token: str, name: str) -> str:
    return f"urn:pulumi:test::headgate::{token}::{name}"


@contextmanager
def serving(servicer: Any) -> Iterator[Any]:
    """A stub that speaks to `servicer` over gRPC."""
    server, port = start(servicer)
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    finally:
        channel.close()
        server.stop(None).wait()


@contextmanager
def configured(endpoint: str) -> Iterator[Provider]:
    """The AWS stand-in in front of the emulator at `endpoint`."""
    with serving(AwsStandIn("7.51.1", {"AWS_ENDPOINT_URL": endpoint})) as stub:
        stub.Configure(provider_pb2.ConfigureRequest(args=to_wire({"region": "us-east-1"})))
        yield Provider(stub)


@contextmanager
def configured_google(url: str, **more: str) -> Iterator[Provider]:
    """The Google stand-in in front of the emulator at `url`."""
    config = {"project": PROJECT, "region": "us-central1", "pollInterval": "10ms", **more}
    with serving(GcpStandIn("10.2.0", environment(url))) as stub:
        stub.Configure(provider_pb2.ConfigureRequest(args=to_wire(config)))
        yield Provider(stub)
