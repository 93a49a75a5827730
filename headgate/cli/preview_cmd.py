"""`headgate preview`: what the next `pulumi up` would do, judged by every rule."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption

MarkdownOption = Annotated[bool, typer.Option("--markdown", help="Print Markdown, as for a pull request.")]
SaveOption = Annotated[
    Path | None,
    typer.Option("--save-plan", help="Save the engine's plan; `pulumi up --plan FILE` does that and nothing else."),
]
RefreshOption = Annotated[bool, typer.Option("--refresh", help="Read every resource from the cloud first.")]


def preview(
    stack: StackOption = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    save_plan: SaveOption = None,
    refresh: RefreshOption = False,
) -> None:
    """Show what the next `pulumi up` would do to users and to resources, and what holds it. Nothing is changed.

    Beyond the policy pack and the guards of the program, which `pulumi preview` runs too, it judges what only the
    engine's preview shows: what is deleted, replaced or loosened. Exit code 0: nothing holds it; 3: held; 1: the
    preview failed.
    """
    from headgate.cli.reading import opened
    from headgate.engine import EngineError
    from headgate.lifecycle.preview import preview as run

    if as_json and as_markdown:
        raise CommandFailed("--json and --markdown exclude each other", ExitCode.USAGE)
    at = opened(stack, Path.cwd(), os.environ)
    saved = save_plan.absolute() if save_plan else None
    try:
        declared, now = at.migration(), at.clock.now()
        found = run(at.stack, at.engine, at.engine, now=now, migration=declared, save=saved, refresh=refresh)
    except EngineError as error:
        raise CommandFailed(str(error)) from error
    if as_json:
        from headgate.cli.preview_json import to_json

        typer.echo(json.dumps(to_json(found), indent=2))
    else:
        from headgate.cli import preview_text
        from headgate.cli.status_text import console

        typer.echo(preview_text.markdown(found) if as_markdown else preview_text.show(found, console()))
    if not found.clean:
        raise typer.Exit(ExitCode.FAILED if found.failed else ExitCode.HELD)
