"""How a secure default is written down, and looked at."""

from collections.abc import Mapping
from typing import Any

from tests.contract.rows import Row
from tests.support.drive import drive

ABSENT = object()

# Component, type of child, inputs that every child of the type has.
Default = tuple[Row, str, Mapping[str, Any]]


def check(default: Default, preview: bool) -> None:
    """With required arguments, every child of the type has these inputs."""
    row, kind, expected = default
    made = drive(row.build(), preview=preview).of_type(kind)
    assert made
    for child in made:
        assert {key: child.inputs.get(key, ABSENT) for key in expected} == expected


def name(default: Default) -> str:
    """Of a test's case."""
    row, kind, _ = default
    return f"{row.name}-{kind}"
