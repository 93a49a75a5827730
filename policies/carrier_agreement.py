"""The one rule over the whole stack of a rollout: what is declared is what the Rollout was judged for.

R-05: the split of the traffic carrier, a listener or a Cloud Run service, is the proposed state's, and so are the rules
that split users by cohort, of which none is left out. R-27: a listener's cookie ends within the bake. R-17: services
and their autoscaling keep the tasks that the state counts on. R-18: a revision that does not exist yet gets nothing.
R-29: a traffic carrier belongs to a Rollout.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from headgate import carrier, cohorts, transition
from headgate.problems import Violation
from headgate.state import State
from headgate.transition import Transition
from policies import rollout, run_traffic
from policies.facts import UNKNOWN, Node, Resource, Unreadable
from policies.model import Finding, Settings, Severity, StackRule, unreadable
from policies.run_traffic import too_few

TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
SCALABLE_TARGET = "aws:appautoscaling/target:Target"
SLOT_TAG = "slot"
COHORTS = "cohorts"  # role of a listener's rule


def _agrees(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    rollouts = [each for each in resources if each.type == rollout.ROLLOUT]
    carriers = [each for each in resources if _carries(each)]
    if len(rollouts) != 1:
        yield from _without_rollout(rollouts, carriers)
        return
    change = rollout.read(rollouts[0].inputs)
    if isinstance(change, Violation):
        yield Finding(rollouts[0].urn, str(change))
        return
    groups = [each for each in resources if each.type == TARGET_GROUP and _tag(each, SLOT_TAG)]
    for each in carriers:
        if each.type == run_traffic.SERVICE:
            yield from _reading(each, lambda service: run_traffic.agrees(service, change))
        else:
            yield from _reading(each, lambda listener: _listener(listener, change, groups))
    yield from _cohorts([each for each in resources if _by_cohort(each)], change.proposed, groups)
    for each in resources:
        if each.type == run_traffic.SERVICE and each not in carriers:
            yield from _reading(each, lambda service: _unlabelled(service, change.proposed))
    yield from _capacity(resources, change.proposed)


def _carries(resource: Resource) -> bool:
    if resource.type == rollout.LISTENER:
        return _tag(resource, rollout.ROLE_TAG) == rollout.TRAFFIC
    try:
        return run_traffic.carries(resource)
    except Unreadable:
        return False  # the rules on the service itself say so


def _without_rollout(rollouts: Sequence[Resource], carriers: Sequence[Resource]) -> Iterator[Finding]:
    for resource in carriers or rollouts:
        reason = f"the stack has {len(rollouts)} Rollouts and {len(carriers)} traffic carriers, not one Rollout"
        yield Finding(resource.urn, str(transition.unjudged(reason)))


def _unlabelled(service: Resource, proposed: State) -> Iterator[Violation]:
    """R-29 on a service that splits the rollout's traffic and does not say so: no rule would look at its split."""
    if run_traffic.routes_to(service, proposed.split.keys()):
        label = f"{run_traffic.ROLE}={run_traffic.TRAFFIC}"
        yield transition.unjudged(f"a service routes to revisions of the rollout without the label {label}")


def _listener(listener: Resource, change: Transition, groups: Sequence[Resource]) -> Iterator[Violation]:
    """R-05 and R-27 on a traffic listener; `groups` are the target groups that belong to a slot."""
    forward = _forward(listener.inputs)
    entries = forward.items("targetGroups")
    slots = _slots(entries, groups)
    observed = {slot: entry.number("weight") for slot, entry in zip(slots, entries, strict=False)}
    yield from carrier.check_split(observed, change.proposed)
    stickiness = forward.node("stickiness")
    step = change.plan.step(change.proposed.step)
    yield from carrier.check_stickiness(
        stickiness.flag("enabled"), stickiness.number("duration"), change.proposed, step.bake if step else 0
    )


def _by_cohort(resource: Resource) -> bool:
    """Whether a rule of a listener looks at the cohort, whatever it calls itself; one that cannot be read may."""
    if resource.type != rollout.LISTENER_RULE:
        return False
    if _tag(resource, rollout.ROLE_TAG) == COHORTS:
        return True
    try:
        return any(
            (each.node("httpHeader").text("httpHeaderName") or "").lower() == cohorts.HEADER
            for each in resource.inputs.items("conditions")
        )
    except Unreadable:
        return False  # its values are not judged, its weights are


def _cohorts(rules: Sequence[Resource], proposed: State, groups: Sequence[Resource]) -> Iterator[Finding]:
    """R-05 and R-27 on the rules that split users by cohort: all of them, and each as the proposed state asks."""
    places: list[object] = []
    for each in rules:
        yield from _reading(each, lambda rule: _cohort_rule(rule, proposed, groups, places))
    missing = [place for place in range(cohorts.RULES + 1) if place not in places]
    if rules and missing and len(places) == len(rules):
        found = ", ".join(str(cohorts.FIRST_PRIORITY + place) for place in missing)
        yield Finding(rules[0].urn, str(carrier.missing_cohort_rules(found)))


