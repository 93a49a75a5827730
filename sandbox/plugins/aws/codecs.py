"""How one property value becomes a parameter of the AWS API, and how it is read back.

Reading is guided by a template, the value the program gave: only what the program manages is read, in
the type and the order in which it was given, so that a read after a write equals what was written.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import jmespath

from sandbox.plugins.values import UNKNOWN


class Codec:
    """Passes the value as it is."""

    def to_aws(self, value: Any) -> Any:
        return value

    def from_aws(self, value: Any, template: Any) -> Any:
        return _like(value, template)

    def canonical(self, value: Any) -> Any:
        """A form in which two values that mean the same are equal."""
        return value

    def problems(self, path: str, value: Any) -> list[str]:
        """What of the value this stand-in does not know, as sentences."""
        return []


PLAIN = Codec()


class Lower(Codec):
    """The API answers in capitals or not, as it likes; case does not matter."""

    def from_aws(self, value: Any, template: Any) -> Any:
        same = isinstance(template, str) and isinstance(value, str) and template.lower() == value.lower()
        return template if same else _like(value, template)

    def canonical(self, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


class Json(Codec):
    """A JSON document in a string; layout does not matter.

    contained: the API adds members of its own, so a document that contains the template is the template.
    """

    def __init__(self, contained: bool = False) -> None:
        self._contained = contained

    def from_aws(self, value: Any, template: Any) -> Any:
        if value is None:
            return None
        found = self.canonical(value)
        wanted = self.canonical(template)
        if found == wanted or (self._contained and template is not None and _contains(found, wanted)):
            return template
        return json.dumps(found)

    def canonical(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value

    def problems(self, path: str, value: Any) -> list[str]:
        if not isinstance(value, str):
            return []
        try:
            json.loads(value)
        except json.JSONDecodeError as error:
            return [f"{path}: expected a JSON document; line {error.lineno}, column {error.colno}: {error.msg}"]
        return []


class JsonValue(Json):
    """A JSON document in a string that the API takes and gives as a structure, with members of its own."""

    def __init__(self) -> None:
        super().__init__(contained=True)

    def to_aws(self, value: Any) -> Any:
        return value if value is UNKNOWN else self.canonical(value)


class Version(Codec):
    """A version of which a program may give only the beginning: 17 for 17.6."""

    def from_aws(self, value: Any, template: Any) -> Any:
        same = isinstance(template, str) and f"{value}.".startswith(f"{template}.")
        return template if same else _like(value, template)


class ArnOrName(Codec):
    """A name where the API answers an ARN, or the other way round: the last part decides."""

    def from_aws(self, value: Any, template: Any) -> Any:
        same = isinstance(template, str) and isinstance(value, str) and _last(value) == _last(template)
        return template if same else value


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] if name.startswith("arn:") else name


@dataclass(frozen=True)
class List(Codec):
    """ordered: whether the order means something; AWS answers sets in any order.

    key: the property that tells one block of a set from another.
    """

    item: Codec = PLAIN
    ordered: bool = False
    key: str = ""

    def to_aws(self, value: Any) -> Any:
        return value if value is UNKNOWN else [self.item.to_aws(item) for item in value]

    def from_aws(self, value: Any, template: Any) -> Any:
        if value is None:
            return None
        templates = template if isinstance(template, list) else []
        if self.key:
            return self._by_key(value, templates)
        guides = [*templates, *[None] * len(value)]
        found = [self.item.from_aws(item, guide) for item, guide in zip(value, guides, strict=False)]
        if self.ordered or not templates:
            return found
        if sorted(map(_sortable, found)) == sorted(map(_sortable, templates)):
            return template
        return found if isinstance(self.item, Obj) else _in_order_of(templates, found)

    def _by_key(self, value: list[Any], templates: list[Any]) -> list[Any]:
        guides = {guide[self.key]: guide for guide in templates}
        named = {self.item.from_aws(item, {self.key: ""})[self.key]: item for item in value}
        order = [*(name for name in guides if name in named), *(name for name in named if name not in guides)]
        return [self.item.from_aws(named[name], guides.get(name)) for name in order]

    def canonical(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        items = [self.item.canonical(item) for item in value]
        return items if self.ordered else sorted(items, key=_sortable)

    def problems(self, path: str, value: Any) -> list[str]:
        if value is UNKNOWN:
            return []
        if not isinstance(value, list):
            return [f"{path}: expected a list, found {_kind(value)}"]
        return [p for n, item in enumerate(value) for p in self.item.problems(f"{path}[{n}]", item)]


@dataclass(frozen=True)
class Obj(Codec):
    """A nested block. members: property -> the API's member (dotted for a nested one), or (member, codec)."""

    members: Mapping[str, str | tuple[str, Codec]] = field(default_factory=dict)

    def to_aws(self, value: Any) -> Any:
        if value is UNKNOWN:
            return value
        params: dict[str, Any] = {}
        for name, item in value.items():
            member, codec = self.member(name)
            put(params, member, codec.to_aws(item))
        return params

    def from_aws(self, value: Any, template: Any) -> Any:
        if value is None:
            return None
        managed = template if isinstance(template, Mapping) and template else self.members
        found = {}
        for name in managed:
            member, codec = self.member(name)
            wanted = template.get(name) if isinstance(template, Mapping) else None
            item = settled(codec, search(member, value), wanted)
            if item is not None:
                found[name] = item
        return found

    def canonical(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {n: self.member(n)[1].canonical(v) if n in self.members else v for n, v in value.items()}

    def problems(self, path: str, value: Any) -> list[str]:
        if value is UNKNOWN:
            return []
        if not isinstance(value, Mapping):
            return [f"{path}: expected a block, found {_kind(value)}"]
        found = [
            f"{path}.{name}: not known to the stand-in; known here: {', '.join(sorted(self.members))}"
            for name in value
            if name not in self.members
        ]
        for name in value:
            if name in self.members:
                found += self.member(name)[1].problems(f"{path}.{name}", value[name])
        return found

    def member(self, name: str) -> tuple[str, Codec]:
        given = self.members[name]
        return (given, PLAIN) if isinstance(given, str) else given


@dataclass(frozen=True)
class Via(Codec):
    """A value that the API spells differently. there and back: one-line functions."""

    there: Callable[[Any], Any]
    back: Callable[[Any], Any]

    def to_aws(self, value: Any) -> Any:
        return value if value is UNKNOWN else self.there(value)

    def from_aws(self, value: Any, template: Any) -> Any:
        return None if value is None else _like(self.back(value), template)


def choice(**meanings: Any) -> Via:
    """API words for property values: choice(ENABLED=True, DISABLED=False)."""
    words = {value: word for word, value in meanings.items()}
    return Via(lambda value: words.get(value, value), lambda word: meanings.get(word, word))


JSON = Json()
# Attribute lists and parameter values are strings in the API, whatever they mean.
TEXT = Via(lambda v: str(v).lower() if isinstance(v, bool) else str(v), lambda v: v)


def settled(codec: Codec, value: Any, template: Any) -> Any:
    """What is read where the cloud may say nothing: nothing and an empty value given are the same."""
    found = None if value is None else codec.from_aws(value, template)
    if found in (None, "", [], {}) and template in ("", [], {}, False):
        return template
    return found


@lru_cache(maxsize=2048)
def _compiled(path: str) -> Any:
    return jmespath.compile(path)


def search(path: str, value: Any) -> Any:
    """The JMESPath `path` in an answer of the API; "" or "@" for the whole."""
    return value if path in {"", "@"} else _compiled(path).search(value)


def put(params: dict[str, Any], path: str, value: Any) -> None:
    """Set the dotted `path`; "" merges a structure into the parameters themselves."""
    if not path:
        if value is not UNKNOWN:
            params.update(value)
        return
    *parents, last = path.split(".")
    for parent in parents:
        params = params.setdefault(parent, {})
    params[last] = value


def _like(value: Any, template: Any) -> Any:
    """`value` in the type of `template`: moto answers a rule's priority 10 as "10"."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(template, bool) and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(template, str) and isinstance(value, bool):
        return str(value).lower()
    if isinstance(template, str) and isinstance(value, (int, float)):
        return str(value)
    if isinstance(template, (int, float)) and not isinstance(template, bool) and isinstance(value, str):
        try:
            return type(template)(value)
        except ValueError:
            return value
    return value


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            _contains(found.get(key), item) for key, item in wanted.items() if item not in (None, [], {})
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(_contains(f, w) for f, w in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)


def _in_order_of(templates: list[Any], found: list[Any]) -> list[Any]:
    """What was given keeps its place; what is new comes after, in the API's order."""
    kept = [item for item in templates if item in found]
    return kept + [item for item in found if item not in kept]


def _sortable(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _kind(value: Any) -> str:
    return {dict: "a block", list: "a list", str: "a string", bool: "a boolean"}.get(type(value), "a number")
