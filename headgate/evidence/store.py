"""Where records are kept: a folder, or a bucket by URL, through fsspec. A record is written once and never changed."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from headgate.evidence.files import EvidenceError, opened, said
from headgate.evidence.naming import part
from headgate.evidence.record import Evidence, from_json, to_json

__all__ = ["EvidenceError", "EvidenceStore", "FsspecStore", "Shelf"]

MOST_BYTES = 256 * 1024  # of a record
MOST_RECORDS = 200  # of one step that are read, the newest; more are nobody's honest work


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
        name = f"{evidence.at:011d}-{part(evidence.gate)}-{evidence.digest[:16]}.json"
        place = "/".join((self._stack, part(evidence.rollout_id), part(evidence.step)))
        with said(self._url, "written"):
            files, root = opened(self._url)
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
        with said(self._url, "read"):
            files, root = opened(self._url)
            place = "/".join((root, self._stack, part(rollout_id), part(step)))
            try:
                listed = files.ls(place, detail=True)
            except FileNotFoundError:
                return Shelf()
            entries = [each for each in listed if each["type"] == "file" and str(each["name"]).endswith(".json")]
            newest = sorted(entries, key=_name, reverse=True)[:MOST_RECORDS]
            contents = [(_name(each), _content(files, each)) for each in newest]
        return _read(contents)


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
