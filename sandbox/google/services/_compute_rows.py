"""A kind of Compute Engine resource as one row of a table: `Row` makes the handlers of its methods."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.google import pages
from sandbox.google.api import Call, Handler
from sandbox.google.operations import Operation
from sandbox.google.projects import number_of
from sandbox.google.services import _compute_links as links
from sandbox.google.store import Resource

Hook = Callable[[Call, Resource], None]

# https://cloud.google.com/compute/docs/naming-resources
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_OWN = ("id", "kind", "name", "selfLink", "creationTimestamp", "region", "securityPolicy", "edgeSecurityPolicy")


def _nothing(_call: Call, _resource: Resource) -> None:
    """A row without this hook."""


@dataclass(frozen=True)
class Setter:
    """A method that sets one field: {method of the document: Setter}. sent: the field's name in its request."""

    field: str
    sent: str


@dataclass(frozen=True)
class Row:
    """One kind.

    api: what stands before the method in the document ("compute.urlMaps"); plural: the collection in the URL.
    singular: the path parameter, and the kind ("compute#urlMap").
    references: {field: collections it may refer to}.
    updates: the methods that change it, "patch" and "update"; setters: those that set a field.
    fingerprint: it has one, and an update must give it. labels: it has setLabels.
    shaped: defaults and rules, after each write. shown: what is computed for an answer.
    """

    api: str
    plural: str
    singular: str
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    updates: tuple[str, ...] = ()
    setters: Mapping[str, Setter] = field(default_factory=dict)
    fingerprint: bool = False
    labels: bool = False
    shaped: Hook = _nothing
    shown: Hook = _nothing

    def handlers(self, used: Callable[[Call, str], list[str]]) -> dict[str, Handler]:
        """used: the paths of what refers to a path; a resource in use cannot be deleted."""

        def delete(call: Call) -> Mapping[str, Any]:
            path = self.path(call)
            resource = links.get(call.cloud, path)
            for user in used(call, path):
                raise links.in_use(path, user)
            return operate(call, "delete", resource, lambda: call.cloud.store.delete(self.plural, path))

        known: dict[str, Handler] = {"get": self._get, "list": self._list, "insert": self._insert, "delete": delete}
        known |= dict.fromkeys(self.updates, self._update)
        known |= {method: self._set(setter) for method, setter in self.setters.items()}
        if self.labels:
            known["setLabels"] = self._set_labels
        return {f"{self.api}.{method}": handler for method, handler in known.items()}

    def path(self, call: Call) -> str:
        """The path of the resource that a call names; the parameter is called `resource` in some methods."""
        name = call.path.get(self.singular) or call.path["resource"]
        return f"{_scope(call)}/{self.plural}/{name}"

    def change(self, call: Call, what: str, after: Resource) -> Mapping[str, Any]:
        """Check and keep a changed resource, and answer the operation."""
        links.resolve(call.cloud, call.path["project"], after, self.references)
        self.shaped(call, after)
        if self.fingerprint:
            after["fingerprint"] = call.cloud.etag()
        return operate(call, what, after, lambda: call.cloud.store.put(self.plural, _path(after), after))

    def _insert(self, call: Call) -> Mapping[str, Any]:
        name = str(call.body.get("name", ""))
        if not _NAME.fullmatch(name):
            raise links.invalid("name", name, f"Must be a match of regex '(?:{_NAME.pattern})'")
        path = f"{_scope(call)}/{self.plural}/{name}"
        if links.find(call.cloud, path) is not None:
            raise links.exists(path)
        resource = dict(call.body)
        resource.pop("fingerprint", None)
        resource |= {
            "id": str(10**18 + call.cloud.serial()),
            "kind": f"compute#{self.singular}",
            "selfLink": links.url(path),
            "creationTimestamp": call.cloud.now(),
        }
        if "region" in call.path:
            resource["region"] = links.url(_scope(call))
        if self.labels:
            resource["labelFingerprint"] = call.cloud.etag()
        return self.change(call, "insert", resource)

    def _get(self, call: Call) -> Mapping[str, Any]:
        return self._answer(call, links.get(call.cloud, self.path(call)))

    def _list(self, call: Call) -> Mapping[str, Any]:
        scope = f"{_scope(call)}/{self.plural}"
        found = [self._answer(call, each) for each in call.cloud.store.under(self.plural, scope)]
        return {"kind": f"compute#{self.singular}List", "id": scope, "selfLink": links.url(scope)} | pages.page(
            call, "items", found
        )

    def _answer(self, call: Call, resource: Resource) -> Resource:
        self.shown(call, resource)
        return resource

    def _update(self, call: Call) -> Mapping[str, Any]:
        before = links.get(call.cloud, self.path(call))
        sent = dict(call.body)
        given = sent.pop("fingerprint", None)
        if self.fingerprint and given != before["fingerprint"]:
            raise links.stale(_path(before))
        sent.pop("name", None)
        whole = call.http == "PUT"
        after = {key: before[key] for key in _OWN if key in before} | sent if whole else patched(before, sent)
        return self.change(call, "update" if whole else "patch", after)

    def _set(self, setter: Setter) -> Handler:
        def handler(call: Call) -> Mapping[str, Any]:
            after = links.get(call.cloud, self.path(call))
            value = call.body.get(setter.sent)
            if value:
                after[setter.field] = value
            else:
                after.pop(setter.field, None)
            return self.change(call, f"set{setter.field[0].upper()}{setter.field[1:]}", after)

        return handler

    def _set_labels(self, call: Call) -> Mapping[str, Any]:
        after = links.get(call.cloud, self.path(call))
        if call.body.get("labelFingerprint") != after["labelFingerprint"]:
            raise links.stale(f"the labels of {_path(after)}")
        after["labels"] = call.body.get("labels", {})
        after["labelFingerprint"] = call.cloud.etag()
        return self.change(call, "setLabels", after)


