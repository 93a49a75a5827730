"""Limits: per metric, the bound that stops a rollout from advancing and the bound that ends it.

Written in a plan as

    limits: {preset: greenflow, error_rate: {hold: 0.5%, rollback: 1%, readings: 3}, min_requests: 100}

A preset (`headgate.presets`) is a starting point; what is written beside it replaces single fields of it.
Values carry their unit and are kept exactly, as fractions of the metric's base unit (see `METRICS`), never as
binary floating point.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from headgate import duration
from headgate.presets import PRESETS
from headgate.problems import Problem
from headgate.wire import show as quoted
from headgate.wire import whole

DEFAULT_MIN_REQUESTS = 10  # requests; with fewer there is no verdict (R-B6)
DEFAULT_INTERVAL = 60  # seconds between two readings (R-B6)
DEFAULT_READINGS = 1


@dataclass(frozen=True, slots=True)
class Unit:
    """How a value is written: `factors`, suffix to base units; `written`, the suffix that `to_dict` uses."""

    expected: str
    factors: Mapping[str, Fraction]
    written: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """Something a limit can be set on. `upper`: larger is worse. `most`: the largest value there can be."""

    unit: Unit
    upper: bool
    meaning: str
    most: Fraction | None = None


_SHARE = Unit("a share in per cent, such as 0.5%", {"%": Fraction(1, 100)}, "%")
_SHARE_PER_HOUR = Unit("a share per hour, such as 5%/h", {"%/h": Fraction(1, 100)}, "%/h")
_MILLISECONDS = Unit(
    "milliseconds, such as 200, 200ms or 1.5s",
    {"": Fraction(1), "ms": Fraction(1), "s": Fraction(1000)},
    "ms",
)
_BYTES = Unit(
    "bytes, such as 2GB (10^9) or 2GiB (2^30)",
    {
        "": Fraction(1), "B": Fraction(1),
        "kB": Fraction(10**3), "MB": Fraction(10**6), "GB": Fraction(10**9), "TB": Fraction(10**12),
        "KiB": Fraction(2**10), "MiB": Fraction(2**20), "GiB": Fraction(2**30), "TiB": Fraction(2**40),
    },
    "GB",
)  # fmt: skip
_PER_SECOND = Unit(
    "requests per second, such as 100 or 100/s",
    {"": Fraction(1), "/s": Fraction(1), "rps": Fraction(1)},
    "/s",
)
_COUNT = Unit("a whole number from 1", {"": Fraction(1)}, "", whole=True)
_ALL = Fraction(1)

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "error_rate": Metric(_SHARE, True, "requests answered with an error, share of all", _ALL),
        "p50_ms": Metric(_MILLISECONDS, True, "latency that half of the requests stay under"),
        "p95_ms": Metric(_MILLISECONDS, True, "latency that 95 % of the requests stay under"),
        "p99_ms": Metric(_MILLISECONDS, True, "latency that 99 % of the requests stay under"),
        "turn_p95_ms": Metric(_MILLISECONDS, True, "95 % of conversation turns are processed faster"),
        "availability": Metric(_SHARE, False, "share of requests that got an answer", _ALL),
        "throughput_rps": Metric(
            _PER_SECOND, False, "requests served under generated load; says nothing about users' own traffic"
        ),
        "memory": Metric(_SHARE, True, "memory in use, share of what a task is given", _ALL),
        "memory_bytes": Metric(_BYTES, True, "memory in use by one task"),
        "memory_growth_per_hour": Metric(_SHARE_PER_HOUR, True, "slope of memory in use, share per hour"),
        "cpu": Metric(_SHARE, True, "processor in use, share of what a task is given", _ALL),
        "database_connections": Metric(_COUNT, True, "open connections to the database"),
        "consecutive_failures": Metric(_COUNT, True, "failed requests in a row"),
    }
)


@dataclass(frozen=True, slots=True)
class Limit:
    """Bounds of one metric in its base unit (share 0 to 1, milliseconds, bytes, requests per second, count).

    `hold`: a reading that reaches it never lets the rollout advance. `rollback`: `readings` readings in a row
    beyond it end the rollout; a count of failures in a row ends it when it is reached. One may be absent.
    """

    metric: str
    hold: Fraction | None = None
    rollback: Fraction | None = None
    readings: int = DEFAULT_READINGS


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of a plan, at most one per metric, in the order of `METRICS`. `Limits()` bounds nothing.

    `min_requests`: with fewer requests in a window there is no verdict. `interval`: seconds between readings.
    """

    bounds: tuple[Limit, ...] = ()
    min_requests: int = DEFAULT_MIN_REQUESTS
    interval: int = DEFAULT_INTERVAL

    def get(self, metric: str) -> Limit | None:
        """The limit on `metric`, or None when there is none."""
        return next((limit for limit in self.bounds if limit.metric == metric), None)


