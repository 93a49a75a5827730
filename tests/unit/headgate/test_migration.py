"""`headgate:migration`: read with every problem at once."""

import pytest

from headgate.migration import Migration, parse

WHERE = "headgate:migration"


def test_a_declaration_is_read() -> None:
    raw = {"schema": 8, "reads": {"2026.01.28": "7-8", "2026.02.11": 8}}
    assert parse(raw, WHERE) == (Migration(8, {"2026.01.28": (7, 8), "2026.02.11": (8, 8)}), ())
    assert parse(None, WHERE) == (None, ())


@pytest.mark.parametrize(
    ("raw", "places"),
    [
        ("8", [WHERE]),
        ({}, [f"{WHERE}.schema", f"{WHERE}.reads"]),
        ({"schema": -1, "reads": {}}, [f"{WHERE}.schema"]),
        ({"schema": True, "reads": {"a": "8-7", "b": "x", "c": True, "d": None, "e": -1}},
         [f"{WHERE}.schema", *(f"{WHERE}.reads.{version}" for version in "abcde")]),
        ({"schema": 8, "reads": [], "last": "expand"}, [f"{WHERE}.last", f"{WHERE}.reads"]),
    ],
)  # fmt: skip
def test_every_problem_is_said(raw: object, places: list[str]) -> None:
    found, problems = parse(raw, WHERE)
    assert found is None
    assert [each.where for each in problems] == places
    assert all(each.expected and each.fix for each in problems)
