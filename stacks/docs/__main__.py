"""`python -m stacks.docs` prints the reference; `--write` writes its page, `--check` fails when that is out of date."""

import argparse
import sys
from collections.abc import Sequence

from stacks.docs.page import PAGE, page


def main(arguments: Sequence[str]) -> int:
    """Prints, writes or checks; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m stacks.docs", description="Reference of the stack configuration.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="bring docs/configuration.md up to date")
    what.add_argument("--check", action="store_true", help="fail when it is out of date")
    options = parser.parse_args(arguments)
    if options.write:
        PAGE.write_text(page(), encoding="utf-8")
    elif not options.check:
        sys.stdout.write(page())
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.stderr.write("docs/configuration.md is out of date; run: make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
