"""What a rule may know of a resource: plain values, with "not known yet" kept apart from "not there".

The policy SDK hands over proxies that raise on unknown values, sends every number as a float and unwraps secrets.
`plain` turns that into ordinary values once; `Node` reads them so that a rule can neither mistake an unknown value for
a harmless one nor crash on a missing key.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Self, TypeAlias

from pulumi_policy.proxy import UnknownValueError


class Unknown(Enum):
    """Type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that another resource has yet to supply. It occurs in previews only."""

Scalar: TypeAlias = bool | int | float | str | None
Plain: TypeAlias = "Scalar | Unknown | Mapping[str, Plain] | Sequence[Plain]"


class Unreadable(Exception):
    """A property cannot be judged. `path` is where, as the provider spells it: `healthCheck.path`."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)

    @property
    def all(self) -> tuple["Unreadable", ...]:
        """Every property that this stands for."""
        return (self,)


class NotKnown(Unreadable):
    """The value is not known yet."""


class Malformed(Unreadable):
    """The value is not of the kind it has to be; `expected` says which that is."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(path)
        self.expected = expected


class Several(Unreadable):
    """More than one property cannot be judged."""

    def __init__(self, parts: Sequence[Unreadable]) -> None:
        self._parts = tuple(parts)
        super().__init__(", ".join(part.path for part in parts))

    @property
    def all(self) -> tuple[Unreadable, ...]:
        return self._parts


def plain(value: object) -> Plain:
    """`value` of the policy SDK or of JSON as plain data.

    Unknown values become UNKNOWN, whole floats ints. Keys that start with two underscores are left out: providers keep
    notes of their own there. Anything that is no data (an asset) becomes the name of its type.
    """
    if isinstance(value, Mapping):
        return {str(key): _member(value, key) for key in value if not str(key).startswith("__")}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_member(value, position) for position in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, bool | int | float | str | Unknown):
        return value
    return f"<{type(value).__name__}>"


def _member(container: Mapping[object, object] | Sequence[object], key: object) -> Plain:
    try:
        value = container[key]  # type: ignore[call-overload]  # the key comes from the container itself
    except UnknownValueError:
        return UNKNOWN
    return plain(value)


@dataclass(frozen=True)
class Node:
    """One value of a resource's inputs, and the way to it.

    Reading raises NotKnown when the value is not known yet, and Malformed when it is of another kind than asked for.
    A missing key and an explicit null are the same.
    """

    value: Plain
    path: str = ""

    def has(self, key: str) -> bool:
        """Whether `key` is set. A value that is not known yet is set."""
        return self._mapping().get(key) is not None

    def get(self, key: str) -> Scalar:
        """The single value under `key`; None when it is not set."""
        value = self.node(key).value
        if isinstance(value, Unknown):
            raise NotKnown(self.at(key))
        if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
            raise Malformed(self.at(key), "a single value")
        return value

    def flag(self, key: str) -> bool | None:
        """Whether `key` is on; None when it is not set. The texts true and false count, as they do in the provider."""
        value = self.get(key)
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value)
        elif value is None:
            return None
        if not isinstance(value, bool):
            raise Malformed(self.at(key), "true or false")
        return value

    def number(self, key: str) -> float | None:
        """The number under `key`; None when it is not set. A text of digits counts, as it does in the provider."""
        value = self.get(key)
        if isinstance(value, str) and value.strip("-").isdecimal():
            return int(value)
        if isinstance(value, bool | str):
            raise Malformed(self.at(key), "a number")
        return value

    def text(self, key: str) -> str | None:
        """The text under `key`; None when it is not set."""
        value = self.get(key)
        if value is not None and not isinstance(value, str):
            raise Malformed(self.at(key), "a text")
        return value

    def node(self, key: str) -> Self:
        """What is under `key`; a node of None when there is nothing."""
        return type(self)(self._mapping().get(key), self.at(key))

    def items(self, key: str) -> tuple[Self, ...]:
        """The elements of the list under `key`, which may be missing. Elements may be unknown; the list may not."""
        value = self._sequence(key)
        return tuple(type(self)(element, f"{self.at(key)}[{position}]") for position, element in enumerate(value))

    def count(self, key: str) -> int:
        """Number of elements of the list under `key`."""
        return len(self._sequence(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """The elements of a list of texts under `key`. Raises NotKnown when one is not known yet."""
        found = []
        for element in self.items(key):
            if isinstance(element.value, Unknown):
                raise NotKnown(element.path)
            if not isinstance(element.value, str):
                raise Malformed(element.path, "a text")
            found.append(element.value)
        return tuple(found)

    def document(self, key: str) -> Self:
        """The JSON text under `key`, parsed. Some providers take whole documents as one text."""
        text = self.get(key)
        if text is None:
            return type(self)(None, self.at(key))
        if not isinstance(text, str):
            raise Malformed(self.at(key), "a JSON text")
        try:
            return type(self)(plain(json.loads(text)), self.at(key))
        except ValueError:
            raise Malformed(self.at(key), "a JSON text") from None

    def elements(self) -> tuple[Self, ...]:
        """This node's own elements, for a document that is a list."""
        return type(self)({"": self.value}, self.path).items("")

    def known(self) -> Plain:
        """The whole value. Raises NotKnown with the first place where something is not known yet."""
        for path, value in _walk(self.value, self.path):
            if isinstance(value, Unknown):
                raise NotKnown(path)
        return self.value

    def at(self, key: str) -> str:
        """The path to `key`."""
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def _mapping(self) -> Mapping[str, Plain]:
        if isinstance(self.value, Unknown):
            raise NotKnown(self.path)
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise Malformed(self.path, "a mapping")
        return self.value

    def _sequence(self, key: str) -> Sequence[Plain]:
        value = self._mapping().get(key)
        if isinstance(value, Unknown):
            raise NotKnown(self.at(key))
        if value is None:
            return ()
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise Malformed(self.at(key), "a list")
        return value


