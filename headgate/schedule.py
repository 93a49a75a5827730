"""What a plan costs in time and capacity, step by step, from the configuration alone. Pure."""

from dataclasses import dataclass, replace

from headgate import state as states
from headgate.plan import IDLE, Plan
from headgate.state import Asked, Release, Version

PROMOTED = "promoted"  # the stretch after the last step, in which the former live version is kept


@dataclass(frozen=True, slots=True)
class Stretch:
    """One step of a rollout, or the time after promotion.

    `lasts`: least seconds. `live`, `candidate`, `standby`: tasks of each version. `extra`: tasks beyond those that run
    outside a rollout; `extra_hours`: `extra` times the hours the stretch lasts at least.
    """

    name: str
    weight: int
    lasts: int
    gates: tuple[str, ...]
    live: int
    candidate: int
    standby: int
    extra: int

    @property
    def extra_hours(self) -> float:
        return self.extra * self.lasts / 3600


@dataclass(frozen=True, slots=True)
class Schedule:
    """A whole rollout. `tasks`: what runs outside a rollout."""

    tasks: int
    stretches: tuple[Stretch, ...]

    @property
    def rollout(self) -> tuple[Stretch, ...]:
        """The steps, without the time after promotion."""
        return tuple(each for each in self.stretches if each.name != PROMOTED)

    @property
    def least(self) -> int:
        """Seconds from the first step to the promotion when no gate holds it."""
        return sum(each.lasts for each in self.rollout)

    @property
    def peak(self) -> int:
        """Most tasks that run at once."""
        return max((each.live + each.candidate + each.standby for each in self.stretches), default=self.tasks)

    @property
    def extra_hours(self) -> float:
        """Task hours that the rollout adds, until the standby is retired."""
        return sum(each.extra_hours for each in self.stretches)


def of(asked: Asked, plan: Plan) -> Schedule:
    """The schedule of `plan` for what `asked` says about versions and tasks; the step it is at does not matter.

    Without a candidate one is assumed, in a slot of its own.
    """
    live = asked.release.live
    candidate = asked.release.candidate or Version("the candidate", f"{live.slot} (candidate)", "")
    rolling = replace(asked, release=Release(live=live, candidate=candidate))
    outside = _tasks(replace(rolling, step=IDLE), plan, live)
    stretches = []
    for step in plan.steps:
        at = replace(rolling, step=step.name)
        on_live, on_candidate = _tasks(at, plan, live), _tasks(at, plan, candidate)
        extra = on_live + on_candidate - outside
        stretches.append(Stretch(step.name, step.weight, step.bake, step.gates, on_live, on_candidate, 0, extra))
    promoted = replace(asked, release=Release(live=candidate, standby=live), step=IDLE)
    on_live, kept = _tasks(promoted, plan, candidate), _tasks(promoted, plan, live)
    stretches.append(Stretch(PROMOTED, 100, plan.retention, (), on_live, 0, kept, on_live + kept - outside))
    return Schedule(outside, tuple(stretches))


def _tasks(asked: Asked, plan: Plan, version: Version) -> int:
    return states.desired(asked, plan).tasks.get(version.slot, 0)
