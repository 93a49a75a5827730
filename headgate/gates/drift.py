"""Gate `drift`: the balancer routes what the recorded state says, or already what is asked for next."""

from collections.abc import Mapping

from headgate import cohorts
from headgate.carrier import routed, show_split
from headgate.gates.contract import GateContext, Where
from headgate.report import GateResult, Verdict


class Drift:
    """Asked split = observed split. A slot that gets nothing may be left out on either side.

    An update that was interrupted after its write leaves the balancer one step ahead of the record, and its rules for
    cohorts on the way there. That passes too, or such an update could never be finished; every other rule still judges
    the step it belongs to.
    """

    name = "drift"
    summary = "the balancer routes exactly the split that the recorded state asks for"
    where = Where.INSIDE

    def run(self, context: GateContext) -> GateResult:
        """FAILED with both splits when they differ; inconclusive without a reading."""
        live = context.live
        if live is None:
            return context.unread(self.name)
        if not live.exists:
            reason = "the traffic carrier does not exist (needs the first deployment)"
            return context.result(self.name, Verdict.FAILED, [reason])
        asked, observed = routed(context.state.split), routed(live.split)
        following = routed(context.proposed.split) if context.proposed else asked
        if observed in (asked, following) or _unfinished(asked, following, observed):
            return context.result(self.name, Verdict.PASSED, [])
        reason = f"the balancer routes {show_split(observed)} (needs {show_split(asked)})"
        return context.result(self.name, Verdict.FAILED, [reason])


def _unfinished(asked: Mapping[str, int], following: Mapping[str, int], observed: Mapping[str, int]) -> bool:
    """Whether the split is written as it follows, and as many cohorts are in each slot as before, after or in between.

    The rules are written after the split, so it is never the other way round.
    """
    split = {key: share for key, share in observed.items() if not key.startswith(cohorts.ROUTE)}
    found = {key.removeprefix(cohorts.ROUTE): share for key, share in observed.items() if key not in split}
    if asked == following or split != following or not found or not found.keys() <= {*asked, *following}:
        return False
    return all(
        least <= found.get(slot, 0) <= most
        for slot in {*asked, *following}
        for least, most in [sorted((asked.get(slot, 0), following.get(slot, 0)))]
    )
