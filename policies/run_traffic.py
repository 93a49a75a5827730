"""Cloud Run services that carry the traffic of a rollout, in the terms of `headgate.carrier`.

Names of revisions are repeated in a finding only when they are slots of the rollout; another name is shown by its
place, because a policy cannot tell which texts are secret.
"""

from collections.abc import Collection, Iterator

from headgate import carrier
from headgate.carrier import Entry
from headgate.problems import RuleId, Violation
from headgate.state import Recorded
from headgate.transition import Transition
from policies import cloud_run
from policies.facts import Node, Resource

SERVICE = cloud_run.SERVICE
ROLE, TRAFFIC = "headgate-role", "traffic"

READS = ("labels", "traffics.percent", "traffics.revision", "traffics.type")

_KINDS = frozenset(
    f"TRAFFIC_TARGET_ALLOCATION_TYPE_{kind}" for kind in ("REVISION", "LATEST", "UNSPECIFIED")
)  # Cloud Run Admin API v2, TrafficTarget.type


def carries(resource: Resource) -> bool:
    """Whether the service carries the traffic of a rollout. Raises Unreadable when its labels cannot be read."""
    return resource.type == SERVICE and resource.inputs.node("labels").text(ROLE) == TRAFFIC


def judge(resource: Resource, rule: RuleId) -> Iterator[Violation]:
    """R-02 on the traffic of any service that has some, and R-25 on one that carries that of a rollout."""
    inputs = resource.inputs
    bound = carries(resource)
    if not bound and (rule is not RuleId.WEIGHTS_SUM_100 or not inputs.has("traffics")):
        return
    name = inputs.node("template").text("revision") if rule is RuleId.ONE_OWNER else None
    for violation in carrier.check_entries(_entries(inputs, ()), name):
        if violation.rule == rule:
            yield violation


def agrees(resource: Resource, change: Transition) -> Iterator[Violation]:
    """What `carrier.check_revisions` says of the service beyond `judge`, and R-17 on what the template makes."""
    inputs, proposed = resource.inputs, change.proposed
    previous = change.previous.state if isinstance(change.previous, Recorded) else None
    slots = proposed.split.keys()
    entries = _entries(inputs, slots)
    name = inputs.node("template").text("revision") or ""
    kept = "template" in resource.ignored
    if kept and previous is not None and name in previous.known_slots:
        shown = proposed.live.slot  # going back leaves the template alone, whatever it names
    else:
        shown = name if name in slots else name and "template.revision"
    alone = carrier.check_entries(entries, shown)
    for violation in carrier.check_revisions(entries, shown, proposed, previous):
        if violation not in alone:
            yield violation
    if not kept and name in slots:
        yield from _floor(inputs, name, proposed.tasks.get(name, 0), proposed.split[name])


def _floor(inputs: Node, slot: str, least: int, share: int) -> Iterator[Violation]:
    """Least instances of a revision run wherever traffic or a tag names it; those of the service are divided by share.

    (Cloud Run documentation, "Set minimum instances for services".)
    """
    own = inputs.node("template").node("scaling").number("minInstanceCount") or 0
    of_service = inputs.node("scaling").number("minInstanceCount") or 0
    found = max(own, of_service * share // 100)
    if found < least:
        yield too_few(slot, least, f"template.scaling.minInstanceCount {own:g}")


def too_few(slot: str, least: int, found: str) -> Violation:
    """R-17: a slot has fewer tasks than its share of the traffic needs."""
    return Violation(
        RuleId.CAPACITY_FLOOR,
        f"Slot {slot!r} must have {least} tasks, as many as its share of the traffic needs.",
        f"{found}.",
        "Let services and autoscaling take their tasks from the state of the rollout.",
    )


def routes_to(resource: Resource, slots: Collection[str]) -> bool:
    """Whether the service names a slot of a rollout. Raises Unreadable when its traffic cannot be read."""
    return any(each.text("revision") in slots for each in resource.inputs.items("traffics"))


def _entries(inputs: Node, known: Collection[str]) -> tuple[Entry, ...]:
    shown: dict[str, str] = {}
    found = []
    for each in inputs.items("traffics"):
        name, kind = each.text("revision"), each.text("type")
        if name:
            shown.setdefault(name, name if name in known else each.at("revision"))
        found.append(
            Entry(
                revision=shown[name] if name else None,
                share=each.number("percent"),
                kind=kind if kind is None or kind in _KINDS else "another type",
            )
        )
    return tuple(found)
