"""Properties of a program and objects of the API, in both directions. Pure; guided by a tree of `Field`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.plugins.gcp.fields import Field, Fields, Kind
from sandbox.plugins.values import DEFAULTS, UNKNOWN

Values = Mapping[str, Any]

_ZEROS = {int: 0, float: 0, bool: False}
_SERVER = re.compile(r"^https?://[^/]+/(?:[a-z]+/)?v\d\w*/|^//[^/]+/")


def empty(value: Any) -> bool:
    """What Google's provider leaves out of a request: nothing, zero, false and whatever has no members."""
    return value is None or (value is not UNKNOWN and value in (0, False, "", [], {}))


def problems(fields: Fields, values: Any, path: str = "") -> list[tuple[str, str]]:
    """What of `values` the table does not know or misses: path and sentence."""
    known = f"known here: {', '.join(sorted(fields))}"
    found = [
        (path + name, f"{path}{name}: not known to the stand-in provider of the sandbox; {known}")
        for name in values
        if name not in fields and name != DEFAULTS
    ]
    for name, field in fields.items():
        where, given = path + name, values.get(name)
        if given is None:
            found += [(where, f"{where}: required, and not given")] if field.required else []
        elif field.json and isinstance(given, str) and _parsed(given) is None:
            found.append((where, f"{where}: expected a JSON document"))
        elif given is not UNKNOWN and field.kind is Kind.ONE:
            found += _block_problems(field, given, where)
        elif given is not UNKNOWN and field.kind is Kind.MANY:
            if not isinstance(given, list):
                found.append((where, f"{where}: expected a list of blocks, found {_name_of(given)}"))
                continue
            for number, item in enumerate(given):
                found += _block_problems(field, item, f"{where}[{number}]")
    return found


def _block_problems(field: Field, given: Any, where: str) -> list[tuple[str, str]]:
    if given is UNKNOWN:
        return []
    if not isinstance(given, Mapping):
        return [(where, f"{where}: expected a block, found {_name_of(given)}")]
    return problems(field.members, given, f"{where}.")


def _name_of(value: Any) -> str:
    names = {dict: "a block", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "a number")


def with_defaults(fields: Fields, values: Values) -> dict[str, Any]:
    """The inputs as the official provider completes them; what was filled in stands under `__defaults`."""
    filled = {name: f.default for name, f in fields.items() if f.default is not None and name not in values}
    if not filled:
        return dict(values)
    return {**values, **filled, DEFAULTS: sorted({*values.get(DEFAULTS, ()), *filled})}


def planned(fields: Fields, values: Values, state: Values) -> dict[str, Any]:
    """`values`, and what the cloud chose on the last look (`state`) where the program leaves it the choice."""
    found: dict[str, Any] = {}
    for name, field in fields.items():
        given, seen = values.get(name), state.get(name)
        if given is None:
            if field.computed and seen is not None:
                found[name] = seen
        elif field.kind is Kind.ONE and isinstance(given, Mapping) and isinstance(seen, Mapping):
            found[name] = planned(field.members, given, seen)
        elif field.kind is Kind.MANY and isinstance(given, list) and isinstance(seen, list) and not field.unordered:
            guides = [*seen, *[{}] * len(given)]
            pairs = zip(given, guides, strict=False)
            found[name] = [planned(field.members, g, s) if isinstance(g, Mapping) else g for g, s in pairs]
        else:
            found[name] = given
    return found


def encode(fields: Fields, values: Values, context: Values) -> dict[str, Any]:
    """The API's object. context: what a bare name is completed from."""
    body: dict[str, Any] = {}
    for name, field in fields.items():
        given = values.get(name)
        if field.api is None or not field.sent:
            continue
        if given is None:
            if field.nulled:
                _put(body, field.api, None)
            continue
        made = _encoded(field, given, context)
        if field.kept_empty or not empty(made):
            _put(body, field.api, made)
    return body


