"""Configuration values changed by path."""

import pytest

from headgate.engine.edit import PathError, edited, parse

CURRENT = {
    "headgate:step": "idle",
    "headgate:release": {"live": {"version": "1"}, "candidate": {"version": "2"}},
    "headgate:plan": {"steps": [{"bake": "5m"}, {"bake": "1h"}]},
}


@pytest.mark.parametrize(
    ("path", "key", "parts"),
    [
        ("headgate:step", "headgate:step", ()),
        ("headgate:plan.steps[2].bake", "headgate:plan", ("steps", 2, "bake")),
        ('aws:a["b.c"][0].d', "aws:a", ("b.c", 0, "d")),
        ('aws:a.["b\\"c"]', "aws:a", ('b"c',)),
    ],
)
def test_a_path_is_a_key_and_a_way_inside(path: str, key: str, parts: tuple[object, ...]) -> None:
    assert parse(path) == (key, parts)


@pytest.mark.parametrize("path", ["", "step", "headgate:", "headgate:a..b", "headgate:a[x]", "headgate:a[0"])
def test_what_is_no_path_is_said(path: str) -> None:
    with pytest.raises(PathError, match="expected"):
        parse(path)


def test_values_are_put_and_dropped() -> None:
    changed, gone = edited(
        CURRENT,
        {"headgate:release.standby": {"version": "1"}, "headgate:plan.steps[1].bake": "2h", "aws:new.list[0]": "a"},
        ["headgate:release.candidate", "headgate:step"],
    )
    assert changed == {
        "headgate:release": {"live": {"version": "1"}, "standby": {"version": "1"}},
        "headgate:plan": {"steps": [{"bake": "5m"}, {"bake": "2h"}]},
        "aws:new": {"list": ["a"]},
    }
    assert gone == ("headgate:step",)
    assert CURRENT["headgate:plan"] == {"steps": [{"bake": "5m"}, {"bake": "1h"}]}


def test_what_stays_the_same_is_no_change() -> None:
    values = {"headgate:step": "idle", "headgate:release.live.version": "1"}
    assert edited(CURRENT, values, ["headgate:release.none.at.all", "headgate:plan.steps[9]", "aws:x", "aws:x.y"]) == (
        {},
        (),
    )


def test_a_key_that_is_removed_and_set_is_set() -> None:
    assert edited(CURRENT, {"headgate:step": "b"}, ["headgate:step"]) == ({"headgate:step": "b"}, ())


@pytest.mark.parametrize("path", ["headgate:step.deeper", "headgate:plan.steps[5]", "headgate:step[0]"])
def test_a_way_through_something_else_is_refused(path: str) -> None:
    with pytest.raises(PathError, match="headgate:"):
        edited(CURRENT, {path: 1})
