"""A folder, or a bucket by URL, through fsspec: opened, named safely, and what goes wrong with it in one line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any


class EvidenceError(Exception):
    """Records cannot be read or written; the message says where, why and what to do."""


def opened(url: str) -> tuple[Any, str]:
    """The file system of `url`, and the path in it. Imported here: half of all verbs never look at a record."""
    from fsspec.core import url_to_fs

    # No cache of listings, else a record that was written a moment ago by another machine stays unseen.
    files, root = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    return files, str(root).rstrip("/")


@contextmanager
def said(url: str, what: str) -> Iterator[None]:
    """Raises EvidenceError for whatever a file system raises while `url` is `what` (read, written)."""
    try:
        yield
    except ImportError as error:
        raise EvidenceError(
            f"{url} cannot be {what}: {error} (pyproject.toml lists what is needed as extras)"
        ) from None
    except Exception as error:  # every file system behind fsspec raises its own
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EvidenceError(f"{url} cannot be {what}: {first}. Check headgate:evidence.url and the access.") from error


def part(text: str) -> str:
    """`text` as one part of a path: itself where that is safe, else with a hash that keeps two texts apart."""
    if _SAFE.fullmatch(text):
        return text
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text)[:40]}~{sha256(text.encode()).hexdigest()[:12]}"


_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
