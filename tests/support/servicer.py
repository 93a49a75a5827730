"""The policy pack behind the SDK's real servicer: requests as the engine sends them in, diagnostics out.

The only module that builds the pack's server side by hand; `AnalyzeRequest` and its kin are the engine's own messages.
Plain dicts given to a rule would hide what the SDK does to values: floats, proxies, unknowns, unwrapped secrets.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies import pack
from policies.dispatch import Dispatcher
from policies.session import Session

UNKNOWN = UNKNOWN_STRING_VALUE
"""How the engine writes a value that is not known yet."""
STACK = "greenflow-production"
NOW = 1_767_225_600  # 2026-01-01 00:00:00 UTC

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_LEVELS = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory", proto.DISABLED: "disabled"}
_NUMBERS = {name: number for number, name in _LEVELS.items()}


def secret(value: object) -> dict[str, object]:
    """`value` marked secret, as the engine writes it."""
    return {_SIGNATURE: _SECRET, "value": value}


@dataclass(frozen=True)
class Diagnostic:
    """One line of the CLI's policy report."""

    policy: str
    level: str
    message: str
    urn: str

    @property
    def deferred(self) -> bool:
        return "not known yet" in self.message and self.message.startswith("can't run policy")


@dataclass
class FixedSession(Session):
    """A session whose clocks stand still."""

    moment: int = NOW

    def now(self) -> int:
        return self.moment

    def calendar(self) -> int:
        return self.moment


@dataclass(frozen=True)
class Declared:
    """A resource of a stack. `depends`: input -> names of the resources it comes from."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignore_changes: Sequence[str] = ()
    provider: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    protect: bool = False

    @property
    def urn(self) -> str:
        return urn(self.type, self.name)


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:{STACK}::headgate::{token}::{name}"


class Pack:
    """The pack as the engine has it after loading: handshake, stack configuration, information, configuration."""

    def __init__(
        self,
        environment: str | None = "production",
        *,
        stack: str | None = None,
        config: Mapping[str, Any] | None = None,
        policy_config: Mapping[str, Any] | None = None,
        moment: int = NOW,
        session: Session | None = None,
    ) -> None:
        """`config`: stack configuration. `policy_config`: content of a --policy-pack-config file."""
        self.session = session or FixedSession(moment=moment)
        rules = {rule.id: rule for rule in pack.rules(self.session)}
        policies = pack.policies(self.session)
        self.dispatcher = Dispatcher(
            self.session, rules, pack.NAME, "0.0.1", policies, EnforcementLevel.MANDATORY, None, *[None] * 6
        )
        given = dict(config or {})
        if environment is not None:
            given["headgate:environment"] = environment
        name = stack or f"greenflow-{environment or 'production'}"
        self._stack = proto.AnalyzerStackConfigureRequest(stack=name, config=given)
        self._policy_config = policy_config or {}
        self.open()

    def open(self) -> None:
        """Begins a run, at the session's time, as the engine does."""
        self.dispatcher.ConfigureStack(self._stack, None)
        self.info = self.dispatcher.GetAnalyzerInfo(None, None)
        self.dispatcher.Configure(self._reconciled(self._policy_config), None)

    def _reconciled(self, given: Mapping[str, Any]) -> Any:
        """As the engine reconciles: defaults of the schema, the pack's initial configuration, the file's."""
        request = proto.ConfigureAnalyzerRequest()
        for policy in self.info.policies:
            entry = request.policyConfig[policy.name]
            entry.enforcementLevel = policy.enforcementLevel
            for key, schema in policy.configSchema.properties.items():
                if "default" in schema:
                    entry.properties[key] = schema["default"]
        for name, initial in self.info.initialConfig.items():
            request.policyConfig[name].enforcementLevel = initial.enforcementLevel
            request.policyConfig[name].properties.MergeFrom(initial.properties)
        for name, written in given.items():
            entry = request.policyConfig[name]
            fields = {"enforcementLevel": written} if isinstance(written, str) else dict(written)
            if level := fields.pop("enforcementLevel", None):
                entry.enforcementLevel = _NUMBERS[level]
            entry.properties.update(fields)
        return request

    def analyze(self, resource: Declared) -> list[Diagnostic]:
        """What the pack says of one resource, before it is changed."""
        request = proto.AnalyzeRequest(
            type=resource.type,
            urn=resource.urn,
            name=resource.name,
            properties=_struct(resource.inputs),
            options=_options(resource),
            provider=_provider(resource),
        )
        return _diagnostics(self.dispatcher.Analyze(request, None))

    def analyze_stack(self, resources: Iterable[Declared]) -> list[Diagnostic]:
        """What the pack says of a whole stack. Components arrive with their outputs, as the engine sends them."""
        listed = list(resources)
        by_name = {each.name: each.urn for each in listed}
        request = proto.AnalyzeStackRequest()
        for resource in listed:
            added = request.resources.add(
                type=resource.type,
                urn=resource.urn,
                name=resource.name,
                properties=_struct(resource.inputs if resource.outputs is None else resource.outputs),
                options=_options(resource),
            )
            for key, names in resource.depends.items():
                added.propertyDependencies[key].urns.extend(by_name[name] for name in names)
        return _diagnostics(self.dispatcher.AnalyzeStack(request, None))

    def run(self, resources: Sequence[Declared]) -> list[Diagnostic]:
        """A whole run: each resource in turn, then the stack."""
        found = [diagnostic for each in resources for diagnostic in self.analyze(each)]
        return [*found, *self.analyze_stack(resources)]

    def level(self, policy: str) -> str:
        """The level at which the engine shows `policy`, from the environment's configuration."""
        initial = self.info.initialConfig
        own = next(each.enforcementLevel for each in self.info.policies if each.name == policy)
        return _LEVELS[initial[policy].enforcementLevel if policy in initial else own]


def of(diagnostics: Iterable[Diagnostic], policy: str) -> list[Diagnostic]:
    """Those of one policy."""
    return [each for each in diagnostics if each.policy == policy]


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _options(resource: Declared) -> Any:
    return proto.AnalyzerResourceOptions(ignoreChanges=resource.ignore_changes, protect=resource.protect)


def _provider(resource: Declared) -> Any:
    if resource.provider is None:
        return None
    return proto.AnalyzerProviderResource(
        type="pulumi:providers:aws",
        urn=urn("pulumi:providers:aws", "default"),
        name="default",
        properties=_struct(resource.provider),
    )


def _diagnostics(response: Any) -> list[Diagnostic]:
    return [
        Diagnostic(each.policyName, _LEVELS[each.enforcementLevel], each.message, each.urn)
        for each in response.diagnostics
    ]
