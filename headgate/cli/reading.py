"""Puts the real edges together for the verbs that read: project, engine, clock and traffic."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from headgate import clock as clocks
from headgate import gates, settings, traffic
from headgate import migration as migrations
from headgate.cli import project as projects
from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.project import Project, ProjectError
from headgate.cli.situation import Situation, gather
from headgate.clock import Clock, ClockError, SystemClock
from headgate.engine import Engine, EngineError, PulumiCli
from headgate.migration import Migration
from headgate.settings import Settings


def read_all(
    stack: str | None, start: Path, environ: Mapping[str, str], *, one: bool = False
) -> tuple[list[Situation], Clock]:
    """The situation of `stack`, of the selected stack, or (unless `one`) of every stack that has a file.

    Also the clock that bakes are counted by. Raises CommandFailed when there is no project or no stack to speak of.
    """
    try:
        project = projects.find(start)
    except ProjectError as error:
        raise CommandFailed(str(error)) from error
    engine = PulumiCli(project.folder, environ)
    stacks, notes = _stacks(stack, project, engine, one=one)
    clock, more = _clock(environ)
    found = [gather(project, each, engine, traffic.for_system, clock.now()) for each in stacks]
    return [replace(each, problems=(*notes, *more, *each.problems)) for each in found], clock


@dataclass(frozen=True, slots=True)
class Opened:
    """One stack of a project, and the edges to work on it with."""

    project: Project
    stack: str
    engine: PulumiCli
    clock: Clock

    def migration(self) -> Migration | None:
        """`headgate:migration` of the stack's file. Raises CommandFailed when it, or the file, cannot be used."""
        try:
            configuration = self.project.configuration(self.stack)
        except ProjectError as error:
            raise CommandFailed(str(error)) from error
        found, problems = migrations.parse(configuration.own.get(migrations.KEY), f"headgate:{migrations.KEY}")
        if problems:
            raise CommandFailed("\n".join((f"{configuration.file}:", *(f"  {each}" for each in problems))))
        return found


def opened(stack: str | None, start: Path, environ: Mapping[str, str]) -> Opened:
    """`stack` or the selected one; nothing is read of it yet. Raises CommandFailed when there is none to speak of.

    A clock that is asked for and refused fails too: bakes and retention would be counted wrongly.
    """
    try:
        project = projects.find(start)
        clock = clocks.from_environment(environ)
    except (ProjectError, ClockError) as error:
        raise CommandFailed(str(error)) from error
    engine = PulumiCli(project.folder, environ)
    (name,), _ = _stacks(stack, project, engine, one=True)
    return Opened(project, name, engine, clock)


def settings_of(stack: str | None, start: Path, environ: Mapping[str, str]) -> Settings:
    """What the file of `stack`, or of the selected stack, asks for; no cloud and no state is read.

    Raises CommandFailed when there is no such file, SettingsError when it cannot be used.
    """
    try:
        project = projects.find(start)
        (name,), _ = _stacks(stack, project, PulumiCli(project.folder, environ), one=True)
        configuration = project.configuration(name)
    except ProjectError as error:
        raise CommandFailed(str(error)) from error
    return settings.parse(configuration.own, configuration.file, gates.KNOWN)


def _stacks(stack: str | None, project: Project, engine: Engine, *, one: bool) -> tuple[list[str], list[str]]:
    if stack is not None:
        return [stack], []
    try:
        selected, why = engine.selected(), "no stack is selected"
    except EngineError as error:
        selected, why = None, f"the selected stack is not known: {error}"
    if selected is not None:
        return [selected], []
    if one or not project.names:
        names = ", ".join(project.names) or "none"
        raise CommandFailed(f"{why}. Name one with --stack; stacks with a file: {names}", ExitCode.USAGE)
    return list(project.names), [why]


def _clock(environ: Mapping[str, str]) -> tuple[Clock, list[str]]:
    """Here nothing is decided by the time, so a rehearsal clock that is refused is only said."""
    try:
        return clocks.from_environment(environ), []
    except ClockError as error:
        return SystemClock(), [str(error)]
