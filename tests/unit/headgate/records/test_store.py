"""Records in a real folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from headgate.evidence import EvidenceError
from headgate.records import Acknowledgement, markdown
from headgate.records.rollout import build
from headgate.records.store import FsspecRecords
from tests.support import histories
from tests.support.histories import entries
from tests.support.incidents import TAKEN, made
from tests.support.rollouts import START

STACK = "greenflow-production"


@pytest.fixture
def store(tmp_path: Path) -> FsspecRecords:
    return FsspecRecords(".headgate/evidence", STACK, tmp_path)


def test_nothing_kept_yet(store: FsspecRecords) -> None:
    assert store.cases().cases == ()


def test_an_incident_its_notes_and_who_was_told(store: FsspecRecords, tmp_path: Path) -> None:
    incident, other = made(), made(replace(TAKEN, began=TAKEN.began + 60))
    place = store.put_incident(incident)
    store.put_incident(other)
    assert Path(place).read_text() == markdown.incident(incident)
    assert Path(place).parent == tmp_path / ".headgate/evidence/records" / STACK
    note = Acknowledgement(incident.id, "anna@example.com", START, cause="a pool")
    store.put_acknowledgement(note)
    store.put_told(incident.id, 2, START)
    store.put_told(incident.id, 1, START)
    newest, first = store.cases().cases
    assert (newest.incident, newest.acknowledged_at, newest.told) == (other, None, frozenset())
    assert (first.notes, first.told, first.record.cause) == ((note,), frozenset({1, 2}), "a pool")
    assert store.cases().unanswered == (newest,)


def test_kept_twice_is_kept_once(store: FsspecRecords) -> None:
    store.put_incident(made())
    store.put_incident(replace(made(), cause="changed"))
    assert store.cases().cases[0].incident == made()


def test_the_record_of_a_rollout_goes_on(store: FsspecRecords) -> None:
    for asked in (histories.TO_GREEN_10, histories.PROMOTED):
        record = build(STACK, "2026.02.11", entries(asked), {})
        assert record is not None
        assert Path(store.put_rollout(record)).read_text() == markdown.rollout(record)


def test_what_is_no_record_is_said(store: FsspecRecords, tmp_path: Path) -> None:
    place = Path(store.put_incident(made())).parent
    (place / "a.incident.json").write_text("{}")
    (place / "b.incident.json").write_bytes(b"\xff")
    (place / f"{made().id}.acknowledged-00000000001-x.json").write_text('{"schema": 1}')
    (place / f"{made().id}.told-many.json").write_text("")
    (place / "c.incident.json").write_text((place / f"{made().id}.incident.json").read_text())
    found = store.cases()
    assert [case.incident for case in found.cases] == [made()]
    assert (len(found.damaged), found.cases[0].told) == (4, frozenset())


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(EvidenceError, match="cannot be written"):
        FsspecRecords("store", STACK, tmp_path).put_incident(made())
