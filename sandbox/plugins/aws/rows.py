"""The form of the table: one `Row` per resource type, one `Field` per property."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sandbox.plugins.aws.codecs import PLAIN, TEXT, Codec, put, search
from sandbox.plugins.naming import MadeUp
from sandbox.plugins.values import DEFAULTS, UNKNOWN

Values = Mapping[str, Any]

# A property that a program may not remove again, because the table does not say what AWS then takes.
NO_DEFAULT = object()

# A property that AWS takes for removed when the whole resource is sent without it.
LEFT_OUT = object()


@dataclass(frozen=True)
class Call:
    """One operation of a service's API with its parameters."""

    operation: str
    params: Mapping[str, Any]
    # Error codes that mean "nothing to do".
    harmless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A parameter that only the service knows, such as the version of a resource: asked for right before the call.

    path: JMESPath in the answer of `operation`.
    """

    operation: str
    params: Mapping[str, Any]
    path: str


class Cloud(Protocol):
    """Runs one call and gives the answer; raises CloudError."""

    def __call__(self, operation: str, /, **params: Any) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Target:
    """One resource as an operation sees it.

    id: the provider's id. inputs: what the program asks for. old: what it asked for before (on an update).
    state: the outputs on record. found: the object as the create call answered it.
    """

    id: str
    inputs: Values
    old: Values = field(default_factory=dict)
    state: Values = field(default_factory=dict)
    found: Values = field(default_factory=dict)
    region: str = ""
    account: str = ""

    def get(self, name: str, fallback: Any = None) -> Any:
        return self.inputs.get(name, fallback)

    def known(self, name: str) -> Any:
        """From the state, else from the inputs: what a read or a delete has to go by."""
        return self.state.get(name, self.inputs.get(name))


@dataclass(frozen=True)
class Field:
    """One property.

    member: where the create operation takes it (dotted for a nested one, "" for merged into the
    parameters), None for a property that only a `Write` carries.
    read: JMESPath in the described object; `member` if not given; None for what AWS never gives back.
    updates: whether the row's update operation takes it as the create operation does.
    default: what AWS takes when a program removes the property.
    """

    member: str | None = None
    codec: Codec = PLAIN
    read: str | None = ""
    force_new: bool = False
    updates: bool = True
    default: Any = NO_DEFAULT
    secret: bool = False

    @property
    def path(self) -> str | None:
        return self.member if self.read == "" else self.read


@dataclass(frozen=True)
class Write:
    """Calls that carry properties which the create operation does not take, or that change them later."""

    watches: frozenset[str]
    calls: Callable[[Target], Iterable[Call]]
    on_create: bool = True
    on_update: bool = True


@dataclass(frozen=True)
class Row:
    """How one resource type is carried by an API.

    create: the operation; made: JMESPath to the object in its answer; also: more parameters.
    identity: the provider's id, from the object and the target.
    find: the object as it is now, or None when it is gone.
    update: the operation that changes a resource; key: the parameters that say which.
    delete: the calls that remove it. missing: error codes that say it is not there.
    clear: the calls that must come before, by what the cloud holds: AWS removes nothing that is not empty.
    outputs: JMESPath in the object, or a function of object and target.
    name: the property that is filled in when the program gives none, and name_max its length.
    """

    token: str
    service: str
    fields: Mapping[str, Field]
    create: str
    made: str
    identity: Callable[[Any, Target], str]
    find: Callable[[Cloud, Target], Any]
    delete: Callable[[Target], Iterable[Call]]
    clear: Callable[[Cloud, Target], Iterable[Call]] = lambda cloud, target: ()
    update: str = ""
    key: Callable[[Target], dict[str, Any]] = lambda target: {}
    also: Callable[[Target], dict[str, Any]] = lambda target: {}
    always: frozenset[str] = frozenset()
    writes: tuple[Write, ...] = ()
    outputs: Mapping[str, str | Callable[[Any, Target], Any]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    name: str = ""
    name_max: int = 255
    tags: "Tags | None" = None
    support: str = "real"
    note: str = ""

    def problems(self, inputs: Values) -> list[tuple[str, str]]:
        """What of the inputs the table does not know: property and sentence."""
        found = []
        for name, value in inputs.items():
            if name == DEFAULTS:
                continue
            if name not in self.fields:
                found.append((name, self._unknown(name)))
                continue
            found += [(name, problem) for problem in self.fields[name].codec.problems(name, value)]
        return found

    def _unknown(self, name: str) -> str:
        return (
            f"property {name!r} of {self.token} is not known to the stand-in provider of the sandbox. "
            f"Known: {', '.join(sorted(self.fields))}. "
            f"Add a Field for it in {self.origin}, or use the official provider"
        )

    @property
    def origin(self) -> str:
        return f"sandbox/plugins/aws/tables (row {self.token})"

    @property
    def made_up(self) -> MadeUp:
        return MadeUp(self.token, self.name, self.name_max)

    @property
    def force_new(self) -> frozenset[str]:
        return frozenset(name for name, field_ in self.fields.items() if field_.force_new)

    def same(self, name: str, old: Any, new: Any) -> bool:
        if name not in self.fields:
            return bool(old == new)
        codec = self.fields[name].codec
        return bool(codec.canonical(old) == codec.canonical(new))

    def create_call(self, target: Target) -> Call:
        params: dict[str, Any] = {}
        for name, value in target.inputs.items():
            field_ = self.fields.get(name)
            if field_ is not None and field_.member is not None:
                put(params, field_.member, field_.codec.to_aws(value))
        if self.tags is not None and target.inputs.get("tags"):
            params |= self.tags.on_create(target.inputs["tags"])
        return Call(self.create, merged(params, self.also(target)))

    def writes_on_create(self, target: Target) -> Iterator[Call]:
        for write in self.writes:
            if write.on_create and write.watches & target.inputs.keys():
                yield from write.calls(target)
        if self.tags is not None:
            yield from self.tags.after_create(target)

    def writes_on_update(self, target: Target, changed: frozenset[str]) -> Iterator[Call]:
        """The calls that bring the resource to `target.inputs`; raises Unremovable."""
        full = replace(target, inputs=self._with_defaults(target.inputs, changed))
        mine = sorted(name for name in changed if self._in_update(name))
        if mine:
            params = dict(self.key(full))
            for name in dict.fromkeys([*mine, *sorted(self.always & full.inputs.keys())]):
                if full.inputs[name] is LEFT_OUT:
                    continue
                put(params, str(self.fields[name].member), self.fields[name].codec.to_aws(full.inputs[name]))
            yield Call(self.update, params)
        for write in self.writes:
            if write.on_update and write.watches & changed:
                yield from write.calls(full)
        if self.tags is not None and "tags" in changed:
            yield from self.tags.on_update(full)

    def _in_update(self, name: str) -> bool:
        field_ = self.fields.get(name)
        return bool(self.update) and field_ is not None and field_.updates and field_.member is not None

    def _with_defaults(self, inputs: Values, changed: frozenset[str]) -> dict[str, Any]:
        removed = sorted(name for name in changed if name not in inputs and name in self.fields)
        for name in removed:
            if self.fields[name].default is NO_DEFAULT:
                raise Unremovable(
                    f"{self.token}: property {name!r} was removed from the program, and the stand-in does not "
                    f"know what AWS takes instead. Give it a value, or add a default to its Field in {self.origin}"
                )
        return {**{name: self.fields[name].default for name in removed}, **inputs}


class Unremovable(Exception):
    """A property cannot be removed again; the message says what to do."""


class Tags(Protocol):
    """How a service takes tags. read gives them as a plain mapping."""

    def on_create(self, tags: Values) -> dict[str, Any]: ...

    def after_create(self, target: Target) -> Iterable[Call]: ...

    def on_update(self, target: Target) -> Iterable[Call]: ...

    def read(self, cloud: Cloud, target: Target, found: Any) -> dict[str, str]: ...


def merged(params: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`params` with `more` laid over, nested structures merged."""
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(params.get(key), dict):
            merged(params[key], value)
        else:
            params[key] = value
    return params


