"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("72h", 259_200),
        ("7d", 604_800),
        ("1h30m", 5_400),
        ("1d2h3m4s", 93_784),
        (" 10m ", 600),
        ("0s", 0),
        ("0", 0),
        (0, 0),
        (0.0, 0),
        ("90m", 5_400),
    ],
)
def test_parse(written: object, seconds: int) -> None:
    assert duration.parse(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        None, True, False, 5, 5.0, "", " ", "5", "5 m", "m", "-5m", "1.5h", "5M", "5min", "5m 30s", "1w", "5m,", [], {},
        "\N{ARABIC-INDIC DIGIT FIVE}m", "9" * 5000 + "s",
    ],
)  # fmt: skip
def test_refused(written: object) -> None:
    assert duration.parse(written) is None


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (5_400, "1h30m"), (86_400, "1d"), (259_200, "3d"), (-90, "-1m30s")],
)
def test_show(seconds: int, shown: str) -> None:
    assert duration.show(seconds) == shown


@given(st.integers(0, 10**13))
def test_what_is_shown_is_read_back(seconds: int) -> None:
    assert duration.parse(duration.show(seconds)) == seconds


@given(st.text() | st.floats() | st.integers() | st.binary() | st.none() | st.lists(st.integers()))
def test_parse_never_raises(written: object) -> None:
    seconds = duration.parse(written)
    assert seconds is None or seconds >= 0
