"""When a rollout may move: weekly windows and freezes, in UTC. Pure: the moment is an argument."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from headgate import duration
from headgate.problems import Problem
from headgate.wire import show, whole

DAY = 86400
WEEK = 7 * DAY
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH_DAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True)
class Window:
    """A time that comes every week. `days`: 0 is Monday; `opens`: seconds after midnight UTC; `length`: seconds."""

    days: tuple[int, ...]
    opens: int
    length: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """From `since` until before `until` (epoch seconds) nothing moves forward, for `reason`."""

    since: int
    until: int
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """`start`: windows in which a rollout may begin, `advance`: in which it may go on; without any, always."""

    start: tuple[Window, ...] = ()
    advance: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()


def is_open(windows: Sequence[Window], moment: int) -> bool:
    """Whether `moment` (epoch seconds) lies in one of `windows`; no windows are always open."""
    return not windows or any(_since_opening(window, moment) < window.length for window in windows)


def next_opening(windows: Sequence[Window], moment: int) -> int:
    """The next epoch second from `moment` on at which one of `windows` is open."""
    if is_open(windows, moment):
        return moment
    midnight = moment - moment % DAY
    openings = (
        midnight + ahead * DAY + window.opens
        for window in windows
        for ahead in range(8)
        if _weekday(midnight + ahead * DAY) in window.days
    )
    return min(opening for opening in openings if opening >= moment)


def frozen(freezes: Sequence[Freeze], moment: int) -> Freeze | None:
    """The freeze in force at `moment`, the one that ends last; None when there is none."""
    running = [freeze for freeze in freezes if freeze.since <= moment < freeze.until]
    return max(running, key=lambda freeze: freeze.until, default=None)


def loosened(old: Calendar, new: Calendar) -> tuple[str, ...]:
    """One line for everything in `new` that lets a rollout move when `old` did not."""
    found = []
    for name, before, after in (("start", old.start, new.start), ("advance", old.advance, new.advance)):
        if before and (not after or not all(_covered(window, before) for window in after)):
            found.append(f"windows.{name} went from {show_windows(before)} to {show_windows(after)}")
    found.extend(
        f"the freeze {show_freeze(freeze)} was shortened or removed"
        for freeze in old.freezes
        if not any(each.since <= freeze.since and freeze.until <= each.until for each in new.freezes)
    )
    return tuple(found)


def _covered(window: Window, others: Sequence[Window]) -> bool:
    """Whether every occurrence of `window` lies within one occurrence of one of `others`."""
    return all(any(_within(day * DAY + window.opens, window.length, other) for other in others) for day in window.days)


def _within(opening: int, length: int, other: Window) -> bool:
    """`opening`: seconds since Monday 00:00."""
    return any((opening - day * DAY - other.opens) % WEEK + length <= other.length for day in other.days)


def _since_opening(window: Window, moment: int) -> int:
    """Seconds since the window last opened."""
    into_week = _weekday(moment) * DAY + moment % DAY
    return min((into_week - day * DAY - window.opens) % WEEK for day in window.days)


def _weekday(moment: int) -> int:
    return (moment // DAY + EPOCH_DAY) % 7


def show_windows(windows: Sequence[Window]) -> str:
    """`mon tue 14:00 UTC for 2h; ...`."""
    shown = [
        f"{' '.join(DAYS[day] for day in window.days) if len(window.days) < 7 else 'daily'} "
        f"{window.opens // 3600:02}:{window.opens // 60 % 60:02} UTC for {duration.show(window.length)}"
        for window in windows
    ]
    return "; ".join(shown) or "always"


def show_freeze(freeze: Freeze) -> str:
    """`2026-12-19 00:00 UTC to 2027-01-04 00:00 UTC (year end)`."""
    return f"{show_moment(freeze.since)} to {show_moment(freeze.until)} ({freeze.reason})"


def show_moment(moment: int) -> str:
    """`2026-12-19 00:00 UTC`; seconds are shown when there are any."""
    at = datetime.fromtimestamp(moment, UTC)
    return at.strftime("%Y-%m-%d %H:%M:%S UTC" if at.second else "%Y-%m-%d %H:%M UTC")


def to_dict(calendar: Calendar) -> dict[str, Any]:
    """`calendar` as plain JSON values; what is empty is left out."""
    windows = {
        name: [{"days": list(each.days), "opens": each.opens, "length": each.length} for each in listed]
        for name, listed in (("start", calendar.start), ("advance", calendar.advance))
        if listed
    }
    freezes = [{"since": each.since, "until": each.until, "reason": each.reason} for each in calendar.freezes]
    return {**windows, **({"freezes": freezes} if freezes else {})}


def from_dict(raw: Mapping[str, Any] | None) -> Calendar:
    """A calendar from `to_dict`'s form; None is an empty one. Raises KeyError, TypeError or ValueError otherwise."""
    raw = raw or {}

    def windows(name: str) -> tuple[Window, ...]:
        return tuple(
            Window(tuple(whole(day) for day in each["days"]), whole(each["opens"]), whole(each["length"]))
            for each in raw.get(name) or ()
        )

    freezes = tuple(
        Freeze(whole(each["since"]), whole(each["until"]), str(each["reason"])) for each in raw.get("freezes") or ()
    )
    return Calendar(windows("start"), windows("advance"), freezes)


