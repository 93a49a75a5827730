"""A resource monitor that records what a program registers, as it would go over the wire to the engine.

Pulumi's own mocks show inputs only. This one also shows parent, protection, dependencies, hooks and registered outputs,
none of them through private members.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

ACCOUNT = "123456789012"
REGION = "us-east-1"

_SIGNATURE = "4dabf18193072939515e22adb298388d"  # key of special values in Pulumi's wire format
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"


class Unknown:
    """Stands for a value that a preview cannot know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value marked secret."""

    value: Any


@dataclass(frozen=True)
class Registered:
    """One registered resource; `inputs` with camelCase keys, as a provider and a policy see them."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: Mapping[str, Any]
    custom: bool
    protect: bool | None
    retain_on_delete: bool
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    ignore_changes: tuple[str, ...]
    hooks: Mapping[str, tuple[str, ...]]


@dataclass
class Recorded:
    """What a program registered: resources in no particular order, outputs by URN, resource hooks by name."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    hooks: dict[str, pulumi.ResourceHook] = field(default_factory=dict)

    def of_type(self, kind: str) -> list[Registered]:
        """All resources of a type: its whole token, or for a provider's resources the class alone (`Listener`)."""
        return [
            each
            for each in self.resources
            if kind == each.type or (each.custom and kind == each.type.rpartition(":")[2])
        ]

    def one(self, kind: str, name: str | None = None) -> Registered:
        """The only resource of a type, or the one with this logical name. Fails when there is none or more."""
        found = [each for each in self.of_type(kind) if name in (None, each.name)]
        assert len(found) == 1, f"{len(found)} of {kind} {name or ''}: {[each.name for each in found]}"
        return found[0]

    def custom(self) -> Iterator[Registered]:
        """Resources of a provider: everything but components."""
        return (each for each in self.resources if each.custom)

    def changed(self, after: "Recorded") -> set[tuple[str, str]]:
        """Class and name of the resources whose inputs are different `after`; it must have the same resources."""
        before = {each.urn: each for each in self.resources}
        assert before.keys() == {each.urn for each in after.resources}
        return {
            (each.type.rpartition(":")[2], each.name)
            for each in after.resources
            if each.inputs != before[each.urn].inputs
        }

    def outputs_of(self, component: str) -> Mapping[str, Any]:
        """What the only component of a class registered as its outputs."""
        return self.outputs[self.one(f"headgate:index:{component}").urn]


class Recorder(MockMonitor):
    """Answers registrations like a provider: in an update with made-up outputs, in a preview with inputs only."""

    def __init__(self, *, preview: bool, refuses: str | None = None) -> None:
        """`refuses`: name of a resource whose registration fails, as after a veto by a hook or a policy."""
        super().__init__(_NoMocks())
        self.refuses = refuses
        self.preview = preview
        self.recorded = Recorded()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - Pulumi calls it so
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        assert urn not in self.resources, f"registered twice: {urn}"
        if request.name == self.refuses:
            raise RuntimeError(f"{request.name} is refused")
        inputs = decode(request.object)
        self.resources[urn] = self.ResourceRegistration(urn, request.name, inputs)
        self.recorded.resources.append(_registered(request, urn, inputs))
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if self.preview:
            return resource_pb2.RegisterResourceResponse(urn=urn, id="", object=_without_unknown(request.object))
        made_up = struct_pb2.Struct()
        made_up.update(outputs(request.type, request.name, inputs))
        made_up.MergeFrom(request.object)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=f"{request.name}-id", object=made_up)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - Pulumi calls it so
        self.recorded.outputs[request.urn] = decode(request.outputs)
        return empty_pb2.Empty()

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        """Stands in for the server that the engine calls hooks on; a test calls them itself."""
        self.recorded.hooks[hook.name] = hook

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - Pulumi calls it so
        raise AssertionError(f"components call no function of a provider, but {request.tok} was called")


