"""One row of the reference: a key, what it means, and what a rollout under way makes of a change to it."""

from dataclasses import dataclass
from enum import StrEnum


class During(StrEnum):
    """What the rollout rules make of a change to a key while a rollout is under way."""

    THE_STEP = "next or back"
    FIXED = "fixed"
    STRICTER = "stricter only"
    MORE = "more only"
    KEPT = "kept"
    CREATED = "with a new version"
    FREE = "not judged"


DURING = {
    During.THE_STEP: "the line that a phase changes: one step forward, or back to any earlier one or to `idle`.",
    During.FIXED: "a change is refused. Together with going back to `idle`, candidate, plan and cohorts may change; "
    "the live version may not.",
    During.STRICTER: "longer bakes, more gates, tighter limits pass; anything looser, or another list of steps, is "
    "refused until the rollout has gone back to `idle`.",
    During.MORE: "a larger number passes.",
    During.KEPT: "from promotion on, a change is refused until `plan.retention` is over. Fixed slots leave none for it "
    "during a rollout.",
    During.CREATED: "a version keeps for ever what it was created with. A change comes with the start of a rollout. It "
    "is refused before (R-08) and after (R-09), and never stops a rollback, which changes the traffic alone.",
    During.FREE: "no rollout rule looks at it. The [policies](policies.md) do, and most only advise while traffic is "
    "given back.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One key. `meaning` of a top-level key is left empty where Pulumi.yaml says it. `form` and `default` only where
    the code's own words do not stand alone. `system`: the only one that has the key, or for which the row holds."""

    path: str
    during: During
    rule: str = ""
    meaning: str = ""
    form: str = ""
    default: str = ""
    system: str = ""
