"""How a service divides its traffic: what may be asked for, and what it comes to. Pure.

Targets stay in the order they were sent in, 0 % entries included (measured: cloud-run-notes 3.7).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandbox.google.run.names import ServiceName, tag_problem
from sandbox.google.schema import Problem

Target = Mapping[str, Any]

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"

# "If traffic is empty or not provided, defaults to 100% traffic to the latest Ready Revision" (discovery document).
DEFAULT = ({"type": LATEST, "percent": 100},)


def problems(traffic: Sequence[Target], service: str) -> Iterator[Problem]:
    """What Cloud Run refuses at once. Whether the revisions exist is found out later, by reconciliation."""
    tags: dict[str, int] = {}
    for index, target in enumerate(traffic):
        where = f"traffic[{index}]"
        yield from _target(target, where)
        tag = target.get("tag", "")
        if tag:
            wrong = tag_problem(tag, service)
            if wrong:
                yield f"{where}.tag", f"spec.traffic.tag: {wrong}"
            if tag in tags:
                yield (
                    f"{where}.tag",
                    f'Multiple definitions for "{tag}": traffic[{tags[tag]}].tag, traffic[{index}].tag',
                )
            tags.setdefault(tag, index)
    total = sum(target.get("percent", 0) for target in traffic)
    if total != 100:
        yield "traffic", f"spec.traffic: Traffic targets sum to {total}, want 100"


def _target(target: Target, where: str) -> Iterator[Problem]:
    percent = target.get("percent", 0)
    if not 0 <= percent <= 100:
        yield f"{where}.percent", f"{where}.percent: found {percent}; expected 0 to 100"
    kind, revision = target.get("type"), target.get("revision", "")
    if kind == REVISION and not revision:
        yield f"{where}.revision", f"{where}.revision: missing; the type is {REVISION}"
    elif kind == LATEST and revision:
        yield f"{where}.revision", f"{where}.revision: found '{revision}'; must be empty when the type is {LATEST}"
    elif kind not in {LATEST, REVISION}:
        yield f"{where}.type", f"{where}.type: found {kind}; expected {LATEST} or {REVISION}"


def unserved(
    traffic: Sequence[Target], latest_ready: str, state: Callable[[str], str | None], service: str
) -> str | None:
    """Why the targets cannot be served; None when they can.

    state: by revision, None when it is ready, else what it lacks; raises KeyError for one that does not exist.
    """
    for target in traffic:
        if target["type"] == LATEST:
            if not latest_ready:
                return f"The Service '{service}' has no ready revision that could serve traffic."
            continue
        revision = target["revision"]
        try:
            lacks = state(revision)
        except KeyError:
            return (
                f"Revision '{revision}' does not exist or is deleted. "
                "Update all traffic to route to currently available revisions."
            )
        if lacks is not None:
            return not_ready(revision, lacks)
    return None


def not_ready(revision: str, lacks: str) -> str:
    """What operations say of a revision that did not become ready (text: transparency-dev/tesseract#413)."""
    return f"Revision '{revision}' is not ready and cannot serve traffic. {lacks}"


def statuses(traffic: Sequence[Target], name: ServiceName | None) -> list[dict[str, Any]]:
    """trafficStatuses once the targets are served. A LATEST entry names no revision: look at latestReadyRevision.

    name: None for a service whose default address is disabled, and with it those of its tags.
    """
    result = []
    for target in traffic:
        status = {key: target[key] for key in ("type", "revision", "percent", "tag") if target.get(key)}
        if status.get("tag") and name is not None:
            status["uri"] = name.tag_uri(status["tag"])
        result.append(status)
    return result


def referenced(statuses: Sequence[Target], latest_ready: str) -> dict[str, int]:
    """Percent by revision of what is served; revisions at 0 % and tagged ones are among them."""
    shares: dict[str, int] = {}
    for status in statuses:
        revision = latest_ready if status["type"] == LATEST else status["revision"]
        shares[revision] = shares.get(revision, 0) + status.get("percent", 0)
    return shares
