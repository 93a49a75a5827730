"""Faults that a rehearsal plants in a version: a share of failing answers, and added latency."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.serving import Unusable

_MOST_LATENCY_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`error_rate` is the share (0..1) of requests that get a 500, `latency_ms` is added to every answer."""

    error_rate: float = 0.0
    latency_ms: float = 0.0

    def as_json(self) -> dict[str, float]:
        return asdict(self)


class Faults:
    """The fault in force, and the dice that say which requests it meets."""

    def __init__(self, seed: int | None = None) -> None:
        self.current = Fault()
        self._random = random.Random(seed)  # noqa: S311 - a rehearsal wants it repeatable

    def plant(self, fault: Fault, seed: int | None = None) -> None:
        self.current = fault
        if seed is not None:
            self._random.seed(seed)

    def strikes(self) -> bool:
        """Whether this request fails."""
        return self.current.error_rate > 0 and self._random.random() < self.current.error_rate


def parse(content: Any) -> tuple[Fault, int | None]:
    """A fault and an optional seed out of JSON; raises Unusable with all problems at once."""
    if not isinstance(content, Mapping):
        raise Unusable(f"found {type(content).__name__}, expected an object with error_rate and latency_ms")
    problems = [
        f"{name}: unknown; known are error_rate, latency_ms and seed"
        for name in content
        if name not in {"error_rate", "latency_ms", "seed"}
    ]
    error_rate = _number(content, "error_rate", 1.0, problems)
    latency_ms = _number(content, "latency_ms", _MOST_LATENCY_MS, problems)
    seed = content.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        problems.append(f"seed: found {seed!r}, expected a whole number")
    if problems:
        raise Unusable("; ".join(problems))
    return Fault(error_rate, latency_ms), seed


def _number(content: Mapping[str, Any], name: str, most: float, problems: list[str]) -> float:
    value = content.get(name, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        problems.append(f"{name}: found {value!r}, expected a number from 0 to {most:g}")
        return 0.0
    return float(value)
