"""Runs the program of a stack from update to update, with a recorder that plays engine, backend and cloud.

As the engine does, it calls the hooks of a resource before it is created or updated, gives the program its own last
outputs when it asks for them, leaves inputs alone whose changes are to be ignored, and keeps the old outputs when an
update fails. What the cloud makes of it is in `played_clouds`.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import grpc
import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2

from headgate.settings import Settings
from headgate.traffic.port import TrafficPort
from stacks.configuration import Details
from stacks.greenflow_settings import GreenflowSettings
from tests.support import stack_files
from tests.support.drive import run
from tests.support.fake_traffic import FakeTraffic
from tests.support.hooks import call_hook
from tests.support.mocks import ACCOUNT, UNKNOWN, Recorded, Recorder, Secret, decode
from tests.support.played_clouds import CLOUDS, Amazon, PlayedCloud, is_carrier

IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"
OUTPUTS = "pulumi:pulumi:readStackOutputs"
PREFIX_LIST = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
CONFIG = {"aws:region": "us-east-1", "gcp:project": "unit-project", "gcp:region": "us-central1"}


@dataclass
class FixedClock:
    """A clock that a test moves."""

    time: int

    def now(self) -> int:
        return self.time


class BackendError(grpc.RpcError):  # type: ignore[misc]
    """As the engine says that an invoke failed."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class StackRecorder(Recorder):
    """A `Recorder` of one update or preview of a whole stack."""

    def __init__(
        self,
        *,
        preview: bool,
        last_outputs: Mapping[str, Any] = MappingProxyType({}),
        before: Recorded | None = None,
        wire: Mapping[str, struct_pb2.Struct] = MappingProxyType({}),
        cloud: PlayedCloud | None = None,
        backend_errors: Sequence[str] = (),
    ) -> None:
        """`before`: what the last update registered, and `wire` its inputs by URN as they were sent.

        `backend_errors`: the first readings of the outputs fail so.
        """
        super().__init__(preview=preview)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.called: list[tuple[str, str]] = []
        self.asked_for: list[str] = []
        self.wire: dict[str, struct_pb2.Struct] = {}
        self._last_outputs = last_outputs
        self._before = {each.urn: each for each in before.resources} if before else {}
        self._wire_before = wire
        self._cloud = cloud or Amazon()
        self._backend_errors = list(backend_errors)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - Pulumi calls it so
        answers = {IDENTITY: self._identity, OUTPUTS: self._own_outputs, PREFIX_LIST: self._prefix_list}
        if request.tok not in answers:
            return super().Invoke(request)
        found = struct_pb2.Struct()
        found.update(answers[request.tok](dict(request.args)))
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(found)
        return response

    def _identity(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": ACCOUNT, "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/unit", "userId": "unit"}

    def _prefix_list(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": f"pl-{args['name']}", "name": args["name"]}

    def _own_outputs(self, args: Mapping[str, Any]) -> dict[str, Any]:
        assert not self.recorded.resources, "the record is read after something was registered"
        self.asked_for.append(args["name"])
        if self._backend_errors:
            raise BackendError(self._backend_errors.pop(0))
        return {"name": args["name"], "outputs": dict(self._last_outputs)}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - Pulumi calls it so
        urn = self.make_urn(request.parent, request.type, request.name)
        self._ignore_changes(request, urn)
        inputs = decode(request.object)
        operation = self._operation(urn, inputs)
        if operation:
            self._call_hooks(request, urn, operation)
        response = super().RegisterResource(request)
        self.wire[urn] = request.object
        if operation and not self.preview and is_carrier(inputs):
            self._cloud.write_carrier(inputs)
        return response

    def _ignore_changes(self, request: Any, urn: str) -> None:
        """Inputs whose changes are to be ignored stay as they were; on a create there is nothing to keep."""
        before = self._wire_before.get(urn)
        for path in request.ignoreChanges if before is not None and urn in self._before else ():
            assert "[" not in path, f"only plain paths are played, not {path}"
            *parents, last = path.split(".")
            old, new = before, request.object
            for parent in parents:
                old, new = old.fields[parent].struct_value, new.fields[parent].struct_value
            new.fields[last].CopyFrom(old.fields[last])

    def _operation(self, urn: str, inputs: Mapping[str, Any]) -> str:
        before = self._before.get(urn)
        if before is None:
            return "before_create"
        return "before_update" if inputs != before.inputs else ""

    def _call_hooks(self, request: Any, urn: str, operation: str) -> None:
        for name in getattr(request.hooks, operation):
            hook = self.recorded.hooks[name]
            if self.preview and not (hook.opts and hook.opts.on_dry_run):
                continue
            self.called.append((name, request.name))
            # On the program's event loop, as the SDK does; this method runs on another thread.
            old = self._wire_before.get(urn) if operation == "before_update" else None
            call = call_hook(hook, urn, request.name, request.type, request.object, old=old)
            assert self.loop is not None
            asyncio.run_coroutine_threadsafe(call, self.loop).result(timeout=60)


class RefusedRollout(StackRecorder):
    """Refuses the rollout, as the policy pack does."""

    def __init__(self, played: PlayedCloud) -> None:
        super().__init__(preview=False, cloud=played)
        self.refuses = "rollout"


@dataclass
class Outcome:
    """What one run of the program registered, exported and called."""

    recorded: Recorded
    outputs: dict[str, Any]
    hooks_called: list[tuple[str, str]]


@dataclass
class Failure:
    """What ended a run, and what it had registered by then."""

    kind: type[Exception]
    message: str
    recorded: Recorded


@dataclass
class Stack:
    """One stack through its updates: its last outputs, its last resources, and the cloud.

    `details`: what only this kind of system says, when it is not what the committed file of the stack says.
    """

    played: PlayedCloud = field(default_factory=Amazon)
    clock: FixedClock = field(default_factory=lambda: FixedClock(stack_files.START))
    outputs: dict[str, Any] = field(default_factory=dict)
    recorded: Recorded | None = None
    wire: Mapping[str, struct_pb2.Struct] = field(default_factory=dict)
    details: Details | None = None

    @classmethod
    def of(cls, name: str) -> "Stack":
        """The stack `name`, of whichever system, before its first update."""
        return cls(CLOUDS[name.partition("-")[0]]())

    @property
    def cloud(self) -> FakeTraffic:
        """The cloud as the traffic port shows it."""
        return self.played.traffic

    def copy(self) -> "Stack":
        """A stack in the same place, to go on from independently."""
        recorded = replace(self.recorded, resources=list(self.recorded.resources)) if self.recorded else None
        clock = FixedClock(self.clock.time)
        return Stack(self.played.copy(), clock, self.outputs, recorded, dict(self.wire), self.details)

    def preview(self, settings: Settings) -> Outcome:
        """Runs the program as a preview. Raises what the program raises."""
        return self.run(settings, self._recorder(preview=True))

    def up(self, settings: Settings) -> Outcome:
        """Runs the program as an update. When it fails, it raises and the outputs stay as they were."""
        recorder = self._recorder(preview=False)
        try:
            outcome = self.run(settings, recorder)
        finally:
            self.played.finish(recorder.recorded)
        self.outputs, self.recorded, self.wire = _through_the_wire(outcome.outputs), outcome.recorded, recorder.wire
        return outcome

    def attempt(self, settings: Settings, *, preview: bool = False, backend_errors: Sequence[str] = ()) -> Failure:
        """A run that must fail. The outputs stay as they were."""
        recorder = self._recorder(preview=preview, backend_errors=backend_errors)
        try:
            self.run(settings, recorder)
        except Exception as error:  # noqa: BLE001 - which error it is, the caller asserts
            return Failure(type(error), str(error), recorder.recorded)
        raise AssertionError("the run did not fail")

    def _recorder(self, *, preview: bool, backend_errors: Sequence[str] = ()) -> StackRecorder:
        return StackRecorder(
            preview=preview,
            last_outputs=self.outputs,
            before=self.recorded,
            wire=self.wire,
            cloud=self.played,
            backend_errors=backend_errors,
        )

    def run(self, settings: Settings, recorder: StackRecorder) -> Outcome:
        """One run with a recorder of the caller's; nothing is kept of it. Raises what the program raises."""
        exported: dict[str, Any] = {}

        def export(name: str, value: pulumi.Input[Any]) -> None:
            pulumi.Output.from_input(value).apply(lambda plain: exported.__setitem__(name, plain))

        def program() -> None:
            recorder.loop = asyncio.get_running_loop()
            pulumi.runtime.set_all_config(CONFIG)
            for name, value in self._build(settings).items():
                export(name, value)

        run(program, recorder)
        return Outcome(recorder.recorded, exported, recorder.called)

    def _build(self, settings: Settings) -> Mapping[str, pulumi.Input[Any]]:
        """The module of the system, with edges of ours. Imported here: each brings the SDK of its cloud."""
        details = self.details or stack_files.configured(settings.name).details
        port: TrafficPort = self.cloud
        if isinstance(details, GreenflowSettings):
            from stacks import greenflow

            return greenflow.build(settings, details, self.clock, port)
        from stacks import ion

        return ion.build(settings, details, self.clock, port)


def _through_the_wire(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs as Pulumi stores them."""
    plain: dict[str, Any] = json.loads(json.dumps(outputs))
    return plain


def component(recorded: Recorded, name: str) -> str:
    """URN of the component with this logical name."""
    return next(each.urn for each in recorded.resources if not each.custom and each.name == name)


def not_plain(value: Any, where: str = "") -> Iterator[str]:
    """Paths of everything in `value` that is unknown or secret."""
    if value is UNKNOWN or isinstance(value, Secret):
        yield where
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from not_plain(each, f"{where}.{key}")
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from not_plain(each, f"{where}[{position}]")
