"""`headgate gate`: run the gates of the current step now."""

import json
import os
from pathlib import Path

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption
from headgate.report import Verdict


def gate(stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Run the gates that must pass before the current step is left. Exit code 0: all passed; 3: held.

    JSON: {stack, step, next, gates: [{gate, verdict, reasons}]}. Nothing is recorded; `pulumi up` runs them again.
    """
    from headgate.cli.reading import read_all
    from headgate.cli.status_json import gates_json

    found, _ = read_all(stack, Path.cwd(), os.environ, one=True)
    situation = found[0]
    if situation.next is None or situation.state is None:
        why = "; ".join(situation.problems) or "no rollout is under way"
        raise CommandFailed(f"stack {situation.stack}: there is no step to leave: {why}")
    results = situation.next.results
    if as_json:
        content = {
            "stack": situation.stack,
            "step": situation.state.step,
            "next": situation.next.proposed.step,
            "gates": gates_json(results),
        }
        typer.echo(json.dumps(content, indent=2))
    else:
        for result in results:
            reasons = f": {'; '.join(result.reasons)}" if result.reasons else ""
            typer.echo(f"{result.gate} {result.verdict}{reasons}")
        if not results:
            typer.echo(f"no gate has to pass to leave step {situation.state.step}")
    if any(result.verdict is not Verdict.PASSED for result in results):
        raise typer.Exit(ExitCode.HELD)
