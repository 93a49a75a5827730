"""up, down and status of the sandbox, as plain functions."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from sandbox.manager import engine, parts, record
from sandbox.manager.environment import for_processes
from sandbox.manager.errors import SandboxError
from sandbox.manager.layout import Layout
from sandbox.manager.processes import Identity, end, spawn, undisturbed
from sandbox.manager.record import Record
from sandbox.serving import LIFETIME_S
from toolchain.paths import exclusive
from toolchain.progress import Progress

START_S = 60.0  # the cloud needs 2 s on an idle machine; ten times that on one that is busy with tests
LOG_LINES = 8
_POLL_S = 0.05


class Condition(StrEnum):
    """How the sandbox is. ENDED: its lifetime was over. CRASHED: a process ended that should run."""

    DOWN = "down"
    RUNNING = "running"
    CRASHED = "crashed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Dead:
    """A process that should run and does not, with the last lines of its log."""

    name: str
    log: Path
    last_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """How the sandbox is. `apps`: the application processes, as in apps.json. `advice`: what to do, if anything."""

    condition: Condition
    record: Record | None = None
    dead: tuple[Dead, ...] = ()
    apps: tuple[Mapping[str, object], ...] = ()
    advice: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def usable(self) -> Record:
        """The record of a sandbox that runs; raises SandboxError with what is wrong and what to do otherwise."""
        if self.condition is not Condition.RUNNING or self.record is None:
            raise SandboxError(explain(self))
        return self.record


def status(layout: Layout, now: Callable[[], float] = time.time) -> Status:
    """How the sandbox is now. Raises SandboxError when its record cannot be understood."""
    known = record.read(layout.record)
    if known is None:
        return Status(Condition.DOWN, advice="Start it: headgate sandbox up")
    dead = tuple(
        Dead(name, layout.log(name), last_lines(layout.log(name)))
        for name in parts.SPOKEN
        if name not in known.processes or not known.processes[name].alive
    )
    if not dead:
        return Status(Condition.RUNNING, known, apps=_apps(layout))
    if now() >= known.started_at + known.lifetime_s:
        return Status(Condition.ENDED, known, dead, advice="Start it again: headgate sandbox up")
    if any(each.name in parts.CLOUDS for each in dead):
        again = "everything in the emulated cloud is lost: headgate sandbox down, then headgate sandbox up"
        return Status(Condition.CRASHED, known, dead, _apps(layout), f"Start anew, {again}")
    advice = "Start the missing part again: headgate sandbox up (the emulated clouds and the state are kept)"
    return Status(Condition.CRASHED, known, dead, _apps(layout), advice)


def explain(found: Status) -> str:
    """The condition, what ended and its last words, and what to do, as text of a few lines."""
    if found.condition is Condition.RUNNING:
        return "The sandbox is running."
    if found.condition is Condition.DOWN:
        return f"The sandbox is not up. {found.advice}"
    if found.condition is Condition.ENDED and found.record is not None:
        hours = found.record.lifetime_s / 3600
        return f"The sandbox ended by itself: its lifetime of {hours:g} h is over. {found.advice}"
    lines = ["The sandbox has crashed."]
    for each in found.dead:
        lines.append(f"  {parts.SPOKEN[each.name]} has ended; {each.log} ends with:")
        lines += [f"    {line}" for line in each.last_lines or ("(nothing)",)]
    return "\n".join([*lines, found.advice])


def up(
    layout: Layout,
    progress: Progress,
    *,
    stack: str = parts.DEFAULT_STACK,
    lifetime_s: float = LIFETIME_S,
    environ: Mapping[str, str] = os.environ,
) -> Status:
    """Start what is not running; returns when everything answers.

    `stack`: the one that is selected, and whose users a router plays; for other systems that is a default. Raises
    SandboxError; what this call started is then ended again.
    """
    if stack not in layout.stacks:
        known = ", ".join(layout.stacks) or "none"
        raise SandboxError(f"there is no stack file stacks/Pulumi.{stack}.yaml; stacks with a file: {known}")
    toolchain = engine.find_toolchain()
    with _alone(layout, progress):
        found = status(layout)
        if found.record and found.condition is Condition.RUNNING:
            parts.refuse_another(found.record, stack)
        if any(each.name in parts.CLOUDS for each in found.dead) and found.condition is Condition.CRASHED:
            raise SandboxError(explain(found))
        notes: tuple[str, ...] = ()
        if found.record is None or found.condition is Condition.ENDED:
            notes = _clear_away(layout, found)
            fresh = Record(int(time.time()), lifetime_s, parts.stacks(stack), str(toolchain))
        else:
            fresh = replace(found.record, toolchain=str(toolchain))
        with progress.phase("starting the sandbox") as tick:
            _start(layout, fresh, environ, tick)
            engine.prepare(layout, toolchain, stack, environ)
        return replace(status(layout), notes=notes)


def down(layout: Layout, progress: Progress, *, keep_state: bool = False) -> tuple[bool, list[Path]]:
    """End every process of the sandbox and remove its state. Returns whether there was one, and the stack files from
    which its encryption salt was taken out again. Raises SandboxError when a process does not end."""
    with _alone(layout, progress):
        known = record.read(layout.record)
        processes = list(known.processes.values()) if known else []
        with progress.phase("ending the sandbox"):
            end(processes)
            end(_app_identities(layout))
        changed = engine.forget_salts(layout)
        for path in (*layout.traffic_files, layout.record):
            path.unlink(missing_ok=True)
        shutil.rmtree(layout.ready, ignore_errors=True)
        if not keep_state:
            for folder in (layout.state, layout.previous_state, layout.pulumi_home):
                shutil.rmtree(folder, ignore_errors=True)
        return known is not None, changed


def last_lines(path: Path, count: int = LOG_LINES) -> tuple[str, ...]:
    """The last lines of a log that say something; none when it does not exist."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ()
    return tuple([line for line in text.splitlines() if line.strip()][-count:])