def parse(windows: object, freezes: object, where: str) -> tuple[Calendar, tuple[Problem, ...]]:
    """A calendar as a plan writes it (`windows`, `freezes`; None is left out), and everything wrong with it.

    `where` is the path of the plan.
    """
    problems: list[Problem] = []
    found: dict[str, tuple[Window, ...]] = {}
    if windows is not None and not isinstance(windows, Mapping):
        problems.append(_problem(f"{where}.windows", windows, "a mapping with start and advance"))
    for name, listed in (windows if isinstance(windows, Mapping) else {}).items():
        if name not in ("start", "advance"):
            problems.append(Problem(f"{where}.windows.{name}", "an unknown key", "start or advance", "Correct it."))
            continue
        found[name] = tuple(
            _window(each, f"{where}.windows.{name}[{position}]", problems)
            for position, each in enumerate(_listed(listed, f"{where}.windows.{name}", problems))
        )
    parsed = tuple(
        _freeze(each, f"{where}.freezes[{position}]", problems)
        for position, each in enumerate(_listed(freezes, f"{where}.freezes", problems))
    )
    return Calendar(found.get("start", ()), found.get("advance", ()), parsed), tuple(problems)


_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _window(raw: object, where: str, problems: list[Problem]) -> Window:
    mapping = _mapping(raw, where, ("days", "from", "for"), problems)
    days = mapping.get("days", list(DAYS))
    if not isinstance(days, list) or not days or not all(isinstance(day, str) and day in DAYS for day in days):
        problems.append(_problem(f"{where}.days", days, f"a list out of {', '.join(DAYS)}"))
        days = list(DAYS)
    opens = _time_of_day(mapping.get("from"))
    if opens is None:
        problems.append(_problem(f"{where}.from", mapping.get("from"), 'a time in UTC such as "14:00"'))
    length = duration.parse(mapping.get("for"))
    if not length or length > DAY:
        problems.append(_problem(f"{where}.for", mapping.get("for"), "a duration up to 24h, such as 2h"))
    return Window(tuple(sorted({DAYS.index(day) for day in days})), opens or 0, length or 1)


def _time_of_day(raw: object) -> int | None:
    """Seconds after midnight. Some YAML readers take an unquoted 14:00 for the number 14 * 60."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 24 * 60:
        return raw * 60
    match = _CLOCK.fullmatch(raw) if isinstance(raw, str) else None
    return int(match[1]) * 3600 + int(match[2]) * 60 if match else None


def _freeze(raw: object, where: str, problems: list[Problem]) -> Freeze:
    mapping = _mapping(raw, where, ("from", "until", "reason"), problems)
    since, until = _moment(mapping.get("from")), _moment(mapping.get("until"))
    for key, moment in (("from", since), ("until", until)):
        if moment is None:
            problems.append(_problem(f"{where}.{key}", mapping.get(key), 'a time such as "2026-12-19T00:00Z"'))
    if since is not None and until is not None and until <= since:
        problems.append(_problem(f"{where}.until", mapping.get("until"), "a time after `from`"))
    reason = mapping.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        problems.append(_problem(f"{where}.reason", reason, "a non-empty text"))
    return Freeze(since or 0, until or 0, str(reason))


def _moment(raw: object) -> int | None:
    """Epoch seconds of an ISO 8601 time; without a zone it is UTC, a date alone is its midnight."""
    if isinstance(raw, date):  # YAML readers make times of what looks like one
        raw = raw.isoformat()
    try:
        at = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    if at is None:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _listed(raw: object, where: str, problems: list[Problem]) -> list[Any]:
    if raw is None or isinstance(raw, list):
        return raw or []
    problems.append(_problem(where, raw, "a list"))
    return []


def _mapping(raw: object, where: str, keys: tuple[str, ...], problems: list[Problem]) -> Mapping[Any, Any]:
    if not isinstance(raw, Mapping):
        problems.append(_problem(where, raw, f"a mapping with {', '.join(keys)}"))
        return {}
    problems.extend(
        Problem(f"{where}.{key}", "an unknown key", f"one of: {', '.join(keys)}", "Correct or remove it.")
        for key in raw
        if key not in keys
    )
    return raw


def _problem(where: str, found: object, expected: str) -> Problem:
    return Problem(where, show(found), expected, "Correct it.")
