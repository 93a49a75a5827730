"""An incident of GreenFlow at green-10, with secrets where people put them."""

from typing import Any

from headgate.engine import Secret
from headgate.evidence.record import Evidence
from headgate.records import IncidentRecord, trail
from headgate.records.incident import Taken, build
from tests.support import histories
from tests.support.rollouts import OLD, walk
from tests.support.situations import READINESS_AND_DRIFT

CANARY = "c4n4ry-t0ken"
STATE = walk()["green-10"].state
TAKEN = Taken(
    stack="greenflow-production",
    began=STATE.entered_at + 720,
    before=STATE,
    target=OLD,
    confirmed=True,
    away=True,
    split_before={"blue": 90, "green": 10},
    split_after={"blue": 100, "green": 0},
    traffic_seconds=1.234,
    seconds=95.02,
    reason="errors at the till",
    by="anna@example.com",
    actions=("users: everybody is on 2026.01.28",),
)
SECRETS: dict[str, Any] = {
    "headgate:database": {"password": Secret(), "url": f"postgres://u:{CANARY}@db"},
    "headgate:notify": {"team": [f"slack://{CANARY}/x"]},
    "other:apiKey": CANARY,
}


def made(taken: Taken = TAKEN, *evidence: Evidence, continues: str = "") -> IncidentRecord:
    history = histories.history(histories.TO_GREEN_10, more=SECRETS)
    return build(taken, history, trail(history, READINESS_AND_DRIFT), evidence, continues)
