"""A resource as the engine has it on record, and as an operation leaves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource after an operation: the provider's id, outputs and inputs as they are now."""

    id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """A resource as Pulumi has it on record: inputs of the last run, outputs of the last look."""

    id: str
    inputs: Values
    state: Values


class HalfMade(Exception):
    """The resource exists, but something about it could not be done. made: what goes on record."""

    def __init__(self, made: Made, cause: Exception) -> None:
        super().__init__(str(cause))
        self.made = made
