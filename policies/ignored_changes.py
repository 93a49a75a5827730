"""R-24: no program may ignore changes of what moves the traffic.

Policies get inputs as they are after `ignoreChanges`: they would judge the old values, and the resource would keep
them.
"""

import re
from collections.abc import Iterable

from policies import rollout, run_traffic
from policies.facts import Resource
from policies.model import Rule, Settings, Severity, texts

# `template` of Cloud Run is not among them: going back leaves it alone on purpose, and writes the traffic only.
GATED = {
    rollout.LISTENER: ("defaultActions", f"tags.{rollout.ROLE_TAG}"),
    rollout.LISTENER_RULE: ("actions",),
    rollout.SERVICE: ("taskDefinition", "desiredCount", "deploymentController", "deploymentConfiguration"),
    run_traffic.SERVICE: ("traffics", "labels", f"labels.{run_traffic.ROLE}"),
}
_ONLY_AS_A_WHOLE = frozenset({"labels"})

_STEP = re.compile(r"[A-Za-z0-9_*-]+")


def _not_ignored(resource: Resource, settings: Settings) -> Iterable[str]:
    for gated in GATED[resource.type]:
        if gated not in settings["allowed"] and any(_covers(path, gated) for path in resource.ignored):
            yield f"ignoreChanges must not cover {gated}, found that it does."


def _covers(path: str, gated: str) -> bool:
    """Whether `path` (`traffics[0].percent`, `["labels"]`, `*`) is `gated`, a part of it, or everything."""
    ignored, wanted = _STEP.findall(path), _STEP.findall(gated)
    if ignored == ["*"]:
        return True
    long_enough = len(ignored) == len(wanted) if gated in _ONLY_AS_A_WHOLE else len(ignored) >= len(wanted)
    return long_enough and all(_same(step, other) for step, other in zip(ignored, wanted, strict=False))


def _same(step: str, other: str) -> bool:
    return step == "*" or step.replace("_", "").lower() == other.replace("_", "").lower()


RULES = (
    Rule(
        id="no-ignore-changes-on-gated",
        row="R-24",
        title="What moves the traffic is what is judged",
        description="Checks whether no program ignores changes of what carries the traffic, its split and its role.",
        types=frozenset(GATED),
        reads=(),
        check=_not_ignored,
        remedy="Remove the input from ignoreChanges; the kept value would be judged, not the declared one.",
        binds_going_back=True,
        severity=Severity.CRITICAL,
        source="project",
        settings={
            "allowed": texts((), "Inputs whose changes may be ignored, such as desiredCount where autoscaling owns it.")
        },
    ),
)
