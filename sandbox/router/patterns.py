"""Wildcard patterns of listener rules: `*` is any number of characters, `?` exactly one.

Source: API reference of Elastic Load Balancing v2, HostHeaderConditionConfig, HttpHeaderConditionConfig,
PathPatternConditionConfig, QueryStringConditionConfig. Only a query-string pattern can escape a wildcard,
with a backslash; only a path pattern minds case. A pattern matches the whole value.
"""

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def compiled(pattern: str, *, case_sensitive: bool = False, escapes: bool = False) -> re.Pattern[str]:
    """The regular expression of a wildcard pattern; to be used with `fullmatch`."""
    segments = [""]
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            segments.append("")
        elif character == "?":
            segments[-1] += "."
        elif character == "\\" and escapes:
            segments[-1] += re.escape(next(characters, "\\"))
        else:
            segments[-1] += re.escape(character)
    flags = re.DOTALL | re.ASCII | (re.NOFLAG if case_sensitive else re.IGNORECASE)
    if len(segments) == 1:
        return re.compile(segments[0], flags)
    first, *middle, last = segments
    # The leftmost place for each inner segment is as good as any later one, so an atomic group may keep
    # it: matching stays linear in the number of `*`, where plain `.*` would try every combination.
    inner = "".join(f"(?>.*?{segment})" for segment in middle if segment)
    return re.compile(f"{first}{inner}.*{last}", flags)


def matches(pattern: str, value: str, *, case_sensitive: bool = False, escapes: bool = False) -> bool:
    """Whether the whole of `value` fits `pattern`."""
    return compiled(pattern, case_sensitive=case_sensitive, escapes=escapes).fullmatch(value) is not None
