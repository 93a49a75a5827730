"""Asks before something is changed. Prompts go to stderr; stdout belongs to the result."""

import sys
from typing import Annotated, Protocol

import typer

from headgate.cli.errors import CommandFailed, ExitCode

NOTHING = "nothing was changed"

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class Terminal(Protocol):
    """Somebody who can be asked."""

    @property
    def there(self) -> bool:
        """Whether anybody can answer."""
        ...

    def ask(self, question: str) -> str:
        """One line of answer. Raises EOFError when there is none, KeyboardInterrupt on Ctrl-C."""
        ...


class StdTerminal:
    """The terminal that the command was started in."""

    @property
    def there(self) -> bool:
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, question: str) -> str:
        """See `Terminal.ask`."""
        sys.stderr.write(question)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()


def required(yes: bool, terminal: Terminal | None = None) -> None:
    """Fails at once, as wrong usage, where nobody could be asked later. Raises CommandFailed."""
    if not yes and not (terminal or StdTerminal()).there:
        raise CommandFailed(f"there is no terminal to confirm on, so {NOTHING}; add --yes to go on", ExitCode.USAGE)


def confirm(stack: str, production: bool, yes: bool, terminal: Terminal | None = None, *, left: str = NOTHING) -> None:
    """Returns when the user agrees to what was just shown: in production by the stack's name, else by `y`.

    `yes`: agreed beforehand (`--yes`). `left`: what is true when the answer is no. Raises CommandFailed: usage (2)
    where nobody can answer, failed (1) for any other answer, Ctrl-C and the end of input.
    """
    if yes:
        return
    terminal = terminal or StdTerminal()
    required(yes, terminal)
    wanted = stack if production else "y"
    question = f"Type {stack} to go on: " if production else "Go on? [y/N] "
    try:
        answer = terminal.ask(question)
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")
        raise CommandFailed(left) from None
    if answer == wanted or (not production and answer.lower() in ("y", "yes")):
        return
    if production and answer:
        raise CommandFailed(f"{answer!r} is not {stack!r}; {left}")
    raise CommandFailed(left)
