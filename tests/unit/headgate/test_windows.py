"""Windows and freezes: what a plan writes, and when it lets a rollout move. 2026-01-05 is a Monday."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headgate import windows
from headgate.windows import DAY, DAYS, WEEK, Calendar, Freeze, Window

HOUR, MINUTE = 3600, 60
MONDAY = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
AFTERNOON = Window((0, 1, 2, 3), 14 * HOUR, 2 * HOUR)  # Monday to Thursday
NIGHT = Window((4,), 23 * HOUR, 3 * HOUR)  # Friday to Saturday
SUNDAY_NIGHT = Window((6,), 23 * HOUR, 2 * HOUR)  # into the next week
ALL_DAY = Window(tuple(range(7)), 0, DAY)
WHERE = "headgate:plan"


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """The moment in the week of Monday the 5th; `day` 0 is Monday."""
    return MONDAY + day * DAY + hour * HOUR + minute * MINUTE + second


class TestIsOpen:
    @pytest.mark.parametrize(
        ("listed", "moment", "is_open"),
        [
            ([], at(6, 3), True),
            ([AFTERNOON], at(0, 14), True),
            ([AFTERNOON], at(0, 13, 59, 59), False),
            ([AFTERNOON], at(0, 15, 59, 59), True),
            ([AFTERNOON], at(0, 16), False),
            ([AFTERNOON], at(3, 14), True),
            ([AFTERNOON], at(4, 14), False),
            ([NIGHT], at(4, 22, 59, 59), False),
            ([NIGHT], at(4, 23), True),
            ([NIGHT], at(5, 1, 59, 59), True),
            ([NIGHT], at(5, 2), False),
            ([NIGHT], at(4, 1), False),
            ([SUNDAY_NIGHT], at(0, 0, 59, 59), True),
            ([SUNDAY_NIGHT], at(0, 1), False),
            ([SUNDAY_NIGHT], at(6, 23), True),
            ([AFTERNOON, NIGHT], at(5, 1), True),
            ([AFTERNOON, NIGHT], at(5, 14), False),
            ([ALL_DAY], at(2, 23, 59, 59), True),
            ([AFTERNOON], 0, False),
            ([Window((3,), 0, 1)], 0, True),
        ],
    )
    def test_table(self, listed: list[Window], moment: int, is_open: bool) -> None:
        assert windows.is_open(listed, moment) is is_open


window_of_any_kind = st.builds(
    Window,
    st.lists(st.integers(0, 6), min_size=1, unique=True).map(lambda days: tuple(sorted(days))),
    st.integers(0, DAY // MINUTE - 1).map(lambda minutes: minutes * MINUTE),
    st.integers(1, DAY),
)
some_windows = st.lists(window_of_any_kind, max_size=3).map(tuple)
moments = st.integers(0, 4_102_444_800)  # to the year 2100


def open_by_the_calendar(window: Window, moment: int) -> bool:
    """As a person reads it: opened today or yesterday, on one of its days, and not yet closed."""
    today = datetime.fromtimestamp(moment, UTC).date()
    for day in (today.toordinal(), today.toordinal() - 1):
        midnight = (day - date(1970, 1, 1).toordinal()) * DAY
        opened = midnight + window.opens
        if date.fromordinal(day).weekday() in window.days and opened <= moment < opened + window.length:
            return True
    return False


@given(some_windows, moments)
def test_open_is_what_a_calendar_says(listed: tuple[Window, ...], moment: int) -> None:
    expected = not listed or any(open_by_the_calendar(window, moment) for window in listed)
    assert windows.is_open(listed, moment) is expected


class TestNextOpening:
    @pytest.mark.parametrize(
        ("listed", "moment", "opening"),
        [
            ([], at(6, 3), at(6, 3)),
            ([AFTERNOON], at(0, 14, 30), at(0, 14, 30)),
            ([AFTERNOON], at(0, 13), at(0, 14)),
            ([AFTERNOON], at(0, 16), at(1, 14)),
            ([AFTERNOON], at(3, 16), at(7, 14)),
            ([NIGHT], at(5, 2), at(11, 23)),
            ([AFTERNOON, NIGHT], at(3, 16), at(4, 23)),
            ([SUNDAY_NIGHT], at(0, 1), at(6, 23)),
        ],
    )
    def test_table(self, listed: list[Window], moment: int, opening: int) -> None:
        assert windows.next_opening(listed, moment) == opening

    @given(some_windows, moments)
    def test_it_is_the_first_second_that_is_open(self, listed: tuple[Window, ...], moment: int) -> None:
        opening = windows.next_opening(listed, moment)
        assert moment <= opening <= moment + WEEK
        assert windows.is_open(listed, opening)
        if opening > moment:
            # Nothing opens in between: windows open at their own time only, so these moments are enough.
            assert not windows.is_open(listed, opening - 1)
            openings = (
                moment - moment % DAY + ahead * DAY + window.opens for window in listed for ahead in range(-1, 9)
            )
            between = [each for each in openings if moment <= each < opening]
            assert not any(windows.is_open(listed, each) for each in (moment, *between))


class TestFrozen:
    SHORT, LONG = Freeze(100, 200, "short"), Freeze(150, 300, "long")

    @pytest.mark.parametrize(
        ("moment", "reason"),
        [(99, None), (100, "short"), (149, "short"), (150, "long"), (199, "long"), (299, "long"), (300, None)],
    )
    def test_it_is_the_one_that_ends_last(self, moment: int, reason: str | None) -> None:
        for freezes in ([self.SHORT, self.LONG], [self.LONG, self.SHORT]):
            found = windows.frozen(freezes, moment)
            assert (found.reason if found else None) == reason

    def test_without_any(self) -> None:
        assert windows.frozen([], 0) is None


FREEZE = Freeze(1000, 2000, "year end")


class TestLoosened:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (Calendar(), Calendar()),
            (Calendar(), Calendar((AFTERNOON,), (NIGHT,), (FREEZE,))),
            (Calendar((AFTERNOON,)), Calendar((AFTERNOON,))),
            (Calendar((AFTERNOON,)), Calendar((Window((1,), 14 * HOUR, HOUR),))),
            (Calendar((AFTERNOON,)), Calendar((Window((1,), 15 * HOUR, HOUR),))),
            (Calendar((AFTERNOON, NIGHT)), Calendar((NIGHT,))),
            (Calendar((NIGHT,)), Calendar((Window((5,), 0, 2 * HOUR),))),  # the part after midnight
            (Calendar((SUNDAY_NIGHT,)), Calendar((Window((0,), 0, HOUR),))),
            (Calendar(freezes=(FREEZE,)), Calendar(freezes=(Freeze(999, 2001, "longer"),))),
            (Calendar(freezes=(FREEZE,)), Calendar(freezes=(FREEZE, Freeze(3000, 4000, "more")))),
            (Calendar(freezes=(FREEZE,)), Calendar(freezes=(Freeze(1000, 2000, "another reason"),))),
        ],
    )
    def test_as_strict_or_stricter(self, old: Calendar, new: Calendar) -> None:
        assert windows.loosened(old, new) == ()

    @pytest.mark.parametrize(
        ("old", "new", "names"),
        [
            (Calendar((AFTERNOON,)), Calendar(), "windows.start"),
            (Calendar((AFTERNOON,)), Calendar((NIGHT,)), "windows.start"),
            (Calendar((AFTERNOON,)), Calendar((AFTERNOON, NIGHT)), "windows.start"),
            (Calendar((AFTERNOON,)), Calendar((Window((0,), 14 * HOUR, 2 * HOUR + 1),)), "windows.start"),
            (Calendar((AFTERNOON,)), Calendar((Window((0,), 14 * HOUR - 1, HOUR),)), "windows.start"),
            (Calendar((AFTERNOON,)), Calendar((Window((0, 4), 14 * HOUR, HOUR),)), "windows.start"),
            (Calendar((), (AFTERNOON,)), Calendar((AFTERNOON,)), "windows.advance"),
            (Calendar((NIGHT,)), Calendar((Window((5,), 0, 2 * HOUR + 1),)), "windows.start"),
            (Calendar(freezes=(FREEZE,)), Calendar(), "year end"),
            (Calendar(freezes=(FREEZE,)), Calendar(freezes=(Freeze(1001, 2000, "x"),)), "year end"),
            (Calendar(freezes=(FREEZE,)), Calendar(freezes=(Freeze(1000, 1999, "x"),)), "year end"),
        ],
    )
    def test_looser(self, old: Calendar, new: Calendar, names: str) -> None:
        (line,) = windows.loosened(old, new)
        assert names in line

    def test_everything_is_said(self) -> None:
        assert len(windows.loosened(Calendar((AFTERNOON,), (NIGHT,), (FREEZE,)), Calendar())) == 3

    @given(some_windows, some_windows, moments)
    def test_what_is_not_looser_opens_at_no_other_time(
        self, old: tuple[Window, ...], new: tuple[Window, ...], moment: int
    ) -> None:
        if windows.is_open(new, moment) and not windows.is_open(old, moment):
            assert windows.loosened(Calendar(old), Calendar(new))
            assert windows.loosened(Calendar((), old), Calendar((), new))

    @given(some_windows, st.data())
    def test_leaving_windows_out_is_stricter(self, old: tuple[Window, ...], data: st.DataObject) -> None:
        kept = tuple(window for window in old if data.draw(st.booleans()))
        assert (windows.loosened(Calendar(old), Calendar(kept)) == ()) is bool(kept or not old)


def parse(listed: object = None, freezes: object = None) -> tuple[Calendar, list[str]]:
    """The calendar, and where the problems are."""
    found, problems = windows.parse(listed, freezes, WHERE)
    return found, [problem.where.removeprefix(f"{WHERE}.") for problem in problems]


class TestParse:
    def test_nothing(self) -> None:
        assert parse() == (Calendar(), [])
        assert parse({}, []) == (Calendar(), [])
        assert parse({"start": None, "advance": []}) == (Calendar(), [])

    def test_everything(self) -> None:
        listed = {
            "start": [{"days": ["thu", "mon", "tue", "wed"], "from": "14:00", "for": "2h"}],
            "advance": [{"from": "9:30", "for": "90m"}, {"days": ["fri"], "from": "23:00", "for": "3h"}],
        }
        freezes = [{"from": "2026-12-19T00:00Z", "until": "2027-01-04T08:00+01:00", "reason": "year end"}]
        assert parse(listed, freezes) == (
            Calendar(
                (AFTERNOON,),
                (Window(tuple(range(7)), 9 * HOUR + 30 * MINUTE, 90 * MINUTE), NIGHT),
                (Freeze(1_797_638_400, 1_799_046_000, "year end"),),
            ),
            [],
        )

    @pytest.mark.parametrize(
        ("written", "opens"),
        [
            ('"14:00"', 14 * HOUR),
            ("14:00", 14 * HOUR),  # YAML 1.1: a number to base 60
            ("9:05", 9 * HOUR + 5 * MINUTE),
            ("09:05", 9 * HOUR + 5 * MINUTE),
            ('"00:00"', 0),
            ('"23:59"', 23 * HOUR + 59 * MINUTE),
        ],
    )
    def test_a_time_of_day_however_a_yaml_reader_takes_it(self, written: str, opens: int) -> None:
        raw = yaml.safe_load(f"start: [{{from: {written}, for: 1h}}]")
        assert parse(raw) == (Calendar((Window(tuple(range(7)), opens, HOUR),)), [])

    @pytest.mark.parametrize("written", ["24:00", "14:60", "1400", "2pm", "-1:00", "14:00:00", "14", ""])
    def test_a_time_of_day_that_is_none(self, written: str) -> None:
        assert parse({"start": [{"from": written, "for": "1h"}]})[1] == ["windows.start[0].from"]

    @pytest.mark.parametrize("written", [True, -1, 24 * 60, 14.5, None, ["14:00"]])
    def test_nor_is_anything_else(self, written: object) -> None:
        assert parse({"start": [{"from": written, "for": "1h"}]})[1] == ["windows.start[0].from"]

    @pytest.mark.parametrize(
        "written",
        ['"2026-12-19T00:00Z"', "2026-12-19T00:00:00Z", '"2026-12-19"', "2026-12-19", '"2026-12-19 00:00"',
         "2026-12-19 00:00:00", '"2026-12-19T01:00+01:00"', "2026-12-19T01:00:00+01:00"],
    )  # fmt: skip
    def test_a_moment_however_a_yaml_reader_takes_it(self, written: str) -> None:
        """Unquoted, PyYAML makes dates and times of them, with a zone or without."""
        raw = yaml.safe_load(f"[{{from: {written}, until: 2027-01-04, reason: year end}}]")
        assert parse(None, raw) == (Calendar(freezes=(Freeze(1_797_638_400, 1_799_020_800, "year end"),)), [])

    def test_pulumi_hands_them_over_as_texts(self) -> None:
        raw = json.loads('[{"from": "2026-12-19T00:00:00Z", "until": "2027-01-04T00:00:00Z", "reason": "year end"}]')
        assert parse(None, raw) == (Calendar(freezes=(Freeze(1_797_638_400, 1_799_020_800, "year end"),)), [])

    @pytest.mark.parametrize(
        ("listed", "where"),
        [
            ("daily", ["windows"]),
            ([], ["windows"]),
            ({"stop": []}, ["windows.stop"]),
            ({"start": "14:00"}, ["windows.start"]),
            ({"start": {"from": "14:00"}}, ["windows.start"]),
            ({"start": ["14:00"]}, ["windows.start[0]", "windows.start[0].from", "windows.start[0].for"]),
            ({"start": [{"from": "14:00", "for": "2h", "until": "16:00"}]}, ["windows.start[0].until"]),
            ({"start": [{"days": [], "from": "14:00", "for": "2h"}]}, ["windows.start[0].days"]),
            ({"start": [{"days": "mon", "from": "14:00", "for": "2h"}]}, ["windows.start[0].days"]),
            ({"start": [{"days": ["Mon"], "from": "14:00", "for": "2h"}]}, ["windows.start[0].days"]),
            ({"start": [{"days": [0], "from": "14:00", "for": "2h"}]}, ["windows.start[0].days"]),
            ({"advance": [{"from": "14:00"}]}, ["windows.advance[0].for"]),
            ({"advance": [{"from": "14:00", "for": "25h"}]}, ["windows.advance[0].for"]),
            ({"advance": [{"from": "14:00", "for": "0s"}]}, ["windows.advance[0].for"]),
            ({"advance": [{"from": "14:00", "for": 2}]}, ["windows.advance[0].for"]),
            (
                {"start": [{"from": "x", "for": "1h"}], "advance": [{"from": "14:00", "for": "x"}]},
                ["windows.start[0].from", "windows.advance[0].for"],
            ),
        ],
    )
    def test_wrong_windows_with_their_place(self, listed: object, where: list[str]) -> None:
        assert parse(listed)[1] == where

    @pytest.mark.parametrize(
        ("freezes", "where"),
        [
            ("december", ["freezes"]),
            ({}, ["freezes"]),
            ([{}], ["freezes[0].from", "freezes[0].until", "freezes[0].reason"]),
            ([{"from": "2026-12-19", "until": "2026-12-18", "reason": "x"}], ["freezes[0].until"]),
            ([{"from": "2026-12-19", "until": "2026-12-19", "reason": "x"}], ["freezes[0].until"]),
            ([{"from": "soon", "until": "2026-12-19", "reason": "x"}], ["freezes[0].from"]),
            ([{"from": "2026-12-19", "until": 1_800_000_000, "reason": "x"}], ["freezes[0].until"]),
            ([{"from": "2026-12-19", "until": "2026-12-20", "reason": " "}], ["freezes[0].reason"]),
            ([{"from": "2026-12-19", "until": "2026-12-20", "reason": 7}], ["freezes[0].reason"]),
            ([{"from": "2026-12-19", "until": "2026-12-20", "reason": "x", "for": "1d"}], ["freezes[0].for"]),
            ([{"from": "2026-13-19", "until": "2026-02-30", "reason": "x"}], ["freezes[0].from", "freezes[0].until"]),
        ],
    )
    def test_wrong_freezes_with_their_place(self, freezes: object, where: list[str]) -> None:
        assert parse(None, freezes)[1] == where

    def test_every_problem_says_what_is_expected(self) -> None:
        _, problems = windows.parse({"start": [{"from": "2pm", "for": "1h"}]}, [{"from": "soon"}], WHERE)
        texts = "\n".join(map(str, problems))
        expected = "found '2pm'; expected a time in UTC such as \"14:00\""
        assert f"headgate:plan.windows.start[0].from: {expected}" in texts
        assert "headgate:plan.freezes[0].reason: found nothing; expected a non-empty text" in texts


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "advance", "days", "from", "for", "until", "reason", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(anything, anything)
def test_parse_is_total_and_what_it_accepts_can_be_used(listed: object, freezes: object) -> None:
    calendar, problems = windows.parse(listed, freezes, WHERE)
    assert all(str(problem).startswith(f"{WHERE}.") for problem in problems)
    if not problems:
        assert windows.from_dict(windows.to_dict(calendar)) == calendar
        for each in (calendar.start, calendar.advance):
            assert windows.is_open(each, windows.next_opening(each, MONDAY))


calendars = st.builds(
    Calendar,
    some_windows,
    some_windows,
    st.lists(
        st.tuples(moments, st.integers(1, WEEK), st.text(min_size=1, max_size=5)).map(
            lambda drawn: Freeze(drawn[0], drawn[0] + drawn[1], drawn[2])
        ),
        max_size=3,
    ).map(tuple),
)


class TestDicts:
    @given(calendars)
    def test_roundtrip_with_the_floats_that_pulumi_makes_of_numbers(self, calendar: Calendar) -> None:
        raw = json.loads(json.dumps(windows.to_dict(calendar)))
        assert windows.from_dict(raw) == calendar
        assert windows.from_dict(floats(raw)) == calendar

    def test_what_is_empty_is_left_out(self) -> None:
        assert windows.to_dict(Calendar()) == {}
        assert set(windows.to_dict(Calendar((AFTERNOON,)))) == {"start"}
        assert windows.from_dict(None) == windows.from_dict({}) == Calendar()

    @pytest.mark.parametrize(
        "raw",
        [
            {"start": [{"days": [0], "opens": 0}]},
            {"start": [{"days": ["mon"], "opens": 0, "length": 1}]},
            {"advance": [{"days": [0], "opens": 0.5, "length": 1}]},
            {"freezes": [{"since": 0, "until": "1", "reason": "x"}]},
            {"freezes": [None]},
            {"start": 1},
        ],
    )
    def test_other_shapes(self, raw: dict[str, Any]) -> None:
        with pytest.raises((KeyError, TypeError, ValueError)):
            windows.from_dict(raw)


def floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [floats(each) for each in value]
    return float(value) if isinstance(value, int) else value


class TestWords:
    @pytest.mark.parametrize(
        ("listed", "shown"),
        [
            ([], "always"),
            ([AFTERNOON], "mon tue wed thu 14:00 UTC for 2h"),
            ([ALL_DAY], "daily 00:00 UTC for 1d"),
            ([Window((0,), 9 * HOUR + 5 * MINUTE, 90 * MINUTE), NIGHT],
             "mon 09:05 UTC for 1h30m; fri 23:00 UTC for 3h"),
        ],
    )  # fmt: skip
    def test_windows(self, listed: list[Window], shown: str) -> None:
        assert windows.show_windows(listed) == shown

    def test_moments(self) -> None:
        assert windows.show_moment(MONDAY) == "2026-01-05 00:00 UTC"
        assert windows.show_moment(MONDAY + 1) == "2026-01-05 00:00:01 UTC"
        freeze = Freeze(MONDAY, MONDAY + DAY, "year end")
        assert windows.show_freeze(freeze) == "2026-01-05 00:00 UTC to 2026-01-06 00:00 UTC (year end)"

    def test_days_are_in_the_order_of_the_calendar(self) -> None:
        names = [datetime.fromtimestamp(at(day), UTC).strftime("%a").lower() for day in range(7)]
        assert list(DAYS) == names