def parse(raw: object, where: str) -> tuple[Limits | None, tuple[Problem, ...]]:
    """Reads limits as written in a plan; `where` is their path, e.g. `headgate:plan.limits`.

    Returns the limits and no problem, or None and every problem found. Nothing written (None) is `Limits()`.
    """
    if raw is None:
        return Limits(), ()
    if not isinstance(raw, Mapping):
        fix = "Write the limits out or name a preset."
        return None, (Problem(where, quoted(raw), "a mapping of metrics to limits", fix),)
    problems: list[Problem] = []
    written = _with_preset(raw, where, problems)
    bounds = tuple(
        _parse_limit(metric, written[metric], f"{where}.{metric}", problems) for metric in METRICS if metric in written
    )
    min_requests = _parse_count(written, "min_requests", DEFAULT_MIN_REQUESTS, where, problems)
    interval = _parse_interval(written, where, problems)
    if problems:
        return None, tuple(problems)
    return Limits(bounds, min_requests, interval), ()


def to_dict(limits: Limits) -> dict[str, Any]:
    """`limits` as plain JSON values, bounds as texts with their unit so that none is rounded on its way."""
    return {
        "metrics": {limit.metric: _limit_to_dict(limit) for limit in limits.bounds},
        "minRequests": limits.min_requests,
        "interval": limits.interval,
    }


def from_dict(raw: Mapping[str, Any]) -> Limits:
    """Limits from `to_dict`'s form. Numbers may be floats (Pulumi sends all numbers so).

    Raises KeyError, TypeError or ValueError on any other shape; callers that read outside data catch these.
    """
    metrics = raw["metrics"]
    if not isinstance(metrics, Mapping):
        raise TypeError(f"{metrics!r} is not a mapping of metrics to limits")
    unknown = sorted(str(metric) for metric in metrics if metric not in METRICS)
    if unknown:
        raise ValueError(f"unknown metrics: {', '.join(unknown)}")
    return Limits(
        tuple(_limit_from_dict(metric, metrics[metric]) for metric in METRICS if metric in metrics),
        whole(raw["minRequests"]),
        whole(raw["interval"]),
    )


def loosened(old: Limits, new: Limits) -> tuple[str, ...]:
    """One line per field of `new` that allows more than the same field of `old`; empty when nothing does."""
    lines: list[str] = []
    for before in old.bounds:
        after = new.get(before.metric)
        if after is None:
            lines.append(f"{before.metric}: was {_describe(before)}, now there is no limit")
            continue
        for bound in ("hold", "rollback"):
            was, now = getattr(before, bound), getattr(after, bound)
            if was is not None and (now is None or _looser(before.metric, now, was)):
                change = f"was {show(before.metric, was)}, now {_or_none(before.metric, now)}"
                lines.append(f"{before.metric}.{bound}: {change}")
        if after.readings > before.readings:
            lines.append(f"{before.metric}.readings: was {before.readings}, now {after.readings}")
    if new.min_requests < old.min_requests:
        lines.append(f"min_requests: was {old.min_requests}, now {new.min_requests}")
    if new.interval > old.interval:
        lines.append(f"interval: was {duration.show(old.interval)}, now {duration.show(new.interval)}")
    return tuple(lines)


def show(metric: str, value: Fraction) -> str:
    """`value` of `metric` with its unit, exactly: 1/200 of `error_rate` is `0.5%`.

    Raises KeyError on an unknown metric.
    """
    unit = METRICS[metric].unit
    return _show_number(value / unit.factors[unit.written]) + unit.written


def _with_preset(raw: Mapping[Any, Any], where: str, problems: list[Problem]) -> dict[Any, Any]:
    """What is written, laid over the preset it names, field by field."""
    _refuse_unknown_keys(raw, ("preset", "min_requests", "interval", *METRICS), where, problems)
    written = {key: value for key, value in raw.items() if key != "preset"}
    if "preset" not in raw:
        return written
    name = raw["preset"]
    if not isinstance(name, str) or name not in PRESETS:
        expected = f"one of the known presets: {', '.join(sorted(PRESETS))}"
        fix = "Use a known preset or write the limits out."
        problems.append(Problem(f"{where}.preset", quoted(name), expected, fix))
        return written
    merged: dict[Any, Any] = dict(PRESETS[name])
    for key, value in written.items():
        base = merged.get(key)
        merged[key] = {**base, **value} if isinstance(base, Mapping) and isinstance(value, Mapping) else value
    return merged


_LIMIT_KEYS = ("hold", "rollback", "readings")


def _parse_limit(metric: str, raw: object, where: str, problems: list[Problem]) -> Limit:
    if not isinstance(raw, Mapping):
        expected = f"a mapping with {', '.join(_LIMIT_KEYS)}"
        problems.append(Problem(where, quoted(raw), expected, "Write at least one bound."))
        return Limit(metric)
    _refuse_unknown_keys(raw, _LIMIT_KEYS, where, problems)
    if "hold" not in raw and "rollback" not in raw:
        expected = "hold, rollback or both"
        problems.append(Problem(where, "neither bound", expected, "Write at least one bound."))
    hold, rollback = (_parse_bound(metric, raw, bound, where, problems) for bound in ("hold", "rollback"))
    if hold is not None and rollback is not None and _looser(metric, hold, rollback):
        side = "at most" if METRICS[metric].upper else "at least"
        expected = f"{side} the rollback bound, {show(metric, rollback)}"
        fix = "Tighten hold or loosen rollback: a rollout holds before it goes back."
        problems.append(Problem(f"{where}.hold", show(metric, hold), expected, fix))
    return Limit(metric, hold, rollback, _parse_count(raw, "readings", DEFAULT_READINGS, where, problems))


