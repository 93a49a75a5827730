"""The methods of Cloud Run Admin API v2 on top of the model."""

from collections.abc import Mapping
from typing import Any

from sandbox.google import iam, operations
from sandbox.google.api import Call, Handler, Service
from sandbox.google.cloud import Cloud, Readiness
from sandbox.google.errors import ApiError, bad_field
from sandbox.google.pages import page
from sandbox.google.run import model, revisions, template
from sandbox.google.run.model import Facts, State
from sandbox.google.run.names import ServiceName, service_problem
from sandbox.google.run.revisions import Record

SERVICES, REVISIONS = "run.services", "run.revisions"
_TYPES = "type.googleapis.com/google.cloud.run.v2."
_PREFIX = "run.projects.locations"
# The roles with secretmanager.versions.access (https://cloud.google.com/secret-manager/docs/access-control).
_READERS = ("roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner")
# How long a deleted resource is kept (Service.expireTime); it cannot be read here any more.
_NEVER = "2100-01-01T00:00:00Z"


def _facts(cloud: Cloud) -> Facts:
    return Facts(cloud.now(), cloud.etag, cloud.uid)


def _load(cloud: Cloud, name: ServiceName) -> State:
    service = cloud.store.find(SERVICES, str(name))
    if service is None:
        raise ApiError(
            "NOT_FOUND",
            f"Resource '{name.service}' of kind 'SERVICE' in region '{name.location}' in project '{name.project}' "
            "does not exist.",
        )
    records = {record["name"]: record for record in cloud.store.under(REVISIONS, f"{name}/revisions")}
    return State(service, records)


def _save(cloud: Cloud, state: State) -> None:
    name = ServiceName.parse(state.service["name"])
    cloud.store.put(SERVICES, str(name), state.service)
    for short_name, record in state.records.items():
        cloud.store.put(REVISIONS, name.revision(short_name), record)


def _judge(cloud: Cloud, name: ServiceName, record: Record) -> Readiness:
    """Whether a new revision becomes ready: what was told, then its image, then its secrets."""
    told = cloud.conditions.revisions.get(record["name"])
    if told is not None:
        return told
    for container in record["template"]["containers"]:
        if container["image"] in cloud.conditions.missing_images:
            return Readiness(
                ready=False, reason="CONTAINER_MISSING", message=f"Image '{container['image']}' not found."
            )
    account = str(record["template"]["serviceAccount"])
    found = [
        f"{where}: {wrong}"
        for where, project, secret, version in template.secrets(record["template"], name.project)
        if (wrong := _unreadable(cloud, project, secret, version, account)) is not None
    ]
    if found:
        return Readiness(ready=False, reason="SECRETS_ACCESS_CHECK_FAILED", message="\n".join(found))
    return Readiness()


def _unreadable(cloud: Cloud, project: str, secret: str, version: str, account: str) -> str | None:
    """Why `account` cannot read a secret's version (text: terraform-google-modules/terraform-docs-samples#168)."""
    wrong = cloud.secret_check(project, secret, version)
    if wrong is not None:
        return wrong
    resource = f"projects/{project}/secrets/{secret}"
    members = {
        member for level in (resource, f"projects/{project}") for role in _READERS
        for member in iam.members_of(cloud, level, role)
    }  # fmt: skip
    if f"serviceAccount:{account}" in members:
        return None
    return (
        f"Permission denied on secret: {resource}/versions/{version} for Revision service account {account}. The "
        f"service account used must be granted the 'Secret Manager Secret Accessor' role ({_READERS[0]}) at the "
        "secret, project or higher level."
    )


def _settle(cloud: Cloud, name: ServiceName) -> Mapping[str, Any]:
    """Reconcile; the response of the operation. Raises ApiError FAILED_PRECONDITION (code 9)."""
    state, problem = model.settled(
        _load(cloud, name), _facts(cloud), lambda record: _judge(cloud, name, record), cloud.conditions.revisions.get
    )
    _save(cloud, state)
    if problem is not None:
        raise ApiError("FAILED_PRECONDITION", problem)
    return {"@type": f"{_TYPES}Service", **state.service}


def _begin(cloud: Cloud, state: State) -> Mapping[str, Any]:
    """Keep an accepted change and begin to carry it out."""
    _save(cloud, state)
    name = ServiceName.parse(state.service["name"])
    metadata = {"@type": f"{_TYPES}Service", **state.service}
    return cloud.operations.begin(name.parent, lambda: _settle(cloud, name), metadata).as_json()


def _validated(cloud: Cloud, state: State) -> Mapping[str, Any]:
    """validateOnly: the answer that the change would have, without the change."""
    name = ServiceName.parse(state.service["name"])
    response = {"@type": f"{_TYPES}Service", **state.service}
    with cloud.unchanged():
        return cloud.operations.begin(name.parent, lambda: response).as_json()


def _create(call: Call) -> Mapping[str, Any]:
    cloud, service = call.cloud, str(call.query.get("serviceId", ""))
    wrong = service_problem(service)
    if wrong:
        raise bad_field("CreateServiceRequest.service_id", wrong)
    _, project, _, location = call.path["parent"].split("/")
    name = ServiceName(project, location, service)
    if cloud.store.find(SERVICES, str(name)) is not None:
        raise ApiError("ALREADY_EXISTS", f"Resource '{service}' already exists.")
    state = model.created(name, call.body, _facts(cloud))
    return _validated(cloud, state) if call.query.get("validateOnly") else _begin(cloud, state)


