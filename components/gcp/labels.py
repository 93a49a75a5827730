"""Labels of every resource that can carry them, within Google's rules."""

import re
from collections.abc import Mapping

from components._common import standard_tags

MOST = 64  # labels of one resource

# "Requirements for labels" of Resource Manager: at most 63 characters, lower-case letters, digits, underscores and
# hyphens; a key begins with a letter. Letters beyond ASCII are allowed there, and left out here.
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_VALUE = re.compile(r"[a-z0-9_-]{0,63}")


def standard_labels(
    *, service: str, environment: str, owner: str, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The labels that every resource carries, on top of `extra`, which cannot override them.

    Raises ValueError with every key and value that Google would refuse.
    """
    labels = standard_tags(service=service, environment=environment, owner=owner, extra=extra)
    wrong = problems(labels)
    if wrong:
        raise ValueError("\n".join(wrong))
    return labels


def problems(labels: Mapping[str, str]) -> list[str]:
    """One line for each label that Google refuses."""
    lines = [
        f"labels: found key {key!r}; expected a lower-case letter, then at most 62 of a-z, 0-9, _ and -. Rename it."
        for key in labels
        if _KEY.fullmatch(key) is None
    ]
    lines += [
        f"labels.{key}: found {value!r}; expected at most 63 of a-z, 0-9, _ and -. Write it so."
        for key, value in labels.items()
        if _VALUE.fullmatch(value) is None
    ]
    if len(labels) > MOST:
        lines.append(f"labels: found {len(labels)}; expected at most {MOST}. Leave some out.")
    return lines
