"""What the stand-ins carry, as a table: `python -m sandbox.plugins.coverage` prints it as Markdown."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sandbox.plugins.aws import invokes as aws_functions
from sandbox.plugins.aws import tables as aws
from sandbox.plugins.gcp import invokes as google_functions
from sandbox.plugins.gcp import tables as google


class Support(StrEnum):
    """How a type is carried: by moto as it is, by moto as repaired here, only recorded, or by our own emulator."""

    REAL = "real"
    REPAIRED = "repaired"
    RECORD_ONLY = "record-only"
    EMULATED = "emulated"


@dataclass(frozen=True)
class Entry:
    """One resource type. properties: the top-level inputs the stand-in knows."""

    token: str
    support: Support
    properties: tuple[str, ...]
    note: str


def entries() -> list[Entry]:
    """Every resource type, by token."""
    found = [Entry(t, Support(row.support), tuple(sorted(row.fields)), row.note) for t, row in aws.rows().items()]
    found += [Entry(t, Support.EMULATED, tuple(sorted(row.fields)), row.note) for t, row in google.rows().items()]
    return sorted(found, key=lambda entry: entry.token)


def functions() -> list[str]:
    """Every function, by token."""
    return sorted([*aws_functions.INVOKES, *google_functions.INVOKES])


def markdown() -> Iterator[str]:
    """The lines of the table, without line ends."""
    yield "| type | carried | what to know | properties |"
    yield "|---|---|---|---|"
    for entry in entries():
        names = " ".join(f"`{name}`" for name in entry.properties)
        yield f"| `{entry.token}` | {entry.support} | {entry.note} | {names} |"
    yield ""
    yield f"Functions: {', '.join(f'`{token}`' for token in functions())}."


if __name__ == "__main__":
    sys.stdout.write("\n".join(markdown()) + "\n")
