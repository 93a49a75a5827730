"""`headgate promote`: make the candidate the live version."""

import os
from pathlib import Path

from headgate.cli.asking import YesOption
from headgate.cli.status_cmd import JsonOption, StackOption


def promote(stack: StackOption = None, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Make the candidate the live version and the former live version its standby. No traffic moves.

    After the last step has baked. The standby keeps its tasks for as long as the plan says, so that the way back stays
    open; then `headgate retire`. JSON: as of start.
    """
    from headgate.cli.operating import edges_of, finish
    from headgate.lifecycle.promote import promote as run

    with edges_of(stack, Path.cwd(), os.environ, yes=yes) as edges:
        finish(run(edges), as_json=as_json)
