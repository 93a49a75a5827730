"""The provider protocol, as far as all stand-ins answer it alike. Source: pulumi/pulumi proto/pulumi/provider.proto."""

import threading
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins import differ, naming
from sandbox.plugins.records import HalfMade, Made, Record, Values
from sandbox.plugins.replies import InitFailed, Refused, spoken
from sandbox.plugins.understood import Keys, NotASandbox
from sandbox.plugins.values import DEFAULTS, from_wire, to_wire

_Diff = provider_pb2.DiffResponse
_Kind = provider_pb2.PropertyDiff
_KINDS = {
    (kind, replaces): getattr(_Kind, f"{kind.value}_REPLACE" if replaces else kind.value)
    for kind in differ.Kind
    for replaces in (False, True)
}


class Row(Protocol):
    """A row of a provider's table, as far as the protocol needs it."""

    @property
    def made_up(self) -> naming.MadeUp: ...


R = TypeVar("R", bound=Row)
T_contra = TypeVar("T_contra", bound=Row, contravariant=True)


class Engine(Protocol[T_contra]):
    """Create, read, update and delete over a table. Raises HalfMade and what the stand-in's `refusals` say."""

    def create(self, row: T_contra, inputs: Values) -> Made: ...

    def read(self, row: T_contra, record: Record) -> Made | None: ...

    def update(self, row: T_contra, record: Record, inputs: Values) -> Made: ...

    def delete(self, row: T_contra, record: Record) -> None: ...


S = TypeVar("S")
A = TypeVar("A")
Checked = tuple[Values, list[tuple[str, str]]]