def outputs(kind: str, name: str, inputs: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Made-up outputs of a resource: an ARN and a name for all, and what our components read of some types."""
    hosts = [inputs.get("domainName", "api.example.com"), *inputs.get("subjectAlternativeNames", ())]
    module, _, cls = kind.rpartition(":")
    service = module.split(":")[-1].split("/")[0]
    computed: dict[str, Any] = {
        "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{cls.lower()}/{name}",
        "name": f"{name}-1a2b3c4",
    }
    of_type: dict[str, dict[str, Any]] = {
        "aws:acm/certificate:Certificate": {
            "domainValidationOptions": [
                {
                    "domainName": host,
                    "resourceRecordName": f"_{number}.{str(host).removeprefix('*.')}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": f"_{number}.acm-validations.aws.",
                }
                for number, host in enumerate(hosts, start=1)
            ]
        },
        "aws:cloudfront/distribution:Distribution": {"domainName": f"{name}.cloudfront.net"},
        "aws:cloudwatch/logGroup:LogGroup": {"arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"},
        "aws:ec2/eip:Eip": {"publicIp": "203.0.113.7"},
        "aws:ecr/repository:Repository": {"repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"},
        "aws:kms/key:Key": {"keyId": f"{name}-key-id"},
        "aws:lb/loadBalancer:LoadBalancer": {"dnsName": f"{name}.elb.amazonaws.com", "zoneId": "Z35SXDOTRQ7X7K"},
        "aws:rds/instance:Instance": {
            "address": f"{name}.rds.amazonaws.com",
            "port": 5432,
            "masterUserSecrets": [{"secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"}],
        },
        "aws:route53/record:Record": {"fqdn": f"{name}.example.com"},
        "aws:route53/zone:Zone": {"zoneId": f"{name}-zone-id", "nameServers": ["ns-1.example.net", "ns-2.example.net"]},
        "aws:rds/snapshot:Snapshot": {"dbSnapshotArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:{name}"},
        "aws:secretsmanager/secretVersion:SecretVersion": {
            "secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"
        },
        "aws:elasticache/user:User": {"arn": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:user:{name}"},
        "aws:elasticache/replicationGroup:ReplicationGroup": {
            "arn": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:{name}",
            "primaryEndpointAddress": f"master.{name}.cache.amazonaws.com",
            "readerEndpointAddress": f"replica.{name}.cache.amazonaws.com",
        },
        "gcp:cloudrunv2/service:Service": {
            "uri": f"https://{name}-1a2b3c4-uc.a.run.app",
            "trafficStatuses": [{"revision": name, "percent": 100}],
        },
        "gcp:compute/globalAddress:GlobalAddress": {"address": "203.0.113.9"},
        "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": {"uptimeCheckId": f"{name}-check"},
        "gcp:projects/serviceIdentity:ServiceIdentity": {"member": f"serviceAccount:{name}@agents.example"},
        "gcp:serviceaccount/account:Account": {
            "email": f"{name}@accounts.example",
            "member": f"serviceAccount:{name}@accounts.example",
        },
    }
    return {**computed, **of_type.get(kind, {})}


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Wire format to plain values: unknown values as `UNKNOWN`, secrets as `Secret`, resources as their URN."""
    plain: dict[str, Any] = _decode(json_format.MessageToDict(struct))
    return plain


def _decode(value: Any) -> Any:
    if value == UNKNOWN_ON_THE_WIRE:
        return UNKNOWN
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(_SIGNATURE) == _SECRET:
        return Secret(_decode(value["value"]))
    if value.get(_SIGNATURE) == _RESOURCE:
        return value["urn"]
    return {key: _decode(item) for key, item in value.items()}


def _without_unknown(struct: struct_pb2.Struct) -> struct_pb2.Struct:
    """The properties of a preview's answer; the SDK takes what is missing as unknown."""
    known = struct_pb2.Struct()
    for key, value in struct.items():
        if value != UNKNOWN_ON_THE_WIRE:
            known[key] = value
    return known


def _registered(request: Any, urn: str, inputs: Mapping[str, Any]) -> Registered:
    return Registered(
        type=request.type,
        name=request.name,
        urn=urn,
        parent=request.parent,
        inputs=inputs,
        custom=request.custom,
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete,
        dependencies=frozenset(request.dependencies),
        property_dependencies={key: frozenset(found.urns) for key, found in request.propertyDependencies.items()},
        ignore_changes=tuple(request.ignoreChanges),
        hooks={
            kind.name: tuple(getattr(request.hooks, kind.name))
            for kind in request.hooks.DESCRIPTOR.fields
            if getattr(request.hooks, kind.name)
        },
    )


class _NoMocks(Mocks):
    """`MockMonitor` wants mocks; the recorder answers itself and never asks them."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(args.token)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError(args.typ)
