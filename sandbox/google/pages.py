"""Lists in pages (AIP-158)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.google.api import Call
from sandbox.google.errors import bad_field

_LARGEST = 1000


def page(call: Call, key: str, items: Sequence[Mapping[str, Any]], default: int = 100) -> dict[str, Any]:
    """The page that pageSize and pageToken ask for: {key: …, "nextPageToken": …}, without what is empty."""
    token = str(call.query.get("pageToken", "") or "0")
    size = int(call.query.get("pageSize", 0) or call.query.get("maxResults", 0) or default)
    if not token.isdigit():
        raise bad_field("page_token", f"found {token!r}; it is none that this list gave")
    if size < 0:
        raise bad_field("page_size", f"found {size}; expected 0 or more")
    start, end = int(token), int(token) + min(size, _LARGEST)
    answer: dict[str, Any] = {}
    if items[start:end]:
        answer[key] = [dict(item) for item in items[start:end]]
    if end < len(items):
        answer["nextPageToken"] = str(end)
    return answer