def _get(call: Call) -> Mapping[str, Any]:
    return _load(call.cloud, ServiceName.parse(call.path["name"])).service


def _list(call: Call) -> Mapping[str, Any]:
    return page(call, "services", call.cloud.store.under(SERVICES, f"{call.path['parent']}/services"))


def _patch(call: Call) -> Mapping[str, Any]:
    cloud, name = call.cloud, ServiceName.parse(call.path["name"])
    missing = cloud.store.find(SERVICES, str(name)) is None
    if missing and call.query.get("allowMissing"):
        wrong = service_problem(name.service)
        if wrong:
            raise bad_field("name", wrong)
        state = model.created(name, call.body, _facts(cloud))
    else:
        force = bool(call.query.get("forceNewRevision"))
        state = model.updated(_load(cloud, name), call.body, call.mask(), _facts(cloud), force=force)
    return _validated(cloud, state) if call.query.get("validateOnly") else _begin(cloud, state)


def _delete(call: Call) -> Mapping[str, Any]:
    cloud, name = call.cloud, ServiceName.parse(call.path["name"])
    state = _load(cloud, name)
    _check_etag(call, state.service["etag"], name.service)

    def finish() -> Mapping[str, Any]:
        if not call.query.get("validateOnly") and cloud.store.find(SERVICES, str(name)) is not None:
            cloud.store.delete(SERVICES, str(name))
            for record in state.records:
                cloud.store.delete(REVISIONS, name.revision(record))
            iam.forget(cloud, str(name))
        # The operation resolves to the deleted resource: clients wait for one.
        return {"@type": f"{_TYPES}Service", **state.service, "deleteTime": cloud.now(), "expireTime": _NEVER}

    return cloud.operations.begin(name.parent, finish, {"@type": f"{_TYPES}Service", **state.service}).as_json()


def _check_etag(call: Call, current: str, resource: str) -> None:
    sent = call.query.get("etag")
    if sent and sent != current:
        raise ApiError(
            "ABORTED",
            f"Conflict for resource '{resource}': version '{sent}' was specified but current version is '{current}'.",
        )


def _revision(call: Call) -> tuple[State, ServiceName, str]:
    parent, _, revision = call.path["name"].rpartition("/revisions/")
    name = ServiceName.parse(parent)
    state = State({}, {}) if call.cloud.store.find(SERVICES, parent) is None else _load(call.cloud, name)
    if revision not in state.records:
        raise ApiError(
            "NOT_FOUND",
            f"Resource '{revision}' of kind 'REVISION' in region '{name.location}' in project '{name.project}' "
            "does not exist.",
        )
    return state, name, revision


def _show(cloud: Cloud, state: State, revision: str) -> dict[str, Any]:
    return revisions.shown(state.records[revision], state.service, cloud.conditions.revisions.get(revision))


def _get_revision(call: Call) -> Mapping[str, Any]:
    state, _, revision = _revision(call)
    return _show(call.cloud, state, revision)


def _list_revisions(call: Call) -> Mapping[str, Any]:
    """Newest first; `services/-` lists those of every service."""
    cloud, parent = call.cloud, call.path["parent"]
    if parent.endswith("/services/-"):
        states = [
            _load(cloud, ServiceName.parse(each["name"]))
            for each in cloud.store.under(SERVICES, parent.removesuffix("/-"))
        ]
    else:
        states = [_load(cloud, ServiceName.parse(parent))]
    shown = [
        _show(cloud, state, revision)
        for state in states
        for revision in sorted(state.records, key=lambda each, of=state: -of.records[each]["number"])  # type: ignore[misc]
    ]
    return page(call, "revisions", shown)


def _delete_revision(call: Call) -> Mapping[str, Any]:
    cloud = call.cloud
    state, name, revision = _revision(call)
    _check_etag(call, state.records[revision]["etag"], revision)
    why = revisions.undeletable(revision, state.service, state.records)
    if why is not None:
        raise ApiError("FAILED_PRECONDITION", why)
    shown = _show(cloud, state, revision)

    def finish() -> Mapping[str, Any]:
        if not call.query.get("validateOnly") and cloud.store.find(REVISIONS, name.revision(revision)) is not None:
            cloud.store.delete(REVISIONS, name.revision(revision))
        return {"@type": f"{_TYPES}Revision", **shown, "deleteTime": cloud.now(), "expireTime": _NEVER}

    return cloud.operations.begin(name.parent, finish, {"@type": f"{_TYPES}Revision", **shown}).as_json()


def _exists(call: Call, resource: str) -> None:
    _load(call.cloud, ServiceName.parse(resource))


def _handlers() -> dict[str, Handler]:
    return {
        f"{_PREFIX}.services.create": _create,
        f"{_PREFIX}.services.get": _get,
        f"{_PREFIX}.services.list": _list,
        f"{_PREFIX}.services.patch": _patch,
        f"{_PREFIX}.services.delete": _delete,
        f"{_PREFIX}.services.revisions.get": _get_revision,
        f"{_PREFIX}.services.revisions.list": _list_revisions,
        f"{_PREFIX}.services.revisions.delete": _delete_revision,
        **iam.handlers(f"{_PREFIX}.services", _exists),
        **operations.handlers(f"{_PREFIX}.operations"),
    }


# At the bare root too: the official client puts /v2/ behind its endpoint itself.
SERVICE = Service(name="run", documents=("run.v2",), mounts={"/run/": "", "/v2/": "v2/"}, handlers=_handlers())