def patched(before: Resource, sent: Mapping[str, Any]) -> Resource:
    """Compute Engine's PATCH: objects are merged, lists and values replaced (JSON merge patch)."""
    after = dict(before)
    for key, value in sent.items():
        known = after.get(key)
        merge = isinstance(value, Mapping) and isinstance(known, Mapping)
        after[key] = patched(dict(known), value) if merge and isinstance(known, Mapping) else value
    return after


def operate(call: Call, what: str, resource: Resource, change: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Begin the operation of a change to a resource, as Compute Engine answers it."""
    metadata = {
        "operationType": what,
        "targetId": resource["id"],
        "targetLink": resource["selfLink"],
        "insertTime": call.cloud.now(),
    }
    return operation_json(call.cloud.operations.begin(_scope(call), change, metadata))


def operation_json(operation: Operation) -> Mapping[str, Any]:
    scope, _, name = operation.name.rpartition("/operations/")
    shown: Resource = {
        "kind": "compute#operation",
        "id": str(number_of(operation.name)),
        "name": name,
        "selfLink": links.url(operation.name),
        "status": "DONE" if operation.done else "RUNNING",
        "progress": 100 if operation.done else 0,
        "startTime": operation.metadata["insertTime"],
        "user": "sandbox@example.com",
        **operation.metadata,
    }
    if "/regions/" in scope:
        shown["region"] = links.url(scope)
    if operation.done:
        shown["endTime"] = operation.metadata["insertTime"]
    if operation.error is not None:
        shown["error"] = {"errors": [{"code": operation.error.status, "message": operation.error.message}]}
        shown["httpErrorStatusCode"] = operation.error.http
        shown["httpErrorMessage"] = operation.error.status
    return shown


def _scope(call: Call) -> str:
    where = f"regions/{call.path['region']}" if "region" in call.path else "global"
    return f"projects/{call.path['project']}/{where}"


def _path(resource: Resource) -> str:
    return str(resource["selfLink"]).removeprefix(links.ROOT)
