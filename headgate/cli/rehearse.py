"""`headgate rehearse demo`: a whole rollout on the sandbox, with the real engine, real state and real requests."""

import sys
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Rehearse a rollout on the sandbox.", no_args_is_help=True)

SCALE = 60  # a minute of the plan passes in a second
PIPE_WIDTH = 100  # columns
USERS = 2000  # at 10 % their 99 % interval is 8.3 to 11.8 %


@app.callback()
def rehearse() -> None:
    """Rehearse a rollout on the sandbox."""


@app.command()
def demo(
    scale: Annotated[int, typer.Option(min=2, max=3600, help="How many times as fast the clock runs.")] = SCALE,
    users: Annotated[int, typer.Option(min=200, max=20000, help="Fresh users per measurement.")] = USERS,
) -> None:
    """Bootstrap GreenFlow, take every step of its plan, refuse a jump, and go back."""
    from sandbox.manager import SandboxError
    from sandbox.rehearsal.demo import demo as run_demo
    from toolchain.progress import for_stream

    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    try:
        outcome = run_demo(console, for_stream(sys.stderr), scale=scale, users=users)
    except SandboxError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if outcome.ok else 1)
