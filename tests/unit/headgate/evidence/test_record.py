"""A record: its form, its digest, its signature."""

import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.evidence import Evidence
from headgate.evidence.record import about, from_json, genuine, intact, sealed, to_json
from headgate.report import Verdict
from tests.support.rollouts import START, walk

STATE = walk()["green-10"].state
KEY, OTHER = b"k" * 32, b"o" * 32
RECORD = Evidence(
    **about(STATE),
    gate="smoke",
    verdict=Verdict.PASSED,
    reasons=("a reason",),
    figures={"checks": 2, "slowest_ms": 12.5},
    at=START,
    by="anna@example.com",
    details={"asked": "x"},
)


@pytest.mark.parametrize("key", [None, KEY])
def test_a_record_is_read_back_unchanged(key: bytes | None) -> None:
    kept = sealed(RECORD, key)
    assert from_json(to_json(kept)) == kept
    assert intact(kept)
    assert bool(kept.signature) is (key is not None)


@pytest.mark.parametrize(
    "change",
    [
        {"stack": "x"},
        {"rollout_id": "x"},
        {"step": "x"},
        {"candidate_image": "x"},
        {"gate": "x"},
        {"verdict": Verdict.FAILED},
        {"reasons": ()},
        {"figures": {}},
        {"at": START + 1},
        {"by": "x"},
        {"details": {}},
        {"digest": "0" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_edit_is_found(change: dict[str, Any]) -> None:
    assert not intact(replace(sealed(RECORD, KEY), **change))


def test_a_new_digest_hides_an_edit_but_not_from_the_signature() -> None:
    forged = replace(
        sealed(replace(RECORD, verdict=Verdict.PASSED, by="x"), None), signature=sealed(RECORD, KEY).signature
    )
    assert intact(forged)
    assert not genuine(forged, KEY)
    assert genuine(sealed(RECORD, KEY), KEY)
    assert not genuine(sealed(RECORD, KEY), OTHER)
    assert not genuine(replace(sealed(RECORD, KEY), signature="ä"), KEY)


def _form(**changes: Any) -> str:
    raw = json.loads(to_json(sealed(RECORD, KEY)))
    return json.dumps({name: value for name, value in {**raw, **changes}.items() if value != "gone"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        "9" * 5000,
        _form(schema=2),
        _form(gate="gone"),
        _form(at="soon"),
        _form(at=-1),
        _form(at=10**11),
        _form(at=float("inf")),
        _form(verdict="good"),
        _form(verdict=None),
        _form(reasons=[1]),
        _form(reasons=None),
        _form(figures=[]),
        _form(figures={"a": "1"}),
        _form(figures={"a": True}),
        _form(figures={"a": float("nan")}),
        _form(details={"a": 1}),
        _form(by=None),
        _form(signature=1),
    ],
    ids=lambda text: text[:40],
)
def test_another_form_is_said_and_never_a_crash(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it (has no|does not have the form)"):
        from_json(text)


@pytest.mark.parametrize(
    ("text", "expires"), [("17", 17), ("", None), ("soon", None), ("-5", None), ("9" * 12, None), ("٣", None)]
)
def test_when_it_expires(text: str, expires: int | None) -> None:
    assert replace(RECORD, details={"expires": text}).expires == expires
    assert replace(RECORD, details={}).expires is None
