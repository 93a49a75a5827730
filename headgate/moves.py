"""What kind of change leads from one state to the next."""

from enum import StrEnum

from headgate.plan import IDLE
from headgate.state import Phase, State


class Move(StrEnum):
    """What kind of change a transition is. BACK covers every way of giving traffic back."""

    BOOTSTRAP = "bootstrap"
    STAY = "stay"
    START = "start"
    ADVANCE = "advance"
    BACK = "back"
    PROMOTE = "promote"
    RETIRE = "retire"
    EDIT = "edit"


def classify(previous: State | None, proposed: State) -> Move:
    """The kind of change from `previous` to `proposed`."""
    if previous is None:
        return Move.BOOTSTRAP
    if _goes_back(previous, proposed):
        return Move.BACK
    if _place(previous) == _place(proposed):
        return Move.STAY
    return _forward(previous, proposed)


def _forward(previous: State, proposed: State) -> Move:
    was_rolling_out = previous.phase is Phase.ROLLING_OUT
    if proposed.phase is Phase.ROLLING_OUT:
        return Move.ADVANCE if was_rolling_out else Move.START
    if was_rolling_out:
        return Move.PROMOTE
    retired = previous.phase is Phase.PROMOTED and proposed.phase is Phase.IDLE and proposed.live == previous.live
    return Move.RETIRE if retired else Move.EDIT


def _place(state: State) -> tuple[object, ...]:
    return (state.phase, state.rollout_id, state.step, state.live, state.candidate, state.standby)


def _goes_back(previous: State, proposed: State) -> bool:
    """During a rollout: less for the candidate, or idle. After promotion: the standby is live again."""
    if previous.phase is Phase.ROLLING_OUT:
        if proposed.live.slot != previous.live.slot:
            return False
        if proposed.step == IDLE:
            return True
        same = (proposed.rollout_id, proposed.candidate) == (previous.rollout_id, previous.candidate)
        return same and proposed.weight < previous.weight
    if previous.phase is Phase.PROMOTED and previous.standby is not None:
        if proposed.live.slot != previous.standby.slot:
            return False
        return proposed.step == IDLE or proposed.candidate == previous.live
    return False
