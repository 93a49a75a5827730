"""`headgate start`: begin a rollout."""

import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.asking import YesOption
from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption

ImageOption = Annotated[
    str | None, typer.Option("--image", help="The candidate's image, NAME@sha256:...", show_default=False)
]
VersionOption = Annotated[
    str | None, typer.Option("--version", help="The candidate's version label.", show_default=False)
]
SlotOption = Annotated[
    str | None,
    typer.Option("--slot", help="Where it runs; else the slot that is free, or its own.", show_default=False),
]
RolloutOption = Annotated[
    str | None, typer.Option("--rollout", help="The rollout's id; else the version label.", show_default=False)
]
OnlyWriteOption = Annotated[bool, typer.Option("--only-write", help="Only write the stack file; apply nothing.")]


def start(
    *,
    stack: StackOption = None,
    image: ImageOption = None,
    version: VersionOption = None,
    slot: SlotOption = None,
    rollout: RolloutOption = None,
    only_write: OnlyWriteOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Begin a rollout: write the candidate into the stack file and take the first step of the plan.

    Without --image, the candidate that the stack file names. A version that was taken back before gets a new rollout
    id, LABEL-2, LABEL-3 and so on. Where slots are fixed, the free one is taken; else the slot follows from the image.

    Exit code 3: held by a gate or a rule; then, as after any failure that changed nothing, the stack file is as before.

    JSON, as of advance, promote and retire: {verb, stack, ended, said, reasons, before, after, observed, configuration,
    next, taken, told}; ended is done, held, failed, declined or interrupted; before and after are {phase, rollout,
    step, weight, split} as recorded; observed is the split that was read; configuration is what became of the stack
    file: unchanged, changed or put back.
    """
    from headgate.cli.operating import edges_of, finish
    from headgate.lifecycle.start import Wanted
    from headgate.lifecycle.start import start as run

    wanted = None
    if image is not None and version is not None:
        wanted = Wanted(image, version, slot, rollout)
    elif image is not None or version is not None or slot is not None or rollout is not None:
        raise CommandFailed("--image and --version go together; --slot and --rollout need both", ExitCode.USAGE)
    with edges_of(stack, Path.cwd(), os.environ, yes=yes or only_write) as edges:
        finish(run(edges, wanted, only_write=only_write), as_json=as_json)
