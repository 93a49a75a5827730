"""Revisions: when one is minted, under which name, and how it shows itself. Pure.

A record keeps what is decided once: {"name", "number", "template" (without its name), "ready" (None until
reconciliation has decided), "reason", "lacks", "created", "settled", "uid", "etag"}.
"""

import copy
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sandbox.google.cloud import Readiness
from sandbox.google.errors import ApiError
from sandbox.google.run import traffic
from sandbox.google.run.names import ServiceName, short

Record = dict[str, Any]

# google.cloud.run.v2.Condition.RevisionReason; everything else that is told is a CommonReason.
_REVISION_REASONS = frozenset(
    {
        "PENDING",
        "RESERVE",
        "RETIRED",
        "RETIRING",
        "RECREATING",
        "HEALTH_CHECK_CONTAINER_ERROR",
        "CUSTOMIZED_PATH_RESPONSE_PENDING",
        "MIN_INSTANCES_NOT_PROVISIONED",
        "ACTIVE_REVISION_LIMIT_REACHED",
        "NO_DEPLOYMENT",
        "HEALTH_CHECK_SKIPPED",
        "MIN_INSTANCES_WARMING",
    }
)
_SHOWN = (
    "labels",
    "annotations",
    "scaling",
    "vpcAccess",
    "timeout",
    "serviceAccount",
    "containers",
    "volumes",
    "executionEnvironment",
    "encryptionKey",
    "serviceMesh",
    "encryptionKeyRevocationAction",
    "encryptionKeyShutdownDuration",
    "maxInstanceRequestConcurrency",
    "sessionAffinity",
    "nodeSelector",
    "client",
    "clientVersion",
)


