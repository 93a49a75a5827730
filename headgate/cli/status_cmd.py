"""`headgate status`: where a rollout is, asked and observed, and what stands in its way."""

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.errors import CommandFailed, ExitCode

EVERY = "2s"

StackOption = Annotated[
    str | None, typer.Option("--stack", "-s", help="The stack; the selected one if left out.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; its keys are in docs/cli.md.")]
WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Look again and again; Ctrl-C ends it.")]
EveryOption = Annotated[
    str | None, typer.Option("--every", help=f"How often to look, with --watch; {EVERY} if left out.")
]
MetricsOption = Annotated[
    list[str] | None,
    typer.Option("--metrics", metavar="URL", help="A metrics path of the application; with --watch, once or more."),
]


def status(
    *,
    stack: StackOption = None,
    as_json: JsonOption = False,
    watch: WatchOption = False,
    every: EveryOption = None,
    metrics: MetricsOption = None,
) -> None:
    """Tell where the rollout is: versions, step, weight asked and observed, bake, what blocks the next step.

    Without a selected stack, every stack that has a file is shown. What cannot be read is said. The exit code is 1 only
    when nothing at all can be read.

    With --watch one stack is shown and repainted, with requests, error rate and p95 of the last minute for both
    versions: from the addresses of --metrics (docs/middleware.md), in the sandbox from its router. Whatever does not
    answer meanwhile is said and asked again. In a pipe a block is printed whenever something changes. Ctrl-C leaves the
    last picture and ends with exit code 0.
    """
    if watch:
        _watch(stack, every, metrics or [], as_json=as_json)
        return
    if every is not None or metrics:
        raise CommandFailed("--every and --metrics are for --watch; add it", ExitCode.USAGE)

    from headgate.cli.reading import read_all

    found, clock = read_all(stack, Path.cwd(), os.environ)
    if as_json:
        from headgate.cli.status_json import to_json

        typer.echo(json.dumps(to_json(found, clock), indent=2))
    else:
        from headgate.cli.status_text import console, show

        typer.echo(show(found, clock, int(time.time()), console()))
    if all(each.empty for each in found):
        raise CommandFailed("nothing could be read; see the problems above")


def _watch(stack: str | None, every: str | None, metrics: list[str], *, as_json: bool) -> None:
    from headgate import duration

    if as_json:
        raise CommandFailed("--json shows one moment; leave --watch out, or --json", ExitCode.USAGE)
    seconds = duration.parse(every or EVERY)
    if not seconds:
        raise CommandFailed(f"--every: found {every!r}; expected {duration.EXPECTED}, at least 1s", ExitCode.USAGE)

    from rich.console import Console

    from headgate import traffic
    from headgate.cli import status_figures
    from headgate.cli.reading import opened
    from headgate.cli.situation import gather
    from headgate.cli.status_watch import Watch, run

    wrong = [f"--metrics: {reason}" for reason in map(status_figures.refused, metrics) if reason]
    if wrong:
        raise CommandFailed("\n".join(wrong), ExitCode.USAGE)
    at = opened(stack, Path.cwd(), os.environ)
    watch = Watch(
        lambda: (gather(at.project, at.stack, at.engine, traffic.for_system, at.clock.now()), at.clock),
        status_figures.source(metrics, os.environ),
        time.sleep,
        time.time,
    )
    run(watch, Console(highlight=False), seconds)
