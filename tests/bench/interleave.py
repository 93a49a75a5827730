"""Compares commands on a machine that does other things as well: runs them by turns and keeps the least of each."""

import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds by the clock, and seconds of processors, which other programs hardly change."""

    seconds: float
    processor: float

    def least(self, other: "Cost") -> "Cost":
        """The smaller of each figure: whatever is above it was somebody else's."""
        return Cost(min(self.seconds, other.seconds), min(self.processor, other.processor))


def measured(run: Callable[[], object]) -> Cost:
    """What `run` took, with the processes it started and waited for."""
    started, before = perf_counter(), _processor()
    run()
    return Cost(perf_counter() - started, _processor() - before)


def interleaved(
    works: Mapping[str, Callable[[], object]],
    runs: int,
    measure: Callable[[Callable[[], object]], Cost] = measured,
) -> dict[str, Cost]:
    """The least cost of each of `works` in `runs` rounds; each round takes them in turn, every other one backwards.

    Raises ValueError for less than one round, and whatever a work raises.
    """
    if runs < 1:
        raise ValueError(f"{runs} rounds; expected at least 1")
    best: dict[str, Cost] = {}
    for number in range(runs):
        for name in list(works) if number % 2 == 0 else reversed(list(works)):
            cost = measure(works[name])
            best[name] = cost.least(best.get(name, cost))
    return best


def _processor() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )
