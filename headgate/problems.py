"""What is wrong with a configuration or a transition, said in the same four parts everywhere."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration.

    `where` is a path a person can open (`headgate:plan.steps[2].weight`), `found` the value as written,
    `expected` what is valid, `fix` what to do.
    """

    where: str
    found: str
    expected: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; expected {self.expected}. {self.fix}"


@dataclass(frozen=True, slots=True)
class Violation:
    """One rollout rule that a transition breaks: the rule's id, what must be true, what was found, what to do."""

    rule: str
    must: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.must} Found: {self.found} Do: {self.fix}"


class RuleId(StrEnum):
    """Rollout rules by their number in the policy catalogue (documented in docs/policies.md)."""

    PLAN_WELLFORMED = "R-01 rollout-plan-wellformed"
    WEIGHTS_SUM_100 = "R-02 rollout-weights-sum-100"
    NO_STEP_SKIP = "R-03 rollout-no-step-skip"
    MAX_WEIGHT_JUMP = "R-04 rollout-max-weight-jump"
    WEIGHT_MATCHES_PLAN = "R-05 rollout-weight-matches-plan"
    BAKE_ELAPSED = "R-06 rollout-bake-elapsed"
    GATES_PASSED = "R-07 rollout-evidence-fresh-and-healthy"
    LIVE_FROZEN = "R-08 rollout-stable-image-frozen"
    CANDIDATE_FROZEN = "R-09 rollout-candidate-image-frozen"
    IMAGES_BY_DIGEST = "R-10 rollout-images-by-digest-and-distinct"
    SINGLE_ACTIVE = "R-11 rollout-single-active"
    ABORT_ALWAYS_ALLOWED = "R-12 rollout-abort-always-allowed"
    NO_RESUME_AFTER_ABORT = "R-13 rollout-no-resume-after-abort"
    COMPARE_AND_SWAP = "R-14 rollout-state-compare-and-swap"
    PLAN_FROZEN = "R-15 rollout-plan-frozen"
    STANDBY_RETAINED = "R-16 blue-retained-until"
    CAPACITY_FLOOR = "R-17 capacity-floor-during-rollout"
    CANDIDATE_READY = "R-18 candidate-ready-before-traffic"
    ONE_OWNER = "R-25 one-owner-of-traffic"
    STICKINESS_BOUNDED = "R-27 stickiness-bounded"
    WINDOW = "R-28 prod-approval-and-window"
    FAIL_CLOSED = "R-29 fail-closed-without-state"
    DATA_KEPT = "R-19 data-tier-no-delete-or-replace"
    DATA_QUIET = "R-20 data-tier-quiet-during-rollout"
    EXPAND_THEN_CONTRACT = "R-21 schema-expand-then-contract"
    WAY_BACK_INTACT = "R-22 rollback-path-intact"
    ALARMS_KEPT = "R-23 gate-alarms-not-weakened"
    SHIFT_ONLY = "R-26 shift-only-update"


ON_CHANGES = frozenset(
    {
        RuleId.DATA_KEPT,
        RuleId.DATA_QUIET,
        RuleId.EXPAND_THEN_CONTRACT,
        RuleId.WAY_BACK_INTACT,
        RuleId.ALARMS_KEPT,
        RuleId.SHIFT_ONLY,
    }
)
"""Rules that only `headgate.change_rules` judges: they need to know what happens to every resource."""