def _parse_bound(
    metric: str, raw: Mapping[Any, Any], bound: str, where: str, problems: list[Problem]
) -> Fraction | None:
    if bound not in raw:
        return None
    value = _parse_value(raw[bound], METRICS[metric].unit)
    expected = METRICS[metric].unit.expected if value is None else _within(metric, value)
    if not expected:
        return value
    problems.append(Problem(f"{where}.{bound}", quoted(raw[bound]), expected, "Correct the value and its unit."))
    return None


def _within(metric: str, value: Fraction) -> str:
    """What a bound has to be when `value` makes no sense as one, otherwise nothing."""
    most, upper = METRICS[metric].most, METRICS[metric].upper
    if value <= 0:
        return "a value above 0"
    if most is not None and upper and value > most:
        return f"at most {show(metric, most)}"
    if most is not None and not upper and value >= most:
        return f"less than {show(metric, most)}, which nothing can exceed"
    return ""


# An amount is a decimal number or, for values that no decimal number equals, a fraction. Thirty digits are
# plenty and keep the parser clear of Python's own limit on the length of integers.
_VALUE = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,30})?|[0-9]{1,30}/[1-9][0-9]{0,29}) *([A-Za-z%/]*)")


def _parse_value(raw: object, unit: Unit) -> Fraction | None:
    """`raw` in base units of `unit`, exactly as written, or None."""
    text = str(raw) if _is_number(raw) else raw
    match = _VALUE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or match[2] not in unit.factors:
        return None
    value = Fraction(match[1]) * unit.factors[match[2]]
    return None if unit.whole and value.denominator != 1 else value


def _parse_count(raw: Mapping[Any, Any], key: str, default: int, where: str, problems: list[Problem]) -> int:
    count = raw.get(key, default)
    if isinstance(count, int) and not isinstance(count, bool) and count >= 1:
        return count
    problems.append(Problem(f"{where}.{key}", quoted(count), "a whole number from 1", "Correct the number."))
    return default


def _parse_interval(raw: Mapping[Any, Any], where: str, problems: list[Problem]) -> int:
    if "interval" not in raw:
        return DEFAULT_INTERVAL
    seconds = duration.parse(raw["interval"])
    if seconds is not None and seconds >= 1:
        return seconds
    expected = f"{duration.EXPECTED}, at least 1s"
    problems.append(Problem(f"{where}.interval", quoted(raw["interval"]), expected, "Correct the duration."))
    return DEFAULT_INTERVAL


def _refuse_unknown_keys(raw: Mapping[Any, Any], known: Sequence[str], where: str, problems: list[Problem]) -> None:
    for key in raw:
        if key not in known:
            expected = f"one of: {', '.join(known)}"
            problems.append(Problem(f"{where}.{key}", "an unknown key", expected, "Correct or remove it."))


def _limit_to_dict(limit: Limit) -> dict[str, Any]:
    bounds = {"hold": limit.hold, "rollback": limit.rollback}
    written = {key: show(limit.metric, value) for key, value in bounds.items() if value is not None}
    return {**written, "readings": limit.readings}


def _limit_from_dict(metric: str, raw: object) -> Limit:
    if not isinstance(raw, Mapping):
        raise TypeError(f"{metric}: {raw!r} is not a mapping with {', '.join(_LIMIT_KEYS)}")
    hold, rollback = (_value_from_dict(metric, raw.get(bound)) for bound in ("hold", "rollback"))
    return Limit(metric, hold, rollback, whole(raw["readings"]))


def _value_from_dict(metric: str, raw: object) -> Fraction | None:
    if raw is None:
        return None
    value = _parse_value(raw, METRICS[metric].unit)
    if value is None:
        raise ValueError(f"{metric}: {raw!r} is not {METRICS[metric].unit.expected}")
    return value


def _looser(metric: str, value: Fraction, than: Fraction) -> bool:
    return value > than if METRICS[metric].upper else value < than


def _describe(limit: Limit) -> str:
    bounds = (("hold", limit.hold), ("rollback", limit.rollback))
    return ", ".join(f"{key} {show(limit.metric, value)}" for key, value in bounds if value is not None)


def _or_none(metric: str, value: Fraction | None) -> str:
    return "none" if value is None else show(metric, value)


def _show_number(value: Fraction) -> str:
    """`value` as a decimal number when one equals it, otherwise as a fraction; `_parse_value` reads both."""
    rest = value.denominator
    digits = 0
    while rest % 10 == 0:
        rest, digits = rest // 10, digits + 1
    for factor in (2, 5):
        while rest % factor == 0:
            rest, digits = rest // factor, digits + 1
    if rest != 1:
        return str(value)
    scaled = str(int(value * 10**digits)).rjust(digits + 1, "0")
    return f"{scaled[:-digits]}.{scaled[-digits:]}".rstrip("0") if digits else scaled


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
