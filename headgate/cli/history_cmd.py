"""`headgate history`: what happened to the rollouts of a stack."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.errors import CommandFailed
from headgate.cli.status_cmd import JsonOption, StackOption

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=200, help="How many updates, from the newest on.")]

_RESULTS = {"succeeded": "ok"}


def history(stack: StackOption = None, limit: LimitOption = 20, as_json: JsonOption = False) -> None:
    """Tell what each update did to the rollouts of a stack, newest first, and which incidents there were.

    From the engine's own history, so plain `pulumi up` is told as well, and from the records. Times are the engine's.

    JSON: {stack, updates: [{number, kind, result, message, started, ended, move, rollout, step, weight, split, live,
    candidate, image}], incidents: [{id, rollout, at, kind, severity, acknowledged_at, by}], problems}.
    """
    from headgate import gates
    from headgate.cli.people import found
    from headgate.cli.reading import opened
    from headgate.engine import EngineError
    from headgate.evidence import EvidenceError
    from headgate.lifecycle.keep import HISTORY
    from headgate.records import trail
    from headgate.records.store import Cases

    at = opened(stack, Path.cwd(), os.environ)
    records = found(at, os.environ).shelves.records
    try:
        entries = trail(at.engine.history(at.stack, HISTORY), gates.KNOWN)[:limit]
    except EngineError as error:
        raise CommandFailed(str(error)) from error
    try:
        cases, problems = records.cases(), []
    except EvidenceError as error:
        cases, problems = Cases(), [f"the incidents are not known: {error}"]
    problems += cases.damaged
    incidents = [_incident(case) for case in cases.cases]
    if as_json:
        updates = [asdict(entry) for entry in entries]
        told = {"stack": at.stack, "updates": updates, "incidents": incidents, "problems": problems}
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo("\n".join((show(at.stack, entries, incidents), *(f"! {each}" for each in problems))))


def _incident(case: Any) -> dict[str, Any]:
    record = case.record
    return {
        "id": record.id,
        "rollout": record.rollout,
        "at": record.at,
        "kind": record.kind,
        "severity": str(record.severity),
        "acknowledged_at": case.acknowledged_at,
        "by": case.notes[0].by if case.notes else None,
    }


def show(stack: str, entries: Sequence[Any], incidents: Sequence[dict[str, Any]]) -> str:
    """As text for people; `entries` as of `records.trail`, `incidents` as in the JSON."""
    from rich.markup import escape
    from rich.table import Table

    from headgate.carrier import show_split
    from headgate.cli.status_text import as_text, console
    from headgate.windows import show_moment

    screen = console()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    for name in ("time (UTC)", "what", "rollout", "step", "split asked for", "result"):
        table.add_column(name, overflow="fold")
    for each in entries:
        cells = (
            str(each.number), show_moment(each.started).removesuffix(" UTC"), each.move or each.kind, each.rollout,
            each.step, show_split(each.split) if each.split else "", _RESULTS.get(each.result, each.result),
        )  # fmt: skip
        table.add_row(*map(escape, cells))
    with screen.capture() as captured:
        screen.print(f"[bold]{escape(stack)}[/bold]: " + (f"{len(entries)} updates" if entries else "no update yet"))
        if entries:
            screen.print(table)
        for incident in incidents:
            by = incident["by"]
            who = f"acknowledged by {by}" if by else "NOT acknowledged"
            screen.print(escape(f"incident {incident['id']}: {incident['severity']}, {incident['kind']}; {who}"))
    return as_text(captured.get(), screen)
