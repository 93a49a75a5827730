"""Field masks: which fields a PATCH replaces (AIP-134, google.protobuf.FieldMask)."""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any


def camel(name: str) -> str:
    """A proto field name (snake_case) as its JSON name; a JSON name stays as it is."""
    return re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), name)


def paths(mask: str | Iterable[str]) -> list[str]:
    """The paths of a mask in camelCase; clients send both spellings."""
    parts = mask.split(",") if isinstance(mask, str) else mask
    return [".".join(camel(step) for step in part.strip().split(".")) for part in parts if part.strip()]


def merged(current: Mapping[str, Any], sent: Mapping[str, Any], mask: Iterable[str]) -> dict[str, Any]:
    """`current` with the fields of the mask as they are in `sent`; a field that `sent` lacks is cleared.

    A path into a map ("labels.team") sets that key alone. "*" takes all fields of `sent` and clears the others.
    """
    wanted = list(mask)
    if "*" in wanted:
        return copy.deepcopy(dict(sent))
    result = copy.deepcopy(dict(current))
    for path in wanted:
        _take(result, sent, path.split("."))
    return result


def _take(target: dict[str, Any], source: Mapping[str, Any], steps: list[str]) -> None:
    first, rest = steps[0], steps[1:]
    if not rest:
        if first in source:
            target[first] = copy.deepcopy(source[first])
        else:
            target.pop(first, None)
        return
    inner = source.get(first)
    below = target.get(first)
    target[first] = dict(below) if isinstance(below, Mapping) else {}
    _take(target[first], inner if isinstance(inner, Mapping) else {}, rest)
    if not target[first]:
        del target[first]
