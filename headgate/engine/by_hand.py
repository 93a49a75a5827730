"""Changes the keys of a rollout in the text of a stack file, for when Pulumi cannot: `pulumi config` wants its backend.

Only what the text says changes place or value; comments, order and style stay. Pure.
"""

from collections.abc import Mapping
from typing import Any

import yaml

STEP, RELEASE = "headgate:step", "headgate:release"

_Spot = tuple[int, int, str]  # from, to, and the text that comes there


class ByHandError(ValueError):
    """The text cannot be changed in this way; the message says why."""


def written(text: str, values: Mapping[str, object]) -> str:
    """`text` with `headgate:step` and `headgate:release` as in `values` (whole values by full key).

    Of a release, its parts may change their names (the standby becomes live, the live version the candidate); of a
    step, its name. Raises ByHandError for anything else, and when the result would not say what was asked for.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        before = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ByHandError(f"it is no YAML: {error}") from error
    config = _entries(root).get("config")
    entries = _entries(config[1]) if config else {}
    spots: list[_Spot] = []
    for key, value in values.items():
        if key not in (STEP, RELEASE) or key not in entries:
            raise ByHandError(f"{key} is not there to be changed" if key in (STEP, RELEASE) else f"{key} is not ours")
        node = entries[key][1]
        spots += [_value(node, value)] if key == STEP else _renamed(node, before["config"][key], value)
    for begin, end, new in sorted(spots, reverse=True):
        text = text[:begin] + new + text[end:]
    if yaml.safe_load(text) != {**before, "config": {**before["config"], **values}}:
        raise ByHandError("the change would have left something else than was asked for")
    return text


def _entries(node: Any) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Key -> the nodes of the key and of its value."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value}


def _value(node: yaml.Node, value: object) -> _Spot:
    if not isinstance(node, yaml.ScalarNode):
        raise ByHandError(f"{STEP} is no plain value")
    text = str(value)
    return node.start_mark.index, node.end_mark.index, text if yaml.safe_load(text) == value else f'"{text}"'


def _renamed(node: yaml.Node, now: Any, value: object) -> list[_Spot]:
    """The keys of a mapping that get another name, found by their values."""
    if not isinstance(now, Mapping) or not isinstance(value, Mapping) or len(now) != len(value):
        raise ByHandError(f"the parts of {RELEASE} are others")
    entries = _entries(node)
    spots = []
    for name, part in value.items():
        old = name if now.get(name) == part else next((each for each in now if now[each] == part), None)
        if old is None:
            raise ByHandError(f"{RELEASE}.{name} is not among the versions that the file names")
        key = entries[old][0]
        spots.append((key.start_mark.index, key.end_mark.index, str(name)))
    return spots
