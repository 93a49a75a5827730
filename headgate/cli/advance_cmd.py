"""`headgate advance`: the next step."""

import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.asking import YesOption
from headgate.cli.status_cmd import JsonOption, StackOption

ToOption = Annotated[
    str | None,
    typer.Option("--to", help="The step; must be the next one, or with --auto the last to take.", show_default=False),
]
AutoOption = Annotated[bool, typer.Option("--auto", help="Wait out each bake and go on, to the last step.")]


def advance(
    stack: StackOption = None,
    to: ToOption = None,
    auto: AutoOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take the next step of the plan: gates, configuration, preview with its rules, update, and the split read back.

    It asks before the update; --auto asks once and ends at the first gate or rule that holds it (exit code 3). It never
    promotes. Ctrl-C leaves the rollout at the step it is at. Until the update begins the stack file is put back; once
    it began, only when nothing was changed. JSON: as of start.
    """
    from headgate.cli.operating import edges_of, finish
    from headgate.lifecycle.advance import advance as run

    with edges_of(stack, Path.cwd(), os.environ, yes=yes) as edges:
        finish(run(edges, to, auto=auto), as_json=as_json)
