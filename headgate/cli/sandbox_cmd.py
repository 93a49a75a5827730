"""`headgate sandbox`: a rehearsal cloud on this machine."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate import duration
from headgate.cli.errors import CommandFailed, ExitCode

if TYPE_CHECKING:
    from sandbox.manager import Exports, Layout, Status

app = typer.Typer(
    name="sandbox",
    help="A rehearsal cloud on this machine: the clouds' APIs emulated on loopback, routers that play what carries the "
    "traffic, and one real application process per slot. No account, no network.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def up(
    stack: Annotated[
        str, typer.Option(help="The stack to select; users of the router of its system come to it.")
    ] = "greenflow-production",
    hours: Annotated[
        float, typer.Option(min=0.01, max=168, help="The sandbox ends by itself after so many hours.")
    ] = 12.0,
) -> None:
    """Start the sandbox; when it runs, start only what is missing."""
    from sandbox import manager
    from toolchain import progress

    began = time.monotonic()
    with _spoken():
        started = manager.up(_layout(), progress.for_stream(), stack=stack, lifetime_s=hours * 3600)
        record = started.usable
    for note in started.notes:
        typer.echo(note, err=True)
    typer.echo(f"The sandbox is running for {_stacks(record.stacks)} ({time.monotonic() - began:.1f} s).")
    typer.echo(_addresses(record.urls))
    typer.echo('Use it in this shell: eval "$(headgate sandbox env)"')


@app.command()
def down(
    keep_state: Annotated[
        bool, typer.Option("--keep-state", help="Keep the Pulumi state, to look at it. The emulated cloud is gone.")
    ] = False,
) -> None:
    """End the sandbox: exactly the processes it started. Removes its state."""
    from sandbox import manager
    from toolchain import progress

    with _spoken():
        was_up, changed = manager.down(_layout(), progress.for_stream(), keep_state=keep_state)
    for file in changed:
        typer.echo(f"{file}: the encryption salt of the sandbox was taken out again")
    typer.echo("The sandbox has ended." if was_up else "The sandbox was not up.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Tell whether the sandbox runs, is down, or has crashed and what to do then (exit code 1)."""
    from sandbox import manager

    with _spoken():
        found = manager.status(_layout())
    typer.echo(json.dumps(_status_json(found), indent=2) if as_json else _status_text(found))
    if found.condition is manager.Condition.CRASHED:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def env(as_json: AsJson = False) -> None:
    """Print what makes plain `pulumi` and the cloud libraries speak to the sandbox: eval "$(headgate sandbox env)".

    As JSON: {"variables": {NAME: value}, "removed": [NAME]}; `removed` are variables of this shell that would lead
    elsewhere.
    """
    found = exports()
    if as_json:
        typer.echo(json.dumps({"variables": dict(found.variables), "removed": list(found.removed)}, indent=2))
    else:
        typer.echo(found.shell)


def exports(environ: Mapping[str, str] = os.environ) -> "Exports":
    """The environment of the running sandbox. Raises CommandFailed, with what to do, when it is not running."""
    from sandbox import manager

    layout = manager.Layout.of(environ)
    with _spoken():
        record = manager.status(layout).usable
    return manager.exports(layout, record.urls, record.toolchain, environ)


def _layout() -> "Layout":
    from sandbox.manager import Layout

    return Layout.of(os.environ)


@contextmanager
def _spoken() -> Iterator[None]:
    """Turns what the sandbox cannot do into a command that failed."""
    from sandbox.manager import SandboxError

    try:
        yield
    except SandboxError as error:
        raise CommandFailed(str(error)) from error


def _addresses(urls: Mapping[str, str]) -> str:
    from sandbox.manager import addresses

    return "\n".join(f"  {line}" for line in addresses(urls))


def _stacks(stacks: Mapping[str, str]) -> str:
    return f"stack{'' if len(stacks) == 1 else 's'} {' and '.join(sorted(stacks.values()))}"


def _status_text(found: "Status") -> str:
    from sandbox.manager import Condition
    from sandbox.manager.lifecycle import explain

    if found.condition is not Condition.RUNNING or found.record is None:
        return explain(found)
    uptime = duration.show(int(time.time()) - found.record.started_at)
    left = duration.show(max(0, int(found.record.started_at + found.record.lifetime_s - time.time())))
    apps = [
        f"  slot {app['slot']:<28} {app['url'] or 'starting'}  version {app['version']}"
        + ("" if app["serves"] else "  (not in use)")
        for app in found.apps
    ]
    head = f"The sandbox is running for {_stacks(found.record.stacks)}, up {uptime}; it ends by itself in {left}."
    return "\n".join([head, _addresses(found.record.urls), *(apps or ["  no slot has a process yet"])])


def _status_json(found: "Status") -> dict[str, Any]:
    """{condition, advice, stacks, started_at, uptime_s, lifetime_s, urls, processes: {name: {pid, alive, log}}, apps};
    what a sandbox that is down does not have is null or empty."""
    layout = _layout()
    record = found.record
    processes = record.processes if record else {}
    return {
        "condition": str(found.condition),
        "advice": found.advice,
        "stacks": sorted(record.stacks.values()) if record else [],
        "started_at": record.started_at if record else None,
        "uptime_s": int(time.time()) - record.started_at if record else None,
        "lifetime_s": record.lifetime_s if record else None,
        "urls": dict(record.urls) if record else {},
        "processes": {
            name: {"pid": process.pid, "alive": process.alive, "log": str(layout.log(name))}
            for name, process in processes.items()
        },
        "apps": [dict(app) for app in found.apps],
    }
