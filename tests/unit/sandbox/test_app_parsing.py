"""What the sample service takes as an item and as a fault."""

import pytest

from sandbox.app import faults
from sandbox.app.faults import Fault, Faults
from sandbox.app.service import parse_item
from sandbox.serving import Unusable


def test_items_that_are_taken() -> None:
    assert parse_item(b'{"name": "a"}') == ("a", 1)
    assert parse_item('{"name": "ä", "quantity": 0}'.encode()) == ("ä", 0)


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (b"", ["not JSON"]),
        (b"\xff", ["not JSON"]),
        (b"[]", ["found list"]),
        (b"{}", ["name"]),
        (b'{"name": ""}', ["name"]),
        (b'{"name": 1, "quantity": -1, "colour": "red"}', ["name", "quantity", "colour"]),
        (b'{"name": "a", "quantity": true}', ["quantity"]),
        (b'{"name": "a", "quantity": 1.5}', ["quantity"]),
        (b'{"name": "a", "quantity": 99999999999999999999}', ["quantity"]),
    ],
)
def test_items_that_are_refused_with_all_problems_at_once(body: bytes, problems: list[str]) -> None:
    with pytest.raises(Unusable) as refused:
        parse_item(body)
    for problem in problems:
        assert problem in str(refused.value)


def test_faults_that_are_taken() -> None:
    assert faults.parse({}) == (Fault(0.0, 0.0), None)
    assert faults.parse({"error_rate": 1, "latency_ms": 5, "seed": 3}) == (Fault(1.0, 5.0), 3)


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ([], ["found list"]),
        ({"error_rate": 1.1, "latency_ms": -1}, ["error_rate: found 1.1", "latency_ms: found -1"]),
        (
            {"error_rate": "1", "seed": "x", "colour": 1},
            ["error_rate: found '1'", "seed: found 'x'", "colour"],
        ),
        ({"error_rate": float("nan")}, ["error_rate"]),
        ({"error_rate": True}, ["error_rate"]),
    ],
)
def test_faults_that_are_refused_with_all_problems_at_once(content: object, problems: list[str]) -> None:
    with pytest.raises(Unusable) as refused:
        faults.parse(content)
    for problem in problems:
        assert problem in str(refused.value)


def test_a_seeded_fault_strikes_the_same_requests_again() -> None:
    runs = []
    for _ in range(2):
        dice = Faults()
        dice.plant(Fault(error_rate=0.3), seed=7)
        runs.append([dice.strikes() for _ in range(1000)])
    assert runs[0] == runs[1]
    assert 250 < sum(runs[0]) < 350


@pytest.mark.parametrize(("rate", "strikes"), [(0.0, False), (1.0, True)])
def test_never_and_always(rate: float, strikes: bool) -> None:
    dice = Faults(1)
    dice.plant(Fault(error_rate=rate))
    assert {dice.strikes() for _ in range(100)} == {strikes}
