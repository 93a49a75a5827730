"""`headgate acknowledge`: take over an incident."""

import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import StackOption

IncidentArgument = Annotated[
    str | None, typer.Argument(help="Id of the incident; the one that is open if left out.", show_default=False)
]
ByOption = Annotated[str, typer.Option("--by", help="Who takes over.")]
SeverityOption = Annotated[str, typer.Option("--severity", help="minor, major or outage, as you see it.")]
CauseOption = Annotated[str, typer.Option("--cause", help="Why it happened.")]
ImpactOption = Annotated[str, typer.Option("--impact", help="What it meant to users.")]
ImprovementOption = Annotated[
    list[str] | None, typer.Option("--improvement", help="What is to change; may be repeated.", show_default=False)
]


def acknowledge(
    *,
    by: ByOption,
    incident: IncidentArgument = None,
    stack: StackOption = None,
    severity: SeverityOption = "",
    cause: CauseOption = "",
    impact: ImpactOption = "",
    improvement: ImprovementOption = None,
) -> None:
    """Say that somebody takes over an incident, so that nobody else is told of it; add what is known by now.

    Run it again to add more: the record shows the newest word on each thing, and every improvement. The team is told
    the first time.
    """
    from headgate.cli.people import found
    from headgate.cli.reading import opened
    from headgate.evidence import EvidenceError
    from headgate.lifecycle.acknowledge import Refused, Wanted
    from headgate.lifecycle.acknowledge import acknowledge as run
    from headgate.notify.escalation import acknowledged

    at = opened(stack, Path.cwd(), os.environ)
    people = found(at, os.environ)
    wanted = Wanted(by, incident, severity.strip(), cause, impact, tuple(improvement or ()))
    try:
        done = run(at.stack, people.shelves.records, wanted, at.clock.now())
    except Refused as error:
        raise CommandFailed(str(error), ExitCode.USAGE if error.usage else ExitCode.FAILED) from error
    except EvidenceError as error:
        raise CommandFailed(f"not acknowledged: {error}") from error
    record = done.case.record
    typer.echo(f"{at.stack}: incident {record.id} is acknowledged by {by.strip()}")
    if done.first:
        for delivery in people.notifier.send(acknowledged(record.id, at.stack, by.strip())):
            typer.echo(f"  {delivery}")
    typer.echo(f"kept in {done.place}")
    typer.echo(f"next: headgate record {record.id} --stack {at.stack}")
