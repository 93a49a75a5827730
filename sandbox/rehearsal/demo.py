"""The rehearsal that `make demo` runs: bootstrap, every step of the plan, a refused jump, and the way back."""

import json
import os
import time
from collections.abc import Mapping

import yaml
from rich.console import Console

from headgate import clock as clocks
from headgate import duration, gates, settings, traffic
from headgate.clock import RehearsalClock
from headgate.plan import IDLE, Step
from headgate.settings import Settings
from sandbox.manager import DEFAULT_STACK, Layout, SandboxError, down, exports, up
from sandbox.rehearsal.measure import Background, measure
from sandbox.rehearsal.project import Project
from sandbox.rehearsal.summary import Outcome, Row
from toolchain.progress import Progress

JSON_NAME = "demo.json"


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
        outcome = _Rehearsal(console, progress, layout, scale, users, environ).run()
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


class _Rehearsal:
    def __init__(
        self,
        console: Console,
        progress: Progress,
        layout: Layout,
        scale: int,
        users: int,
        environ: Mapping[str, str],
    ) -> None:
        record = _usable(layout)
        self._console = console
        self._progress = progress
        self._users = users
        self._router = record.urls["traffic"]
        variables = exports(layout, record.urls, record.toolchain, environ).applied_to(environ)
        variables[clocks.VARIABLE] = f"{scale}@{int(time.time())}"
        clock = clocks.from_environment(variables)
        assert isinstance(clock, RehearsalClock)
        self._clock = clock
        os.environ.update({key: value for key, value in variables.items() if key.startswith("AWS_")})
        log = layout.logs / "demo.log"
        with progress.phase("preparing the stack"):
            self._project = Project.copy(layout.checkout, layout.home / "project", DEFAULT_STACK, variables, log)
        self._settings = _settings(layout)
        self._port = traffic.for_system(self._settings, {"aws:region": "us-east-1"})
        self._outcome = Outcome(DEFAULT_STACK, clocks.describe(clock))

    def run(self) -> Outcome:
        """Bootstrap, every step, the jump that is refused at the first step with traffic, and back to idle."""
        self._say(f"[bold]{clocks.describe(self._clock)}[/bold]")
        steps = self._settings.plan.steps
        self._update(IDLE, 0, "bootstrap: every resource of the stack")
        background = Background(self._router)
        try:
            first_with_traffic = next(step for step in steps if step.weight > 0)
            for position, step in enumerate(steps):
                if position:
                    self._bake(steps[position - 1])
                self._update(step.name, step.weight, f"{step.weight} % to the candidate")
                if step is first_with_traffic and step is not steps[-1]:
                    self._refused(steps[-1])
            self._update(IDLE, 0, "rollback: the step set back to idle, inside the bake")
        finally:
            summary = background.stop()
        self._outcome.background_requests = summary.requests
        self._outcome.background_lost = summary.lost
        self._outcome.background_missing_writes = summary.missing
        return self._outcome

    def _update(self, step: str, weight: int, what: str) -> None:
        self._say(f"\n[bold]{step}[/bold]: {what}")
        self._type("config", "set", "headgate:step", step)
        with self._progress.phase("  pulumi up"):
            run = self._project.must("up", "--yes", "--non-interactive", "--suppress-outputs")
        self._say(f"  $ pulumi up --yes   ({run.changes}; {run.seconds:.1f} s)")
        with self._progress.phase("  measuring with fresh users"):
            found = measure(self._router, self._port, self._candidate, weight, self._users)
        row = Row(step, weight, found, run.changes, run.seconds)
        self._outcome.rows.append(row)
        self._say(
            f"  asked {weight} %, balancer {found.balancer_weight} %, observed {found.observed_share:.1f} % of "
            f"{found.requests} users ({'as asked' if row.as_asked else '[red]NOT AS ASKED[/red]'})"
        )

    def _bake(self, step: Step) -> None:
        """Waits until the step has baked; the time is the rehearsal's."""
        until = self._project.state().entered_at + step.bake
        label = f"  baking {duration.show(step.bake)} of plan time at {step.name}"
        with self._progress.phase(label) as tick:
            while self._clock.now() < until:
                tick()
                time.sleep(0.1)

    def _refused(self, jump: Step) -> None:
        """Asks for a step too far: the preview must fail, and nothing must change."""
        before = self._project.state().step
        self._say(f"\n[bold]A jump from {before} to {jump.name} must be refused[/bold]")
        self._type("config", "set", "headgate:step", jump.name)
        with self._progress.phase("  pulumi preview"):
            run = self._project.pulumi("preview", "--non-interactive", "--suppress-outputs")
        self._type("config", "set", "headgate:step", before)
        if run.code == 0:
            raise SandboxError(f"the jump from {before} to {jump.name} was not refused; see {self._project.log}")
        self._outcome.refused = f"{before} -> {jump.name}"
        self._outcome.refused_rules = run.refusals
        for line in run.refusals:
            self._say(f"  [red]refused[/red] {line}")

    @property
    def _candidate(self) -> str:
        candidate = self._settings.release.candidate
        assert candidate is not None
        return candidate.slot

    def _type(self, *command: str) -> None:
        self._say(f"  $ pulumi {' '.join(command)}")
        self._project.must(*command)

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)


def _usable(layout: Layout):  # type: ignore[no-untyped-def]
    from sandbox.manager import status

    return status(layout).usable


def _settings(layout: Layout) -> Settings:
    path = layout.stack_files / f"Pulumi.{DEFAULT_STACK}.yaml"
    config = yaml.safe_load(path.read_text())["config"]
    prefix = f"{settings.PROJECT}:"
    raw = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    return settings.parse(raw, f"stacks/{path.name}", gates.KNOWN)
