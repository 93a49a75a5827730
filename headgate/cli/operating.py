"""Puts the real edges together for the verbs that change a stack, and ends such a verb."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from headgate import traffic
from headgate.cli.asking import NOTHING, confirm, required
from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.people import teller
from headgate.cli.progress import for_stream
from headgate.cli.project import Configuration, Project, ProjectError
from headgate.cli.reading import Opened, opened
from headgate.cli.situation import Situation, gather
from headgate.engine.edit import edited
from headgate.lifecycle.edges import Declined, Edges, Proposal
from headgate.lifecycle.outcome import Ended, Outcome, to_json

_CODES = {Ended.DONE: ExitCode.DONE, Ended.HELD: ExitCode.HELD}


@dataclass(frozen=True, slots=True)
class _Overlaid(Project):
    """The project as if these values were written into the stack's file."""

    values: Mapping[str, object]
    remove: Sequence[str]

    def configuration(self, stack: str) -> Configuration:
        found = Project.configuration(self, stack)
        changed, gone = edited(found.values, self.values, self.remove)
        values = {key: value for key, value in {**found.values, **changed}.items() if key not in gone}
        return Configuration(found.file, values)


@dataclass(frozen=True, slots=True)
class _File:
    project: Project
    stack: str

    @property
    def _path(self) -> Path:
        return self.project.stacks / f"Pulumi.{self.stack}.yaml"

    def values(self) -> Mapping[str, object]:
        try:
            return self.project.configuration(self.stack).values
        except ProjectError as error:
            raise ValueError(str(error)) from error

    def text(self) -> str:
        return self._path.read_text(encoding="utf-8")

    def put_back(self, text: str) -> None:
        self._path.write_text(text, encoding="utf-8")


@contextmanager
def edges_of(stack: str | None, start: Path, environ: Mapping[str, str], *, yes: bool) -> Iterator[Edges]:
    """The edges of a verb. Raises CommandFailed when there is no stack to speak of, or nobody to ask.

    Ctrl-C outside a change says that nothing was changed.
    """
    required(yes)
    try:
        at = opened(stack, start, environ)
        with TemporaryDirectory(prefix="headgate-") as plans:
            yield Edges(
                stack=at.stack,
                look=_looking(at),
                file=_File(at.project, at.stack),
                engine=at.engine,
                operator=at.engine,
                gate=run_gates,
                confirm=_confirming(yes),
                tell=teller(at.stack, at.engine, start, environ),
                progress=for_stream(),
                clock=at.clock,
                sleep=time.sleep,
                plans=Path(plans),
            )
    except KeyboardInterrupt:
        raise CommandFailed(f"interrupted; {NOTHING}") from None


def _looking(at: Opened) -> Callable[..., Situation]:
    def look(values: Mapping[str, object], remove: Sequence[str] = ()) -> Situation:
        project = _Overlaid(at.project.folder, at.project.stacks, at.project.defaults, values, remove)
        return gather(project, at.stack, at.engine, traffic.for_system, at.clock.now())

    return look


def run_gates(situation: Situation) -> tuple[str, ...]:
    """Really runs the gates that run beforehand, and keeps what they found; a line for what cannot be kept."""
    from headgate.cli.gate_cmd import probes_of, recording_of
    from headgate.evidence import EvidenceError
    from headgate.lifecycle.gate import NoStep, run

    try:
        run(situation, probes_of(situation), recording_of(situation))
    except (NoStep, EvidenceError) as error:
        return (str(error),)
    return ()


def _confirming(yes: bool) -> Callable[[Proposal], None]:
    def ask(proposal: Proposal) -> None:
        sys.stderr.write(f"{proposal.stack}:\n" + "".join(f"  {line}\n" for line in proposal.lines))
        try:
            confirm(proposal.stack, proposal.production, yes)
        except CommandFailed as failure:
            raise Declined(str(failure)) from None

    return ask


def finish(outcome: Outcome, *, as_json: bool) -> None:
    """Says how a verb ended, on stdout when it is done and else on stderr, and ends with its exit code."""
    code = _CODES.get(outcome.ended, ExitCode.FAILED)
    if as_json:
        typer.echo(json.dumps(to_json(outcome), indent=2))
        raise typer.Exit(code)
    if code is ExitCode.DONE:
        typer.echo(text(outcome))
        return
    raise CommandFailed(text(outcome), code)


def text(outcome: Outcome) -> str:
    """`stack: what happened`, a line for each reason, and what to run next."""
    lines = [f"{outcome.stack}: {outcome.said}", *(f"  - {reason}" for reason in outcome.reasons)]
    lines += [f"  {line}" for line in outcome.told]
    if outcome.then:
        lines.append(f"  next: {outcome.then}")
    return "\n".join(lines)
