"""Comments beside figures, by key."""

import pytest

from headgate.presets import PRESETS
from stacks.docs import sources

SOURCE = """
# Of the module.
OTHER: dict = {"a": 1}  # not ours
TABLE: dict = Map(
    {
        "first": {
            # Above,
            # in two lines.
            "hold": 1,
            "rollback": 2,  # beside
        },
        # Of the whole.
        "second": {"hold": 1, "rollback": 2},  # also of the whole
        "third": 3,
    }
)
"""


def test_comments_go_to_the_key_beside_or_below() -> None:
    assert sources.read(SOURCE, "TABLE") == {
        ("first", "hold"): "Above, in two lines.",
        ("first", "rollback"): "beside",
        ("second",): "Of the whole. also of the whole",
    }


def test_a_dictionary_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="no annotated dictionary MISSING"):
        sources.read(SOURCE, "MISSING")


def test_every_figure_of_the_presets_has_a_source() -> None:
    found = sources.of_presets()
    bare = [
        (preset, metric)
        for preset, limits in PRESETS.items()
        for metric in limits
        if (preset,) not in found and not any(path[:2] == (preset, metric) for path in found)
    ]
    assert bare == []


def test_every_source_belongs_to_a_figure() -> None:
    for preset, *rest in sources.of_presets():
        figures = PRESETS[preset]
        for part in rest:
            assert part in figures
            figures = figures[part]
