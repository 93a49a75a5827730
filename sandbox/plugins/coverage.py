"""What the stand-ins carry, as a table: `python -m sandbox.plugins.coverage` prints it as Markdown."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sandbox.plugins.aws.invokes import INVOKES
from sandbox.plugins.aws.tables import rows


class Support(StrEnum):
    """How a type is carried: by moto as it is, by moto as repaired here, or only recorded."""

    REAL = "real"
    REPAIRED = "repaired"
    RECORD_ONLY = "record-only"


@dataclass(frozen=True)
class Entry:
    """One resource type. properties: the top-level inputs the stand-in knows."""

    token: str
    support: Support
    properties: tuple[str, ...]
    note: str


def entries() -> list[Entry]:
    """Every resource type, by token."""
    return [
        Entry(token, Support(row.support), tuple(sorted(row.fields)), row.note) for token, row in sorted(rows().items())
    ]


def functions() -> list[str]:
    """Every function, by token."""
    return sorted(INVOKES)


def markdown() -> Iterator[str]:
    """The lines of the table, without line ends."""
    yield "| type | carried | what the repair does | properties |"
    yield "|---|---|---|---|"
    for entry in entries():
        names = " ".join(f"`{name}`" for name in entry.properties)
        yield f"| `{entry.token}` | {entry.support} | {entry.note} | {names} |"
    yield ""
    yield f"Functions: {', '.join(f'`{token}`' for token in functions())}."


if __name__ == "__main__":
    sys.stdout.write("\n".join(markdown()) + "\n")
