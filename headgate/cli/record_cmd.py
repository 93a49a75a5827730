"""`headgate record`: the record of a rollout, or of an incident."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption

RolloutArgument = Annotated[
    str | None,
    typer.Argument(help="Id of a rollout or of an incident; the newest rollout if left out.", show_default=False),
]
IncidentOption = Annotated[bool, typer.Option("--incident", help="The newest incident, of ROLLOUT if it is named.")]
ToOption = Annotated[
    Path | None, typer.Option("--to", help="Write it into this file, which must be new.", show_default=False)
]


def record(
    rollout: RolloutArgument = None,
    stack: StackOption = None,
    incident: IncidentOption = False,
    as_json: JsonOption = False,
    to: ToOption = None,
) -> None:
    """Print the record of a rollout, or of an incident, as Markdown or JSON.

    That of a rollout is made anew from the engine's history and the evidence: start, end, duration, steps, gates, what
    was noticed and how it was solved. That of an incident was kept by the rollback, with what people added when they
    acknowledged it; what is still to be filled in is marked. Neither holds a secret.

    JSON: the fields of `headgate.records`.
    """
    from headgate.cli.people import found
    from headgate.cli.reading import opened
    from headgate.engine import EngineError
    from headgate.evidence import EvidenceError
    from headgate.lifecycle import keep
    from headgate.lifecycle.bounded import TooLong
    from headgate.records import markdown
    from headgate.records.rollout import to_dict

    at = opened(stack, Path.cwd(), os.environ)
    shelves = found(at, os.environ).shelves
    if to is not None and to.exists():
        raise CommandFailed(f"--to: {to} exists, and may hold what people wrote; name another file", ExitCode.USAGE)
    try:
        case = _case(shelves.records.cases().cases, rollout, at.stack, incident=incident)
        if case is not None:
            content, text = _incident(case), markdown.incident(case.incident, case.notes)
        else:
            made = keep.rollout(at.stack, rollout, at.engine, shelves)
            content, text = to_dict(made), markdown.rollout(made)
    except (keep.NoRecord, EngineError, EvidenceError, TooLong) as error:
        raise CommandFailed(str(error)) from error
    shown = json.dumps(content, indent=2) + "\n" if as_json else text
    if to is None:
        typer.echo(shown, nl=False)
        return
    try:
        with to.open("x", encoding="utf-8") as file:
            file.write(shown)
    except OSError as error:
        raise CommandFailed(f"--to: {to} cannot be written: {error.strerror or error}") from error
    typer.echo(f"written to {to}")


def _case(cases: Any, wanted: str | None, stack: str, *, incident: bool) -> Any:
    """The incident that is asked for; None when a rollout is."""
    named = next((case for case in cases if case.incident.id == wanted), None)
    if named is not None or not incident:
        return named
    case = next((case for case in cases if wanted in (None, case.incident.rollout)), None)
    if case is None:
        of = f"rollout {wanted!r} of {stack}" if wanted else stack
        raise CommandFailed(f"no incident of {of} is recorded; a rollback by `headgate rollback` records one")
    return case


def _incident(case: Any) -> dict[str, Any]:
    from headgate.records.incident import to_dict

    return {**to_dict(case.record), "acknowledged": [to_dict(note) for note in case.notes]}
