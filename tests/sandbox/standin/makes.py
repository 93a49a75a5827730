"""Resources that others need, made on demand through a provider."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.standin.provider import Provider, Resource


@dataclass
class Maker:
    """Makes resources and deletes them in reverse order at the end."""

    provider: Provider
    stack: ExitStack
    made: dict[str, Resource] = field(default_factory=dict)

    def make(self, token: str, name: str, /, **inputs: Any) -> Resource:
        """The resource of this name, made once."""
        if name not in self.made:
            resource = self.provider.create(token, name, inputs)
            self.stack.callback(self.provider.delete, resource)
            self.made[name] = resource
        return self.made[name]