def _encoded(field: Field, given: Any, context: Values) -> Any:
    if field.kind is Kind.ONE:
        made = encode(field.members, given, context)
        return [made] if field.wrapped else made
    if field.kind is Kind.MANY:
        items = [encode(field.members, item, context) for item in given]
        return (items[0] if items else None) if field.wrapped else items
    if field.full and isinstance(given, str) and "/" not in given:
        return field.full.format(given, **context)
    if field.json and isinstance(given, str):
        return json.loads(given)
    return given


def decode(fields: Fields, found: Any, template: Values | None, *, managed: bool = False) -> dict[str, Any]:
    """The properties of the API's object `found`.

    template: what the program gave, whose form, types and order are kept; None for nothing known (an import).
    managed: leave out what the program left to the cloud.
    """
    values: dict[str, Any] = {}
    for name, field in fields.items():
        guide = None if template is None else template.get(name)
        if managed and template is not None and guide is None and field.computed:
            continue
        if field.api is None or field.unread:
            if guide is not None:
                values[name] = guide
            continue
        raw = _get(found, field.api)
        seen = None if raw is None else _decoded(field, raw, guide, template is not None, managed)
        if empty(seen) and guide is not None:
            # The API leaves out zero and false; what the program gave says which of the two it is.
            zero = guide if empty(guide) else _ZEROS.get(type(guide), seen)
            if zero is not None:
                values[name] = zero
        elif not empty(seen) or (field.kept_empty and seen == {}):
            values[name] = seen
    return values


def _decoded(field: Field, raw: Any, guide: Any, guided: bool, managed: bool) -> Any:
    if field.kind is Kind.ONE:
        block = (raw[0] if raw else None) if field.wrapped else raw
        return None if block is None else decode(field.members, block, _guide(guide, guided), managed=managed)
    if field.kind is Kind.MANY:
        blocks = [raw] if field.wrapped else raw
        guides = [*guide, *[None] * len(blocks)] if isinstance(guide, list) else [None] * len(blocks)
        if field.unordered:
            blocks, guides = _paired(field, blocks, guide)
        pairs = zip(blocks, guides, strict=False)
        return [decode(field.members, block, _guide(g, guided), managed=managed) for block, g in pairs]
    if field.shared and guided:
        return {key: raw[key] for key in (guide or {}) if key in raw}
    return _value(field, raw, guide)


def _guide(guide: Any, guided: bool) -> Values | None:
    """A block that the program does not have is read as one of which it gave nothing."""
    if isinstance(guide, Mapping):
        return guide
    return {} if guided else None


def _paired(field: Field, blocks: list[Any], guide: Any) -> tuple[list[Any], list[Any]]:
    """A set in the order of the program, each block with its template; what the program does not have comes last."""
    left, order, guides = list(blocks), [], []
    for item in guide if isinstance(guide, list) else []:
        match = next((block for block in left if _same(field.members, block, item)), None)
        if match is not None:
            left.remove(match)
            order.append(match)
            guides.append(item)
    return order + left, guides + [None] * len(left)


def _same(fields: Fields, block: Any, item: Any) -> bool:
    wanted = {key: value for key, value in item.items() if key in fields and not empty(value)}
    seen = decode(fields, block, item, managed=True)
    return {key: value for key, value in seen.items() if not empty(value)} == wanted


def _value(field: Field, raw: Any, guide: Any) -> Any:
    if guide is not None and _alike(field, raw, guide):
        return guide
    if field.json:
        return json.dumps(raw, sort_keys=True)
    if field.number and isinstance(raw, str) and raw.lstrip("-").isdigit():
        raw = int(raw)
    if isinstance(guide, str) and isinstance(raw, (int, float)):
        return str(raw).lower() if isinstance(raw, bool) else str(raw)
    if isinstance(guide, (int, float)) and not isinstance(guide, bool) and isinstance(raw, str):
        return int(raw) if raw.lstrip("-").isdigit() else raw
    return raw


def _parsed(document: Any) -> Any:
    if not isinstance(document, str):
        return document
    try:
        return json.loads(document)
    except json.JSONDecodeError:
        return None


