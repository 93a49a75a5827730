"""The form of the table: one `Row` per resource type, and how a resource with an address of its own lives."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import quote

from sandbox.plugins.gcp import codecs
from sandbox.plugins.gcp.fields import Field, Fields
from sandbox.plugins.gcp.rest import CloudError, Request
from sandbox.plugins.naming import MadeUp
from sandbox.plugins.values import DEFAULTS

Values = Mapping[str, Any]

# {name} is filled in as it is, {%name} as one part of a path.
_PLACE = re.compile(r"\{(?P<one>%?)(?P<name>\w+)\}")


class Cloud(Protocol):
    """Sends one request and waits for the operation it starts, if it does; raises CloudError."""

    def __call__(self, request: Request, what: str = "") -> dict[str, Any]: ...


@dataclass(frozen=True)
class Target:
    """One resource as a request sees it.

    id: the provider's id. inputs: what the program asks for. state: the outputs on record. defaults: project, region
    and zone of the provider. found: the object as the cloud has it.
    """

    id: str
    inputs: Values
    state: Values = field(default_factory=dict)
    defaults: Values = field(default_factory=dict)
    found: Values = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """From the inputs, else from the state, else from the provider."""
        for values in (self.inputs, self.state, self.defaults):
            if values.get(name) is not None:
                return values[name]
        return self.defaults.get("region") if name == "location" else None

    def old(self, name: str) -> Any:
        """From the state, else from the inputs: what a read or a delete has to go by."""
        return self.state.get(name, self.inputs.get(name))

    def path(self, template: str) -> str:
        """`template` with every {name} filled in. Raises CloudError when one is not known."""
        return _PLACE.sub(lambda place: self._part(place["name"], template, bool(place["one"])), template)

    def _part(self, name: str, template: str, whole: bool) -> str:
        value = self.id if name == "id" else self.get(name)
        if value in (None, ""):
            advice = f": set it with `pulumi config set gcp:{name} …`" if name in {"project", "region", "zone"} else ""
            raise CloudError(0, f"{name}: required field is not set, for the address {template}{advice}")
        return quote(str(value), safe="" if whole else "/@:")


@dataclass(frozen=True)
class Action:
    """A request that carries properties which the main ones do not. requests: for the properties that changed."""

    watches: frozenset[str]
    requests: Callable[[Target], list[Request]]
    on_create: bool = False


@dataclass(frozen=True)
class Row:
    """How one resource type is carried by an API.

    api: a key of configuration.APIS. fields: the inputs; outputs: what is only read.
    collection: where a POST creates; path: the resource itself. {name} stands for the property of that name.
    identity: the provider's id; `path` if not given. named: the body's `name`, for an API that wants it there.
    create_method, create_query: of the create request. assigned: whether the API itself makes up the `name`.
    update_method: "" for none; mask: whether it says which members change.
    wrap_create, wrap_update: the member of the body that holds the object.
    operations: "long" or "compute" where writes start operations; plain: the methods that do not.
    echoes: outputs that an update sends back. after: requests that follow the create request.
    taints: whether a failed create operation leaves the resource in the state.
    body: a last touch to the body of a request, given its verb. seen: the object that a GET's answer holds.
    guard: a boolean input without which false no delete is sent.
    auto: the property that is filled in when the program gives none, and longest its length.
    """

    token: str
    api: str
    fields: Fields
    collection: str = ""
    path: str = ""
    outputs: Fields = field(default_factory=dict)
    identity: str = ""
    named: str = ""
    create_method: str = "POST"
    create_query: Mapping[str, str] = field(default_factory=dict)
    assigned: bool = False
    update_method: str = "PATCH"
    update_query: Mapping[str, str] = field(default_factory=dict)
    mask: bool = False
    wrap_create: str = ""
    wrap_update: str = ""
    operations: str = ""
    plain: tuple[str, ...] = ("GET",)
    echoes: tuple[str, ...] = ()
    taints: bool = False
    actions: tuple[Action, ...] = ()
    after: Callable[[Target], list[Request]] = lambda target: []
    body: Callable[[dict[str, Any], Target, str], dict[str, Any]] = lambda body, target, verb: body
    seen: Callable[[dict[str, Any], Target], dict[str, Any] | None] = lambda found, target: found
    delete_query: Mapping[str, str] = field(default_factory=dict)
    guard: str = ""
    auto: str = ""
    longest: int = 63
    note: str = ""

    @property
    def kind(self) -> str:
        return self.token.rsplit(":", 1)[-1]

    @property
    def made_up(self) -> MadeUp:
        return MadeUp(self.token, self.auto, self.longest)

    @property
    def fixed(self) -> frozenset[str]:
        return frozenset(name for name, each in self.fields.items() if each.fixed)

    @property
    def origin(self) -> str:
        return f"sandbox/plugins/gcp/tables (row {self.token})"

    def problems(self, inputs: Values) -> list[tuple[str, str]]:
        """What of the inputs the table does not know or misses: property and sentence."""
        return [
            (name, f"{self.token}: {sentence}. Add it in {self.origin}, or use the official provider")
            if "not known" in sentence
            else (name, f"{self.token}: {sentence}")
            for name, sentence in codecs.problems(self.fields, inputs)
        ]

    def merged_labels(self, inputs: Values, state: Values) -> dict[str, Any]:
        """The inputs, their labels and annotations laid over those that others have set."""
        merged = dict(inputs)
        for name, each in self.fields.items():
            if each.shared:
                mine, all_ = state.get(name) or {}, state.get(effective(name)) or {}
                merged[name] = {k: v for k, v in all_.items() if k not in mine} | dict(inputs.get(name) or {})
        return merged

    def planned(self, inputs: Values, state: Values) -> dict[str, Any]:
        """The outputs that an update is expected to lead to."""
        mine = {key: value for key, value in inputs.items() if key != DEFAULTS}
        kept = {key: value for key, value in state.items() if key not in self.fields}
        return {**kept, **codecs.planned(self.fields, mine, state)}

    def made_body(self, target: Target, verb: str) -> dict[str, Any]:
        """The body of the main request, before it is wrapped. verb: create or update."""
        values = self.planned(self.merged_labels(target.inputs, target.state), target.state)
        leaves_fixed_out = verb == "update" and self.update_method == "PATCH"
        sent = {name: each for name, each in self.fields.items() if not (leaves_fixed_out and each.fixed)}
        made = codecs.encode(sent, values, {"project": target.get("project"), "location": target.get("location")})
        if self.named and (verb == "create" or not leaves_fixed_out):
            made["name"] = target.path(self.named)
        if verb == "update":
            made |= {name: target.state[name] for name in self.echoes if target.state.get(name)}
        return self.body(made, target, verb)

    def create(self, cloud: Cloud, target: Target) -> Target:
        """The target with its id. Raises CloudError."""
        body = self.made_body(target, "create")
        wrapped = {self.wrap_create: body} if self.wrap_create else body
        place = self.collection if self.create_method == "POST" else self.path
        query = {name: target.path(value) for name, value in self.create_query.items()}
        answer = cloud(Request(self.create_method, target.path(place), query, wrapped), f"create {self.kind}")
        if self.assigned:
            target = replace(target, state={**target.state, "name": answer["name"]}, found=answer)
        return replace(target, id=self.id_of(target))

    def id_of(self, target: Target) -> str:
        """The provider's id. Raises CloudError."""
        return target.path(self.identity or self.path)

    def finish(self, cloud: Cloud, target: Target) -> None:
        """What is left to do once the resource exists. Raises CloudError."""
        due = [a for a in self.actions if a.on_create and a.watches & target.inputs.keys()]
        for request in [*(each for action in due for each in action.requests(target)), *self.after(target)]:
            cloud(request, f"create {self.kind}")

    def find(self, cloud: Cloud, target: Target) -> dict[str, Any] | None:
        """The object as it is; None when it is gone. Raises CloudError."""
        try:
            return self.seen(cloud(Request("GET", target.path(self.path))), target)
        except CloudError as refused:
            if refused.code == 404:
                return None
            raise

    def update(self, cloud: Cloud, target: Target, changed: frozenset[str]) -> None:
        """Bring the resource to `target.inputs`, which differ from the state in `changed`. Raises CloudError."""
        mine = changed - {name for action in self.actions for name in action.watches}
        sent = sorted({str(self.fields[name].api) for name in mine if self.fields[name].sent})
        # Without a mask the whole object goes, for a property of the provider's own as well.
        if self.update_method and (sent if self.mask or self.actions else changed):
            body = self.made_body(target, "update")
            wrapped = {self.wrap_update: body} if self.wrap_update else body
            query = {name: target.path(value) for name, value in self.update_query.items()}
            if self.mask:
                query["updateMask"] = self.mask_of(sent)
            cloud(Request(self.update_method, target.path(self.path), query, wrapped), f"update {self.kind}")
        for action in self.actions:
            if action.watches & changed:
                for request in action.requests(target):
                    cloud(request, f"update {self.kind}")

    def mask_of(self, members: list[str]) -> str:
        """The value of updateMask for members of the API's object."""
        return ",".join(members)

    def delete(self, cloud: Cloud, target: Target) -> None:
        """Remove the resource. Raises CloudError."""
        query = {name: target.path(value) for name, value in self.delete_query.items()}
        cloud(Request("DELETE", target.path(self.path), query), f"delete {self.kind}")

    def parsed(self, identity: str, defaults: Values) -> dict[str, Any]:
        """The properties in an id, in full or with only its last parts. Raises CloudError."""
        template = self.identity or self.path
        names = [place["name"] for place in _PLACE.finditer(template)]
        pattern = "".join(
            f"(?P<{part.strip('{%}')}>.+)" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{%?\w+\})", template)
        )
        whole = re.fullmatch(pattern, identity)
        if whole is not None:
            return whole.groupdict()
        parts = identity.split("/")
        if len(parts) > len(names):
            raise CloudError(0, f"import id {identity!r} of {self.token}: expected {template} or its last parts")
        given = dict(zip(names[len(names) - len(parts) :], parts, strict=True))
        filled = {name: str(Target("", {}, {}, defaults).get(name) or "") for name in names if name not in given}
        if not all(filled.values()):
            raise CloudError(0, f"import id {identity!r} of {self.token}: expected {template}")
        return {**filled, **given}


def effective(name: str) -> str:
    """labels -> effectiveLabels."""
    return f"effective{name[0].upper()}{name[1:]}"


def with_labels(fields: Fields) -> dict[str, Field]:
    """The outputs that belong to labels and annotations which others may add to."""
    found = {effective(name): Field(each.api) for name, each in fields.items() if each.shared}
    if "labels" in fields and fields["labels"].shared:
        found["pulumiLabels"] = Field(None)
    return found
