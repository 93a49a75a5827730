"""`promote`: the candidate becomes the live version and the former live version its standby. No traffic moves."""

from collections.abc import Mapping

from headgate.lifecycle.change import RELEASE, STEP, Change, carry_out, stopped, unusable
from headgate.lifecycle.edges import Edges
from headgate.lifecycle.outcome import Ended, Outcome
from headgate.plan import IDLE
from headgate.state import Phase

VERB = "promote"


def promote(edges: Edges) -> Outcome:
    """After the last step of the plan."""
    with edges.progress.phase("reading"):
        before = edges.look({})
    problems = unusable(before)
    state, settings = before.state, before.settings
    if problems or state is None or settings is None:
        return stopped(edges, VERB, before, Ended.FAILED, "it cannot be told where the rollout is", reasons=problems)
    if state.phase is Phase.PROMOTED:
        said = f"{state.live.version} is promoted already"
        return stopped(edges, VERB, before, Ended.FAILED, said, then="headgate retire")
    if state.phase is not Phase.ROLLING_OUT or state.candidate is None:
        return stopped(edges, VERB, before, Ended.FAILED, "no rollout is under way", then="headgate start")
    last = settings.plan.step_names[-1]
    if state.step != last:
        said = f"the rollout is at {state.step}, and promotion comes after the last step, {last}"
        return stopped(
            edges, VERB, before, Ended.HELD, said, reasons=("R-03 rollout-no-step-skip",), then="headgate advance"
        )
    try:
        written = edges.file.values().get(RELEASE)
    except (OSError, ValueError) as error:
        return stopped(edges, VERB, before, Ended.FAILED, "the stack file cannot be read", reasons=(str(error),))
    release = written if isinstance(written, Mapping) else {}
    message = f"{VERB}: {state.candidate.version}"
    if settings.release.candidate is None:  # an earlier try wrote it, and the update did not end well
        return carry_out(edges, Change(VERB, before, {STEP: IDLE}, message))
    values = {f"{RELEASE}.live": release["candidate"], f"{RELEASE}.standby": release["live"], STEP: IDLE}
    gone = (f"{RELEASE}.candidate", f"{RELEASE}.rollout")
    return carry_out(edges, Change(VERB, before, values, message, gone))
