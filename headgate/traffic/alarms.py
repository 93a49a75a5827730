"""How an alarm of either cloud would notice less than it does: its inputs as they were beside those to come.

What cannot be compared counts as less, and so does a value that is not known yet.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"
_COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
ALARMS = frozenset({_METRIC, _COMPOSITE, _POLICY})

# Inputs that say what is watched and when it counts. `alarmDescription`, `tags` and the like may change.
FIXED: Mapping[str, tuple[str, ...]] = {
    _METRIC: (
        "comparisonOperator", "datapointsToAlarm", "dimensions", "evaluateLowSampleCountPercentiles",
        "evaluationPeriods", "extendedStatistic", "metricName", "name", "namespace", "period", "statistic",
        "thresholdMetricId", "treatMissingData", "unit",
    ),
    _COMPOSITE: ("actionsSuppressor", "alarmName", "alarmRule"),
    _POLICY: ("combiner",),
}  # fmt: skip
SWITCH = {_METRIC: "actionsEnabled", _COMPOSITE: "actionsEnabled", _POLICY: "enabled"}
TOLD = {_METRIC: "alarmActions", _COMPOSITE: "alarmActions", _POLICY: "notificationChannels"}
_LOWER_IS_STRICTER = ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "COMPARISON_GT", "COMPARISON_GE")
_HIGHER_IS_STRICTER = ("LessThanThreshold", "LessThanOrEqualToThreshold", "COMPARISON_LT", "COMPARISON_LE")
_BOUND = re.compile(r"(?P<sign>[<>]=?)\s*(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.\[])")
_SCAN = re.compile(r"[()]|\bunless\b|" + _BOUND.pattern)


def weakened(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What makes an alarm of type `kind` notice less, one short text each; texts of the inputs are not repeated."""
    switch = SWITCH.get(kind)
    if switch is None:
        yield "an alarm of a type that cannot be compared"
        return
    if old.get(switch, True) is True and new.get(switch, True) is not True:
        yield f"{switch} switched off"
    if not _covers(old.get(TOLD[kind]), new.get(TOLD[kind])):
        yield f"{TOLD[kind]} tells fewer"
    for key in FIXED[kind]:
        if old.get(key) != new.get(key):
            yield f"{key} {_shown(old.get(key))} -> {_shown(new.get(key))}"
    if kind == _METRIC:
        yield from _looser("threshold", str(old.get("comparisonOperator")), old.get("threshold"), new.get("threshold"))
        if _unlabelled(old.get("metricQueries")) != _unlabelled(new.get("metricQueries")):
            yield "metricQueries changed"
    elif kind == _POLICY:
        yield from _conditions(old.get("conditions"), new.get("conditions"))


def _covers(old: object, new: object) -> bool:
    if not isinstance(old, Sequence) or isinstance(old, str):
        return old is None or old == new
    return isinstance(new, Sequence) and not isinstance(new, str) and all(each in new for each in old)


def _unlabelled(queries: object) -> object:
    """Queries without what is only shown to people."""
    if not isinstance(queries, Sequence) or isinstance(queries, str):
        return queries
    return [
        {key: value for key, value in each.items() if key != "label"} if isinstance(each, Mapping) else each
        for each in queries
    ]


def _looser(what: str, comparison: str, old: object, new: object) -> Iterator[str]:
    if old == new:
        return
    comparable = _number(old) and _number(new)
    stricter = comparable and (
        (comparison in _LOWER_IS_STRICTER and new < old)  # type: ignore[operator]
        or (comparison in _HIGHER_IS_STRICTER and new > old)  # type: ignore[operator]
    )
    if not stricter:
        yield f"{what} {_shown(old)} -> {_shown(new)}"


def _conditions(old: object, new: object) -> Iterator[str]:
    if not isinstance(old, Sequence) or not isinstance(new, Sequence) or len(new) < len(old):
        yield "conditions removed or not known"
        return
    for position, (before, after) in enumerate(zip(old, new, strict=False)):
        where = f"conditions[{position}]"
        if not isinstance(before, Mapping) or not isinstance(after, Mapping):
            yield f"{where} not known"
            continue
        kinds = {key for key in {*before, *after} if key != "displayName" and not key.startswith("__")}
        for kind in sorted(kinds):
            yield from _condition(f"{where}.{kind}", before.get(kind), after.get(kind))


def _condition(where: str, old: object, new: object) -> Iterator[str]:
    if old == new:
        return
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield f"{where} of another kind"
        return
    for key in sorted(key for key in {*old, *new} if not key.startswith("__")):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "thresholdValue":
            yield from _looser(f"{where}.{key}", str(old.get("comparison")), before, after)
        elif key == "query" and isinstance(before, str) and isinstance(after, str):
            yield from _query(f"{where}.{key}", before, after)
        else:
            yield f"{where}.{key} changed"


def _query(where: str, old: str, new: str) -> Iterator[str]:
    """Two queries that differ in nothing but the numbers they compare with are judged by these."""
    if _BOUND.sub(r"\g<sign> 0", old) != _BOUND.sub(r"\g<sign> 0", new):
        yield f"{where} changed"
        return
    for (sign, turned, before), (_, _, after) in zip(_bounds(old), _bounds(new), strict=True):
        lower_is_stricter = sign.startswith(">") != turned
        if before != after and (after < before) != lower_is_stricter:
            yield f"{where} bound {before:g} -> {after:g}"


def _bounds(query: str) -> Iterator[tuple[str, bool, float]]:
    """Comparisons of a query in order: sign, whether it takes series away (`unless`), number."""
    depth = 0
    turned_at: list[int] = []  # depths at which an `unless` is in force
    for found in _SCAN.finditer(query):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")":
            depth -= 1
            turned_at = [each for each in turned_at if each <= depth]
        elif found[0] == "unless":
            turned_at.append(depth)
        else:
            yield found["sign"], len(turned_at) % 2 == 1, float(found["number"])


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """Numbers, switches and the cloud's own words are shown; any other text could be anything."""
    if value is None:
        return "nothing"
    if isinstance(value, bool) or _number(value):
        return str(value).lower() if isinstance(value, bool) else f"{value:g}"
    words = (*_LOWER_IS_STRICTER, *_HIGHER_IS_STRICTER, "breaching", "notBreaching", "ignore", "missing")
    return value if isinstance(value, str) and value in words else "another value"
