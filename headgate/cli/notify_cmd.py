"""`headgate notify`: try out who is told, and tell the next ones."""

import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import StackOption

app = typer.Typer(help="Who is told: try it out, and tell the next ones.", no_args_is_help=True)

TierOption = Annotated[
    str | None, typer.Option("--tier", help="Only these people; every tier if left out.", show_default=False)
]


@app.command("test")
def try_out(stack: StackOption = None, tier: TierOption = None) -> None:
    """Send a message that says it is a test. Exit code 1: somebody did not get it, or nobody is named.

    Done by the service is not read by a person: ask them.
    """
    from headgate.cli.people import found
    from headgate.cli.reading import opened
    from headgate.notify.escalation import trial
    from headgate.notify_settings import TIERS

    if tier is not None and tier not in TIERS:
        raise CommandFailed(f"--tier: found {tier!r}; expected one of: {', '.join(TIERS)}", ExitCode.USAGE)
    at = opened(stack, Path.cwd(), os.environ)
    people = found(at, os.environ)
    if people.problems:
        raise CommandFailed("\n  ".join(people.problems))
    named = [each for each in TIERS if people.settings.tiers.get(each) and tier in (None, each)]
    if not named:
        of = f" for {tier}" if tier else ""
        raise CommandFailed(f"{at.stack}: headgate:notify names nobody{of}, so nobody is told (docs/configuration.md)")
    deliveries = people.notifier.send(trial(at.stack, people.facts.by, tuple(named)))
    lines = "\n".join((f"{at.stack}:", *(f"  {each}" for each in deliveries)))
    if not all(each.sent for each in deliveries):
        raise CommandFailed(lines)
    typer.echo(lines)


@app.command()
def escalate(stack: StackOption = None) -> None:
    """Tell the next tier of every incident that nobody has acknowledged: team and on-call after 5 minutes, leads after
    30, management after an hour.

    Nothing runs this by itself yet: a scheduler has to, once a minute. Each tier is told of an incident once; one that
    could not be reached is tried again by the next run. Exit code 1: somebody who was to be told was not.
    """
    from headgate.cli.people import found
    from headgate.cli.reading import opened
    from headgate.evidence import EvidenceError
    from headgate.lifecycle.escalate import escalate as run

    at = opened(stack, Path.cwd(), os.environ)
    people = found(at, os.environ)
    try:
        done = run(people.shelves.records, people.notifier, at.clock.now())
    except EvidenceError as error:
        raise CommandFailed(f"{at.stack}: {error}") from error
    open_ones = f"open: {', '.join(done.unanswered)}" if done.unanswered else "no incident is open"
    lines = [f"{at.stack}: {open_ones}"]
    for each in done.told:
        what = f"{each.incident}, tier {each.tier.number}"
        lines += [f"  {what}: {delivery}" for delivery in each.deliveries]
        if not each.deliveries:
            lines.append(f"  {what}: NOT told: headgate:notify names nobody for {' or '.join(each.tier.tags)}")
    lines += [f"  {each}" for each in (*done.problems, *people.problems)]
    if not done.well or people.problems:
        raise CommandFailed("\n".join(lines))
    typer.echo("\n".join(lines))
