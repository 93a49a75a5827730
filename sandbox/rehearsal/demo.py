"""The rehearsal that `make demo` runs: bootstrap, every step of the plan, a refused jump, and the way back."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from rich.console import Console

from headgate import clock as clocks
from headgate import duration, gates, traffic
from headgate import settings as stack_settings
from headgate.clock import Clock
from headgate.plan import IDLE, Step
from headgate.settings import Settings
from headgate.traffic.port import TrafficPort
from sandbox.manager import DEFAULT_STACK, Layout, SandboxError, down, exports, status, up
from sandbox.manager.environment import REGION
from sandbox.rehearsal.measure import Background, Subject, measure
from sandbox.rehearsal.project import Project
from sandbox.rehearsal.summary import Outcome, Row
from toolchain.progress import Progress

JSON_NAME = "demo.json"

_HEADLINES = {
    "bootstrap": "Bootstrap, every resource of the stack:",
    "step": "Next step:",
    "rollback": "Rollback inside the bake:",
}


def demo(
    console: Console, progress: Progress, *, scale: int, users: int, environ: Mapping[str, str] = os.environ
) -> Outcome:
    """Runs the whole rehearsal in a sandbox of its own, ends that sandbox, and writes `demo.json`.

    `scale`: how many times as fast the rehearsal clock runs. Raises SandboxError when a command fails that must not.
    """
    outer = Layout.of(environ)
    layout = Layout(outer.home / "demo", outer.checkout)
    down(layout, progress)
    started = time.monotonic()
    try:
        up(layout, progress, stack=DEFAULT_STACK, environ=environ)
        outcome = _Rehearsal.prepare(Speaker(console, progress), layout, scale, environ).run(users)
    finally:
        down(layout, progress)
    outcome.seconds = time.monotonic() - started
    outer.home.mkdir(parents=True, exist_ok=True)
    path = outer.home / JSON_NAME
    path.write_text(json.dumps(outcome.as_json(), indent=2) + "\n")
    console.print(outcome.table())
    console.print(
        f"Users who kept asking throughout: {outcome.background_requests} requests, {outcome.background_lost} lost, "
        f"{outcome.background_missing_writes} stored items missing. {outcome.seconds:.0f} s in all. Figures: {path}"
    )
    return outcome


@dataclass(frozen=True, slots=True)
class Speaker:
    """Where results and progress are said."""

    console: Console
    progress: Progress

    def say(self, text: str, style: str = "") -> None:
        self.console.print(text, style=style, markup=False, highlight=False)


@dataclass(slots=True)
class _Rehearsal:
    speaker: Speaker
    project: Project
    settings: Settings
    port: TrafficPort
    clock: Clock
    router: str
    outcome: Outcome
    users: int = 0

    @classmethod
    def prepare(cls, speaker: Speaker, layout: Layout, scale: int, environ: Mapping[str, str]) -> "_Rehearsal":
        """A copy of the project on the running sandbox, and a clock that runs `scale` times as fast from now on."""
        record = status(layout).usable
        variables = exports(layout, record.urls, record.toolchain, environ).applied_to(environ)
        variables[clocks.VARIABLE] = f"{scale}@{int(time.time())}"
        clock = clocks.from_environment(variables)
        # This process reads the balancer too, and its boto3 must see no other account than the commands do.
        os.environ.update({key: value for key, value in variables.items() if key.startswith("AWS_")})
        with speaker.progress.phase("preparing the stack"):
            log = layout.logs / "demo.log"
            project = Project.copy(layout.checkout, layout.home / "project", DEFAULT_STACK, variables, log)
        settings = _settings(layout)
        port = traffic.for_system(settings, {"aws:region": REGION})
        outcome = Outcome(DEFAULT_STACK, clocks.describe(clock))
        return cls(speaker, project, settings, port, clock, record.urls["traffic"], outcome)

    def run(self, users: int) -> Outcome:
        """Bootstrap, every step, the jump that is refused at the first step with traffic, and back to idle."""
        self.users = users
        self.speaker.say(self.outcome.clock, "bold")
        steps = self.settings.plan.steps
        self._update("bootstrap", IDLE, 0)
        background = Background(self.router)
        try:
            first_with_traffic = next(step for step in steps if step.weight > 0)
            for position, step in enumerate(steps):
                if position:
                    self._bake(steps[position - 1])
                self._update("step", step.name, step.weight)
                if step is first_with_traffic and step is not steps[-1]:
                    self._refused(steps[-1])
            self._update("rollback", IDLE, 0)
        finally:
            summary = background.stop()
        self.outcome.background_requests = summary.requests
        self.outcome.background_lost = summary.lost
        self.outcome.background_missing_writes = summary.missing
        return self.outcome

    def _update(self, what: str, step: str, weight: int) -> None:
        self.speaker.say(f"\n{_HEADLINES[what]} {step}, {weight} % to the candidate", "bold")
        self._type("config", "set", "headgate:step", step)
        with self.speaker.progress.phase("  pulumi up"):
            run = self.project.must("up", "--yes", "--non-interactive", "--suppress-outputs")
        self.speaker.say(f"  $ pulumi up --yes   ({run.changes}; {run.seconds:.1f} s)")
        with self.speaker.progress.phase("  measuring with fresh users"):
            found = measure(Subject(self.router, self.port, self._candidate_slot), weight, self.users)
        row = Row(what, step, weight, found, run.changes, run.seconds)
        self.outcome.rows.append(row)
        self.speaker.say(
            f"  asked {weight} %, balancer {found.balancer_weight} %, observed {found.observed_share:.1f} % of "
            f"{found.requests} users: {'as asked' if row.as_asked else 'NOT AS ASKED'}",
            "" if row.as_asked else "red",
        )

    def _bake(self, step: Step) -> None:
        """Waits until the step has baked; the time is the rehearsal's."""
        until = self.project.state().entered_at + step.bake
        label = f"  baking {duration.show(step.bake)} of plan time at {step.name}"
        with self.speaker.progress.phase(label) as tick:
            while self.clock.now() < until:
                tick()
                time.sleep(0.1)

    def _refused(self, jump: Step) -> None:
        """Asks for a step too far: the preview must fail, and nothing must change."""
        before = self.project.state().step
        self.speaker.say(f"\nA jump from {before} to {jump.name} must be refused", "bold")
        self._type("config", "set", "headgate:step", jump.name)
        with self.speaker.progress.phase("  pulumi preview"):
            run = self.project.pulumi("preview", "--non-interactive", "--suppress-outputs")
        self._type("config", "set", "headgate:step", before)
        if run.code == 0:
            raise SandboxError(f"the jump from {before} to {jump.name} was not refused; see {self.project.log}")
        self.outcome.refused = f"{before} -> {jump.name}"
        self.outcome.refused_rules = run.refusals
        for line in run.refusals:
            self.speaker.say(f"  refused: {line}", "red")

    @property
    def _candidate_slot(self) -> str:
        candidate = self.settings.release.candidate
        if candidate is None:
            raise SandboxError(f"{self.settings.file}: headgate:release.candidate: found nothing; name a candidate")
        return candidate.slot

    def _type(self, *command: str) -> None:
        self.speaker.say(f"  $ pulumi {' '.join(command)}")
        self.project.must(*command)


def _settings(layout: Layout) -> Settings:
    path = layout.stack_files / f"Pulumi.{DEFAULT_STACK}.yaml"
    config = yaml.safe_load(path.read_text())["config"]
    prefix = f"{stack_settings.PROJECT}:"
    raw = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    return stack_settings.parse(raw, f"stacks/{path.name}", gates.KNOWN)