def _start(layout: Layout, fresh: Record, environ: Mapping[str, str], tick: Callable[[], None]) -> None:
    """Start the processes that do not run, record each at once, and wait until they answer."""
    started: list[Identity] = []
    current = fresh

    def launch(name: str, module: Sequence[str]) -> None:
        nonlocal current
        layout.ready_file(name).unlink(missing_ok=True)
        arguments = [*module, f"--ready-file={layout.ready_file(name)}", f"--lifetime={fresh.lifetime_s}"]
        with undisturbed():
            process = spawn(arguments, layout.log(name), for_processes(environ, current.urls.get("aws")))
            started.append(process)
        current = replace(current, processes={**current.processes, name: process})
        record.write(layout.record, current)

    def missing(name: str) -> bool:
        return name not in current.processes or not current.processes[name].alive

    try:
        for stage in parts.STAGES:
            needed = [name for name in stage if missing(name)]
            for name in needed:
                launch(name, parts.arguments(name, layout, current))
            for name in needed:
                said = _await_ready(name, current.processes[name], layout, tick)
                current = replace(
                    current, urls={**current.urls, **{url: str(said[key]) for url, key in parts.URLS[name].items()}}
                )
        record.write(layout.record, current)
    except BaseException:
        end(started)
        record.write(layout.record, fresh)
        if not fresh.processes:
            layout.record.unlink(missing_ok=True)
        raise


def _await_ready(name: str, process: Identity, layout: Layout, tick: Callable[[], None]) -> Mapping[str, object]:
    deadline = time.monotonic() + START_S
    while True:
        try:
            content: Mapping[str, object] = json.loads(layout.ready_file(name).read_text())
            return content
        except FileNotFoundError:
            pass
        if not process.alive:
            words = "\n".join(f"    {line}" for line in last_lines(layout.log(name)) or ("(nothing)",))
            raise SandboxError(f"{parts.SPOKEN[name]} ended while it started; {layout.log(name)} ends with:\n{words}")
        if time.monotonic() > deadline:
            raise SandboxError(f"{parts.SPOKEN[name]} did not answer within {START_S:g} s; see {layout.log(name)}")
        tick()
        time.sleep(_POLL_S)


def _clear_away(layout: Layout, found: Status) -> tuple[str, ...]:
    """What an earlier sandbox left: its cloud is gone, so its state would speak of things that do not exist."""
    if found.record is not None:
        end(list(found.record.processes.values()))
    end(_app_identities(layout))
    for path in (*layout.traffic_files, layout.record, *layout.logs.glob("*.log")):
        path.unlink(missing_ok=True)
    shutil.rmtree(layout.ready, ignore_errors=True)
    if not layout.state.exists():
        return ()
    engine.forget_salts(layout)
    shutil.rmtree(layout.previous_state, ignore_errors=True)
    layout.state.rename(layout.previous_state)
    return (f"The Pulumi state of an earlier sandbox was moved to {layout.previous_state}: its cloud is gone.",)


def _apps(layout: Layout) -> tuple[Mapping[str, object], ...]:
    try:
        return tuple(json.loads(layout.apps.read_text())["apps"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _app_identities(layout: Layout) -> list[Identity]:
    return [record.identity(app) for app in _apps(layout)]


@contextmanager
def _alone(layout: Layout, progress: Progress) -> Iterator[None]:
    """Two commands never start and end things at the same time."""
    waiting = "another headgate sandbox command is at work; waiting for it"
    with exclusive(layout.lock, on_wait=lambda: progress.say(waiting)):
        yield
