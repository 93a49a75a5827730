"""`headgate rehearse`: a whole rollout on the sandbox, with the real engine, real state and real requests."""

import sys
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Rehearse a rollout on the sandbox.", no_args_is_help=True)

SCALE = 60  # a minute of the plan passes in a second
PIPE_WIDTH = 110  # columns
USERS = 2000  # at 10 % their 99 % interval is 8.3 to 11.8 %

Scale = Annotated[int, typer.Option(min=2, max=3600, help="How many times as fast the clock runs.")]
Users = Annotated[int, typer.Option(min=200, max=20000, help="Fresh users per measurement.")]


@app.callback()
def rehearse() -> None:
    """Rehearse a rollout on the sandbox."""


@app.command()
def demo(scale: Scale = SCALE, users: Users = USERS) -> None:
    """Bootstrap GreenFlow, see that nothing changes again, take every step of its plan, refuse a jump, and go back."""
    _run("demo", scale, users)


@app.command()
def ion(scale: Scale = SCALE, users: Users = USERS // 2) -> None:
    """Bootstrap ION, see that nothing changes again, go back from every step, promote, and begin the next rollout."""
    _run("ion", scale, users)


def _run(name: str, scale: int, users: int) -> None:
    from sandbox.manager import SandboxError
    from sandbox.rehearsal.demo import DEMO
    from sandbox.rehearsal.ion import ION
    from sandbox.rehearsal.run import rehearse as run
    from toolchain.progress import for_stream

    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    (scene,) = (scene for scene in (DEMO, ION) if scene.name == name)
    try:
        outcome = run(scene, console, for_stream(sys.stderr), scale=scale, users=users)
    except SandboxError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if outcome.ok else 1)
