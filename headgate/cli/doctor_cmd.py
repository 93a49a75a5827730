"""`headgate doctor`: what is wrong with a stack, and the one command that mends it."""

import json
import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate.cli.errors import ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headgate.doctor.findings import Finding

WIDTH = 100  # columns, as of `headgate status`; a command stays on one line, to be copied

RefreshOption = Annotated[
    bool,
    typer.Option("--refresh", help="Look for drift too: a preview that reads every resource. Minutes, not seconds."),
]


def doctor(stack: StackOption = None, refresh: RefreshOption = False, as_json: JsonOption = False) -> None:
    """Find and explain what keeps a rollout from going on, and print one command that mends each. Changes nothing.

    Looked at: pulumi, its plugins and backend, passphrase, credentials, policy pack, evidence store; locks, interrupted
    and failed updates; the record; asked and observed split; the standby and how long it is kept; the stack file
    against the last update. What cannot be looked at is a finding too. Several findings: mend the first and look again.
    Exit code 0: nothing needs a hand; 1: something does.

    JSON: {stack, findings: [{kind, found, means, mend}]}.
    """
    from headgate import traffic
    from headgate.cli.reading import opened
    from headgate.doctor.findings import examine
    from headgate.doctor.gather import Doctor

    at = opened(stack, Path.cwd(), os.environ)
    look = Doctor(at.project, at.engine, at.engine, traffic.for_system, os.environ).look
    found = examine(look(at.stack, at.clock.now(), refresh=refresh))
    typer.echo(json.dumps(to_json(at.stack, found), indent=2) if as_json else text(at.stack, found, refresh=refresh))
    raise typer.Exit(ExitCode.FAILED if found else ExitCode.DONE)


def text(stack: str, found: "Sequence[Finding]", *, refresh: bool) -> str:
    """A paragraph for each finding; the command stands on a line of its own."""
    if not found:
        more = "" if refresh else " Drift of other resources was not looked for (--refresh)."
        return f"{stack}: nothing needs a hand.{more}"
    lines = [f"{stack}: {len(found)} {'thing needs' if len(found) == 1 else 'things need'} a hand"]
    for number, each in enumerate(found, start=1):
        said = _wrapped(f"{number}. {each.kind}: {each.found}")
        lines += ["", said, _wrapped(f"   {each.means}"), f"   $ {each.mend}"]
    return "\n".join(lines)


def _wrapped(said: str) -> str:
    head = "   " if said.startswith(" ") else ""
    flowing = " ".join(said.split())
    return textwrap.fill(
        flowing, WIDTH, initial_indent=head, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False
    )


def to_json(stack: str, found: "Sequence[Finding]") -> dict[str, Any]:
    """See `doctor`."""
    findings = [{"kind": str(each.kind), "found": each.found, "means": each.means, "mend": each.mend} for each in found]
    return {"stack": stack, "findings": findings}
