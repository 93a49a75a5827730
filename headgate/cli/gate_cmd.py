"""`headgate gate`: run the gates of the current step now."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption

if TYPE_CHECKING:
    from headgate.cli.situation import Situation
    from headgate.lifecycle.gate import Probes, Recording

RecordOption = Annotated[
    bool, typer.Option("--record", help="Keep what gates found that run beforehand; `pulumi up` reads it.")
]


def gate(stack: StackOption = None, as_json: JsonOption = False, record: RecordOption = False) -> None:
    """Run the gates that must pass before the current step is left. Exit code 0: all passed; 3: held.

    Those that an update only reads the evidence of (smoke, security, commands) really run here. Without --record
    nothing is kept, and `pulumi up` does not know of it. An approval is read: `headgate approve` gives one.

    JSON: {stack, step, next, gates: [{gate, verdict, reasons}], recorded: [where]}.
    """
    from headgate.cli.reading import read_all
    from headgate.cli.status_json import gates_json
    from headgate.evidence import EvidenceError
    from headgate.lifecycle.gate import NoStep, lines, run

    found, _ = read_all(stack, Path.cwd(), os.environ, one=True)
    situation = found[0]
    try:
        gated = run(situation, probes_of(situation), recording_of(situation) if record else None)
    except (NoStep, EvidenceError) as error:
        raise CommandFailed(str(error)) from error
    if as_json:
        content = {
            "stack": gated.stack,
            "step": gated.step,
            "next": gated.following,
            "gates": gates_json(gated.results),
            "recorded": list(gated.kept),
        }
        typer.echo(json.dumps(content, indent=2))
    else:
        for line in lines(gated):
            typer.echo(line)
    if not gated.passed:
        raise typer.Exit(ExitCode.HELD)


def probes_of(situation: "Situation") -> "Probes":
    """The real outside of gates."""
    from headgate.cli import project as projects
    from headgate.gates.asking import HttpAsker
    from headgate.gates.command import ProcessRunner
    from headgate.lifecycle.gate import Probes
    from headgate.traffic.candidate import address_of_candidate

    project = projects.find(Path.cwd())
    others = project.configuration(situation.stack).others if situation.settings else {}
    return Probes(
        address=lambda settings: address_of_candidate(settings, others),
        asker=HttpAsker(),
        runner=ProcessRunner(),
        folder=project.folder,
        environ=os.environ,
    )


def recording_of(situation: "Situation") -> "Recording | None":
    """Where results are kept, with which key, in whose name. Raises EvidenceError.

    Asked for before anything runs, so that ten minutes of a command are not lost for want of a key."""
    from headgate.cli import project as projects
    from headgate.evidence.identity import GitIdentity
    from headgate.evidence.reading import key_of, store_of
    from headgate.lifecycle.gate import Recording

    if situation.settings is None:
        return None
    folder = projects.find(Path.cwd()).folder
    by = GitIdentity(folder, os.environ).recorder()
    return Recording(store_of(situation.settings, folder), key_of(situation.settings, os.environ), by)
