"""`headgate retire`: let the standby go."""

import os
from pathlib import Path

from headgate.cli.asking import YesOption
from headgate.cli.status_cmd import JsonOption, StackOption


def retire(stack: StackOption = None, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Let the former live version go, when the plan's retention is over. The way back to it ends. JSON: as of start."""
    from headgate.cli.operating import edges_of, finish
    from headgate.lifecycle.retire import retire as run

    with edges_of(stack, Path.cwd(), os.environ, yes=yes) as edges:
        finish(run(edges), as_json=as_json)
