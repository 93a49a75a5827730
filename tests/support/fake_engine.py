"""An in-memory `Engine`."""

from dataclasses import dataclass, field
from typing import Any

from headgate.engine import EngineError, Update


@dataclass
class FakeEngine:
    """`outputs`: stack -> its outputs. `broken`: every call raises with it."""

    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    current: str | None = None
    broken: str = ""

    def selected(self) -> str | None:
        self._refuse()
        return self.current

    def output(self, stack: str, name: str) -> object:
        self._refuse()
        if stack not in self.outputs:
            raise EngineError(f"no stack named {stack!r} found")
        return self.outputs[stack].get(name)

    def last_update(self, stack: str) -> Update | None:
        self._refuse()
        return self.updates.get(stack)

    def _refuse(self) -> None:
        if self.broken:
            raise EngineError(self.broken)
