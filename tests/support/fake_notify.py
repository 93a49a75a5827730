"""An in-memory `Notifier`."""

from dataclasses import dataclass, field

from headgate.notify import Delivery, Message


@dataclass
class FakeNotifier:
    """`sent`: all messages. `reaches`: the tiers with an address; `deaf`: those whose delivery fails."""

    reaches: tuple[str, ...] = ("team", "on-call", "leads", "management")
    deaf: frozenset[str] = frozenset()
    sent: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> tuple[Delivery, ...]:
        self.sent.append(message)
        return tuple(
            Delivery(tag, f"HEADGATE_NOTIFY_{tag}", sent=tag not in self.deaf, why="no" if tag in self.deaf else "")
            for tag in message.tags
            if tag in self.reaches
        )
