"""A message to people, and how its delivery ended. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Level(StrEnum):
    """How grave a message is; the words are Apprise's."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Message:
    """`body`: plain text, a fact a line. `tags`: the tiers that get it (`notify_settings.TIERS`)."""

    title: str
    body: str
    severity: Level
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message to the addresses in the environment variable `name`, of `tier`; `why` it was not sent.

    Says never an address, nor what a service answered.
    """

    tier: str
    name: str
    sent: bool
    why: str = ""

    def __str__(self) -> str:
        return f"told {self.tier} ({self.name})" if self.sent else f"NOT told: {self.tier} ({self.name}): {self.why}"


class Notifier(Protocol):
    """Sends messages."""

    def send(self, message: Message) -> tuple[Delivery, ...]:
        """One delivery for each address of the tiers in `message.tags`; empty when there is none. Never raises, and
        ends within a bounded time."""
        ...
