"""`headgate approve`: agree that the current step is left."""

import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import StackOption

StepArgument = Annotated[str, typer.Argument(help="The step that the rollout is at, and that may be left.")]
ByOption = Annotated[str, typer.Option("--by", help="Who approves: the e-mail address that git knows them by.")]
ForOption = Annotated[str, typer.Option("--for", help="How long it holds, at most 7d.")]


def approve(step: StepArgument, by: ByOption, lasts: ForOption = "4h", stack: StackOption = None) -> None:
    """Keep an approval for the gate `approval`, about this step of this rollout and this candidate image alone.

    In production nobody may approve what they asked for. Names are taken as they are given: what they prove, and how
    approvals are signed, is in docs/configuration.md.
    """
    from headgate import duration
    from headgate.cli import project as projects
    from headgate.cli.reading import read_all
    from headgate.evidence import EvidenceError
    from headgate.evidence.identity import GitIdentity
    from headgate.evidence.reading import key_of, store_of
    from headgate.lifecycle.approve import Refused, Wanted
    from headgate.lifecycle.approve import approve as run
    from headgate.plan import IDLE
    from headgate.windows import show_moment

    seconds = duration.parse(lasts)
    if seconds is None:
        raise CommandFailed(f"--for: found {lasts!r}; expected {duration.EXPECTED}", ExitCode.USAGE)
    found, _ = read_all(stack, Path.cwd(), os.environ, one=True)
    situation = found[0]
    if situation.settings is None:
        raise CommandFailed(f"stack {situation.stack}: " + "; ".join(situation.problems))
    folder = projects.find(Path.cwd()).folder
    try:
        store, key = store_of(situation.settings, folder), key_of(situation.settings, os.environ)
        identity = GitIdentity(folder, os.environ)
        done = run(situation, Wanted(step, by, seconds), identity, store=store, key=key)
    except Refused as error:
        raise CommandFailed(f"stack {situation.stack}: not approved: " + "\n  ".join(("", *error.problems))) from error
    except EvidenceError as error:
        raise CommandFailed(f"stack {situation.stack}: not approved: {error}") from error
    until = show_moment(done.evidence.expires or situation.now)
    typer.echo(f"{situation.stack}: step {step} may be left, approved by {done.evidence.by} until {until}")
    typer.echo(f"kept in {done.place}")
    verb = "promote" if done.following == IDLE else "advance"
    typer.echo(f"next: headgate {verb} --stack {situation.stack}, while the approval holds")
