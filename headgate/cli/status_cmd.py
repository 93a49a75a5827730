"""`headgate status`: where a rollout is, asked and observed, and what stands in its way."""

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.errors import CommandFailed

StackOption = Annotated[
    str | None, typer.Option("--stack", "-s", help="The stack; the selected one if left out.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; its keys are in docs/cli.md.")]


def status(stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Tell where the rollout is: versions, step, weight asked and observed, bake, what blocks the next step.

    Without a selected stack, every stack that has a file is shown. What cannot be read is said. The exit code is 1 only
    when nothing at all can be read.
    """
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
