"""A kind of resource as one row of a table: `Collection` makes the handlers of its standard methods.

What an API does by the book (create, get, list, update by mask or as a whole, delete, answers as they are or as
operations) is said in the row; what it does of its own is in the row's hooks. A hook gets a resource of its own and
may change it; it raises ApiError to refuse.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.google import iam, masks, operations, pages
from sandbox.google.api import Call, Handler
from sandbox.google.errors import ApiError, already_exists, bad_field
from sandbox.google.store import Resource

Namer = Callable[[Call], str]
Hook = Callable[[Call, Resource], None]
Change = Callable[[Call, Resource, Resource], None]


def _nothing(_call: Call, _resource: Resource) -> None:
    """A row without this hook."""


def _no_change(_call: Call, _before: Resource, _after: Resource) -> None:
    """A row without this hook."""


def _same(_call: Call, name: str) -> str:
    """A name that has one spelling."""
    return name


def target(call: Call) -> str:
    """The name in the path of a call of an API whose paths have one variable: a resource, or a parent."""
    (name,) = call.path.values()
    return name


def by_query(parameter: str, plural: str, pattern: str = "", or_made_up: bool = False) -> Namer:
    """The id comes in the query (`secretId=key`)."""

    def name(call: Call) -> str:
        given = str(call.query.get(parameter, ""))
        if not given and or_made_up:
            given = f"made-up-{call.cloud.serial()}"
        return f"{target(call)}/{plural}/{_checked(given, pattern, parameter)}"

    return name


def by_field(field: str, plural: str, pattern: str = "") -> Namer:
    """The id is a field of the body (`name` of a log metric)."""
    return lambda call: f"{target(call)}/{plural}/{_checked(str(call.body.get(field, '')), pattern, field)}"


def by_path(pattern: str = "") -> Namer:
    """The whole name is the path: PUT creates."""

    def name(call: Call) -> str:
        whole = target(call)
        _checked(whole.rsplit("/", 1)[-1], pattern, "name")
        return whole

    return name


def by_server(plural: str) -> Namer:
    """The server chooses the id: a number of many digits."""
    return lambda call: f"{target(call)}/{plural}/{call.cloud.serial() + 10**15}"


def _checked(given: str, pattern: str, field: str) -> str:
    if not given:
        raise bad_field(field, "the id is missing")
    if pattern and not re.fullmatch(pattern, given):
        raise bad_field(field, f"invalid id '{given}': must match {pattern}")
    return given


def polling(collection: str) -> dict[str, Handler]:
    """The handler of `get` for the operations of an API, which is all that clients use of them."""
    method = f"{collection}.get"
    return {method: operations.handlers(collection)[method]}


@dataclass(frozen=True)
class Collection:
    """One kind of resource of one API whose paths have one variable.

    api: what stands before the method in the ids of the document ("secretmanager.projects.secrets").
    kind: its table in the store. plural: the key of a list's answer.
    name: the full name of what a call creates. short_name: the resource's own `name` is the id only.
    parent: the kind that must exist before, where the parent is a resource of ours.
    born: what the server adds when it is made. shaped: defaults and rules, after each write.
    changed: gets what was there before, too. leaving: before a deletion; refuses it, or takes along what goes with it.
    shown: as it is answered (what is input only is taken away).
    create, update: names of these methods in the document; "" for none.
    wrapped: the key under which the body of an update carries the resource, with `updateMask` beside it.
    unmasked: what an update without a mask does: "replace", "merge" or "refuse".
    kept: fields of the server's own, which stay when the rest is replaced.
    immutable: fields that an update must not change. etag: a wrong one in an update is refused.
    long: the methods that answer an operation. message: the type of the resource in an operation's answer.
    operations: the parent of an operation, from the name of the resource.
    resolve: the name it is kept under, from the one in a path, where a resource has several names.
    policies: it has an IAM policy of its own.
    """

    api: str
    kind: str
    plural: str
    name: Namer
    parent: str = ""
    short_name: bool = False
    born: Hook = _nothing
    shaped: Hook = _nothing
    changed: Change = _no_change
    leaving: Hook = _nothing
    shown: Hook = _nothing
    create: str = "create"
    update: str = "patch"
    delete: str = "delete"
    wrapped: str = ""
    unmasked: str = "replace"
    kept: tuple[str, ...] = ()
    immutable: tuple[str, ...] = ()
    etag: bool = False
    long: tuple[str, ...] = ()
    message: str = ""
    operations: Callable[[str], str] = lambda name: name.rsplit("/", 2)[0]
    resolve: Callable[[Call, str], str] = _same
    policies: bool = False

    def handlers(self) -> dict[str, Handler]:
        """The standard methods, by their id in the document."""
        known = {
            "get": self._get,
            "list": self._list,
            self.create: self._create,
            self.update: self._update,
            self.delete: self._delete,
        }
        handlers: dict[str, Handler] = {f"{self.api}.{method}": handler for method, handler in known.items() if method}
        if self.policies:
            handlers |= iam.handlers(self.api, self.exists)
        return handlers

    def exists(self, call: Call, name: str) -> None:
        """Raises ApiError NOT_FOUND."""
        call.cloud.store.get(self.kind, self.resolve(call, name))

    def answer(self, call: Call, resource: Resource) -> Resource:
        """A resource as it is answered."""
        self.shown(call, resource)
        return resource

    def write(self, call: Call, name: str, change: Hook) -> Resource:
        """Change one resource outside its standard methods (`:disable`), and answer it."""
        after = call.cloud.store.get(self.kind, name)
        before = call.cloud.store.get(self.kind, name)
        change(call, after)
        if self.etag:
            after["etag"] = call.cloud.etag()
        self.changed(call, before, after)
        return self.answer(call, call.cloud.store.put(self.kind, name, after))

    def _create(self, call: Call) -> Mapping[str, Any]:
        name = self.name(call)
        if self.parent:
            call.cloud.store.get(self.parent, target(call))
        if call.cloud.store.find(self.kind, name) is not None:
            raise already_exists(name)
        resource = dict(call.body)
        if not self.short_name:
            resource["name"] = name
        if self.etag:
            resource["etag"] = call.cloud.etag()
        self.born(call, resource)
        self.shaped(call, resource)
        return self._done(
            call, "create", name, lambda: self.answer(call, call.cloud.store.insert(self.kind, name, resource))
        )

    def _get(self, call: Call) -> Mapping[str, Any]:
        return self.answer(call, call.cloud.store.get(self.kind, self.resolve(call, target(call))))

    def _list(self, call: Call) -> Mapping[str, Any]:
        found = call.cloud.store.under(self.kind, f"{target(call)}/{self.plural}")
        return pages.page(call, self.plural, [self.answer(call, resource) for resource in found])

    def _update(self, call: Call) -> Mapping[str, Any]:
        name = self.resolve(call, target(call))
        before = call.cloud.store.get(self.kind, name)
        sent = dict(call.body.get(self.wrapped, {}) if self.wrapped else call.body)
        self._check_etag(sent.pop("etag", None), before)
        after = self._merged(before, sent, call.mask())
        self._check_immutable(before, after)
        if self.etag:
            after["etag"] = call.cloud.etag()
        self.shaped(call, after)
        self.changed(call, before, after)
        return self._done(call, "update", name, lambda: self.answer(call, call.cloud.store.put(self.kind, name, after)))

    def _merged(self, before: Resource, sent: Resource, mask: list[str]) -> Resource:
        if mask and "*" not in mask:
            return masks.merged(before, sent, mask)
        if self.unmasked == "refuse":
            raise bad_field("update_mask", "an update needs a field mask")
        kept = before if self.unmasked == "merge" else {key: before[key] for key in self._kept(before)}
        return {**kept, **sent, "name": before["name"]}

    def _kept(self, before: Resource) -> Iterable[str]:
        return [key for key in (*self.kept, *self.immutable, "etag") if key in before]

    def _check_etag(self, sent: Any, before: Resource) -> None:
        # https://google.aip.dev/154: another etag means that somebody else was faster.
        if self.etag and sent and sent != before.get("etag"):
            raise ApiError("ABORTED", f"Etag mismatch: expected {before.get('etag')}, found {sent}")

    def _check_immutable(self, before: Resource, after: Resource) -> None:
        for key in self.immutable:
            if before.get(key) != after.get(key):
                raise bad_field(key, "the field is immutable")

    def _delete(self, call: Call) -> Mapping[str, Any]:
        name = self.resolve(call, target(call))
        resource = call.cloud.store.get(self.kind, name)
        self._check_etag(call.query.get("etag"), resource)
        self.leaving(call, resource)

        def remove() -> Mapping[str, Any]:
            call.cloud.store.delete(self.kind, name)
            if self.policies:
                iam.forget(call.cloud, name)
            return {}

        return self._done(call, "delete", name, remove)

    def _done(self, call: Call, what: str, name: str, change: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        if what not in self.long:
            return change()
        message = self.message if what != "delete" else "google.protobuf.Empty"
        began = {"target": name, "createTime": call.cloud.now()}
        operation = call.cloud.operations.begin(
            self.operations(name), lambda: {"@type": f"type.googleapis.com/{message}", **change()}, began
        )
        return operation.as_json()
