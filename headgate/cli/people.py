"""Puts together who is told of a stack, in whose name, and where its records are."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headgate import gates
from headgate import settings as configuration
from headgate.cli import project as projects
from headgate.cli.errors import CommandFailed
from headgate.cli.project import ProjectError
from headgate.cli.reading import Opened
from headgate.engine import Engine
from headgate.evidence import FsspecStore
from headgate.evidence.identity import GitIdentity
from headgate.lifecycle import keep
from headgate.lifecycle.keep import Shelves
from headgate.lifecycle.outcome import Ended, Outcome
from headgate.lifecycle.rolled_back import Rollback
from headgate.notify import events
from headgate.notify.by_apprise import AppriseNotifier
from headgate.notify.events import Facts
from headgate.notify_settings import KEY, NotifySettings
from headgate.plan import Plan
from headgate.reader import PROJECT, Reader
from headgate.records.store import FsspecRecords

LINK = "HEADGATE_LINK"  # what a message leads to, such as the run of a pipeline
_LINK = re.compile(r"https?://[^\s@]{1,500}")
_ENDS = ("promote", "retire")  # after these a rollout has come to something


@dataclass(frozen=True, slots=True)
class People:
    """Who is told of a stack, and how. `problems`: what of `headgate:notify` cannot be used, a line each."""

    settings: NotifySettings
    notifier: AppriseNotifier
    shelves: Shelves
    facts: Facts
    problems: tuple[str, ...] = ()


def people_of(stack: str, start: Path, environ: Mapping[str, str]) -> People:
    """From the stack file as far as it can be read, for nothing that is wrong with it may keep a rollback from being
    told and recorded."""
    folder, file, own = start, stack, dict[str, object]()
    problems: list[str] = []
    try:
        project = projects.find(start)
        folder, found = project.folder, project.configuration(stack)
        own, file = found.own, found.file
    except ProjectError as error:
        problems.append(f"the stack file cannot be read: {error}")
    reader = Reader(file)
    settings = configuration.read(own, reader, gates.KNOWN)
    problems += [str(each) for each in reader.problems if each.where.startswith(f"{file}: {PROJECT}:{KEY}")]
    url = settings.evidence.url
    name = settings.name if settings.system and settings.environment else stack
    by = GitIdentity(folder, environ).recorder()
    link = environ.get(LINK, "")
    return People(
        settings=settings.notify,
        notifier=AppriseNotifier(settings.notify, environ),
        shelves=Shelves(FsspecRecords(url, name, folder), FsspecStore(url, name, folder), by),
        facts=Facts(by, settings.plan if settings.plan != Plan(steps=()) else None, _safe(link)),
        problems=tuple(problems),
    )


def found(at: Opened, environ: Mapping[str, str]) -> People:
    """The same for a verb about people or records. Raises CommandFailed when the stack has no file that can be read."""
    try:
        at.project.configuration(at.stack)
    except ProjectError as error:
        raise CommandFailed(str(error)) from error
    return people_of(at.stack, at.project.folder, environ)


def _safe(link: str) -> str:
    return link if _LINK.fullmatch(link) else ""


def teller(stack: str, engine: Engine, start: Path, environ: Mapping[str, str]) -> Callable[[Outcome], tuple[str, ...]]:
    """What sends an outcome to people and returns a line about each delivery; it also keeps the record of a rollout
    that came to its end."""

    def tell(outcome: Outcome) -> tuple[str, ...]:
        try:
            people = people_of(stack, start, environ)
            lines = [f"NOT told: {problem}" for problem in people.problems]
            lines += map(str, people.notifier.send(events.of(outcome, people.facts)))
            if outcome.ended is Ended.DONE and outcome.verb in _ENDS:
                lines += keep.kept_rollout(stack, None, engine, people.shelves)
        except KeyboardInterrupt:
            return ("interrupted while people were told",)
        return tuple(lines)

    return tell


def keeper(
    stack: str, engine: Engine, start: Path, environ: Mapping[str, str] = os.environ, *, traffic_only: bool = False
) -> Callable[[Rollback], tuple[str, ...]]:
    """What keeps the record of the incident that a rollback is, and of the rollout."""

    def after(result: Rollback) -> tuple[str, ...]:
        shelves = people_of(stack, start, environ).shelves
        lines = keep.incident(result, engine, shelves, traffic_only=traffic_only)
        rollout = result.before.rollout_id if result.before is not None else ""
        if result.ended is not Ended.DONE or traffic_only or not rollout:
            return lines
        return (*lines, *keep.kept_rollout(stack, rollout, engine, shelves))

    return after
