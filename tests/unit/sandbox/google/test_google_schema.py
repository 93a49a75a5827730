"""Whether JSON fits a schema: a table of values as clients send them."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.google.schema import Reader

SCHEMAS: dict[str, dict[str, Any]] = {
    "Thing": {
        "properties": {
            "count": {"type": "integer", "format": "int32"},
            "size": {"type": "string", "format": "int64"},
            "ratio": {"type": "number", "format": "double"},
            "on": {"type": "boolean"},
            "data": {"type": "string", "format": "byte"},
            "at": {"type": "string", "format": "google-datetime"},
            "for": {"type": "string", "format": "google-duration"},
            "displayName": {"type": "string"},
            "color": {"type": "string", "enum": ["COLOR_UNSPECIFIED", "RED", "BLUE"]},
            "stage": {"type": "string", "enum": ["LAUNCH_STAGE_UNSPECIFIED", "UNIMPLEMENTED", "EARLY_ACCESS", "GA"]},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "parts": {"type": "array", "items": {"$ref": "Part"}},
            "part": {"$ref": "Part"},
            "uid": {"type": "string", "readOnly": True},
            "link": {"type": "string", "description": "[Output Only] Where it is."},
            "free": {"type": "any"},
        }
    },
    "Part": {
        "properties": {
            "name": {"type": "string", "description": "Required. What it is called."},
            "weight": {"type": "integer", "format": "int32", "description": "Required. Zero is left out by clients."},
        }
    },
}


def read(value: object, *, answers: bool = False) -> tuple[dict[str, Any], list[str]]:
    reader = Reader(SCHEMAS, answers=answers)
    result = reader.message("Thing", value, "thing")
    return result, [where for where, _ in reader.problems]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"count": 3}, {"count": 3}),
        ({"count": "3"}, {"count": 3}),
        ({"count": 3.0}, {"count": 3}),
        ({"size": "9007199254740993"}, {"size": "9007199254740993"}),
        ({"size": 5}, {"size": "5"}),
        ({"ratio": 1}, {"ratio": 1}),
        ({"ratio": "0.5"}, {"ratio": 0.5}),
        ({"on": False}, {"on": False}),
        ({"data": base64.b64encode(b"\xff\xfe?").decode()}, {"data": "//4/"}),
        ({"data": "__4_"}, {"data": "__4_"}),
        ({"at": "2026-11-21T14:00:00.123456789Z"}, {"at": "2026-11-21T14:00:00.123456789Z"}),
        ({"for": "3.5s"}, {"for": "3.5s"}),
        ({"display_name": "x"}, {"displayName": "x"}),
        ({"color": "RED"}, {"color": "RED"}),
        ({"color": 2}, {"color": "BLUE"}),
        ({"stage": 4}, {"stage": "GA"}),
        ({"stage": 1}, {"stage": "EARLY_ACCESS"}),
        ({"labels": {"a_b": "1"}}, {"labels": {"a_b": "1"}}),
        ({"part": None, "count": None}, {}),
        ({"parts": [{"name": "a"}]}, {"parts": [{"name": "a"}]}),
        ({"uid": "mine", "link": "x"}, {}),
        ({"free": [1, None]}, {"free": [1, None]}),
    ],
)
def test_what_fits(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert read(sent) == (kept, [])


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({"count": "three"}, "thing.count"),
        ({"count": True}, "thing.count"),
        ({"count": 2**31}, "thing.count"),
        ({"count": 1.5}, "thing.count"),
        ({"size": "1.5"}, "thing.size"),
        ({"size": str(2**63)}, "thing.size"),
        ({"size": True}, "thing.size"),
        ({"ratio": "half"}, "thing.ratio"),
        ({"on": "true"}, "thing.on"),
        ({"on": 1}, "thing.on"),
        ({"data": "%%"}, "thing.data"),
        ({"at": "yesterday"}, "thing.at"),
        ({"at": "2026-11-21T14:00:00"}, "thing.at"),
        ({"for": "5m"}, "thing.for"),
        ({"displayName": 5}, "thing.displayName"),
        ({"color": "GREEN"}, "thing.color"),
        ({"color": 3}, "thing.color"),
        ({"color": True}, "thing.color"),
        ({"labels": []}, "thing.labels"),
        ({"labels": {"a": 1}}, "thing.labels.a"),
        ({"parts": {}}, "thing.parts"),
        ({"parts": [None]}, "thing.parts[0]"),
        ({"parts": [{"weight": 1}]}, "thing.parts[0].name"),
        ({"part": "x"}, "thing.part"),
        ({"part": {}}, "thing.part.name"),
        ({"colour": "RED"}, "thing"),
        ({"part": {"name": "a", "mass": 1}}, "thing.part"),
        ([], "thing"),
    ],
)
def test_what_does_not_fit_and_where(sent: object, where: str) -> None:
    assert read(sent)[1] == [where]


def test_every_problem_is_told_at_once() -> None:
    assert read({"count": "x", "on": 0, "no": 1})[1] == ["thing.count", "thing.on", "thing"]


@pytest.mark.parametrize("answer", [{"size": 5}, {"count": "5"}, {"part": None}, {"color": 1}, {"display_name": "x"}])
def test_an_answer_has_the_canonical_form(answer: dict[str, Any]) -> None:
    assert read(answer, answers=True)[1]


def test_an_answer_may_have_output_only_fields_and_lack_required_ones() -> None:
    assert read({"uid": "1", "part": {}}, answers=True) == ({"uid": "1", "part": {}}, [])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_value_makes_the_reader_fail(value: object) -> None:
    for name in SCHEMAS["Thing"]["properties"]:
        result, problems = read({name: value})
        assert problems or set(result) <= {name}
