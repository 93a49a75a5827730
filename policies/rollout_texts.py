"""What the rollout rules say of themselves. What they find, they say in the words of `headgate.rules`."""

from dataclasses import dataclass

from headgate.problems import RuleId
from policies.model import Severity


@dataclass(frozen=True)
class Text:
    """Title, description, what to do, and how bad a violation is."""

    title: str
    description: str
    remedy: str
    severity: Severity = Severity.CRITICAL


def number(rule: RuleId) -> str:
    """`R-03`."""
    return rule.value.partition(" ")[0]


def identifier(rule: RuleId) -> str:
    """`rollout-no-step-skip`."""
    return rule.value.partition(" ")[2]


TEXTS: dict[RuleId, Text] = {
    RuleId.PLAN_WELLFORMED: Text(
        "The plan is safe in itself",
        "Checks whether the plan rises step by step to 100 %, bakes long enough and has gates.",
        "Correct headgate:plan.",
        Severity.HIGH,
    ),
    RuleId.WEIGHTS_SUM_100: Text(
        "Weights are per cents that sum to 100",
        "Checks whether the weights of every forward action are per cents that sum to 100.",
        "Let Headgate derive the weights from headgate:step.",
    ),
    RuleId.NO_STEP_SKIP: Text(
        "Steps are taken one at a time",
        "Checks whether a rollout starts at the first step and leaves none out.",
        "Set headgate:step to the next step, or to idle to go back.",
    ),
    RuleId.MAX_WEIGHT_JUMP: Text(
        "No step adds more than the plan allows",
        "Checks whether the candidate's weight grows by no more than the plan's largest increment.",
        "Add a step between the two to headgate:plan.",
    ),
    RuleId.WEIGHT_MATCHES_PLAN: Text(
        "The weight is the step's",
        "Checks whether the weight is the one of the step in the plan.",
        "Let Headgate derive the weight from headgate:step.",
    ),
    RuleId.BAKE_ELAPSED: Text(
        "A step is left after its bake",
        "Checks whether the rollout stayed at its step as long as the plan says.",
        "Wait until the bake is over, or go back.",
    ),
    RuleId.GATES_PASSED: Text(
        "A step is left when its gates have passed",
        "Checks whether every gate of the step that is left has passed for this step and candidate.",
        "Mend what the gate found and run the update again, or go back.",
    ),
    RuleId.LIVE_FROZEN: Text(
        "The live version stays as it is during a rollout",
        "Checks whether a rollout leaves the version that it can go back to unchanged.",
        "Take the change of the live version out, or go back first.",
    ),
    RuleId.CANDIDATE_FROZEN: Text(
        "The candidate stays as it is during its rollout",
        "Checks whether the version that is rolled out stays the one that was tested.",
        "Go back to idle, then start a new rollout with the new candidate.",
    ),
    RuleId.IMAGES_BY_DIGEST: Text(
        "Versions are images by digest",
        "Checks whether live, candidate and standby are pinned by digest and different.",
        "Pin the image by the digest the registry shows for it.",
    ),
    RuleId.SINGLE_ACTIVE: Text(
        "One rollout at a time",
        "Checks whether no rollout starts while another is under way.",
        "Finish the rollout or go back before the next starts.",
    ),
    RuleId.ABORT_ALWAYS_ALLOWED: Text(
        "Going back gives all traffic back",
        "Checks whether a rollback gives everything to the live version in one step. Nothing else may stop it.",
        "Set headgate:step to idle and change nothing else.",
    ),
    RuleId.NO_RESUME_AFTER_ABORT: Text(
        "A rollout that was taken back is not resumed",
        "Checks whether a rollout after a rollback has an id of its own.",
        "Give the candidate a new version label, or set headgate:release.rollout.",
    ),
    RuleId.COMPARE_AND_SWAP: Text(
        "A state follows the recorded one",
        "Checks whether the proposed state was made from the recorded state, and not from the future.",
        "Run the preview again and look at what changed meanwhile.",
    ),
    RuleId.PLAN_FROZEN: Text(
        "The plan only becomes stricter during a rollout",
        "Checks whether no step, bake, gate or limit of a rollout under way is loosened.",
        "Take the change out, or go back before the plan is changed.",
    ),
    RuleId.STANDBY_RETAINED: Text(
        "The former live version is kept",
        "Checks whether the standby stays until its retention is over.",
        "Wait until the retention is over.",
    ),
    RuleId.CAPACITY_FLOOR: Text(
        "Nobody loses capacity during a rollout",
        "Checks whether live, candidate and standby have tasks enough for their share, and for all of it again.",
        "Leave headgate:capacity as it is until the rollout has ended.",
    ),
    RuleId.CANDIDATE_READY: Text(
        "A candidate runs before it gets traffic",
        "Checks whether the candidate was deployed and healthy before it gets its first traffic.",
        "Begin the plan with a step of weight 0 and wait until its tasks are healthy.",
    ),
    RuleId.ONE_OWNER: Text(
        "Exactly one owner moves the traffic",
        "Checks whether no ECS deployment strategy or CodeDeploy moves the weights as well.",
        "Use the ECS deployment controller with the ROLLING strategy.",
    ),
    RuleId.STICKINESS_BOUNDED: Text(
        "Cookies hold nobody longer than the bake",
        "Checks whether stickiness ends within the step's bake, and is off when one version has everything.",
        "Set headgate:plan.stickiness no longer than the shortest bake.",
        Severity.HIGH,
    ),
    RuleId.WINDOW: Text(
        "Rollouts move in their windows",
        "Checks whether a rollout starts and advances inside the plan's windows and outside its freezes.",
        "Wait for the window, or go back. Going back needs no window.",
        Severity.HIGH,
    ),
    RuleId.FAIL_CLOSED: Text(
        "What cannot be judged does not pass",
        "Checks whether the transition can be read, is known, and stands on a recorded state.",
        "Run the update with Headgate's own program; see docs/policies.md for a damaged record.",
    ),
    RuleId.DATA_KEPT: Text(
        "Data is neither deleted nor replaced",
        "Checks whether an update deletes or replaces nothing that holds data, and leaves it protected. "
        "Also judged when traffic is given back.",
        "Take the change back. To move data, make the new resource beside the old one and copy.",
    ),
    RuleId.DATA_QUIET: Text(
        "The data tier stays as it is during a rollout",
        "Checks whether databases and caches, tags apart, are left alone from the start of a rollout to its end.",
        "Make the change in an update of its own, before the rollout or after it.",
    ),
    RuleId.EXPAND_THEN_CONTRACT: Text(
        "Every version works with the schema in force",
        "Checks whether live version, candidate and standby work with the schema that headgate:migration declares. "
        "Without the key nothing is judged.",
        "Extend the schema before the rollout; take nothing of it away before the standby was retired.",
    ),
    RuleId.WAY_BACK_INTACT: Text(
        "What notices trouble and gives traffic back stays",
        "Checks whether alarms, topics, subscriptions and the guardian are there during rollout and retention, and "
        "unchanged in an update that raises the weight.",
        "Change them in an update that moves no traffic.",
    ),
    RuleId.ALARMS_KEPT: Text(
        "Alarms notice no less during a rollout",
        "Checks whether metric, bound, periods, missing data and actions of every alarm stay, or become stricter, and "
        "nothing silences them.",
        "Take the change out, or go back to idle first.",
    ),
    RuleId.SHIFT_ONLY: Text(
        "An update that raises the weight does nothing else",
        "Checks whether such an update touches only the traffic carrier, tasks as planned, the record and tags.",
        "Make the other changes in an update of their own.",
        Severity.HIGH,
    ),
}
