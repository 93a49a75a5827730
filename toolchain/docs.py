"""`python -m toolchain.docs` writes every generated part of docs/; with --check it fails when one is out of date.

Each part is made by the package it is about, in a process of its own, for no package may import all of them.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Generator:
    """A module that writes or checks its part, with the arguments for each; a check says itself what is wrong."""

    module: str
    write: tuple[str, ...] = ("--write",)
    check: tuple[str, ...] = ("--check",)


GENERATORS = (
    Generator("headgate.cli.docs", write=()),
    Generator("policies.docs"),
    Generator("stacks.docs"),
    Generator("sandbox.docs"),
)


def main(arguments: Sequence[str], call: Callable[[list[str]], int] | None = None) -> int:
    """Runs every generator, also after one that failed; returns 1 when any did. `call` runs a command."""
    parser = argparse.ArgumentParser(prog="python -m toolchain.docs", description="Generated documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a part is out of date")
    check = parser.parse_args(arguments).check
    call = call or _call
    codes = [call([sys.executable, "-m", each.module, *(each.check if check else each.write)]) for each in GENERATORS]
    return 1 if any(codes) else 0


def _call(command: list[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