class StandIn(provider_pb2_grpc.ResourceProviderServicer, Generic[R, S]):
    """version: the one the SDK asks for. Configure must come first, except where the protocol says otherwise.

    R: the rows of the provider's table; S: what its configuration gives to work with.
    """

    keys: Keys
    functions: Collection[str]
    refusals: tuple[type[Exception], ...]

    def __init__(self, version: str, environ: Mapping[str, str]) -> None:
        self._version = version
        self._environ = environ
        self._lock = threading.Lock()
        self._setup: S | None = None

    @abstractmethod
    def rows(self) -> Mapping[str, R]:
        """The table, by type token."""

    @abstractmethod
    def set_up(self, given: Values, environ: Mapping[str, str]) -> S:
        """From the provider's configuration. Raises NotASandbox or ValueError."""

    @abstractmethod
    def engine(self, setup: S) -> Engine[R]: ...

    @abstractmethod
    def invoke(self, setup: S, token: str, args: Values) -> Values:
        """Call one of `functions`. Raises what `refusals` say."""

    @abstractmethod
    def checked(self, row: R, named: Callable[[Values], Values], olds: Values, news: Values) -> Checked:
        """The inputs as they go on record, and what is wrong with them: property and sentence."""

    @abstractmethod
    def changes(self, row: R, record: Record, news: Values) -> list[differ.Change]: ...

    @abstractmethod
    def planned(self, row: R, record: Record, news: dict[str, Any]) -> Values:
        """The outputs that an update is expected to lead to."""

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
        return _check(request.news, self.keys.problems(from_wire(request.news)))

    @spoken
    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = from_wire(request.old_inputs or request.olds), from_wire(request.news)
        diffs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return _Diff(changes=_Diff.DIFF_SOME if diffs else _Diff.DIFF_NONE, diffs=diffs)

    @spoken
    def Configure(self, request: Any, context: Any) -> Any:
        try:
            setup = self.set_up(from_wire(request.args), self._environ)
        except (NotASandbox, ValueError) as problem:
            raise Refused(str(problem)) from problem
        with self._lock:
            self._setup = setup
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @spoken
    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok not in self.functions:
            raise Refused(
                f"function {request.tok} is not known to the stand-in {self.keys.cloud} provider of the sandbox. "
                f"Known: {', '.join(sorted(self.functions))}. "
                f"Add it to sandbox/plugins/{self.keys.package}/invokes.py, or use the official provider"
            )
        setup = self.configured()
        try:
            answer = self.invoke(setup, request.tok, from_wire(request.args))
        except self.refusals as problem:
            raise Refused(f"{request.tok}: {problem}") from problem
        response = provider_pb2.InvokeResponse()
        # The field is called `return`, which is a word of Python.
        getattr(response, "return").CopyFrom(to_wire(answer))
        return response

    @spoken
    def Check(self, request: Any, context: Any) -> Any:
        row = self._row(request.urn)
        olds, news = from_wire(request.olds), from_wire(request.news)
        try:
            inputs, problems = self.checked(row, partial(row.made_up.filled_in, request, olds), olds, news)
        except NotASandbox as problem:
            raise Refused(str(problem)) from problem
        except naming.NoName as problem:
            return _check(request.news, [(row.made_up.name, str(problem))])
        return _check(to_wire(inputs), problems)

    @spoken
    def Diff(self, request: Any, context: Any) -> Any:
        row, record, news = self._row(request.urn), _record(request), from_wire(request.news)
        found = self.changes(row, record, news)
        replaces = list(dict.fromkeys(change.key for change in found if change.replaces))
        return _Diff(
            changes=_Diff.DIFF_SOME if found else _Diff.DIFF_NONE,
            diffs=list(dict.fromkeys(change.key for change in found)),
            replaces=replaces,
            detailedDiff={c.path: _Kind(kind=_KINDS[c.kind, c.replaces], inputDiff=False) for c in found},
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and row.made_up.is_taken(record.state, news),
        )

    @spoken
    def Create(self, request: Any, context: Any) -> Any:
        row, inputs = self._row(request.urn), from_wire(request.properties)
        if request.preview:
            inputs.pop(DEFAULTS, None)
            return provider_pb2.CreateResponse(properties=to_wire(inputs))
        made = self._carried_out(lambda engine: engine.create(row, inputs))
        return provider_pb2.CreateResponse(id=made.id, properties=to_wire(made.outputs))

    @spoken
    def Read(self, request: Any, context: Any) -> Any:
        row = self._row(request.urn)
        record = Record(request.id, from_wire(request.inputs), from_wire(request.properties))
        made = self._carried_out(lambda engine: engine.read(row, record))
        if made is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=made.id, properties=to_wire(made.outputs), inputs=to_wire(made.inputs))

    @spoken
    def Update(self, request: Any, context: Any) -> Any:
        row, record, news = self._row(request.urn), _record(request), from_wire(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_wire(self.planned(row, record, news)))
        made = self._carried_out(lambda engine: engine.update(row, record, news))
        return provider_pb2.UpdateResponse(properties=to_wire(made.outputs))

    @spoken
    def Delete(self, request: Any, context: Any) -> Any:
        row, state = self._row(request.urn), from_wire(request.properties)
        record = Record(request.id, from_wire(request.old_inputs) or state, state)
        self._carried_out(lambda engine: engine.delete(row, record))
        return empty_pb2.Empty()

    def configured(self) -> S:
        """Raises Refused before Configure."""
        with self._lock:
            if self._setup is None:
                raise Refused(f"the stand-in {self.keys.cloud} provider was used before it was configured")
            return self._setup

    def _carried_out(self, operation: Callable[[Engine[R]], A]) -> A:
        engine = self.engine(self.configured())
        try:
            return operation(engine)
        except HalfMade as half:
            raise InitFailed(half.made.id, half.made.outputs, half.made.inputs, str(half)) from half
        except self.refusals as refused:
            raise Refused(str(refused)) from refused

    def _row(self, urn: str) -> R:
        # urn:pulumi:<stack>::<project>::<parent types$>type::name
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        known = self.rows()
        if token not in known:
            raise Refused(
                f"resource type {token} is not known to the stand-in {self.keys.cloud} provider of the sandbox. "
                f"Add a row for it in sandbox/plugins/{self.keys.package}/tables, or use the official provider. "
                f"Known: {', '.join(sorted(known))}"
            )
        return known[token]


def _record(request: Any) -> Record:
    return Record(request.id, from_wire(request.old_inputs), from_wire(request.olds))


def _check(inputs: Any, problems: list[tuple[str, str]]) -> Any:
    failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in problems]
    return provider_pb2.CheckResponse(inputs=inputs, failures=failures)
