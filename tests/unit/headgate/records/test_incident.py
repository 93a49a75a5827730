"""The record of an incident (R-B16)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.evidence.record import Evidence, about
from headgate.records import markdown
from headgate.records.incident import (
    Acknowledgement,
    Severity,
    acknowledgement_from_dict,
    amended,
    build,
    id_of,
    incident_from_dict,
    to_dict,
)
from headgate.report import Verdict
from tests.support.incidents import CANARY, STATE, TAKEN, made
from tests.support.rollouts import START, walk


def test_what_headgate_can_tell() -> None:
    record = made()
    assert record.id == id_of(TAKEN.began, "2026.02.11")
    assert (record.kind, record.step) == ("rollback during the rollout, at step green-10", "green-10")
    assert (record.detected_within, record.rollback_seconds, record.total_seconds) == (720, 1.2, 95.0)
    assert record.symptoms == ("errors at the till",)
    assert record.impact == "10 % of users were on the version that was taken back for at most 12m"
    assert record.configuration_update == 3
    assert (record.cause, record.improvements) == ("", ())


@pytest.mark.parametrize(
    ("changed", "severity"),
    [
        ({}, Severity.MAJOR),
        ({"confirmed": False}, Severity.OUTAGE),
        ({"away": False, "before": walk()["green-up"].state}, Severity.MINOR),
        ({"away": False}, Severity.MAJOR),
        ({"before": None, "away": False}, Severity.MINOR),
    ],
)
def test_severity(changed: dict[str, Any], severity: Severity) -> None:
    assert made(replace(TAKEN, **changed)).severity is severity


@pytest.mark.parametrize(
    ("changed", "impact"),
    [
        ({"split_before": None}, "10 % of users"),
        ({"split_before": {"blue": 100}}, "no user was on"),
        ({"split_before": None, "before": walk()["promoted"].state}, "not known"),
        ({"split_before": None, "before": None}, "not known"),
        ({"split_before": {"green": 100}, "before": walk()["promoted"].state}, "100 % of users"),
    ],
)
def test_impact(changed: dict[str, Any], impact: str) -> None:
    assert made(replace(TAKEN, **changed)).impact.startswith(impact)


def test_without_history_or_record() -> None:
    record = build(replace(TAKEN, before=None), (), (), ())
    assert (record.rollout, record.configuration, record.history, record.detected_within) == ("", {}, (), None)
    assert "The history could not be read." in markdown.incident(record)


def test_the_newest_word_of_each_gate_is_a_symptom() -> None:
    bad = Evidence(
        **about(STATE), gate="smoke", verdict=Verdict.FAILED, reasons=("api: 500",), at=START, figures={"ms": 7.5}
    )
    assert made(TAKEN, bad).symptoms == ("errors at the till", "gate smoke: api: 500")
    good = replace(bad, verdict=Verdict.PASSED, at=START + 1)
    assert made(TAKEN, good, bad).symptoms == ("errors at the till",)
    assert made(TAKEN, good, bad).gates[0].figures == {"ms": 7.5}


def test_no_secret_in_a_record() -> None:
    record = made(replace(TAKEN, reason=f"saw slack://{CANARY}", left=(f"https://x:{CANARY}@h/",)))
    for text in (json.dumps(to_dict(record)), markdown.incident(record), repr(record)):
        assert CANARY not in text
        assert "[secret]" in text


def test_written_and_read_again() -> None:
    bad = Evidence(
        **about(STATE), gate="smoke", verdict=Verdict.FAILED, reasons=("api: 500",), at=START, figures={"ms": 7.5}
    )
    for record in (made(TAKEN, bad, continues="x"), build(replace(TAKEN, before=None, split_before=None), (), (), ())):
        assert incident_from_dict(json.loads(json.dumps(to_dict(record)))) == record
    note = Acknowledgement("i", "anna", START, "major", "a cause", "an impact", ("one",))
    assert acknowledgement_from_dict(json.loads(json.dumps(to_dict(note)))) == note


@pytest.mark.parametrize(
    "wrong", [{"schema": 2}, {"at": -1}, {"severity": "odd"}, {"id": 7}, {"gates": [{}]}, {"tasks": 3}], ids=str
)
def test_another_shape_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        incident_from_dict({**json.loads(json.dumps(to_dict(made()))), **wrong})


def test_what_people_add() -> None:
    first = Acknowledgement("i", "anna", START + 60, cause="pool too small", improvements=("bound it",))
    later = Acknowledgement("i", "ben", START + 90, severity="outage", cause="pool leaks", improvements=("test it",))
    record = amended(made(), [later, first])
    assert (record.severity, record.cause, record.improvements) == (
        Severity.OUTAGE,
        "pool leaks",
        ("bound it", "test it"),
    )
    text = markdown.incident(made(), [first, later])
    assert "- pool leaks" in text
    assert "anna, 2026-01-01" in text


def test_what_people_still_have_to_say_is_marked() -> None:
    text = markdown.incident(made(replace(TAKEN, left=("run headgate rollback again",))))
    assert "## Cause\n\n*to be filled in*" in text
    assert "## Improvements\n\n*to be filled in*" in text
    assert "- NOT done: run headgate rollback again" in text