def unnamed(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template without the name of its revision."""
    return {key: copy.deepcopy(value) for key, value in template.items() if key != "revision"}


def wanted(name: ServiceName, template: Mapping[str, Any], records: Mapping[str, Record], *, force: bool) -> str | None:
    """The name of the revision to mint for a template that changed; None when a revision of it is there already.

    Raises ApiError ALREADY_EXISTS when another revision has the name.
    """
    named = template.get("revision", "")
    if not named:
        number = next_number(records)
        return f"{name.service}-{number:05d}-{_suffix(name.service, number)}"
    if named not in records:
        return str(named)
    if force or records[named]["template"] != unnamed(template):
        raise ApiError("ALREADY_EXISTS", f"Revision named '{named}' with different configuration already exists.")
    return None


def next_number(records: Mapping[str, Record]) -> int:
    return 1 + max((record["number"] for record in records.values()), default=0)


def minted(revision: str, template: Mapping[str, Any], number: int, *, now: str, uid: str, etag: str) -> Record:
    """A new revision; whether it becomes ready is not decided yet."""
    return {
        "name": revision,
        "number": number,
        "template": unnamed(template),
        "ready": None,
        "reason": "",
        "lacks": "",
        "created": now,
        "settled": now,
        "uid": uid,
        "etag": etag,
    }


def judged(record: Record, verdict: Readiness, now: str) -> Record:
    """The record once it is decided whether the revision is ready. A decision is not taken back."""
    if record["ready"] is not None:
        return record
    return {**record, "ready": verdict.ready, "reason": verdict.reason, "lacks": verdict.message, "settled": now}


def lacks(record: Record, told: Readiness | None) -> str | None:
    """None when the revision is ready, else what it lacks. told: by hand, and stronger than what was decided."""
    ready = record["ready"] if told is None else told.ready
    if ready:
        return None
    text = told.message if told is not None else record["lacks"]
    return text or (
        "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 "
        "environment variable within the allocated timeout."
    )


def shown(record: Record, service: Mapping[str, Any], told: Readiness | None) -> dict[str, Any]:
    """The revision as the API answers it."""
    name = ServiceName.parse(service["name"])
    template = record["template"]
    served = traffic.referenced(service.get("trafficStatuses", []), short(service.get("latestReadyRevision", "")))
    answer: dict[str, Any] = {
        "name": name.revision(record["name"]),
        "uid": record["uid"],
        "generation": "1",
        "createTime": record["created"],
        "updateTime": record["settled"],
        "launchStage": "GA",
        "service": name.service,
        **{key: copy.deepcopy(template[key]) for key in _SHOWN if key in template},
        "conditions": _conditions(record, told, active=record["name"] in served),
        "logUri": _logs(name, record["name"]),
        "etag": record["etag"],
    }
    if record["ready"] is None:
        answer["reconciling"] = True
    else:
        answer["observedGeneration"] = "1"
    digests = [
        {"name": container.get("name", ""), "imageDigest": container["image"]}
        for container in template["containers"]
        if "@sha256:" in container["image"]
    ]
    if digests:
        answer["containerStatuses"] = [{key: value for key, value in each.items() if value} for each in digests]
    least = _least(template, service, served, record["name"])
    if least:
        answer["scalingStatus"] = {"desiredMinInstanceCount": least}
    return answer


def _least(template: Mapping[str, Any], service: Mapping[str, Any], served: Mapping[str, int], revision: str) -> int:
    """How many instances are kept: its own minimum, wherever it is in the traffic, or its part of the service's.

    The part is rounded down: nothing says how, and fewer warm instances are the unkinder reading.
    """
    if revision not in served:
        return 0
    own = int(template.get("scaling", {}).get("minInstanceCount", 0))
    shared = int(service.get("scaling", {}).get("minInstanceCount", 0))
    return max(own, shared * served[revision] // 100)


def _conditions(record: Record, told: Readiness | None, *, active: bool) -> list[dict[str, Any]]:
    at = {"lastTransitionTime": record["settled"]}
    idle = {"severity": "INFO", "revisionReason": "RETIRED", "message": "Revision retired."}
    activity: dict[str, Any] = {"type": "Active", "state": "CONDITION_SUCCEEDED", **at}
    if not active:
        activity.update(state="CONDITION_FAILED", **idle)
    ready: dict[str, Any] = {"state": "CONDITION_SUCCEEDED", **at}
    missing = lacks(record, told)
    if record["ready"] is None and told is None:
        ready["state"] = "CONDITION_RECONCILING"
    elif missing is not None:
        reason = told.reason if told is not None else record["reason"]
        key = "revisionReason" if reason in _REVISION_REASONS else "reason"
        ready.update(state="CONDITION_FAILED", message=missing, **{key: reason})
    healthy = [{"type": kind, **ready} for kind in ("ContainerHealthy", "ContainerReady", "ResourcesAvailable")]
    return [{"type": "Ready", **ready}, activity, *healthy]


def _logs(name: ServiceName, revision: str) -> str:
    query = (
        f'resource.type="cloud_run_revision" resource.labels.service_name="{name.service}" '
        f'resource.labels.revision_name="{revision}"'
    )
    return f"https://console.cloud.google.com/logs/viewer?project={name.project}&advancedFilter={quote(query)}"


def _suffix(service: str, number: int) -> str:
    """Three letters, as gcloud's and the server's names have them; the same ones in every run."""
    value = sum(ord(letter) * (index + 7) for index, letter in enumerate(service)) * 31 + number * 7919
    letters = []
    for _ in range(3):
        value, rest = divmod(value, 26)
        letters.append(chr(ord("a") + rest))
    return "".join(letters)


def undeletable(revision: str, service: Mapping[str, Any], records: Mapping[str, Record]) -> str | None:
    """Why a revision cannot be deleted: it can receive traffic, is the only one, or the latest ("Manage revisions")."""
    latest = {short(service.get(key, "")) for key in ("latestCreatedRevision", "latestReadyRevision")}
    asked = {target.get("revision") for target in service.get("traffic", [])}
    served = traffic.referenced(service.get("trafficStatuses", []), short(service.get("latestReadyRevision", "")))
    if revision in served or revision in asked:
        return f"Revision '{revision}' cannot be deleted because it can receive traffic."
    if len(records) == 1:
        return f"Revision '{revision}' cannot be deleted because it is the only revision of the service."
    if revision in latest:
        return f"Revision '{revision}' cannot be deleted because it is the latest revision of the service."
    return None
