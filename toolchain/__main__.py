"""`python -m toolchain`: what the Makefile calls.

    venv     make .venv what requirements.lock says
    ensure   find or build the Pulumi engine; prints the folder to put on PATH
    lock     resolve requirements.lock from pyproject.toml (--upgrade: newest versions)
    clean    remove built engines and the bootstrap uv from the cache

Results go to stdout, everything else to stderr. Exit code 2 when the machine lacks something.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from toolchain.choice import ensure
from toolchain.errors import ToolchainError
from toolchain.process import SubprocessRunner
from toolchain.progress import for_stream
from toolchain.venv import Installer, clean


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m toolchain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="venv|ensure|lock|clean")
    for verb in ("venv", "ensure", "clean"):
        verbs.add_parser(verb)
    verbs.add_parser("lock").add_argument("--upgrade", action="store_true")
    asked = parser.parse_args(argv)
    progress = for_stream()
    installer = Installer(os.environ, SubprocessRunner(), progress)
    try:
        match asked.verb:
            case "venv":
                installer.install()
            case "lock":
                installer.lock(upgrade=asked.upgrade)
            case "clean":
                for path in clean(os.environ):
                    progress.say(f"removed {path}")
            case _:
                sys.stdout.write(f"{ensure(progress=progress).bin}\n")
    except ToolchainError as error:
        progress.say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        progress.say("stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
