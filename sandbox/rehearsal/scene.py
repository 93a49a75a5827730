"""What is rehearsed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.rehearsal.stage import Stage


@dataclass(frozen=True, slots=True)
class Scene:
    """A rehearsal of `stack`. `name`: of its sandbox's folder and of its JSON. `router`: the address users come to, as
    in `sandbox.manager.record.Record.urls`. `forward`: see `pace.Pace`."""

    name: str
    stack: str
    router: str
    script: Callable[["Stage"], None]
    forward: int | None = None
