"""What changes between the state of a resource and the inputs asked for: a pure tree walk."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.plugins.values import DEFAULTS, UNKNOWN, contains_unknown

Same = Callable[[str, Any, Any], bool]

_PLAIN_KEY = re.compile(r"^[^.\[\]\"]+$")


class Kind(StrEnum):
    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Change:
    """One property that changes. path: as the engine writes it, `defaultActions[0].forward`."""

    path: str
    key: str
    kind: Kind
    replaces: bool = False


def changes(
    old_inputs: Mapping[str, Any],
    state: Mapping[str, Any],
    news: Mapping[str, Any],
    *,
    force_new: Collection[str] = (),
    same: Same = lambda key, old, new: bool(old == new),
) -> list[Change]:
    """Every difference, in the order of the new inputs, removed properties last.

    A property is compared with the state where the state has it, so that a change that the cloud did not
    take is seen again; otherwise with the old inputs. A property that only the state has (a default of
    the cloud) is no difference. An unknown value always is one.
    """
    found: list[Change] = []
    for key, new in news.items():
        if key == DEFAULTS:
            continue
        old = state.get(key, old_inputs.get(key))
        if old is None:
            found.append(Change(_join("", key), key, Kind.ADD, key in force_new))
        elif contains_unknown(new) or not same(key, old, new):
            found += [Change(path, key, kind, key in force_new) for path, kind in _walk(_join("", key), old, new)]
    gone = [key for key in old_inputs if key not in news and key != DEFAULTS and not _empty(old_inputs[key])]
    return found + [Change(_join("", key), key, Kind.DELETE, key in force_new) for key in gone]


def _walk(path: str, old: Any, new: Any) -> list[tuple[str, Kind]]:
    if new is UNKNOWN:
        return [(path, Kind.UPDATE)]
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        pairs = [(_join(path, key), old.get(key), new.get(key)) for key in {**new, **old}]
    elif isinstance(old, list) and isinstance(new, list):
        longest = max(len(old), len(new))
        pairs = [(f"{path}[{n}]", _at(old, n), _at(new, n)) for n in range(longest)]
    else:
        return [] if old == new else [(path, Kind.UPDATE)]
    found: list[tuple[str, Kind]] = []
    for child, before, after in pairs:
        if before is None and after is not None:
            found.append((child, Kind.ADD))
        elif before is not None and after is None:
            found.append((child, Kind.DELETE))
        else:
            found += _walk(child, before, after)
    return found


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _join(path: str, key: str) -> str:
    if not _PLAIN_KEY.match(key):
        escaped = key.replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key


def _empty(value: Any) -> bool:
    return value is None or value in ({}, [])
