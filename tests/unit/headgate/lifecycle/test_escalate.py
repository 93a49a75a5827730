"""Incidents that nobody acknowledges, and those who take them over."""

from dataclasses import replace
from pathlib import Path

import pytest

from headgate.lifecycle.acknowledge import Refused, Wanted, acknowledge
from headgate.lifecycle.escalate import Escalated, escalate
from headgate.records import IncidentRecord
from headgate.records.store import FsspecRecords
from tests.support.fake_notify import FakeNotifier
from tests.support.incidents import TAKEN, made

STACK = TAKEN.stack
MINUTE = 60
INCIDENT: IncidentRecord = made()
AT = INCIDENT.at


@pytest.fixture
def records(tmp_path: Path) -> FsspecRecords:
    store = FsspecRecords("kept", STACK, tmp_path)
    store.put_incident(INCIDENT)
    return store


def numbers(done: Escalated) -> list[int]:
    return [each.tier.number for each in done.told]


def test_each_tier_once_in_its_time(records: FsspecRecords) -> None:
    people = FakeNotifier()
    said = [numbers(escalate(records, people, AT + minute * MINUTE)) for minute in (4, 5, 6, 30, 31, 60, 999)]
    assert said == [[], [1], [], [2], [], [3], []]
    assert [message.tags for message in people.sent] == [("team", "on-call"), ("leads",), ("management",)]


def test_nobody_is_told_once_it_is_acknowledged(records: FsspecRecords) -> None:
    assert numbers(escalate(records, FakeNotifier(), AT + 5 * MINUTE)) == [1]
    acknowledge(STACK, records, Wanted("anna"), AT + 6 * MINUTE)
    done = escalate(records, FakeNotifier(), AT + 90 * MINUTE)
    assert (done.told, done.unanswered, done.well) == ((), (), True)


def test_who_could_not_be_reached_is_tried_again(records: FsspecRecords) -> None:
    done = escalate(records, FakeNotifier(deaf=frozenset({"team", "on-call"})), AT + 5 * MINUTE)
    assert (numbers(done), done.well) == ([1], False)
    half = escalate(records, FakeNotifier(deaf=frozenset({"team"})), AT + 6 * MINUTE)
    assert (numbers(half), half.well) == ([1], False)
    assert numbers(escalate(records, FakeNotifier(), AT + 7 * MINUTE)) == []


def test_a_tier_without_anybody_is_not_well(records: FsspecRecords) -> None:
    done = escalate(records, FakeNotifier(reaches=("team", "on-call")), AT + 30 * MINUTE)
    assert ([each.reached for each in done.told], done.well) == ([True, False], False)


def test_what_goes_on_from_another_one_is_not_told_twice(records: FsspecRecords) -> None:
    records.put_incident(made(replace(TAKEN, began=AT + 60), continues=INCIDENT.id))
    assert numbers(escalate(records, FakeNotifier(), AT + 10 * MINUTE)) == [1]


class TestAcknowledge:
    def test_it_keeps_what_is_known(self, records: FsspecRecords) -> None:
        wanted = Wanted(" anna ", severity="outage", cause="a pool", impact="no till", improvements=("bound it",))
        assert acknowledge(STACK, records, wanted, AT + 60).first
        again = acknowledge(STACK, records, Wanted("ben", INCIDENT.id, improvements=("test it",)), AT + 90)
        assert not again.first
        record = records.cases().cases[0].record
        assert (record.severity, record.cause, record.impact) == ("outage", "a pool", "no till")
        assert record.improvements == ("bound it", "test it")

    @pytest.mark.parametrize(
        ("wanted", "said", "usage"),
        [
            (Wanted(" "), "--by: found ' '; expected a name", True),
            (Wanted("a\nb"), "--by: found", True),
            (Wanted("anna", severity="huge"), "--severity: found 'huge'; expected one of: minor, major, outage", True),
            (Wanted("anna", "2031"), f"has no incident '2031'; its newest: {INCIDENT.id}", False),
        ],
    )
    def test_mistakes(self, records: FsspecRecords, wanted: Wanted, said: str, usage: bool) -> None:
        with pytest.raises(Refused, match=said) as caught:
            acknowledge(STACK, records, wanted, AT)
        assert caught.value.usage is usage

    def test_none_several_and_all(self, records: FsspecRecords, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="has no incident; a rollback makes one"):
            acknowledge(STACK, FsspecRecords("other", STACK, tmp_path), Wanted("anna"), AT)
        other = made(replace(TAKEN, began=AT + 60))
        records.put_incident(other)
        with pytest.raises(Refused, match=f"2 incidents .* name one: {other.id}, {INCIDENT.id}"):
            acknowledge(STACK, records, Wanted("anna"), AT)
        for each in (other, INCIDENT):
            acknowledge(STACK, records, Wanted("anna", each.id), AT)
        with pytest.raises(Refused, match=r"every incident .* is acknowledged"):
            acknowledge(STACK, records, Wanted("anna"), AT)
