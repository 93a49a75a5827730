"""Gate `drift`: the balancer routes what the recorded state says, or already what is asked for next."""

from headgate.carrier import routed, show_split
from headgate.gates.contract import GateContext, Where
from headgate.report import GateResult, Verdict


class Drift:
    """Asked split = observed split. A slot that gets nothing may be left out on either side.

    An update that was interrupted after its write leaves the balancer one step ahead of the record. That split passes
    too, or such an update could never be finished; every other rule still judges the step it belongs to.
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
        ahead = context.proposed is not None and routed(context.proposed.split) == observed
        if asked == observed or ahead:
            return context.result(self.name, Verdict.PASSED, [])
        reason = f"the balancer routes {show_split(observed)} (needs {show_split(asked)})"
        return context.result(self.name, Verdict.FAILED, [reason])
