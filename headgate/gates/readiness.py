"""Gate `readiness`: the candidate really runs, in full, before it gets (more) traffic."""

from headgate.gates.contract import GateContext, Where
from headgate.report import GateResult, Live, Verdict
from headgate.state import State, Version
from headgate.traffic.port import Reading


class Readiness:
    """The candidate's image is deployed in its slot, the service is steady and enough tasks are healthy."""

    name = "readiness"
    summary = "the candidate is deployed in its slot, its service is steady and all tasks asked for are healthy"
    where = Where.INSIDE

    def run(self, context: GateContext) -> GateResult:
        """Every shortfall is a reason; without a reading or a candidate the gate is inconclusive."""
        live, candidate = context.live, context.state.candidate
        if live is None:
            return context.unread(self.name)
        if candidate is None:
            return context.result(self.name, Verdict.INCONCLUSIVE, ["no candidate is being rolled out"])
        reasons = _shortfalls(context.state, candidate, live)
        slot = candidate.slot
        figures = {
            "asked": context.state.tasks.get(slot, 0),
            "desired": live.desired.get(slot, 0),
            "healthy": live.healthy.get(slot, 0),
        }
        return context.result(self.name, Verdict.FAILED if reasons else Verdict.PASSED, reasons, figures)


def _shortfalls(state: State, candidate: Version, live: Live) -> list[str]:
    slot = candidate.slot
    if not live.exists:
        return ["the traffic carrier does not exist (needs the first deployment)"]
    reasons = []
    image = live.images.get(slot)
    if image != candidate.image:
        found = f"runs {image}" if image else "has no image deployed"
        reasons.append(f"slot {slot} {found} (needs {candidate.image})")
    desired, healthy, asked = live.desired.get(slot, 0), live.healthy.get(slot, 0), state.tasks.get(slot, 0)
    if desired < max(asked, 1):
        reasons.append(f"slot {slot} wants {_tasks(desired)} (needs {max(asked, 1)})")
    if healthy < max(desired, 1):
        reasons.append(f"slot {slot} has {_tasks(healthy, 'healthy ')} (needs {max(desired, 1)})")
    unsteady = live.unsteady.get(slot) if isinstance(live, Reading) else None
    if unsteady:
        reasons.append(f"the service of slot {slot} is not steady: {unsteady} (needs one finished deployment)")
    return reasons


def _tasks(count: int, quality: str = "") -> str:
    return f"{count} {quality}task{'' if count == 1 else 's'}"
