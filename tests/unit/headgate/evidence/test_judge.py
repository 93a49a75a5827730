"""Which records count, and what they say of a gate."""

from dataclasses import replace
from typing import Any

import pytest

from headgate.evidence import Evidence, Findings, Terms, judged
from headgate.evidence.judge import MOST_CHARACTERS, found, refusal
from headgate.evidence.record import about, sealed
from headgate.report import Verdict
from headgate.state import State
from tests.support.rollouts import HOUR, MINUTE, walk

STATE = walk()["green-10"].state
ENTERED = STATE.entered_at
NOW = ENTERED + 2 * HOUR
KEY = b"k" * 32
TERMS = Terms(max_age=HOUR, authors=frozenset({"anna@example.com"}), asked={"smoke": "settings"})
SIGNED = replace(TERMS, signed=True, key=KEY)


def record(key: bytes | None = None, **fields: Any) -> Evidence:
    default = {
        "gate": "smoke",
        "verdict": Verdict.PASSED,
        "at": NOW - MINUTE,
        "by": "ci",
        "details": {"asked": "settings"},
    }
    return sealed(Evidence(**{**about(STATE), **default, **fields}), key)


def approval(**fields: Any) -> Evidence:
    default = {"gate": "approval", "by": "bert@example.com", "details": {"expires": str(NOW + HOUR)}, "at": ENTERED}
    return record(**{**default, **fields})


def why(evidence: Evidence, terms: Terms = TERMS, now: int = NOW, state: State = STATE) -> str:
    return refusal(evidence, state, terms, now)


def test_one_that_fits_counts() -> None:
    assert why(record()) == ""
    assert why(approval()) == ""
    assert why(record(KEY), SIGNED) == ""
    assert why(record(KEY)) == ""  # without the key a signature cannot be checked, and none is needed


@pytest.mark.parametrize(
    ("evidence", "terms", "reason"),
    [
        (replace(record(), verdict=Verdict.FAILED), TERMS, "edited or damaged"),
        (replace(record(KEY), by="x"), SIGNED, "edited or damaged"),
        (record(), SIGNED, "it is not signed"),
        (record(b"o" * 32), SIGNED, "not made with this key"),
        (record(b"o" * 32), replace(TERMS, key=KEY), "not made with this key"),
        (record(KEY), replace(SIGNED, key=None), "cannot be checked"),
        (record(stack="greenflow-staging"), TERMS, "about stack 'greenflow-staging' (needs 'greenflow-production')"),
        (record(rollout_id="2026.01.01"), TERMS, "about rollout '2026.01.01'"),
        (record(step="green-up"), TERMS, "about step 'green-up' (needs 'green-10')"),
        (record(candidate_image="x"), TERMS, "about candidate image 'x'"),
        (record(details={"asked": "others"}), TERMS, "settings of the gate have changed"),
        (record(details={}), TERMS, "settings of the gate have changed"),
        (record(at=NOW + 1), TERMS, "from the future, 1 s ahead"),
        (record(at=ENTERED - 1), TERMS, "from before the step was entered"),
        (record(at=NOW - HOUR - 1), TERMS, "it is 1h1s old (at most 1h)"),
        (approval(details={"expires": str(NOW)}), TERMS, "it expired"),
        (approval(details={}), TERMS, "does not say when it expires"),
        (approval(at=NOW + 1), TERMS, "from the future"),
        (approval(at=ENTERED - 1), TERMS, "before the step was entered"),
        (approval(by=" "), TERMS, "does not say who"),
        (approval(by="anna@example.com"), TERMS, "somebody else must approve"),
        (approval(by=" Anna@Example.COM "), TERMS, "somebody else must approve"),
        (approval(), replace(TERMS, authors=frozenset()), "set HEADGATE_ACTOR"),
    ],
)  # fmt: skip
def test_why_one_does_not_count(evidence: Evidence, terms: Terms, reason: str) -> None:
    assert reason in why(evidence, terms)


def test_ages_to_the_second() -> None:
    assert why(record(at=NOW - HOUR)) == ""
    assert why(record(at=NOW)) == ""
    assert why(approval(details={"expires": str(NOW + 1)})) == ""


def test_outside_production_the_author_may_approve() -> None:
    staging = replace(STATE, environment="staging")
    mine = approval(stack="greenflow-staging", by="anna@example.com")
    assert why(mine, state=staging) == ""
    assert why(mine, replace(TERMS, authors=frozenset()), state=staging) == ""


def says(*records: Evidence, gate: str = "smoke", **more: Any) -> tuple[Verdict, tuple[str, ...]]:
    verdict, reasons, _, _ = found(gate, replace(judged(records, STATE, TERMS, NOW), **more), STATE)
    return verdict, reasons


def test_the_newest_that_counts_decides() -> None:
    bad = record(verdict=Verdict.FAILED, reasons=("api: answered 500",), at=NOW - 30)
    assert says(record(), bad) == (Verdict.FAILED, ("api: answered 500",))
    assert says(bad, record(at=NOW - 10)) == (Verdict.PASSED, ())
    forged = replace(record(at=NOW - 1), verdict=Verdict.FAILED)
    assert says(record(), forged) == (Verdict.PASSED, ())


def test_the_time_and_figures_are_those_of_the_record() -> None:
    findings = judged([record(figures={"checks": 2})], STATE, TERMS, NOW)
    assert found("smoke", findings, STATE)[2:] == ({"checks": 2}, NOW - MINUTE)


def test_an_approval_says_whose_it_is() -> None:
    assert says(approval(), gate="approval") == (
        Verdict.PASSED,
        ("approved by bert@example.com until 2026-01-01 05:00 UTC",),
    )


def test_without_any_it_says_what_makes_one() -> None:
    record_it = "headgate gate --record --stack greenflow-production"
    assert says() == (Verdict.INCONCLUSIVE, (f"there is no evidence for step green-10 (run: {record_it})",))
    verdict, (reason,) = says(record(), gate="approval")
    assert verdict is Verdict.INCONCLUSIVE
    assert "headgate approve green-10 --stack greenflow-production --by NAME --for 4h" in reason


def test_what_was_refused_is_named_newest_first() -> None:
    old = [record(at=NOW - HOUR - age) for age in (30, 10, 20, 40, 50)]
    verdict, reasons = says(*old, damaged=("x.json: it is empty",))
    assert verdict is Verdict.INCONCLUSIVE
    assert [reason.rpartition("it is ")[2] for reason in reasons[:3]] == [
        "1h10s old (at most 1h)", "1h20s old (at most 1h)", "1h30s old (at most 1h)",
    ]  # fmt: skip
    assert reasons[3:] == (
        "and 2 older ones",
        "x.json: it is empty is refused",
        "run: headgate gate --record --stack greenflow-production",
    )


def test_records_that_cannot_be_read_hold() -> None:
    verdict, reasons, _, at = found("smoke", Findings(error="no access"), STATE)
    assert (verdict, reasons, at) == (Verdict.INCONCLUSIVE, ("the evidence could not be read: no access",), 0)


def test_nothing_in_a_record_reaches_the_terminal_as_a_control() -> None:
    _, (reason,) = says(record(verdict=Verdict.FAILED, reasons=("a\x1b[2Jb\n" + "x" * 999,)))
    assert reason.startswith("a?[2Jb?")
    assert len(reason) == MOST_CHARACTERS
    _, reasons = says(record(by="x\x1b", step="\x1b"))
    assert all(each.isprintable() for each in reasons)
