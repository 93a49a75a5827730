"""The form of the table's properties: a tree of `Field`, written down compactly.

`members("name! value timeout~ commands=command")` makes four properties that are values. After a name stand marks, then
`=` and the API's name where it differs (dotted for a nested one):

    !  required                      ~  where the program says nothing, the cloud's own value is kept and sent back
    ^  a change replaces             @  a link: the API answers a longer form of the same name
    #  a whole number that the API writes as text        ?  a set: the order means nothing
    +  sent even when it is empty    -  sent as null when it is not given
    *  never read back (a secret)    &  a JSON document in a text
    %  keys that others set are left alone (labels, annotations)

An API name that begins with `_` is no member of the API's object: the row's `seen` makes it, and it is never sent.
Which property has which mark is that of the official provider. Source: GoogleCloudPlatform/magic-modules, mmv1/products
(required, default_from_api, immutable, is_set, send_empty_value), and hashicorp/terraform-provider-google for what is
written by hand there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from enum import Enum
from typing import Any

_NAME = re.compile(r"^(?P<name>\w+)(?P<marks>[!~^@#?+%*&-]*)(?:=(?P<api>[\w.]+))?$")


class Kind(Enum):
    """A scalar, a list of scalars or a free map; one block; a list of blocks."""

    VALUE = "value"
    ONE = "one"
    MANY = "many"


@dataclass(frozen=True)
class Field:
    """One property. api: its place in the API's object, dotted; None for one that only the provider knows.

    wrapped: the API has the block in a list (of one), or the list of blocks (of one) without a list.
    full: how a bare name becomes what the API wants, with {} for the name and {property} for others.
    default: what the official provider fills in.
    alike: whether what the API says (first) means what the program says, although it is not equal.
    """

    api: str | None
    kind: Kind = Kind.VALUE
    members: "Mapping[str, Field]" = dataclass_field(default_factory=dict)
    marks: str = ""
    wrapped: bool = False
    full: str = ""
    default: Any = None
    alike: Callable[[Any, Any], bool] | None = None

    @property
    def required(self) -> bool:
        return "!" in self.marks

    @property
    def computed(self) -> bool:
        return "~" in self.marks

    @property
    def fixed(self) -> bool:
        return "^" in self.marks

    @property
    def link(self) -> bool:
        return "@" in self.marks

    @property
    def number(self) -> bool:
        return "#" in self.marks

    @property
    def unordered(self) -> bool:
        return "?" in self.marks

    @property
    def kept_empty(self) -> bool:
        return "+" in self.marks

    @property
    def nulled(self) -> bool:
        return "-" in self.marks

    @property
    def sent(self) -> bool:
        """Whether it is a member of the API's object."""
        return self.api is not None and not self.api.startswith("_")

    @property
    def shared(self) -> bool:
        return "%" in self.marks

    @property
    def unread(self) -> bool:
        return "*" in self.marks

    @property
    def json(self) -> bool:
        return "&" in self.marks


Fields = Mapping[str, Field]


def members(names: str = "", /, **blocks: Field) -> dict[str, Field]:
    """A tree of properties: values by `names`, blocks by keyword."""
    found: dict[str, Field] = {}
    for text in names.split():
        match = _NAME.match(text)
        if match is None:
            raise ValueError(f"{text!r} is no property with marks; see the head of {__name__}")
        found[match["name"]] = Field(match["api"] or match["name"], marks=match["marks"])
    for name, block in blocks.items():
        found[name] = replace(block, api=name) if block.api == "" else block
    return found


def outside(names: str) -> dict[str, Field]:
    """Properties that are no part of the API's object: parts of its address, and what only the provider knows."""
    return {name: replace(field, api=None) for name, field in members(names).items()}


def one(names: str = "", /, *, api: str = "", marks: str = "", wrapped: bool = False, **blocks: Field) -> Field:
    """A block."""
    return Field(api, Kind.ONE, members(names, **blocks), marks, wrapped)


def many(names: str = "", /, *, api: str = "", marks: str = "", wrapped: bool = False, **blocks: Field) -> Field:
    """A list of blocks."""
    return Field(api, Kind.MANY, members(names, **blocks), marks, wrapped)


def value(
    api: str = "",
    *,
    marks: str = "",
    full: str = "",
    default: Any = None,
    alike: Callable[[Any, Any], bool] | None = None,
) -> Field:
    """A value with more to say than marks."""
    return Field(api, marks=marks, full=full, default=default, alike=alike)


def own(default: Any = None, *, marks: str = "") -> Field:
    """A value that only the provider knows, with the default it fills in."""
    return Field(None, marks=marks, default=default)