def _walk(value: Plain, path: str) -> Iterator[tuple[str, Plain]]:
    yield path, value
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _walk(member, f"{path}.{key}" if path else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for position, member in enumerate(value):
            yield from _walk(member, f"{path}[{position}]")


@dataclass(frozen=True)
class Resource:
    """A resource as a rule sees it. `inputs` holds the provider's own (camelCase) names.

    `depends`: input -> URNs of the resources its value comes from; known to stack rules only.
    `provider`: inputs of the provider that manages it. `ignored`: inputs whose changes the program ignores.
    `secret`: inputs that are marked secret; known to resource rules only. `protected`: the engine keeps it.
    """

    type: str
    name: str
    urn: str
    inputs: Node
    provider: Node = field(default_factory=lambda: Node(None))
    ignored: tuple[str, ...] = ()
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()
    protected: bool = False


# Live tokens for the same resources; older ones survive as aliases in the provider's schema.
_SAME_AS_LB = ("aws:alb/", "aws:applicationloadbalancing/", "aws:elasticloadbalancingv2/")


def canonical(token: str) -> str:
    """The type token under which rules know `token`."""
    if token.startswith("aws:s3/bucket") and token.endswith("V2"):
        return token.removesuffix("V2").replace("V2:", ":")
    for other in _SAME_AS_LB:
        if token.startswith(other):
            return "aws:lb/" + token.removeprefix(other)
    return token


def every(token: str) -> str:
    """How a rule names every type of the package that `token` is from: `aws:*`."""
    return f"{token.partition(':')[0]}:*"


def covers(types: Collection[str], token: str) -> bool:
    """Whether a rule for `types` is about `token`."""
    return token in types or every(token) in types


def in_turn(*parts: Iterable[str]) -> Iterator[str]:
    """All findings of all `parts`, although one of them meets a value that cannot be read; that is raised at the end.

    Without it, an unknown value would hide every finding that comes after it.
    """
    unreadable: list[Unreadable] = []
    for part in parts:
        try:
            yield from part
        except Unreadable as error:
            unreadable += error.all
    if unreadable:
        raise Several(unreadable)


def must_be(node: Node, key: str, wanted: bool) -> Iterator[str]:
    """A finding unless `key` is set to `wanted`."""
    found = node.flag(key)
    if found is not wanted:
        yield f"{node.at(key)} must be {_WORDS[wanted]}, found {_WORDS[found]}."


def must_not_be_true(node: Node, key: str) -> Iterator[str]:
    """A finding when `key` is on; leaving it out is as good as switching it off."""
    if node.flag(key):
        yield f"{node.at(key)} must not be true, found true."


_WORDS = {True: "true", False: "false", None: "nothing"}
