"""What a stand-in understands of a provider's configuration and of a function's arguments, and how it says no."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class NotASandbox(Exception):
    """An endpoint is missing or not on this machine; the message says what to do."""


class UnknownArgument(Exception):
    """An argument this stand-in does not know; the message names it."""


@dataclass(frozen=True)
class Keys:
    """The keys of a provider's configuration. cloud: as users call it; package: as the engine does.

    read, ignored: by name; read_suffix, ignored_prefix: how more of them end and begin, "" for no more.
    """

    cloud: str
    package: str
    read: frozenset[str]
    ignored: frozenset[str]
    read_suffix: str = ""
    ignored_prefix: str = ""

    def problems(self, given: Iterable[str]) -> list[tuple[str, str]]:
        """Keys the stand-in does not understand: key and sentence."""
        return [(key, self._refusal(key)) for key in given if not self._understands(key)]

    def refuse_others(self, given: Iterable[str]) -> None:
        """Raises ValueError with all problems; the message is for the user."""
        wrong = self.problems(given)
        if wrong:
            raise ValueError("; ".join(sentence for _, sentence in wrong))

    def _understands(self, key: str) -> bool:
        return (
            key in self.read | self.ignored
            or key.startswith("__")
            or bool(self.read_suffix and key.endswith(self.read_suffix))
            or bool(self.ignored_prefix and key.startswith(self.ignored_prefix))
        )

    def _refusal(self, key: str) -> str:
        reads, ignores = ", ".join(sorted(self.read)), ", ".join(sorted(self.ignored))
        if self.read_suffix:
            reads += f" and …{self.read_suffix}"
        if self.ignored_prefix:
            ignores += f" and {self.ignored_prefix}…"
        return (
            f"the stand-in {self.cloud} provider of the sandbox does not understand the configuration key "
            f"{self.package}:{key}. It reads {reads}, and takes no notice of {ignores}. "
            f"Remove it (pulumi config rm {self.package}:{key}), or use the official provider"
        )


def only(args: Mapping[str, Any], known: Sequence[str], package: str) -> None:
    """Raises UnknownArgument for an argument that is not in `known`. package: the provider's."""
    unknown = sorted(args.keys() - set(known))
    if unknown:
        raise UnknownArgument(
            f"argument {', '.join(unknown)} is not known to the stand-in provider; known: "
            f"{', '.join(known) or 'none'}. Add it to sandbox/plugins/{package}/invokes.py"
        )
