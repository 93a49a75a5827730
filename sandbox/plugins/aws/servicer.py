"""The provider protocol over the table. Source: pulumi/pulumi proto/pulumi/provider.proto."""

import threading
from collections.abc import Mapping
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins import differ, naming
from sandbox.plugins.aws import configuration, models
from sandbox.plugins.aws.clients import Clients, CloudError, NotASandbox, environment
from sandbox.plugins.aws.engine import Engine, HalfMade, Made, Record, calls_of_create, calls_of_update
from sandbox.plugins.aws.invokes import INVOKES, UnknownArgument
from sandbox.plugins.aws.recordonly import with_records
from sandbox.plugins.aws.rows import Row, Unremovable
from sandbox.plugins.aws.tables import rows
from sandbox.plugins.replies import InitFailed, Refused, spoken
from sandbox.plugins.values import DEFAULTS, contains_unknown, from_wire, to_wire

_Diff = provider_pb2.DiffResponse
_Kind = provider_pb2.PropertyDiff
_KINDS = {
    (kind, replaces): getattr(_Kind, f"{kind.value}_REPLACE" if replaces else kind.value)
    for kind in differ.Kind
    for replaces in (False, True)
}


class AwsStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """version: the one the SDK asks for. Configure must come first, except where the protocol says otherwise."""

    def __init__(self, version: str, environ: Mapping[str, str] | None = None) -> None:
        self._version = version
        self._environ = environment() if environ is None else environ
        self._lock = threading.Lock()
        self._clients: Clients | None = None
        self._engine: Engine | None = None

    @spoken
    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    @spoken
    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    @spoken
    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @spoken
    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @spoken
    def CheckConfig(self, request: Any, context: Any) -> Any:
        failures = [_failure(*problem) for problem in configuration.problems(from_wire(request.news))]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @spoken
    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = from_wire(request.old_inputs or request.olds), from_wire(request.news)
        diffs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return _Diff(changes=_Diff.DIFF_SOME if diffs else _Diff.DIFF_NONE, diffs=diffs)

    @spoken
    def Configure(self, request: Any, context: Any) -> Any:
        try:
            config = configuration.read(from_wire(request.args), self._environ)
        except (NotASandbox, ValueError) as problem:
            raise Refused(str(problem)) from problem
        clients = Clients(config.endpoint, config.region)
        with self._lock:
            self._clients = clients
            self._engine = Engine(with_records(clients.call), config.region, configuration.ACCOUNT)
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @spoken
    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok not in INVOKES:
            raise Refused(
                f"function {request.tok} is not known to the stand-in AWS provider of the sandbox. "
                f"Known: {', '.join(sorted(INVOKES))}. "
                "Add it to sandbox/plugins/aws/invokes.py, or use the official provider"
            )
        clients, _ = self._configured()
        try:
            answer = INVOKES[request.tok](clients, from_wire(request.args))
        except (CloudError, UnknownArgument) as problem:
            raise Refused(f"{request.tok}: {problem}") from problem
        response = provider_pb2.InvokeResponse()
        # The field is called `return`, which is a word of Python.
        getattr(response, "return").CopyFrom(to_wire(answer))
        return response

    @spoken
    def Check(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        olds, news = from_wire(request.olds), from_wire(request.news)
        failures = [_failure(*problem) for problem in row.problems(news)]
        if failures:
            return provider_pb2.CheckResponse(inputs=request.news, failures=failures)
        try:
            inputs = _named(row, request, olds, news)
        except naming.NoName as problem:
            return provider_pb2.CheckResponse(inputs=request.news, failures=[_failure(row.name, str(problem))])
        # What the last run took needs no second look: loading the API models would be most of the time
        # of a run that changes nothing.
        if inputs != olds:
            failures = [_failure("", problem) for problem in _invalid(row, inputs, olds)]
        return provider_pb2.CheckResponse(inputs=to_wire(inputs), failures=failures)

    @spoken
    def Diff(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        old, state, news = from_wire(request.old_inputs), from_wire(request.olds), from_wire(request.news)
        found = differ.changes(old, state, news, force_new=row.force_new, same=row.same)
        replaces = list(dict.fromkeys(change.key for change in found if change.replaces))
        detailed = {c.path: _Kind(kind=_KINDS[c.kind, c.replaces], inputDiff=False) for c in found}
        return _Diff(
            changes=_Diff.DIFF_SOME if found else _Diff.DIFF_NONE,
            diffs=list(dict.fromkeys(change.key for change in found)),
            replaces=replaces,
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and _name_is_taken(row, state, news),
        )

    @spoken
    def Create(self, request: Any, context: Any) -> Any:
        row, inputs = _row(request.urn), from_wire(request.properties)
        if request.preview:
            inputs.pop(DEFAULTS, None)
            return provider_pb2.CreateResponse(properties=to_wire(inputs))
        _, engine = self._configured()
        try:
            made = engine.create(row, inputs)
        except HalfMade as half:
            raise _init_failed(half.made, half) from half
        except CloudError as refused:
            raise Refused(str(refused)) from refused
        return provider_pb2.CreateResponse(id=made.id, properties=to_wire(made.outputs))

    @spoken
    def Read(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        _, engine = self._configured()
        try:
            made = engine.read(row, Record(request.id, from_wire(request.inputs), from_wire(request.properties)))
        except CloudError as refused:
            raise Refused(str(refused)) from refused
        if made is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=made.id, properties=to_wire(made.outputs), inputs=to_wire(made.inputs))

    @spoken
    def Update(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        old, state, news = from_wire(request.old_inputs), from_wire(request.olds), from_wire(request.news)
        if request.preview:
            kept = {key: value for key, value in state.items() if key not in old or key in news}
            news.pop(DEFAULTS, None)
            return provider_pb2.UpdateResponse(properties=to_wire({**kept, **news}))
        changed = frozenset(change.key for change in differ.changes(old, state, news, same=row.same))
        _, engine = self._configured()
        try:
            made = engine.update(row, Record(request.id, old, state), news, changed)
        except (CloudError, Unremovable) as refused:
            raise Refused(str(refused)) from refused
        return provider_pb2.UpdateResponse(properties=to_wire(made.outputs))

    @spoken
    def Delete(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        state = from_wire(request.properties)
        _, engine = self._configured()
        try:
            engine.delete(row, Record(request.id, from_wire(request.old_inputs) or state, state))
        except CloudError as refused:
            raise Refused(f"{row.token} {request.id}: {refused}") from refused
        return empty_pb2.Empty()

    def _configured(self) -> tuple[Clients, Engine]:
        with self._lock:
            if self._clients is None or self._engine is None:
                raise Refused("the stand-in AWS provider was used before it was configured")
            return self._clients, self._engine


def _row(urn: str) -> Row:
    # urn:pulumi:<stack>::<project>::<parent types$>type::name
    token = urn.split("::")[2].rsplit("$", 1)[-1]
    known = rows()
    if token not in known:
        raise Refused(
            f"resource type {token} is not known to the stand-in AWS provider of the sandbox. "
            "Add a row for it in sandbox/plugins/aws/tables, or use the official provider. "
            f"Known: {', '.join(sorted(known))}"
        )
    return known[token]


def _named(row: Row, request: Any, olds: Mapping[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the name that the provider makes up, which stays what it was."""
    if not row.name or row.name in news:
        return news
    made_before = row.name in olds.get(DEFAULTS, ())
    options = request.autonaming if request.HasField("autonaming") else None
    if made_before:
        name = olds[row.name]
    elif options is not None and options.mode == type(options).Mode.DISABLE:
        raise naming.NoName(f"autonaming is off, so {row.token} needs a {row.name!r}")
    elif options is not None and options.proposed_name:
        name = options.proposed_name
    else:
        name = naming.autoname(request.urn.rsplit("::", 1)[-1], request.randomSeed, row.name_max)
    return {**news, row.name: name, DEFAULTS: [row.name]}


def _invalid(row: Row, inputs: Mapping[str, Any], olds: Mapping[str, Any]) -> list[str]:
    """What botocore has against the calls that these inputs lead to."""
    found = [problem for call in calls_of_create(row, inputs) for problem in models.problems(row.service, call)]
    changed = frozenset(change.key for change in differ.changes(olds, {}, inputs, same=row.same))
    if olds and not found and not changed & row.force_new:
        try:
            calls = calls_of_update(row, inputs, olds, changed)
        except Unremovable as problem:
            return [str(problem)]
        found = [problem for call in calls for problem in models.problems(row.service, call)]
    return found


def _name_is_taken(row: Row, state: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """A second resource of a name given by the program cannot exist beside the first."""
    if not row.name or row.name in news.get(DEFAULTS, ()) or contains_unknown(news.get(row.name)):
        return False
    return bool(news.get(row.name) == state.get(row.name))


def _failure(name: str, reason: str) -> Any:
    return provider_pb2.CheckFailure(property=name, reason=reason)


def _init_failed(made: Made, reason: Exception) -> InitFailed:
    return InitFailed(made.id, made.outputs, made.inputs, str(reason))
