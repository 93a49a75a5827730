"""What answers of the Cloud Run Admin API v2 mean. Pure: no call is made here.

Services and revisions come as plain mappings with the field names of the protocol buffers (`traffic_statuses`) and
enumerations by name. `traffic` is what was asked for, `traffic_statuses` what is served: after a reconciliation that
failed they differ, and what is served is then still that of before (API reference, Service.reconciling).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.carrier import routed

Json = Mapping[str, Any]

BY_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
SUCCEEDED, FAILED = "CONDITION_SUCCEEDED", "CONDITION_FAILED"
READY = "Ready"  # type of the condition that sums up all others, on services and revisions


def short(name: str) -> str:
    """`ion-1` of `projects/p/locations/l/services/ion/revisions/ion-1`; answers use both forms."""
    return name.rpartition("/")[2]


def split(targets: Sequence[Json], latest: str) -> dict[str, int]:
    """Slot -> per cent of `targets` (traffic or traffic statuses); entries of one revision are added up.

    An entry that follows the latest revision moves by itself. It shows as `latest revision <name>`, which is no slot;
    `latest` is the name where the entry has none.
    """
    shares: dict[str, int] = {}
    for target in targets:
        revision = short(target.get("revision") or "")
        if target.get("type_") == BY_LATEST or not revision:
            revision = f"latest revision {revision or latest or '(none is ready)'}"
        shares[revision] = shares.get(revision, 0) + int(target.get("percent") or 0)
    return shares


def served(service: Json) -> dict[str, int]:
    """Slot -> per cent, as really served."""
    return split(service.get("traffic_statuses") or (), short(service.get("latest_ready_revision") or ""))


def asked(service: Json) -> dict[str, int]:
    """Slot -> per cent, as last asked for. No entry at all means all to the latest ready revision."""
    targets = service.get("traffic") or [{"type_": BY_LATEST, "percent": 100}]
    return split(targets, short(service.get("latest_ready_revision") or ""))


def revisions(service: Json) -> list[str]:
    """Short names of the revisions that traffic names, asked or served, and of the last one created; each once."""
    targets = [*(service.get("traffic_statuses") or ()), *(service.get("traffic") or ())]
    names = [short(target.get("revision") or "") for target in targets]
    names.append(short(service.get("latest_created_revision") or ""))
    return [name for name in dict.fromkeys(names) if name]


def image(revision: Json) -> str | None:
    """Image of the container that takes requests: the one with a port, or the only one. None when not clear."""
    containers = list(revision.get("containers") or ())
    serving = [container for container in containers if container.get("ports")] or containers
    return str(serving[0]["image"]) if len(serving) == 1 else None


def instances(revision: Json) -> int:
    """Instances kept for the revision; one is counted where it may go down to none, for a request starts it."""
    return max(1, int((revision.get("scaling") or {}).get("min_instance_count") or 0))


def ready(revision: Json) -> bool:
    """Whether the revision can serve: its condition Ready has succeeded."""
    return (_condition(revision) or {}).get("state") == SUCCEEDED


def service_unsteady(service: Json) -> str:
    """Why the service is not as asked, or an empty text."""
    terminal = service.get("terminal_condition") or {}
    if terminal.get("state") == FAILED:
        return f"the last change of the service failed ({_message(terminal)})"
    if service.get("reconciling"):
        return "the service is being changed"
    if terminal.get("state", SUCCEEDED) != SUCCEEDED:
        return f"the service is {terminal['state']} ({_message(terminal)})"
    return ""


def revision_unsteady(revision: Json) -> str:
    """Why the revision does not serve, or an empty text."""
    condition = _condition(revision)
    if condition is None:
        return "the revision does not say whether it is ready"
    if condition.get("state") == FAILED:
        return f"the revision failed ({_message(condition)})"
    if condition.get("state") != SUCCEEDED:
        return f"the revision is {condition.get('state') or 'in an unknown state'} ({_message(condition)})"
    return "the revision is being changed" if revision.get("reconciling") else ""


def traffic_unsteady(service: Json) -> dict[str, str]:
    """Slot -> how its share differs between what is asked for and what is served."""
    wanted, given = asked(service), served(service)
    return {
        slot: f"{wanted.get(slot, 0)} % is asked for, {given.get(slot, 0)} % is served"
        for slot in {**wanted, **given}
        if wanted.get(slot, 0) != given.get(slot, 0)
    }


def rewritten(service: Json, wanted: Mapping[str, int]) -> list[dict[str, Any]]:
    """The service's traffic entries with the shares of `wanted` (slot -> per cent); a revision left out gets 0.

    Order and tags stay. An entry that follows the latest revision is kept for its tag only, and pinned to the
    revision that it means now: nothing may get traffic by itself later.
    """
    latest = short(service.get("latest_ready_revision") or "")
    entries: list[dict[str, Any]] = []
    waiting = dict(wanted)
    for target in service.get("traffic") or ():
        pinned = target.get("type_") != BY_LATEST
        revision = short(target.get("revision") or "") if pinned else latest
        tag = target.get("tag") or ""
        if revision and (pinned or tag):
            percent = waiting.pop(revision, 0) if pinned else 0
            entries.append({"type_": BY_REVISION, "revision": revision, "percent": percent, "tag": tag})
    added = [
        {"type_": BY_REVISION, "revision": revision, "percent": percent, "tag": ""}
        for revision, percent in waiting.items()
        if percent > 0
    ]
    return [*entries, *added]


def all_with(service: Json, revision: str) -> bool:
    """Whether `revision` is served everything, and nothing else is asked for that might come later."""
    everything = {revision: 100}
    return routed(served(service)) == everything and routed(asked(service)) == everything


def given_back(service: Json | None, revision: str, *, alone: bool) -> list[dict[str, Any]]:
    """Traffic entries that send everything to `revision`; tags stay.

    Without an entry at 0 % of the revision made last if that is not ready: it may hold back the whole traffic, and its
    tag leads nowhere. `alone`: without any other entry. `service` None: nothing is known but the name.
    """
    if service is None:
        return [{"type_": BY_REVISION, "revision": revision, "percent": 100, "tag": ""}]
    latest = short(service.get("latest_created_revision") or "")
    never_ready = {latest} - {short(service.get("latest_ready_revision") or "")}
    return [
        entry
        for entry in rewritten(service, {revision: 100})
        if entry["revision"] == revision or not (alone or entry["revision"] in never_ready)
    ]


def _condition(revision: Json) -> Json | None:
    conditions = revision.get("conditions") or ()
    return next((condition for condition in conditions if condition.get("type_") == READY), None)


def _message(condition: Json) -> str:
    return str(condition.get("message") or "no reason given").strip().removesuffix(".")