def _holds(found: Any, wanted: Any) -> bool:
    """Whether `found` is `wanted`, apart from members that the API added."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            _holds(found.get(key), item) for key, item in wanted.items() if not empty(item)
        )
    if isinstance(wanted, list):
        alike = isinstance(found, list) and len(found) == len(wanted)
        return alike and all(_holds(f, w) for f, w in zip(found, wanted, strict=True))
    return bool(found == wanted) or str(found) == str(wanted)


def _linked(one_: Any, other: Any) -> bool:
    """Whether two links, or lists of links, name the same: a bare name is the last part of a longer form."""
    if isinstance(one_, list) and isinstance(other, list):
        return len(one_) == len(other) and all(_linked(a, b) for a, b in zip(one_, other, strict=True))
    if not isinstance(one_, str) or not isinstance(other, str):
        return False
    a, b = _SERVER.sub("", one_), _SERVER.sub("", other)
    return a == b or ("/" not in b and a.rsplit("/", 1)[-1] == b) or ("/" not in a and b.rsplit("/", 1)[-1] == a)


def aligned(fields: Fields, state: Values, news: Values) -> dict[str, Any]:
    """`state` as it must look for a plain comparison with `news`.

    Without what the program leaves to the cloud, and with nothing, zero and false made the same.
    """
    found: dict[str, Any] = {}
    for name, field in fields.items():
        seen, asked = state.get(name), news.get(name)
        if asked is None:
            if not field.computed and not empty(seen):
                found[name] = _without_computed(field, seen)
        elif asked is UNKNOWN:
            if seen is not None:
                found[name] = seen
        elif seen is None or (empty(seen) and empty(asked)):
            if empty(asked):
                found[name] = asked
        else:
            found[name] = _aligned(field, seen, asked)
    return found


def _aligned(field: Field, seen: Any, asked: Any) -> Any:
    if field.kind is Kind.ONE and isinstance(seen, Mapping) and isinstance(asked, Mapping):
        return aligned(field.members, seen, asked)
    if field.kind is Kind.MANY and isinstance(seen, list) and isinstance(asked, list):
        ordered = _in_order(field, seen, asked) if field.unordered else seen
        guides = [*asked, *[{}] * len(ordered)]
        pairs = zip(ordered, guides, strict=False)
        return [aligned(field.members, s, a) if isinstance(a, Mapping) else s for s, a in pairs]
    return asked if _alike(field, seen, asked) else seen


def _alike(field: Field, seen: Any, asked: Any) -> bool:
    """Whether what the API says means what the program says."""
    if field.alike is not None and field.alike(seen, asked):
        return True
    if field.json:
        wanted = _parsed(asked)
        return wanted is not None and _holds(_parsed(seen), wanted)
    if field.link and _linked(seen, asked):
        return True
    both = isinstance(seen, list) and isinstance(asked, list) and UNKNOWN not in asked
    if field.unordered and both and len(seen) == len(asked):
        left = list(seen)
        for item in asked:
            match = next((s for s in left if s == item or (field.link and _linked(s, item))), None)
            if match is None:
                return False
            left.remove(match)
        return True
    return False


def _in_order(field: Field, seen: list[Any], asked: list[Any]) -> list[Any]:
    """The blocks of a set in the places of their equals in `asked`; the rest fills the places between."""
    left = list(seen)
    places: list[Any] = []
    for item in asked:
        equal = (s for s in left if isinstance(item, Mapping) and aligned(field.members, s, item) == item)
        match = next(equal, None)
        if match is not None:
            left.remove(match)
        places.append(match)
    filled = [left.pop(0) if place is None and left else place for place in places]
    return [place for place in filled if place is not None] + left


def _without_computed(field: Field, seen: Any) -> Any:
    if field.kind is Kind.ONE and isinstance(seen, Mapping):
        return aligned(field.members, seen, {})
    if field.kind is Kind.MANY and isinstance(seen, list):
        return [aligned(field.members, item, {}) if isinstance(item, Mapping) else item for item in seen]
    return seen


def _get(found: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _put(body: dict[str, Any], path: str, made: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[last] = made
