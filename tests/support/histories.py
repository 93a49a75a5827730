"""A stack's history as the engine tells it, for a rollout of GreenFlow."""

from collections.abc import Sequence
from typing import Any

from headgate.engine import Update
from headgate.plan import IDLE
from headgate.records import Entry, trail
from headgate.state import Release
from tests.support.rollouts import AFTER, BEFORE, DURING, HOUR, RETIRED, START
from tests.support.situations import READINESS_AND_DRIFT, raw

TOOK = 90  # seconds of each update

Asked = tuple[str, Release] | tuple[str, Release, str]

TO_GREEN_10: tuple[Asked, ...] = ((IDLE, BEFORE), ("green-up", DURING), ("green-10", DURING))
PROMOTED: tuple[Asked, ...] = (*TO_GREEN_10, ("green-50", DURING), ("green-100", DURING), (IDLE, AFTER))
TAKEN_BACK: tuple[Asked, ...] = (*TO_GREEN_10, (IDLE, DURING))
WHOLE: tuple[Asked, ...] = (*PROMOTED, (IDLE, RETIRED))
STUMBLED: tuple[Asked, ...] = (*TO_GREEN_10, ("green-50", DURING, "failed"), ("green-50", DURING))


def history(asked: Sequence[Asked], *, more: dict[str, Any] | None = None) -> tuple[Update, ...]:
    """An update an hour, newest first; each asks for (step, release), and succeeds unless a third word says else."""
    made = []
    for position, (step, release, *result) in enumerate(asked):
        config = {f"headgate:{key}": value for key, value in raw(release, step).items()}
        began = START + position * HOUR
        update = Update(
            kind="update",
            result=result[0] if result else "succeeded",
            message=f"update to {step}",
            started=began,
            ended=began + TOOK,
            number=position + 1,
            config={**config, **(more or {})},
        )
        made.append(update)
    return tuple(reversed(made))


def entries(asked: Sequence[Asked]) -> tuple[Entry, ...]:
    return trail(history(asked), READINESS_AND_DRIFT)
