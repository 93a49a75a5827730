"""Durations as people write them in a plan: `30s`, `5m`, `72h`, `7d`, or several parts together: `1h30m`."""

import re

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Nine digits of seconds are 31 years, and keep clear of Python's limit on the length of integers.
_PART = re.compile(r"([0-9]{1,9})([smhd])")
_WHOLE = re.compile(r"(?:[0-9]{1,9}[smhd])+")

EXPECTED = "a duration such as 30s, 5m, 72h, 7d or 1h30m"


def parse(raw: object) -> int | None:
    """Seconds in `raw`, or None when it is not a duration. A bare 0 is a duration; other bare numbers have no unit."""
    if raw == 0 and not isinstance(raw, bool):
        return 0
    if not isinstance(raw, str):
        return None
    text = raw.strip()
    if text == "0":
        return 0
    if not _WHOLE.fullmatch(text):
        return None
    return sum(int(amount) * _UNIT_SECONDS[unit] for amount, unit in _PART.findall(text))


def show(seconds: int) -> str:
    """`seconds` with the largest units that fit: 5400 is `1h30m`, 0 is `0s`, a negative value keeps its sign."""
    if seconds < 0:
        return "-" + show(-seconds)
    parts = []
    for unit in ("d", "h", "m", "s"):
        amount, seconds = divmod(seconds, _UNIT_SECONDS[unit])
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
