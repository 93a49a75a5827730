"""A folder, or a bucket by URL, through fsspec: opened, and what goes wrong with it in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
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
