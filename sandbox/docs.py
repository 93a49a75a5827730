"""The generated parts of docs/sandbox.md: what the emulators and the router say of themselves.

`python -m sandbox.docs` prints them; `--write` puts each between its markers in the page, `--check` fails when one is
out of date.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sandbox.aws import control as cloud
from sandbox.google import control as google
from sandbox.plugins import coverage
from sandbox.router import control as router

PAGE = Path(__file__).resolve().parent.parent / "docs/sandbox.md"

_PART = re.compile(r"(?s)(?P<begin><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end generated -->\n)")


def _table(text: str | None) -> str:
    return "\n".join(line for line in (text or "").splitlines() if line.startswith("|"))


def _router() -> str:
    requests = re.findall(r"(?m)^(GET|POST) +(\S+) +(.+)$", router.__doc__ or "")
    rows = [f"| `{method} {path}` | {meaning} |" for method, path, meaning in _escaped(requests)]
    return "\n".join(["| request | what it does |", "|---|---|", *rows])


def _escaped(cells: list[tuple[str, str, str]]) -> list[list[str]]:
    return [[cell.replace("|", "\\|") for cell in row] for row in cells]


PARTS: Mapping[str, Callable[[], str]] = {
    "control": lambda: _table(cloud.__doc__),
    "google-control": lambda: _table(google.__doc__),
    "router": _router,
    "coverage": lambda: "\n".join(coverage.markdown()),
}


def filled(page: str) -> str:
    """`page` with every generated part as it is now. Raises ValueError when it has not each part exactly once."""
    found = sorted(match["name"] for match in _PART.finditer(page))
    if found != sorted(PARTS):
        raise ValueError(f"docs/sandbox.md has the generated parts {found}; expected {sorted(PARTS)}, each once")
    return _PART.sub(lambda match: f"{match['begin']}{PARTS[match['name']]()}\n{match['end']}", page)


def main(arguments: Sequence[str]) -> int:
    """Prints, writes or checks; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.docs", description="Generated parts of docs/sandbox.md.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="bring docs/sandbox.md up to date")
    what.add_argument("--check", action="store_true", help="fail when it is out of date")
    options = parser.parse_args(arguments)
    page = PAGE.read_text(encoding="utf-8")
    if options.write:
        PAGE.write_text(filled(page), encoding="utf-8")
    elif not options.check:
        sys.stdout.write("\n\n".join(make() for make in PARTS.values()) + "\n")
    elif filled(page) != page:
        sys.stderr.write("docs/sandbox.md is out of date; run: make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
