"""A service and its revisions: what a request makes of them, and what reconciliation makes of that. Pure.

A request is checked and accepted at once (`created`, `updated`): that mints the revision and changes what is asked
for. `settled` then decides whether the revision is ready and whether the traffic is served; it is what an operation
waits for. Until then `trafficStatuses`, `observedGeneration` and `latestReadyRevision` are the old ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.google import masks
from sandbox.google.cloud import Readiness
from sandbox.google.errors import ApiError, invalid
from sandbox.google.run import revisions, template, traffic
from sandbox.google.run.names import ServiceName, revision_problem, short
from sandbox.google.run.revisions import Record

Service = dict[str, Any]

# What a client decides; the rest of a Service is the server's.
_ASKED = (
    "description",
    "labels",
    "annotations",
    "client",
    "clientVersion",
    "ingress",
    "launchStage",
    "binaryAuthorization",
    "template",
    "traffic",
    "scaling",
    "invokerIamDisabled",
    "defaultUriDisabled",
    "customAudiences",
    "iapEnabled",
    "buildConfig",
    "multiRegionSettings",
    "sshEnabled",
    "functionalType",
)


@dataclass(frozen=True)
class Facts:
    """What the model cannot know by itself. who: the caller."""

    now: str
    etag: Callable[[], str]
    uid: Callable[[], str]
    who: str = "sandbox@headgate.invalid"


@dataclass(frozen=True)
class State:
    """A service and its revisions by short name, oldest first."""

    service: Service
    records: Mapping[str, Record]


def created(name: ServiceName, body: Mapping[str, Any], facts: Facts) -> State:
    """A new service. Raises ApiError INVALID_ARGUMENT."""
    asked = _asked(name, body)
    service: Service = {
        "name": str(name),
        "uid": facts.uid(),
        "generation": "1",
        **asked,
        "createTime": facts.now,
        "creator": facts.who,
    }
    return _accepted(State(service, {}), facts, mint=True, force=False)


def updated(state: State, body: Mapping[str, Any], mask: Sequence[str], facts: Facts, *, force: bool = False) -> State:
    """The service with the fields of the mask as sent; without a mask every field is replaced.

    Raises ApiError INVALID_ARGUMENT, ALREADY_EXISTS (revision), ABORTED (etag).
    """
    service = state.service
    name = ServiceName.parse(service["name"])
    etag = body.get("etag")
    if etag and etag != service["etag"]:
        raise ApiError(
            "ABORTED",
            f"Conflict for resource '{name.service}': version '{etag}' was specified but current version is "
            f"'{service['etag']}'.",
        )
    before = {key: service[key] for key in _ASKED if key in service}
    asked = _asked(name, masks.merged(before, body, mask) if mask else body)
    if asked == before and not force:
        return state
    # A template that is the same mints nothing, its name included: cloud-run-notes 3.9.
    mint = force or asked["template"] != before["template"]
    theirs = {key: value for key, value in service.items() if key not in _ASKED}
    changed = {**theirs, **asked, "generation": str(int(service["generation"]) + 1)}
    return _accepted(State(changed, state.records), facts, mint=mint, force=force)


def _asked(name: ServiceName, body: Mapping[str, Any]) -> Service:
    """What a client asks for, with the defaults of the server. Raises ApiError INVALID_ARGUMENT."""
    asked: Service = template.without_zeroes({key: body[key] for key in _ASKED if key in body})
    asked["template"] = template.filled(asked.get("template", {}), name.project)
    asked["traffic"] = asked.get("traffic") or [dict(target) for target in traffic.DEFAULT]
    asked.setdefault("ingress", "INGRESS_TRAFFIC_ALL")
    asked.setdefault("launchStage", "GA")
    found = [
        *template.problems(asked["template"]),
        *traffic.problems(asked["traffic"], name.service),
        *template.namespaces(asked, ""),
    ]
    named = asked["template"].get("revision")
    wrong = revision_problem(named, name.service) if named else None
    if wrong:
        found.append(("template.revision", f"service.spec.template.metadata.name: {wrong}"))
    if found:
        raise invalid(found)
    return asked


def _accepted(state: State, facts: Facts, *, mint: bool, force: bool) -> State:
    """The change as asked for, not carried out yet."""
    name = ServiceName.parse(state.service["name"])
    service, records = dict(state.service), dict(state.records)
    if mint:
        asked = service["template"]
        new = revisions.wanted(name, asked, records, force=force)
        if new is not None:
            number = revisions.next_number(records)
            records[new] = revisions.minted(
                new, asked, number, now=facts.now, uid=facts.uid(), etag=f'"{facts.etag()}"'
            )
        service["latestCreatedRevision"] = name.revision(new or asked["revision"])
    # "The output displays the URL as None" (docs: Default URL).
    addresses = {} if service.get("defaultUriDisabled") else {"uri": name.uri, "urls": name.urls}
    service = {key: value for key, value in service.items() if key not in {"uri", "urls"}} | addresses
    service.update(
        updateTime=facts.now,
        lastModifier=facts.who,
        reconciling=True,
        terminalCondition=_condition("Ready", "CONDITION_RECONCILING", facts.now),
        etag=f'"{facts.etag()}"',
    )
    return State(service, records)


def settled(
    state: State,
    facts: Facts,
    judge: Callable[[Record], Readiness],
    told: Callable[[str], Readiness | None] = lambda _: None,
) -> tuple[State, str | None]:
    """The service when reconciliation is over, and why it failed (None: it did not).

    judge: whether a new revision becomes ready; told: what is told about a revision by hand.
    A revision that has just been minted and is not ready leaves the traffic as it was. One that failed earlier
    does not hold traffic back that goes to others, yet the service is not ready, and the operation says so.
    """
    service, records = dict(state.service), dict(state.records)
    name = ServiceName.parse(service["name"])
    latest = short(service["latestCreatedRevision"])
    fresh = records[latest]["ready"] is None
    records[latest] = revisions.judged(records[latest], judge(records[latest]), facts.now)
    missing = revisions.lacks(records[latest], told(latest))
    latest_ready = latest if missing is None else short(service.get("latestReadyRevision", ""))
    configuration = None if missing is None else traffic.not_ready(latest, missing)
    route = traffic.unserved(
        service["traffic"], latest_ready, lambda each: revisions.lacks(records[each], told(each)), name.service
    )
    if route is None and not (fresh and configuration):
        service["trafficStatuses"] = traffic.statuses(service["traffic"], name if "uri" in service else None)
    problem = (configuration if fresh else None) or route or configuration
    if problem is None:
        service["observedGeneration"] = service["generation"]
        service["latestReadyRevision"] = name.revision(latest_ready)
    service.pop("reconciling", None)
    service["terminalCondition"] = _verdict("Ready", problem, facts.now)
    service["conditions"] = [
        _verdict("RoutesReady", route, facts.now),
        _verdict("ConfigurationsReady", configuration, facts.now),
    ]
    service["etag"] = f'"{facts.etag()}"'
    return State(service, records), problem


def _verdict(kind: str, problem: str | None, now: str) -> dict[str, Any]:
    if problem is None:
        return _condition(kind, "CONDITION_SUCCEEDED", now)
    return {**_condition(kind, "CONDITION_FAILED", now), "message": problem, "reason": "REVISION_FAILED"}


def _condition(kind: str, state: str, now: str) -> dict[str, Any]:
    return {"type": kind, "state": state, "lastTransitionTime": now}
