"""Where records are kept: beside the evidence, `<headgate:evidence.url>/records/<stack>/`, as JSON and as Markdown.

What is about one incident lies side by side: `<id>.incident.json` and `.md`, `<id>.acknowledged-<time>.json`, and
`<id>.told-<tier>.json` for each tier that was told. Nothing of that is changed once it is written. The record of a
rollout, `rollouts/<rollout>.json` and `.md`, is written again as the rollout goes on.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from headgate.evidence.files import opened, said
from headgate.evidence.naming import part
from headgate.records import markdown
from headgate.records.incident import (
    Acknowledgement,
    IncidentRecord,
    acknowledgement_from_dict,
    amended,
    incident_from_dict,
    to_dict,
)
from headgate.records.rollout import RolloutRecord
from headgate.records.rollout import to_dict as rollout_to_dict

FOLDER = "records"
MOST_FILES = 500  # of incidents that are read, the newest
MOST_BYTES = 1024 * 1024
INCIDENT, ACKNOWLEDGED, TOLD = ".incident.json", ".acknowledged-", ".told-"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """An incident, what people added, oldest first, and the numbers of the tiers that were told."""

    incident: IncidentRecord
    notes: tuple[Acknowledgement, ...] = ()
    told: frozenset[int] = frozenset()

    @property
    def acknowledged_at(self) -> int | None:
        """When somebody first took over."""
        return min((note.at for note in self.notes), default=None)

    @property
    def record(self) -> IncidentRecord:
        """The incident with what people added."""
        return amended(self.incident, self.notes)


@dataclass(frozen=True, slots=True)
class Cases:
    """Every incident of a stack, newest first. `damaged`: a line for each file that is no record."""

    cases: tuple[Case, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def unanswered(self) -> tuple[Case, ...]:
        """Those that nobody acknowledged. What goes on from another incident is answered with that one."""
        return tuple(case for case in self.cases if case.acknowledged_at is None and not case.incident.continues)


class RecordStore(Protocol):
    """The records of one stack. Every call raises EvidenceError when they cannot be read or written."""

    def put_incident(self, incident: IncidentRecord) -> str:
        """Keeps it; returns where."""
        ...

    def put_acknowledgement(self, note: Acknowledgement) -> str:
        """Keeps it beside its incident; returns where."""
        ...

    def put_told(self, incident: str, tier: int, at: int) -> None:
        """Keeps that a tier was told of an incident."""
        ...

    def put_rollout(self, record: RolloutRecord) -> str:
        """Keeps it in place of an earlier one; returns where."""
        ...

    def cases(self) -> Cases:
        """All incidents."""
        ...


class FsspecRecords:
    """`RecordStore` below `url`: a folder, relative to `base`, or an address that fsspec knows (`scheme://...`)."""

    def __init__(self, url: str, stack: str, base: Path) -> None:
        self._url = url if "://" in url else str(base / url)
        self._place = f"{FOLDER}/{stack}"

    def put_incident(self, incident: IncidentRecord) -> str:
        """See `RecordStore`."""
        self._write(f"{incident.id}{INCIDENT}", _json(to_dict(incident)))
        return self._write(f"{incident.id}.incident.md", markdown.incident(incident))

    def put_acknowledgement(self, note: Acknowledgement) -> str:
        """See `RecordStore`."""
        return self._write(f"{note.incident}{ACKNOWLEDGED}{note.at:011d}-{part(note.by)}.json", _json(to_dict(note)))

    def put_told(self, incident: str, tier: int, at: int) -> None:
        """See `RecordStore`."""
        self._write(f"{incident}{TOLD}{tier}.json", _json({"incident": incident, "tier": tier, "at": at}))

    def put_rollout(self, record: RolloutRecord) -> str:
        """See `RecordStore`."""
        name = f"rollouts/{part(record.rollout)}"
        self._write(f"{name}.json", _json(rollout_to_dict(record)), again=True)
        return self._write(f"{name}.md", markdown.rollout(record), again=True)

    def cases(self) -> Cases:
        """See `RecordStore`."""
        with said(self._url, "read"):
            files, root = opened(self._url)
            try:
                listed = files.ls(f"{root}/{self._place}", detail=True)
            except FileNotFoundError:
                return Cases()
            names = {str(each["name"]).rpartition("/")[2]: each for each in listed if each["type"] == "file"}
            newest = sorted((name for name in names if name.endswith(".json")), reverse=True)[:MOST_FILES]
            small = [name for name in newest if int(names[name].get("size") or 0) <= MOST_BYTES]
            contents = {name: files.cat_file(names[name]["name"]) for name in small if TOLD not in name}
        return collected(dict.fromkeys(newest, b"") | contents)

    def _write(self, name: str, text: str, *, again: bool = False) -> str:
        with said(self._url, "written"):
            files, root = opened(self._url)
            path = f"{root}/{self._place}/{name}"
            if "file" in files.protocol:  # elsewhere folders are only names
                files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with suppress(FileExistsError):
                files.pipe_file(path, text.encode(), mode="overwrite" if again else "create")
        return f"{self._url}/{self._place}/{name}"


def collected(contents: Mapping[str, bytes]) -> Cases:
    """Cases from files by name. Only names count of what says that a tier was told."""
    cases: dict[str, Case] = {}
    damaged: list[str] = []
    for name in sorted(contents):
        if name.endswith(INCIDENT):
            incident = _read(name, contents[name], incident_from_dict, damaged)
            if incident is not None and name == f"{incident.id}{INCIDENT}":
                cases[incident.id] = Case(incident)
            elif incident is not None:
                damaged.append(f"{name}: it is the record of {incident.id}")
    for name in sorted(contents):
        known, mark, rest = name.partition(TOLD)
        if mark and known in cases and rest.removesuffix(".json").isdecimal():
            told = cases[known].told | {int(rest.removesuffix(".json"))}
            cases[known] = replace(cases[known], told=told)
        known, mark, _ = name.partition(ACKNOWLEDGED)
        note = _read(name, contents[name], acknowledgement_from_dict, damaged) if mark else None
        if note is not None and known in cases:
            cases[known] = replace(cases[known], notes=(*cases[known].notes, note))
    newest = sorted(cases.values(), key=lambda case: (case.incident.at, case.incident.id), reverse=True)
    return Cases(tuple(newest), tuple(damaged))


def _read(name: str, content: bytes, parse: Callable[[Mapping[str, Any]], T], damaged: list[str]) -> T | None:
    try:
        return parse(json.loads(content.decode()))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        damaged.append(f"{name}: it does not have the form of a record ({str(error)[:80]})")
        return None


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2) + "\n"
