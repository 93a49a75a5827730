"""Runs the program of a stack from update to update, with a recorder that plays engine, backend and cloud.

As the engine does, it calls the hooks of a resource before it is created or updated, gives the program its own last
outputs when it asks for them, and keeps the old ones when an update fails. The split takes effect when the traffic
listener is written.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2

from headgate.report import Live
from headgate.settings import Settings
from headgate.traffic.port import Reading, TrafficPort
from stacks import greenflow
from tests.support.drive import run
from tests.support.fake_traffic import FakeTraffic
from tests.support.hooks import call_hook
from tests.support.mocks import ACCOUNT, Recorded, Recorder, decode

IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"
OUTPUTS = "pulumi:pulumi:readStackOutputs"
CONFIG = {"aws:region": "us-east-1"}


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
        last_outputs: Mapping[str, Any],
        before: Recorded | None,
        cloud: FakeTraffic,
        backend_errors: Sequence[str] = (),
    ) -> None:
        """`before`: what the last update registered. `backend_errors`: the first readings of the outputs fail so."""
        super().__init__(preview=preview)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.called: list[tuple[str, str]] = []
        self.asked_for: list[str] = []
        self._last_outputs = last_outputs
        self._before = {each.urn: each for each in before.resources} if before else {}
        self._cloud = cloud
        self._backend_errors = list(backend_errors)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - Pulumi calls it so
        answers = {IDENTITY: self._identity, OUTPUTS: self._own_outputs}
        if request.tok not in answers:
            return super().Invoke(request)
        found = struct_pb2.Struct()
        found.update(answers[request.tok](dict(request.args)))
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(found)
        return response

    def _identity(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": ACCOUNT, "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/unit", "userId": "unit"}

    def _own_outputs(self, args: Mapping[str, Any]) -> dict[str, Any]:
        assert not self.recorded.resources, "the record is read after something was registered"
        self.asked_for.append(args["name"])
        if self._backend_errors:
            raise BackendError(self._backend_errors.pop(0))
        return {"name": args["name"], "outputs": self._last_outputs}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - Pulumi calls it so
        inputs = decode(request.object)
        urn = self.make_urn(request.parent, request.type, request.name)
        operation = self._operation(urn, inputs)
        if operation:
            self._call_hooks(request, urn, operation)
        response = super().RegisterResource(request)
        if operation and not self.preview and inputs.get("tags", {}).get("headgate-role") == "traffic":
            self._route(inputs["defaultActions"][0]["forward"]["targetGroups"])
        return response

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
            call = call_hook(hook, urn, request.name, request.type, request.object)
            assert self.loop is not None
            asyncio.run_coroutine_threadsafe(call, self.loop).result(timeout=60)

    def _route(self, groups: list[Mapping[str, Any]]) -> None:
        split = {group["arn"].rpartition("-")[2]: int(group["weight"]) for group in groups}
        live = self._cloud.live
        if not live.exists:
            self._cloud.live = replace(live, exists=True, split=split)
        elif not self._cloud.lost:
            self._cloud.live = replace(live, split=split)


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
    """One stack through its updates: its last outputs, its last resources, and the cloud."""

    cloud: FakeTraffic = field(default_factory=FakeTraffic)
    clock: FixedClock = field(default_factory=lambda: FixedClock(1_767_225_600))  # 2026-01-01 00:00:00 UTC
    outputs: dict[str, Any] = field(default_factory=dict)
    recorded: Recorded | None = None

    def copy(self) -> "Stack":
        """A stack in the same place, to go on from independently."""
        recorded = replace(self.recorded, resources=list(self.recorded.resources)) if self.recorded else None
        return Stack(replace(self.cloud), FixedClock(self.clock.time), self.outputs, recorded)

    def preview(self, settings: Settings) -> Outcome:
        """Runs the program as a preview. Raises what the program raises."""
        return self.run(settings, self._recorder(preview=True))

    def up(self, settings: Settings) -> Outcome:
        """Runs the program as an update. When it fails, it raises and the outputs stay as they were."""
        recorder = self._recorder(preview=False)
        try:
            outcome = self.run(settings, recorder)
        finally:
            self._deploy(recorder.recorded)
        self.outputs, self.recorded = _through_the_wire(outcome.outputs), outcome.recorded
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
            cloud=self.cloud,
            backend_errors=backend_errors,
        )

    def run(self, settings: Settings, recorder: StackRecorder) -> Outcome:
        """One run with a recorder of the caller's; nothing is kept of it. Raises what the program raises."""
        exported: dict[str, Any] = {}
        port: TrafficPort = self.cloud

        def export(name: str, value: pulumi.Input[Any]) -> None:
            pulumi.Output.from_input(value).apply(lambda plain: exported.__setitem__(name, plain))

        def program() -> None:
            recorder.loop = asyncio.get_running_loop()
            pulumi.runtime.set_all_config(CONFIG)
            for name, value in greenflow.build(settings, self.clock, port).items():
                export(name, value)

        run(program, recorder)
        return Outcome(recorder.recorded, exported, recorder.called)

    def _deploy(self, recorded: Recorded) -> None:
        """What the services of an update do to the cloud: tasks and images by slot, everything healthy."""
        images, tasks = dict(self.cloud.live.images), dict(self.cloud.live.desired)
        for each in recorded.of_type("TaskDefinition"):
            (container,) = json.loads(each.inputs["containerDefinitions"])
            images[each.inputs["tags"]["slot"]] = container["image"]
        for each in recorded.of_type("Service"):
            tasks[each.inputs["tags"]["slot"]] = int(each.inputs["desiredCount"])
        found: Live = self.cloud.live
        self.cloud.live = Reading(found.exists, found.split, tasks, tasks, images)


def _through_the_wire(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs as Pulumi stores them."""
    plain: dict[str, Any] = json.loads(json.dumps(outputs))
    return plain
