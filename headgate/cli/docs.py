"""`python -m headgate.cli.docs`: writes docs/cli.md from the commands themselves; --check only compares."""

import argparse
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from headgate.cli import status_json
from headgate.cli.app import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"

HEAD = """# The `headgate` command

Written by `make docs` from the commands themselves; do not edit.

Plain Pulumi is the whole operation: set `headgate:step` and run `pulumi up`. These commands are convenience over it.

| exit code | means |
|---|---|
| 0 | done |
| 1 | failed; the message says what and what to do |
| 2 | wrong usage |
| 3 | held: a gate or a rule does not let the rollout go on |
| 4 | rolled back |
"""


def page() -> str:
    """The whole page."""
    sections = [_section(path, command) for path, command in _commands(["headgate"], typer.main.get_command(app))]
    schema = inspect.cleandoc(status_json.to_json.__doc__ or "")
    return "\n".join([HEAD, *sections, "## The JSON of `headgate status --json`\n", schema, ""])


def main() -> int:
    """Writes the page, or with --check says whether it is as written; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m headgate.cli.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when the page is out of date")
    if not parser.parse_args().check:
        PAGE.write_text(page())
        return 0
    if PAGE.exists() and PAGE.read_text() == page():
        return 0
    sys.stderr.write("docs/cli.md is out of date; run: make docs\n")
    return 1


def _commands(path: list[str], command: Any) -> Iterator[tuple[list[str], Any]]:
    """Every command that does something, with its words; groups are entered."""
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        yield from _commands([*path, name], child)


def _section(path: list[str], command: Any) -> str:
    lines = [f"## `{' '.join(path)}`\n", f"{inspect.cleandoc(command.help or '')}\n"]
    options = [parameter for parameter in command.params if parameter.opts and not getattr(parameter, "hidden", False)]
    if options:
        lines += ["| option | default | |", "|---|---|---|", *map(_row, options), ""]
    return "\n".join(lines)


def _row(option: Any) -> str:
    default = "" if option.default in (None, False) else f"`{option.default}`"
    return f"| `{'`, `'.join(option.opts)}` | {default} | {option.help or ''} |"


if __name__ == "__main__":
    sys.exit(main())
