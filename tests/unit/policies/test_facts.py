"""From the SDK's proxies to plain values, and reading them without mistaking what is not known."""

import json
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    unknown_checking_proxy,
)

from policies.facts import UNKNOWN, Malformed, Node, NotKnown, Several, Unreadable, canonical, in_turn, plain
from tests.support.servicer import secret

EVERY_UNKNOWN = (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)


def received(values: dict[str, Any]) -> object:
    """`values` after the way from the engine through the SDK."""
    struct = struct_pb2.Struct()
    struct.update(values)
    return unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(struct)))


@pytest.mark.parametrize("unknown", EVERY_UNKNOWN)
def test_every_kind_of_unknown_is_kept_apart(unknown: str) -> None:
    given = {"top": unknown, "in": {"a": [1, unknown, {"b": unknown}]}, "known": "x"}
    assert plain(received(given)) == {"top": UNKNOWN, "in": {"a": [1, UNKNOWN, {"b": UNKNOWN}]}, "known": "x"}


def test_whole_numbers_are_ints_again() -> None:
    found = plain(received({"seven": 7, "half": 0.5, "negative": -1, "yes": True, "none": None}))
    expected = '{"half": 0.5, "negative": -1, "none": null, "seven": 7, "yes": true}'
    assert json.dumps(found, sort_keys=True) == expected


def test_notes_of_the_provider_are_left_out() -> None:
    assert plain(received({"__defaults": ["a"], "in": {"__defaults": [], "a": 1}})) == {"in": {"a": 1}}


def test_secrets_are_unwrapped_by_the_sdk() -> None:
    """That is why no rule may repeat a text: it cannot tell."""
    assert plain(received({"password": secret("hunter2")})) == {"password": "hunter2"}


def test_assets_are_no_data() -> None:
    assert plain({"code": pulumi.StringAsset("x")}) == {"code": "<StringAsset>"}


NODE = Node(
    plain({"a": {"b": 1, "unknown": UNKNOWN}, "list": ["x", UNKNOWN], "null": None, "unknown": UNKNOWN, "text": "t"})
)


def test_a_missing_key_and_null_are_the_same() -> None:
    for key in ("missing", "null"):
        assert not NODE.has(key)
        assert NODE.get(key) is None
        assert NODE.flag(key) is None
        assert NODE.number(key) is None
        assert NODE.text(key) is None
        assert NODE.items(key) == ()
        assert NODE.texts(key) == ()
        assert NODE.count(key) == 0
        assert NODE.node(key).get("deeper") is None
        assert NODE.document(key).elements() == ()


@pytest.mark.parametrize("read", ["get", "flag", "number", "text", "items", "texts", "count", "document"])
def test_reading_an_unknown_value_says_where(read: str) -> None:
    with pytest.raises(NotKnown) as caught:
        getattr(NODE.node("a"), read)("unknown")
    assert caught.value.path == "a.unknown"


def test_an_unknown_value_is_there() -> None:
    assert NODE.has("unknown")


def test_nothing_inside_an_unknown_value_is_known() -> None:
    inside = NODE.node("unknown")
    with pytest.raises(NotKnown) as caught:
        inside.has("anything")
    assert caught.value.path == "unknown"


def test_a_list_can_be_counted_although_an_element_is_not_known() -> None:
    assert NODE.count("list") == 2
    with pytest.raises(NotKnown, match=r"list\[1\]"):
        NODE.texts("list")


@pytest.mark.parametrize(
    ("read", "key"),
    [
        ("get", "a"),
        ("get", "list"),
        ("flag", "text"),
        ("number", "text"),
        ("items", "text"),
        ("items", "a"),
        ("count", "text"),
        ("document", "text"),
    ],
)
def test_a_value_of_another_kind_is_said_to_be(read: str, key: str) -> None:
    with pytest.raises(Malformed) as caught:
        getattr(NODE, read)(key)
    assert caught.value.path == key


def test_reading_inside_a_text_is_said_to_be_wrong() -> None:
    with pytest.raises(Malformed, match="text"):
        NODE.node("text").get("deeper")


@pytest.mark.parametrize(("written", "found"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_flags(written: object, found: bool) -> None:
    assert Node({"x": plain(written)}).flag("x") is found


@pytest.mark.parametrize(("written", "found"), [(5, 5), (0.5, 0.5), ("60", 60), ("-1", -1)])
def test_numbers(written: object, found: float) -> None:
    assert Node({"x": plain(written)}).number("x") == found


@pytest.mark.parametrize("written", [True, "six", "", "1-1", "-"])
def test_no_numbers(written: object) -> None:
    with pytest.raises(Malformed):
        Node({"x": plain(written)}).number("x")


def test_a_document_is_parsed_and_keeps_its_place() -> None:
    containers = Node({"definitions": '[{"name": "api", "cpu": 2.0}]'}).document("definitions").elements()
    assert [container.path for container in containers] == ["definitions[0]"]
    assert containers[0].get("cpu") == 2


def test_known_gives_the_whole_value_or_the_first_place_that_is_not() -> None:
    assert NODE.node("a").get("b") == 1
    with pytest.raises(NotKnown, match=r"^a\.unknown$"):
        NODE.known()
    assert Node({"a": [1]}).known() == {"a": [1]}


def test_in_turn_finds_everything_and_then_says_what_it_could_not_read() -> None:
    def unreadable(path: str) -> Any:
        yield f"before {path}"
        raise NotKnown(path)

    found: list[str] = []
    with pytest.raises(Several) as caught:
        found.extend(in_turn(unreadable("a"), ["b is wrong"], unreadable("c")))
    assert found == ["before a", "b is wrong", "before c"]
    assert [each.path for each in caught.value.all] == ["a", "c"]
    assert list(in_turn(["x"], [])) == ["x"]


def test_in_turn_can_be_nested() -> None:
    def unreadable() -> Any:
        raise Malformed("a", "a text")
        yield

    with pytest.raises(Unreadable) as caught:
        list(in_turn(in_turn(unreadable(), unreadable()), unreadable()))
    assert [each.path for each in caught.value.all] == ["a", "a", "a"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("aws:alb/targetGroup:TargetGroup", "aws:lb/targetGroup:TargetGroup"),
        ("aws:lb/targetGroup:TargetGroup", "aws:lb/targetGroup:TargetGroup"),
        ("aws:albums/x:X", "aws:albums/x:X"),
        ("headgate:index:Rollout", "headgate:index:Rollout"),
    ],
)
def test_canonical(token: str, expected: str) -> None:
    assert canonical(token) == expected
