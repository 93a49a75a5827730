"""Which properties change, and how the engine is told."""

from typing import Any

import pytest

from sandbox.plugins.differ import Change, Kind, changes
from sandbox.plugins.values import UNKNOWN


def actions(blue: int, green: int) -> list[dict[str, Any]]:
    groups = [{"arn": "blue", "weight": blue}, {"arn": "green", "weight": green}]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


def found(old: dict[str, Any], new: dict[str, Any], state: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(change.path, change.kind) for change in changes(old, old if state is None else state, new)]


def test_a_weight_is_named_by_its_path() -> None:
    old, new = {"defaultActions": actions(90, 10)}, {"defaultActions": actions(50, 50)}
    assert found(old, new) == [
        ("defaultActions[0].forward.targetGroups[0].weight", "UPDATE"),
        ("defaultActions[0].forward.targetGroups[1].weight", "UPDATE"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", "UPDATE")]),
        ({}, {"a": 1}, [("a", "ADD")]),
        ({"a": 1}, {}, [("a", "DELETE")]),
        ({"a": []}, {}, []),
        ({"a": [1]}, {"a": [1, 2]}, [("a[1]", "ADD")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[1]", "DELETE")]),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, [("a.c", "ADD"), ("a.b", "DELETE")]),
        ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 2}]}}, [("a.b[0].c", "UPDATE")]),
        ({"a": "x"}, {"a": {"b": 1}}, [("a", "UPDATE")]),
        ({"tags": {"a.b": 1}}, {"tags": {"a.b": 2}}, [('tags["a.b"]', "UPDATE")]),
        ({"tags": {"managed-by": 1}}, {"tags": {"managed-by": 2}}, [("tags.managed-by", "UPDATE")]),
        ({"tags": {'a"[': 1}}, {"tags": {}}, [('tags["a\\"["]', "DELETE")]),
    ],
)
def test_the_tree(old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(old, new) == expected


def test_a_default_of_the_cloud_is_no_difference() -> None:
    assert found({"port": 80}, {"port": 80}, state={"port": 80, "idleTimeout": 60}) == []


def test_what_the_cloud_did_not_take_is_seen_again() -> None:
    asked = {"weight": 10}
    assert found(asked, asked, state={"weight": 0}) == [("weight", "UPDATE")]


def test_what_the_state_does_not_hold_is_compared_with_what_was_asked() -> None:
    assert found({"skipFinalSnapshot": True}, {"skipFinalSnapshot": True}, state={}) == []
    assert found({"skipFinalSnapshot": True}, {"skipFinalSnapshot": False}, state={}) == [
        ("skipFinalSnapshot", "UPDATE")
    ]


def test_an_unknown_value_always_changes() -> None:
    assert found({"arn": "a"}, {"arn": UNKNOWN}) == [("arn", "UPDATE")]
    assert found({"a": {"b": ["x", "y"]}}, {"a": {"b": ["x", UNKNOWN]}}) == [("a.b[1]", "UPDATE")]


def test_what_the_provider_filled_in_is_no_property() -> None:
    assert found({"__defaults": ["name"]}, {}) == []
    assert found({}, {"__defaults": ["name"]}) == []


def test_a_forced_replacement_is_marked() -> None:
    assert changes({"name": "a"}, {"name": "a"}, {"name": "b"}, force_new={"name"}) == [
        Change("name", "name", Kind.UPDATE, replaces=True)
    ]
    assert changes({"name": "a"}, {"name": "a"}, {}, force_new={"name"}) == [
        Change("name", "name", Kind.DELETE, replaces=True)
    ]


def test_what_means_the_same_does_not_change() -> None:
    def sorted_alike(key: str, old: Any, new: Any) -> bool:
        return sorted(old) == sorted(new)

    assert changes({"subnets": ["a", "b"]}, {}, {"subnets": ["b", "a"]}, same=sorted_alike) == []
