"""Configuration values changed by path, as whole values of their keys. Pure."""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

_KEY = re.compile(r"([^:.\[\"\s]+:[^.\[\"\s]+)")
_PART = re.compile(r"\.([^.\[\"]+)|\[([0-9]+)\]|\.?\[\"((?:[^\"\\]|\\.)*)\"\]")

Part = str | int


class PathError(ValueError):
    """A key or path cannot be used; the message says which and why."""


def parse(path: str) -> tuple[str, tuple[Part, ...]]:
    """The full key and the way inside it: `headgate:plan.steps[2].bake` -> (`headgate:plan`, ("steps", 2, "bake")).

    Raises PathError when it is neither a full key nor a path of Pulumi's form.
    """
    key = _KEY.match(path)
    if key is None:
        raise PathError(f"{path!r}: expected a full key such as headgate:step, or a path inside one")
    parts: list[Part] = []
    rest = path[key.end() :]
    while rest:
        part = _PART.match(rest)
        if part is None:
            raise PathError(f'{path!r}: {rest!r} is not a way inside a value; expected .name, [0] or ["name"]')
        name, index, quoted = part.groups()
        parts.append(int(index) if index is not None else name or re.sub(r"\\(.)", r"\1", quoted))
        rest = rest[part.end() :]
    return key[1], tuple(parts)


def edited(
    current: Mapping[str, object], values: Mapping[str, object], remove: Sequence[str] = ()
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The keys of `current` that change with their whole new values, and those that go. `current` stays as it is.

    Raises PathError for a path that leads through something that is no mapping and no list.
    """
    changed: dict[str, object] = {}
    gone: list[str] = []
    for path in remove:
        key, parts = parse(path)
        if not parts:
            if key in current:
                gone.append(key)
        elif key in current:
            changed.setdefault(key, copy.deepcopy(current[key]))
            _drop(changed[key], parts)
    for path, value in values.items():
        key, parts = parse(path)
        if key in gone:
            gone.remove(key)
        before = changed[key] if key in changed else copy.deepcopy(current.get(key))
        changed[key] = _put(before, parts, value, path)
    return {key: value for key, value in changed.items() if key not in gone and value != current.get(key)}, tuple(gone)


def _put(into: Any, parts: Sequence[Part], value: object, path: str) -> object:
    if not parts:
        return value
    head, rest = parts[0], parts[1:]
    if isinstance(head, int):
        into = [] if into is None else into
        if not isinstance(into, list) or head > len(into):
            raise PathError(f"{path!r}: there is no list with an element before [{head}]")
        into[head : head + 1] = [_put(into[head] if head < len(into) else None, rest, value, path)]
        return into
    into = {} if into is None else into
    if not isinstance(into, dict):
        raise PathError(f"{path!r}: {head!r} is asked of something that is no mapping")
    into[head] = _put(into.get(head), rest, value, path)
    return into


def _drop(value: Any, parts: Sequence[Part]) -> None:
    for part in parts[:-1]:
        if not _holds(value, part):
            return
        value = value[part]
    if _holds(value, parts[-1]):
        del value[parts[-1]]


def _holds(value: object, part: Part) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value
