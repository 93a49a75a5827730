"""Where records are kept: a folder, or a bucket by URL, through fsspec. A record is written once and never changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from headgate.evidence.record import Evidence, from_json, to_json

MOST_BYTES = 256 * 1024  # of a record
MOST_RECORDS = 200  # of one step that are read, the newest; more are nobody's honest work


class EvidenceError(Exception):
    """Records cannot be read or written; the message says where, why and what to do."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The records of one step. `damaged`: a line for each file that is no record."""

    records: tuple[Evidence, ...] = ()
    damaged: tuple[str, ...] = ()


class EvidenceStore(Protocol):
    """The records of one stack."""

    def put(self, evidence: Evidence) -> str:
        """Keeps a sealed record; returns where. Keeping the same one twice is no error. Raises EvidenceError."""
        ...

    def all(self, rollout_id: str, step: str) -> tuple[Evidence, ...]:
        """Every record that is kept for the step, newest first, not judged. Raises EvidenceError."""
        ...

    def shelf(self, rollout_id: str, step: str) -> Shelf:
        """The same, and what else lies there. Raises EvidenceError."""
        ...


class FsspecStore:
    """`EvidenceStore` below `url`: a folder, relative to `base`, or an address that fsspec knows (`scheme://...`).

    Files are `<url>/<stack>/<rollout>/<step>/<time>-<gate>-<digest>.json`.
    """

    def __init__(self, url: str, stack: str, base: Path) -> None:
        self._url = url if "://" in url else str(base / url)
        self._stack = stack

    def put(self, evidence: Evidence) -> str:
        """See `EvidenceStore.put`."""
        name = f"{evidence.at:011d}-{_part(evidence.gate)}-{evidence.digest[:16]}.json"
        place = "/".join((self._stack, _part(evidence.rollout_id), _part(evidence.step)))
        with _said(self._url, "written"):
            files, root = _open(self._url)
            if "file" in files.protocol:  # elsewhere folders are only names, and a bucket would be made
                files.makedirs(f"{root}/{place}", exist_ok=True)
            with suppress(FileExistsError):  # its name holds its digest: it is the same one
                files.pipe_file(f"{root}/{place}/{name}", to_json(evidence).encode(), mode="create")
        return f"{self._url}/{place}/{name}"

    def all(self, rollout_id: str, step: str) -> tuple[Evidence, ...]:
        """See `EvidenceStore.all`."""
        return self.shelf(rollout_id, step).records

    def shelf(self, rollout_id: str, step: str) -> Shelf:
        """See `EvidenceStore.shelf`."""
        with _said(self._url, "read"):
            files, root = _open(self._url)
            place = "/".join((root, self._stack, _part(rollout_id), _part(step)))
            try:
                listed = files.ls(place, detail=True)
            except FileNotFoundError:
                return Shelf()
            entries = [each for each in listed if each["type"] == "file" and str(each["name"]).endswith(".json")]
            newest = sorted(entries, key=_name, reverse=True)[:MOST_RECORDS]
            contents = [(_name(each), _content(files, each)) for each in newest]
        return _read(contents)


def _open(url: str) -> tuple[Any, str]:
    """The file system of `url`, and the path in it. Imported here: half of all verbs never look at a record."""
    from fsspec.core import url_to_fs

    # No cache of listings, else a record that was written a moment ago by another machine stays unseen.
    files, root = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    return files, str(root).rstrip("/")


@contextmanager
def _said(url: str, what: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise EvidenceError(
            f"{url} cannot be {what}: {error} (pyproject.toml lists what is needed as extras)"
        ) from None
    except Exception as error:  # every file system behind fsspec raises its own
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EvidenceError(f"{url} cannot be {what}: {first}. Check headgate:evidence.url and the access.") from error


def _content(files: Any, entry: Mapping[str, Any]) -> bytes | None:
    """The bytes of a file; None when it is too long for a record."""
    if int(entry.get("size") or 0) > MOST_BYTES:
        return None
    content: bytes = files.cat_file(entry["name"])
    return content


def _read(contents: Sequence[tuple[str, bytes | None]]) -> Shelf:
    records, damaged = [], []
    for name, content in contents:
        try:
            if content is None:
                raise ValueError(f"it is longer than {MOST_BYTES} bytes")
            records.append(from_json(content.decode()))
        except ValueError as error:
            damaged.append(f"{name}: {error}")
    return Shelf(tuple(sorted(records, key=lambda each: -each.at)), tuple(damaged))


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["name"]).rpartition("/")[2]


def _part(text: str) -> str:
    """`text` as one part of a path: itself where that is safe, else with a hash that keeps two texts apart."""
    if _SAFE.fullmatch(text):
        return text
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text)[:40]}~{sha256(text.encode()).hexdigest()[:12]}"


_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
