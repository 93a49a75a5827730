"""What the script of a rehearsal can do. Every command is typed as a user would type it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from headgate import duration
from headgate.plan import IDLE, Plan, Step
from headgate.state import Version
from headgate.windows import is_open, next_opening
from sandbox.manager import SandboxError
from sandbox.rehearsal.measure import Background, Subject, await_service, measure
from sandbox.rehearsal.pace import Pace
from sandbox.rehearsal.project import Project
from sandbox.rehearsal.summary import Outcome, Row
from toolchain.progress import Progress

_HEADLINES = {
    "bootstrap": "Bootstrap, every resource of the stack",
    "step": "Next step",
    "rollback": "Rollback inside the bake",
    "promotion": "Promotion",
    "next": "The next version is named, the standby is let go",
}
HOUR = 3600
INTO_WINDOW = 300  # seconds after a window opens, for the clock is set in steps of its scale


@dataclass(frozen=True, slots=True)
class Speaker:
    """Where results and progress are said."""

    console: Console
    progress: Progress

    def say(self, text: str, style: str = "") -> None:
        self.console.print(text, style=style, markup=False, highlight=False)


@dataclass(slots=True)
class Stage:
    """A project on a running sandbox, and what was found so far.

    `live` and `candidate` are the versions in those roles, `at` the step; `users`: fresh users of a measurement.
    """

    speaker: Speaker
    project: Project
    plan: Plan
    pace: Pace
    router: str
    outcome: Outcome
    users: int
    live: Version
    candidate: Version
    at: str = IDLE

    @contextmanager
    def users_who_keep_asking(self) -> Iterator[None]:
        """Returning users, from before the block to its end; what they got goes into the outcome."""
        background = Background(self.router)
        try:
            yield
        finally:
            summary = background.stop()
            self.outcome.background_requests = summary.requests
            self.outcome.background_lost = summary.lost
            self.outcome.background_missing_writes = summary.missing

    def bootstrap(self) -> None:
        """The first update of the stack; the candidate is only named."""
        self._update("bootstrap", "bootstrap", 0)

    def again(self) -> None:
        """A second update at once. Says how many resources there are; raises SandboxError when it changes any."""
        self.outcome.holdings = held = self.project.holdings()
        self.speaker.say(f"\nThe stack has {held}", "bold")
        with self.speaker.progress.phase("  pulumi up"):
            run = self.project.must("up", "--yes", "--non-interactive", "--suppress-outputs", "--expect-no-changes")
        self.outcome.second_up = run.changes
        if run.changes != f"{held.total} unchanged":
            raise SandboxError(
                f"a second pulumi up of {self.project.stack}, at once: found {run.changes or 'no count of changes'}; "
                f"expected {held.total} unchanged. What a component declares is not what the cloud keeps; "
                f"see {self.project.log}"
            )
        self.speaker.say(
            f"  $ pulumi up --yes   ({run.changes}; {run.seconds:.1f} s): nothing left to do, as it must be"
        )

    def step(self, step: Step, *options: str) -> None:
        """The update to `step`, with `options` of `pulumi up`."""
        self._type("config", "set", "headgate:step", step.name)
        self._update("step", step.name, step.weight, options)
        self.at = step.name

    def back(self, *options: str) -> None:
        """The update that gives all traffic back to the live version."""
        came_from = self.at
        self._type("config", "set", "headgate:step", IDLE)
        self._update("rollback", f"back from {came_from}", 0, options)
        self.at = IDLE

    def promote(self) -> None:
        """The candidate becomes the live version, and the live one the standby."""
        before = self.live
        self._type("config", "set", "headgate:step", IDLE)
        self._name("live", self.candidate)
        self._name("standby", before)
        self._type("config", "rm", "--path", "headgate:release.candidate")
        self._update("promotion", "promotion", 100)
        self.live, self.candidate, self.at = self.candidate, before, IDLE

    def prepare_next(self, version: Version) -> None:
        """After the retention: the standby is let go, and `version` is named as the next candidate."""
        with self.speaker.progress.phase(f"  keeping the standby for {duration.show(self.plan.retention)}") as tick:
            self.pace.wait_until(self.project.state().changed_at + self.plan.retention, tick)
        self._type("config", "rm", "--path", "headgate:release.standby")
        self._name("candidate", version)
        self.candidate = version
        self._update("next", "next version named", 0)

    def as_rollout(self, name: str) -> None:
        """The next rollout of the same versions has a name of its own: one that was taken back is not resumed."""
        self._type("config", "set", "--path", "headgate:release.rollout", name)

    def bake(self, step: Step) -> None:
        """Waits until the step that was entered has baked; the time is the rehearsal's."""
        until = self.project.state().entered_at + step.bake
        label = f"  baking {duration.show(step.bake)} of plan time at {step.name}"
        with self.speaker.progress.phase(label) as tick:
            self.pace.wait_until(until, tick)

    def window(self) -> None:
        """Waits for the next window in which a rollout may start."""
        windows = self.plan.calendar.start
        opens = next_opening(windows, self.pace.now())
        if windows and next_opening(windows, opens + INTO_WINDOW) == opens + INTO_WINDOW:
            opens += INTO_WINDOW
        with self.speaker.progress.phase("  waiting for the next start window") as tick:
            self.pace.wait_until(opens, tick)

    def outside_window(self) -> None:
        """Waits, if need be, until no rollout may start."""
        windows = self.plan.calendar.start
        while is_open(windows, self.pace.now()):
            self.pace.wait_until(self.pace.now() + HOUR)

    def refused(self, step: Step, why: str) -> None:
        """Asks for `step` when it may not be: the preview must fail, and nothing must change."""
        before = self.at
        self.speaker.say(f"\n{why} must be refused", "bold")
        self._type("config", "set", "headgate:step", step.name)
        with self.speaker.progress.phase("  pulumi preview"):
            run = self.project.pulumi("preview", "--non-interactive", "--suppress-outputs")
        self._type("config", "set", "headgate:step", before)
        if run.code == 0:
            raise SandboxError(f"{why} was not refused; see {self.project.log}")
        self.outcome.refused = f"{before} -> {step.name}"
        self.outcome.refused_rules = run.refusals
        for line in run.refusals:
            self.speaker.say(f"  refused: {line}", "red")

    def _update(self, what: str, step: str, weight: int, options: tuple[str, ...] = ()) -> None:
        self.speaker.say(f"\n{_HEADLINES[what]}: {step}, {weight} % to {self.candidate.version}", "bold")
        with self.speaker.progress.phase("  pulumi up"):
            run = self.project.must("up", "--yes", "--non-interactive", "--suppress-outputs", *options)
        self.speaker.say(f"  $ pulumi up {' '.join(['--yes', *options])}   ({run.changes}; {run.seconds:.1f} s)")
        with self.speaker.progress.phase("  measuring with fresh users"):
            await_service(self.router)
            subject = Subject(self.router, self.candidate.slot, self.project.observed)
            found = measure(subject, weight, self.users)
        row = Row(what, step, weight, found, run.changes, run.seconds)
        self.outcome.rows.append(row)
        got, said = found.users, "as asked" if row.as_asked else "NOT AS ASKED"
        self.speaker.say(
            f"  asked {weight} %, served {found.served:g} %, headgate status {found.status} %, observed "
            f"{got.observed_share:.1f} % of {got.requests} users: {said}",
            "" if row.as_asked else "red",
        )

    def _name(self, role: str, version: Version) -> None:
        for key, value in (("version", version.version), ("image", version.image)):
            self._type("config", "set", "--path", f"headgate:release.{role}.{key}", value)

    def _type(self, *command: str) -> None:
        self.speaker.say(f"  $ pulumi {' '.join(command)}")
        self.project.must(*command)