def _cohort_rule(
    rule: Resource, proposed: State, groups: Sequence[Resource], places: list[object]
) -> Iterator[Violation]:
    inputs = rule.inputs
    priority = inputs.number("priority")
    place = None if priority is None else priority - cohorts.FIRST_PRIORITY
    places.append(place)
    conditions = inputs.items("conditions")
    if len(conditions) != 1 or not conditions[0].has("httpHeader"):
        yield transition.unjudged("a rule for cohorts has another condition than the cohort")
        return
    forward = _forward(inputs, "actions")
    entries = forward.items("targetGroups")
    slots = _slots(entries, groups)
    split = {slot: entry.number("weight") for slot, entry in zip(slots, entries, strict=False)}
    values = conditions[0].node("httpHeader").texts("values")
    yield from carrier.check_cohort_rule(place, values, split, proposed)
    yield from carrier.check_cohort_cookie(forward.node("stickiness").flag("enabled"))


def _forward(inputs: Node, actions: str = "defaultActions") -> Node:
    forwards = [action.node("forward") for action in inputs.items(actions) if action.has("forward")]
    return forwards[0] if forwards else Node(None, actions)


def _slots(entries: Sequence[Node], groups: Sequence[Resource]) -> list[str]:
    """The slot of each entry of a forward action, by the ARN of its target group.

    ARNs of groups that do not exist yet are unknown; then the order counts, which is that of the slots' names.
    """
    by_arn: dict[object, str] = {group.inputs.node("arn").value: _tag(group, SLOT_TAG) for group in groups}
    found = [by_arn.get(entry.node("arn").value) for entry in entries]
    named = [slot for slot in found if slot]
    if len(named) == len(entries) and UNKNOWN not in by_arn:
        return named
    return sorted({_tag(group, SLOT_TAG) for group in groups})


def _capacity(resources: Sequence[Resource], proposed: State) -> Iterator[Finding]:
    """R-17: each slot's service starts with, and never shrinks below, the tasks the state gives it."""
    of_slots = [each for each in resources if each.type in (rollout.SERVICE, SCALABLE_TARGET) and _tag(each, SLOT_TAG)]
    for resource in of_slots:
        yield from _reading(resource, lambda each: _floor(each, proposed))
    served = {_tag(each, SLOT_TAG) for each in of_slots if each.type == rollout.SERVICE}
    for slot, tasks in proposed.tasks.items():
        if served and tasks and slot not in served:
            yield Finding("", str(too_few(slot, tasks, "no service")))


def _floor(resource: Resource, proposed: State) -> Iterator[Violation]:
    key = "desiredCount" if resource.type == rollout.SERVICE else "minCapacity"
    if key in resource.ignored:
        return
    slot = _tag(resource, SLOT_TAG)
    least = proposed.tasks.get(slot, 0)
    found = resource.inputs.number(key) or 0
    if found < least:
        yield too_few(slot, least, f"{key} {found:g}")


def _reading(resource: Resource, check: Callable[[Resource], Iterable[Violation]]) -> Iterator[Finding]:
    """Findings of `check` on `resource`; a value that cannot be read is a violation of R-29."""
    try:
        for violation in check(resource):
            yield Finding(resource.urn, str(violation))
    except Unreadable as error:
        reason = " ".join(unreadable(part) for part in error.all).rstrip(".")
        yield Finding(resource.urn, str(transition.unjudged(reason)))


def _tag(resource: Resource, tag: str) -> str:
    """The text of a tag; empty when there is none or it cannot be read."""
    try:
        return resource.inputs.node("tags").text(tag) or ""
    except Unreadable:
        return ""


STACK_RULES = (
    StackRule(
        id="rollout-carrier-agrees",
        row="R-05, R-17, R-18, R-27, R-29",
        title="What is declared is what was judged",
        description="Checks whether listener, its rules for cohorts, services and autoscaling declare what the Rollout "
        "was judged for.",
        types=frozenset(
            {
                rollout.ROLLOUT,
                rollout.LISTENER,
                rollout.LISTENER_RULE,
                TARGET_GROUP,
                rollout.SERVICE,
                SCALABLE_TARGET,
                run_traffic.SERVICE,
            }
        ),
        reads=(
            "defaultActions.forward.targetGroups.arn",
            "defaultActions.forward.targetGroups.weight",
            "defaultActions.forward.stickiness.enabled",
            "defaultActions.forward.stickiness.duration",
            "actions.forward.targetGroups.arn",
            "actions.forward.targetGroups.weight",
            "actions.forward.stickiness.enabled",
            "conditions.httpHeader.httpHeaderName",
            "conditions.httpHeader.values",
            "priority",
            "desiredCount",
            "minCapacity",
            "tags",
            *run_traffic.READS,
            "template.revision",
            "template.scaling.minInstanceCount",
            "scaling.minInstanceCount",
        ),
        check=_agrees,
        remedy="Let listener, services and autoscaling take weights and tasks from the state of the rollout.",
        binds_going_back=True,
        severity=Severity.CRITICAL,
        source="project",
        exemptible=False,
        speaks_for_itself=True,
    ),
)
