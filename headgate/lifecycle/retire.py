"""`retire`: the standby goes when it was kept long enough. With it goes the way back to the former version."""

from headgate import duration
from headgate.lifecycle.change import RELEASE, Change, carry_out, stopped, unusable
from headgate.lifecycle.edges import Edges
from headgate.lifecycle.outcome import Ended, Outcome
from headgate.state import Phase

VERB = "retire"


def retire(edges: Edges) -> Outcome:
    """After a promotion, when the retention of the plan is over."""
    with edges.progress.phase("reading"):
        before = edges.look({})
    problems = unusable(before)
    state = before.state
    if problems or state is None:
        return stopped(edges, VERB, before, Ended.FAILED, "it cannot be told where the rollout is", reasons=problems)
    if state.phase is Phase.ROLLING_OUT:
        said = f"rollout {state.rollout_id} is under way at {state.step}; there is no standby before it is promoted"
        return stopped(edges, VERB, before, Ended.FAILED, said, then="headgate status")
    if state.phase is not Phase.PROMOTED or state.standby is None:
        return stopped(edges, VERB, before, Ended.FAILED, "there is no standby", then="headgate status")
    left = (state.retain_until or 0) - before.now
    if left > 0:
        said = f"{state.standby.version} is kept as the way back for another {duration.show(left)} (R-16)"
        return stopped(edges, VERB, before, Ended.HELD, said)
    gone = (f"{RELEASE}.standby",)
    more = (f"{state.standby.version} in {state.standby.slot} stops; users stay on {state.live.version}",)
    message = f"{VERB}: {state.standby.version}"
    return carry_out(edges, Change(VERB, before, {}, message, gone, more))
