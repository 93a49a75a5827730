"""`headgate rollback`: give everybody back."""

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.asking import YesOption
from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption
from headgate.lifecycle.outcome import Ended
from headgate.lifecycle.rolled_back import Rollback, to_json

ReasonOption = Annotated[
    str | None,
    typer.Option("--reason", help="Why, in a line; for the history and the people told.", show_default=False),
]
ToOption = Annotated[
    int | None,
    typer.Option("--to", help="The whole configuration of this update (`pulumi stack history`).", show_default=False),
]
SlotOption = Annotated[
    str | None,
    typer.Option("--to-slot", help="Who gets everybody, where that cannot be told.", show_default=False),
]
TrafficOption = Annotated[
    bool, typer.Option("--traffic-only", help="Traffic and the stack file; no history and no update.")
]
CancelOption = Annotated[
    bool, typer.Option("--cancel", help="End the update that holds the stack (`pulumi cancel`), if one does.")
]


def rollback(
    *,
    stack: StackOption = None,
    reason: ReasonOption = None,
    to: ToOption = None,
    to_slot: SlotOption = None,
    traffic_only: TrafficOption = False,
    cancel: CancelOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give everybody back: to the live version during a rollout, to the standby after a promotion.

    Traffic first, by the cloud's API alone. Then the stack file gets the newest configuration under which that version
    had everything, `pulumi up` runs, and split, record and file are compared. No step undoes an earlier one; run again,
    it does what is left. Exit code 4: rolled back; 1: something is left, and the message says where users are and
    how to go on; 0: there was nothing to take back. It proposes a commit message and commits nothing.

    JSON: as of start, and {reason, target, traffic: {done, before, after, writes, seconds, trouble, error},
    from_update, changed_keys, kept_keys, updated, seconds, notes, commit_message}.
    """
    from headgate import traffic
    from headgate.cli.operating import edges_of
    from headgate.cli.people import keeper
    from headgate.lifecycle.rollback import Wanted, Way
    from headgate.lifecycle.rollback import rollback as run

    if traffic_only and to is not None:
        raise CommandFailed(
            "--to needs the history, which --traffic-only does without; give one of them", ExitCode.USAGE
        )
    wanted = Wanted((reason or "").strip(), to, to_slot, traffic_only, cancel)
    with edges_of(stack, Path.cwd(), os.environ, yes=yes) as edges:
        after = keeper(edges.stack, edges.engine, Path.cwd(), traffic_only=traffic_only)
        way = Way(edges, traffic.for_system, lambda: _may_cancel(yes), after, time.monotonic)
        finish(run(way, wanted), as_json=as_json)


def _may_cancel(yes: bool) -> bool:
    """The only other thing that is asked, and only when a lock is met; --yes alone does not agree to it."""
    from headgate.cli.asking import confirm

    if yes:
        return False
    sys.stderr.write("Another update holds the stack, or left its lock. End it with `pulumi cancel`?\n")
    try:
        confirm("", production=False, yes=False)
    except CommandFailed:
        return False
    return True


def finish(result: Rollback, *, as_json: bool) -> None:
    """Says how it ended, on stdout when everybody is back and else on stderr, and ends with its exit code."""
    code = code_of(result)
    if as_json:
        typer.echo(json.dumps(to_json(result), indent=2))
        raise typer.Exit(code)
    if result.ended is not Ended.DONE:
        raise CommandFailed(text(result), code)
    typer.echo(text(result))
    raise typer.Exit(code)


def code_of(result: Rollback) -> ExitCode:
    if result.ended is Ended.DONE:
        return ExitCode.DONE if result.idle else ExitCode.ROLLED_BACK
    return ExitCode.USAGE if result.usage else ExitCode.FAILED


def text(result: Rollback) -> str:
    """What happened; where users are; what the file says now, and what to commit; what is left."""
    lines = [f"{result.stack}: {result.said}", *filter(None, [result.traffic]), *configured(result)]
    lines += [f"- {reason}" for reason in result.reasons]
    lines += [f"note: {note}" for note in result.notes]
    lines += list(result.told)
    if result.seconds is not None and result.updated:
        lines.append(f"all of it took {result.seconds:.0f} s")
    if result.commit:
        lines += [
            "Commit the stack file before anything else runs `pulumi up` from Git:",
            f"  {commit_command(result)}",
        ]
    if result.then:
        lines.append(f"next: {result.then}")
    return "\n  ".join(lines)


def configured(result: Rollback) -> list[str]:
    """What became of the stack file."""
    choice = result.choice
    if choice is None:
        return []
    of = f"as of update {choice.update}" if choice.update else "made from the present file"
    changed = sorted({*choice.values, *choice.remove})
    lines = [f"configuration: {of}, " + (f"changed {', '.join(changed)}" if changed else "there already")]
    if choice.kept:
        again = f"`headgate rollback --to {choice.update}` takes all of it back"
        lines.append(f"kept, though other than then: {', '.join(choice.kept)}; {again}")
    if choice.untold:
        lines.append(f"kept, since the history does not tell secrets: {', '.join(choice.untold)}")
    return lines


def commit_command(result: Rollback) -> str:
    title, *rest = result.commit.split("\n\n")
    words = ["git", "commit", *(word for part in (title, *rest) for word in ("-m", part))]
    return shlex.join([*words, "--", f"stacks/Pulumi.{result.stack}.yaml"])
