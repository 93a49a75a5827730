"""A stack in memory behind a real project folder, for verbs that change one: its updates do what the program does.

An update reads the stack file, makes the transition from the record, lets the rules judge it and, when they do not
refuse, moves the fake traffic and records it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from headgate import gates, settings, transition
from headgate.changes import ROLLOUT
from headgate.cli import project as projects
from headgate.cli.operating import _File, _Overlaid
from headgate.cli.situation import Situation, gather
from headgate.engine import Run, Update
from headgate.lifecycle.edges import Declined, Edges, Proposal
from headgate.lifecycle.outcome import Outcome
from headgate.settings import Settings
from headgate.state import State
from headgate.transition import Transition
from stacks import ledger
from tests.support import stack_files
from tests.support.fake_engine import FakeEngine, FakeOperator
from tests.support.fake_traffic import FakeTraffic
from tests.support.situations import write_project

URN = f"urn:pulumi:s::headgate::{ROLLOUT}::rollout"


@dataclass
class Hands:
    """A clock that only `sleep` and the test move, in seconds."""

    time: float

    def now(self) -> int:
        return int(self.time)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Said:
    """What people would see."""

    lines: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.lines.append(message)

    @contextmanager
    def phase(self, label: str) -> Iterator[Callable[[str], None]]:
        self.lines.append(f"{label} ...")
        yield self.lines.append

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        self.lines.append(f"{label} {total} s")
        yield lambda _: None


@dataclass
class FakeStack:
    """`stack` in the project at `folder`, deployed at step idle. `proposals`: what was asked; `answer`: what to raise
    then. `gate`: runs gates beforehand. `sent`: outcomes that people were told of. `resources`: what the checkpoint
    says there is."""

    folder: Path
    stack: str
    clock: Hands = field(default_factory=lambda: Hands(stack_files.START))
    traffic: FakeTraffic = field(default_factory=FakeTraffic)
    said: Said = field(default_factory=Said)
    answer: BaseException | None = None
    proposals: list[Proposal] = field(default_factory=list)
    sent: list[Outcome] = field(default_factory=list)
    record: object = None
    resources: list[dict[str, Any]] = field(default_factory=list)
    gate: Callable[[Situation], tuple[str, ...]] = lambda _: ()

    def __post_init__(self) -> None:
        values = stack_files.values(self.stack)
        own = {key.removeprefix("headgate:"): value for key, value in values.items() if key.startswith("headgate:")}
        write_project(self.folder, own, self.stack)
        content = yaml.safe_load(self.path.read_text())
        content["config"] = values
        self.path.write_text(yaml.safe_dump(content, sort_keys=False))
        self.engine = FakeEngine()
        self.operator = FakeOperator(self.folder, previews=[self.preview], ups=[self.up])
        assert self.up().code == 0
        self.operator.calls.clear()

    @property
    def path(self) -> Path:
        return self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def values(self) -> dict[str, Any]:
        """What the stack file says."""
        found: dict[str, Any] = yaml.safe_load(self.text)["config"]
        return found

    @property
    def state(self) -> State:
        read = transition.read(self.record)
        assert isinstance(read, Transition)
        return read.proposed

    def settings(self) -> Settings:
        own = {key.removeprefix("headgate:"): value for key, value in self.values.items() if "headgate:" in key}
        return settings.parse(own, str(self.path), gates.KNOWN)

    def decide(self) -> tuple[dict[str, Any], list[str]]:
        """The record that the stack file would make now, and what refuses it."""
        asked = stack_files.created(self.settings())
        made = ledger.decide(self.record, asked, self.traffic, self.clock.now())
        read = transition.from_dict(made)
        found = transition.check(read.previous, read.proposed, read.plan, self.clock.now(), read.report)
        return made, [str(each) for each in found]

    def preview(self) -> Run:
        """The engine's stream for what the stack file asks for."""
        made, refused = self.decide()
        events: list[dict[str, Any]] = [
            {"resourcePreEvent": {"metadata": {"op": "update", "urn": URN, "type": ROLLOUT, "new": {"inputs": made}}}}
        ]
        events += [
            {
                "policyEvent": {
                    "policyName": "rule",
                    "enforcementLevel": "mandatory",
                    "message": each,
                    "resourceUrn": URN,
                }
            }
            for each in refused
        ]
        result = "failed" if refused else "succeeded"
        packs, counts = {"headgate": "0.1.0"}, {"update": 1}
        events.append(
            {"summaryEvent": {"result": result, "PolicyPacks": packs, "resourceChanges": counts, "isPreview": True}}
        )
        return Run(1 if refused else 0, "".join(json.dumps(each) + "\n" for each in events), "")

    def up(self) -> Run:
        """An update that succeeds, or is refused."""
        made, refused = self.decide()
        self.remember("failed" if refused else "succeeded")
        if refused:
            return failed(*refused)
        self.apply(made)
        return Run(0, "updated\n", "")

    def remember(self, result: str) -> None:
        """An entry of the history."""
        past, now = self.engine.past.get(self.stack, ()), self.clock.now()
        entry = Update("update", result, "", now, now, len(past) + 1, self.values)
        self.engine.past[self.stack] = (entry, *past)

    def apply(self, made: dict[str, Any]) -> None:
        asked = transition.from_dict(made).proposed
        versions = [version for version in (asked.live, asked.candidate, asked.standby) if version]
        images = {**self.traffic.live.images, **{version.slot: version.image for version in versions}}
        self.traffic.live = stack_files.healthy(asked.split, asked.tasks, images)
        self.record = made
        self.touch("carrier", asked.split)

    def touch(self, urn: str, value: object) -> None:
        """A resource changes; the record and the checkpoint are what an engine then tells."""
        self.resources = [each for each in self.resources if each["urn"] != urn]
        self.resources.append({"urn": urn, "type": "x:y:Z", "inputs": value, "modified": self.clock.now()})
        self.engine.outputs_of[self.stack] = {"rollout": self.record}
        self.engine.deployments[self.stack] = {"version": 3, "deployment": {"resources": list(self.resources)}}

    def look(self, values: Mapping[str, object], remove: Sequence[str] = ()) -> Situation:
        found = projects.find(self.folder)
        overlaid = _Overlaid(found.folder, found.stacks, found.defaults, values, remove)
        return gather(overlaid, self.stack, self.engine, lambda *_: self.traffic, self.clock.now())

    def edges(self, *, plans: Path | None = None) -> Edges:
        def confirm(proposal: Proposal) -> None:
            self.proposals.append(proposal)
            if self.answer is not None:
                raise self.answer

        def tell(outcome: Outcome) -> tuple[str, ...]:
            self.sent.append(outcome)
            return ()

        return Edges(
            stack=self.stack,
            look=self.look,
            file=_File(projects.find(self.folder), self.stack),
            engine=self.engine,
            operator=self.operator,
            gate=self.gate,
            confirm=confirm,
            tell=tell,
            progress=self.said,
            clock=self.clock,
            sleep=self.clock.sleep,
            plans=plans,
        )


def failed(*lines: str, interrupted: bool = False) -> Run:
    """An update that ended with these errors, as the engine prints it."""
    errors = "".join(f"    error: {line}\n" for line in lines)
    text = f"Updating (s):\n\nDiagnostics:\n  pulumi:pulumi:Stack (s):\n{errors}\nResources:\n    1 errored\n"
    return Run(1, text, "", interrupted)


NO = Declined("nothing was changed")