def row(token: str, service: str, fields: Mapping[str, Field | str], *, regional: bool = True, **rest: Any) -> Row:
    """A Row. A field given as a text is the member of that name, changeable by the update operation.

    Every type of a regional service has `region` (version 7 of the official provider); with `tags` given,
    also `tags`.
    """
    full = {name: Field(given) if isinstance(given, str) else given for name, given in fields.items()}
    if regional:
        full["region"] = Field(read=None, force_new=True)
    if rest.get("tags") is not None:
        full["tags"] = Field(read="Tags_", default={})
    return Row(token=token, service=service, fields=full, **rest)


def described(
    operation: str,
    params: Callable[[Target], Mapping[str, Any]],
    path: str,
    *,
    gone: Callable[[Any], bool] = lambda found: False,
    more: Callable[[Cloud, Target, dict[str, Any]], Mapping[str, Any]] | None = None,
) -> Callable[[Cloud, Target], Any]:
    """A `find` of one describe operation. gone: what of a found object means it is deleted.

    more: further members of the object, which take calls of their own.
    """

    def find(cloud: Cloud, target: Target) -> Any:
        found = search(path, cloud(operation, **params(target)))
        if not found or gone(found):
            return None
        found = dict(found)
        return {**found, **more(cloud, target, found)} if more is not None else found

    return find


def attributes(table: Mapping[str, str], operation: str, key: Callable[[Target], dict[str, Any]]) -> Write:
    """Properties that an API keeps as a list of key and value. table: property -> attribute."""

    def calls(target: Target) -> Iterator[Call]:
        pairs = [
            {"Key": attribute, "Value": UNKNOWN if value is UNKNOWN else TEXT.to_aws(value)}
            for name, attribute in table.items()
            if (value := target.inputs.get(name)) is not None and value != target.old.get(name)
        ]
        if pairs:
            yield Call(operation, {**key(target), "Attributes": pairs})

    return Write(frozenset(table), calls)


def new(member: str | None, codec: Codec = PLAIN, **rest: Any) -> Field:
    """A field that cannot change without a new resource."""
    return Field(member, codec, force_new=True, **rest)
