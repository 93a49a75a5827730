"""The provider protocol over the table. Source: pulumi/pulumi proto/pulumi/provider.proto."""

import os
import threading
from collections.abc import Mapping
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins import differ, naming
from sandbox.plugins.gcp import configuration
from sandbox.plugins.gcp.codecs import with_defaults
from sandbox.plugins.gcp.configuration import Configuration, NotASandbox
from sandbox.plugins.gcp.engine import Engine, HalfDone, Protected, Record
from sandbox.plugins.gcp.invokes import INVOKES, UnknownArgument
from sandbox.plugins.gcp.rest import CloudError, Google
from sandbox.plugins.gcp.rows import Row
from sandbox.plugins.gcp.tables import rows
from sandbox.plugins.replies import InitFailed, Refused, spoken
from sandbox.plugins.values import DEFAULTS, contains_unknown, from_wire, to_wire

_Diff = provider_pb2.DiffResponse
_Kind = provider_pb2.PropertyDiff
_KINDS = {
    (kind, replaces): getattr(_Kind, f"{kind.value}_REPLACE" if replaces else kind.value)
    for kind in differ.Kind
    for replaces in (False, True)
}
_REFUSALS = (CloudError, NotASandbox, Protected, UnknownArgument)


class GcpStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """version: the one the SDK asks for. Configure must come first, except where the protocol says otherwise."""

    def __init__(self, version: str, environ: Mapping[str, str] | None = None) -> None:
        self._version = version
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._config: Configuration | None = None

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
        with self._lock:
            self._config = config
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @spoken
    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok not in INVOKES:
            raise Refused(
                f"function {request.tok} is not known to the stand-in Google provider of the sandbox. "
                f"Known: {', '.join(sorted(INVOKES))}. "
                "Add it to sandbox/plugins/gcp/invokes.py, or use the official provider"
            )
        config = self._configured()
        try:
            answer = INVOKES[request.tok](Google(config), config, from_wire(request.args))
        except _REFUSALS as problem:
            raise Refused(f"{request.tok}: {problem}") from problem
        response = provider_pb2.InvokeResponse()
        # The field is called `return`, which is a word of Python.
        getattr(response, "return").CopyFrom(to_wire(answer))
        return response

    @spoken
    def Check(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        olds, news = from_wire(request.olds), from_wire(request.news)
        try:
            self._configured().endpoint(row.api)
            inputs = with_defaults(row.fields, _named(row, request, olds, news))
        except NotASandbox as problem:
            raise Refused(str(problem)) from problem
        except naming.NoName as problem:
            return provider_pb2.CheckResponse(inputs=request.news, failures=[_failure(row.auto, str(problem))])
        failures = [_failure(*problem) for problem in row.problems(inputs)]
        return provider_pb2.CheckResponse(inputs=to_wire(inputs), failures=failures)

    @spoken
    def Diff(self, request: Any, context: Any) -> Any:
        row, news = _row(request.urn), from_wire(request.news)
        found = self._engine().changes(row, _record(request), news)
        replaces = list(dict.fromkeys(change.key for change in found if change.replaces))
        return _Diff(
            changes=_Diff.DIFF_SOME if found else _Diff.DIFF_NONE,
            diffs=list(dict.fromkeys(change.key for change in found)),
            replaces=replaces,
            detailedDiff={c.path: _Kind(kind=_KINDS[c.kind, c.replaces], inputDiff=False) for c in found},
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and _name_is_taken(row, from_wire(request.olds), news),
        )

    @spoken
    def Create(self, request: Any, context: Any) -> Any:
        row, inputs = _row(request.urn), from_wire(request.properties)
        if request.preview:
            inputs.pop(DEFAULTS, None)
            return provider_pb2.CreateResponse(properties=to_wire(inputs))
        try:
            made = self._engine().create(row, inputs)
        except HalfDone as half:
            raise _init_failed(half) from half
        except _REFUSALS as refused:
            raise Refused(str(refused)) from refused
        return provider_pb2.CreateResponse(id=made.id, properties=to_wire(made.outputs))

    @spoken
    def Read(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        record = Record(request.id, from_wire(request.inputs), from_wire(request.properties))
        try:
            made = self._engine().read(row, record)
        except _REFUSALS as refused:
            raise Refused(str(refused)) from refused
        if made is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=made.id, properties=to_wire(made.outputs), inputs=to_wire(made.inputs))

    @spoken
    def Update(self, request: Any, context: Any) -> Any:
        row, record, news = _row(request.urn), _record(request), from_wire(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_wire(row.planned(news, record.state)))
        try:
            made = self._engine().update(row, record, news)
        except HalfDone as half:
            raise _init_failed(half) from half
        except _REFUSALS as refused:
            raise Refused(str(refused)) from refused
        return provider_pb2.UpdateResponse(properties=to_wire(made.outputs))

    @spoken
    def Delete(self, request: Any, context: Any) -> Any:
        row, state = _row(request.urn), from_wire(request.properties)
        try:
            self._engine().delete(row, Record(request.id, from_wire(request.old_inputs) or state, state))
        except _REFUSALS as refused:
            raise Refused(str(refused)) from refused
        return empty_pb2.Empty()

    def _configured(self) -> Configuration:
        with self._lock:
            if self._config is None:
                raise Refused("the stand-in Google provider was used before it was configured")
            return self._config

    def _engine(self) -> Engine:
        config = self._configured()
        return Engine(Google(config), config)


def _record(request: Any) -> Record:
    return Record(request.id, from_wire(request.old_inputs), from_wire(request.olds))


def _row(urn: str) -> Row:
    # urn:pulumi:<stack>::<project>::<parent types$>type::name
    token = urn.split("::")[2].rsplit("$", 1)[-1]
    known = rows()
    if token not in known:
        raise Refused(
            f"resource type {token} is not known to the stand-in Google provider of the sandbox. "
            "Add a row for it in sandbox/plugins/gcp/tables, or use the official provider. "
            f"Known: {', '.join(sorted(known))}"
        )
    return known[token]


def _named(row: Row, request: Any, olds: Mapping[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the name that the provider makes up, which stays what it was."""
    if not row.auto or row.auto in news:
        return news
    options = request.autonaming if request.HasField("autonaming") else None
    if row.auto in olds.get(DEFAULTS, ()):
        name = olds[row.auto]
    elif options is not None and options.mode == type(options).Mode.DISABLE:
        raise naming.NoName(f"autonaming is off, so {row.token} needs a {row.auto!r}")
    elif options is not None and options.proposed_name:
        name = options.proposed_name
    else:
        name = naming.autoname(request.urn.rsplit("::", 1)[-1], request.randomSeed, row.longest)
    return {**news, row.auto: name, DEFAULTS: [row.auto]}


def _name_is_taken(row: Row, state: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """A second resource of a name given by the program cannot exist beside the first."""
    if not row.auto or row.auto in news.get(DEFAULTS, ()) or contains_unknown(news.get(row.auto)):
        return False
    return bool(news.get(row.auto) == state.get(row.auto))


def _failure(name: str, reason: str) -> Any:
    return provider_pb2.CheckFailure(property=name, reason=reason)


def _init_failed(half: HalfDone) -> InitFailed:
    return InitFailed(half.made.id, half.made.outputs, half.made.inputs, str(half))
