"""From the limits of a plan to CloudWatch alarms: what is asked, when it fires, what people do. No Pulumi here.

Expressions are metric math: a missing value counts as 0 in arithmetic, a division by 0 gives no value, and `IF` without
an alternative gives none where its condition fails (CloudWatch User Guide, "Using metric math").
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from components.aws import metrics
from components.aws.metrics import Series
from headgate.limits import METRICS, Limit, Limits, show

LEAST_PERIOD = 60  # seconds: balancer, ECS and RDS publish once a minute
HOUR = 3600  # seconds
DAY = 86_400  # seconds: R-B10 asks for availability over a day
MOST_SERIES = 10  # series of one alarm on an expression (CloudWatch User Guide, "Alarm limits"; cannot be raised)
MOST_TEXT = 1024  # characters of an alarm's description (CloudWatch API, PutMetricAlarm)


class Bound(StrEnum):
    """Which of a limit's two bounds an alarm watches."""

    HOLD = "hold"
    ROLLBACK = "rollback"


class Missing(StrEnum):
    """What an alarm makes of a period without data (CloudWatch API, TreatMissingData)."""

    FINE = "notBreaching"
    """No traffic, or nothing runs there: another alarm says so when it must not be."""
    BROKEN = "breaching"
    """The source always reports: silence is the fault."""


class Comparison(StrEnum):
    """CloudWatch API, ComparisonOperator."""

    AT_LEAST = "GreaterThanOrEqualToThreshold"
    ABOVE = "GreaterThanThreshold"
    AT_MOST = "LessThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"


SIGN: Mapping[Comparison, str] = MappingProxyType(
    {Comparison.AT_LEAST: ">=", Comparison.ABOVE: ">", Comparison.AT_MOST: "<=", Comparison.BELOW: "<"}
)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What an alarm looks at: an expression over series by their ids. One series alone is its own expression."""

    expression: str
    series: tuple[Series, ...]


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """One alarm. `period`: seconds of a reading; `readings`: how many in a row break it.

    `slot`: none for what belongs to the whole service. `bound`: none for what no limit of the plan speaks of.
    """

    key: str
    watch: Watch
    comparison: Comparison
    threshold: float
    period: int
    readings: int
    missing: Missing
    title: str
    text: str
    slot: str | None = None
    metric: str | None = None
    bound: Bound | None = None

    @property
    def broken(self) -> str:
        """The same as an expression: 1 while it is broken."""
        return f"({self.watch.expression}) {SIGN[self.comparison]} {self.threshold!r}"


@dataclass(frozen=True, kw_only=True)
class Told:
    """How an alarm is called, and what it says."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Sized:
    """What readings are measured against.

    `memory_bytes`: of a task. `least`: requests below which nothing is judged. `period`: seconds of a reading.
    """

    memory_bytes: int
    least: int
    period: int


_Watch = Callable[[str, Sized], Watch]


def _of(*series: Series, expression: str | None = None) -> Watch:
    return Watch(expression=expression if expression is not None else series[0].id, series=series)


def _enough(value: str, sized: Sized) -> str:
    """0 with too few requests: they are no verdict (R-B6)."""
    return f"IF(requests >= {sized.least}, {value}, 0)"


def _error_rate(slot: str, sized: Sized) -> Watch:
    failed = _enough("(errors + refused) / requests", sized)
    return _of(*metrics.answers(slot), expression=failed)


def _latency(metric: str) -> _Watch:
    def watch(slot: str, sized: Sized) -> Watch:
        seconds = metrics.latency(slot, metric)
        return _of(metrics.requests(slot), seconds, expression=_enough(f"1000 * {seconds.id}", sized))

    return watch


def _throughput(slot: str, sized: Sized) -> Watch:
    # Few requests alone are a quiet hour. Few requests and answers that fail are a slot that cannot serve more.
    return _of(*metrics.answers(slot), expression=f"IF(errors + refused > 0, requests / {sized.period})")


def _failures(slot: str, _: Sized) -> Watch:
    # Metrics have lost the order of requests: a row is seen only when nothing else happens in the period.
    return _of(*metrics.answers(slot), expression="IF(errors + refused >= requests, errors + refused, 0)")


SLOT_WATCHES: Mapping[str, _Watch] = MappingProxyType(
    {
        "error_rate": _error_rate,
        "p50_ms": _latency("p50_ms"),
        "p95_ms": _latency("p95_ms"),
        "p99_ms": _latency("p99_ms"),
        "turn_p95_ms": lambda slot, _: _of(metrics.turn_latency(slot)),
        "throughput_rps": _throughput,
        "memory": lambda slot, _: _of(metrics.memory(slot), expression="memory / 100"),
        "memory_bytes": lambda slot, sized: _of(
            metrics.memory(slot), expression=f"memory / 100 * {sized.memory_bytes}"
        ),
        "memory_growth_per_hour": lambda slot, _: _of(
            metrics.memory_mean(slot), expression=f"RATE(memory_mean) * {HOUR} / 100"
        ),
        "cpu": lambda slot, _: _of(metrics.cpu(slot), expression="cpu / 100"),
        "consecutive_failures": _failures,
    }
)
SERVICE_WATCHES: Mapping[str, Callable[[Sized], Watch]] = MappingProxyType(
    {
        "availability": lambda sized: _of(
            *metrics.unanswered(),
            expression=f"IF(handled + unanswered >= {sized.least}, 1 - unanswered / (handled + unanswered), 1)",
        ),
        "database_connections": lambda _: _of(metrics.database("connections")),
    }
)
PERIOD_OF: Mapping[str, int] = MappingProxyType({"availability": DAY, "memory_growth_per_hour": HOUR})
# Counts that end a rollout when they are reached, and at once (R-B8).
AT_ONCE = frozenset({"consecutive_failures"})


def rules(limits: Limits, service: str, slots: Sequence[str], memory_bytes: int) -> tuple[AlarmRule, ...]:
    """An alarm for every bound of `limits`: of each slot, or one where the slots cannot be told apart."""
    sized = Sized(memory_bytes=memory_bytes, least=limits.min_requests, period=period(limits.interval))
    return tuple(
        _rule(limits, limit, bound, value, _Place(service=service, slot=slot, watch=watch))
        for limit in limits.bounds
        for slot, watch in _watches(limit.metric, slots, sized)
        for bound, value in ((Bound.HOLD, limit.hold), (Bound.ROLLBACK, limit.rollback))
        if value is not None
    )


def lasting(told: Told, slot: str, broken: Iterable[AlarmRule], seconds: int) -> tuple[AlarmRule, ...]:
    """Alarms that fire when any of the rules has been broken for `seconds`; more than one where one cannot hold all."""
    groups = _grouped(broken)
    return tuple(
        AlarmRule(
            key=told.key if number == 0 else f"{told.key}-{number + 1}",
            watch=Watch(
                expression=f"IF({' OR '.join(f'({rule.broken})' for rule in group)}, 1, 0)",
                series=_series(group),
            ),
            comparison=Comparison.AT_LEAST,
            threshold=1.0,
            period=group[0].period,
            readings=max(1, seconds // group[0].period),
            missing=Missing.FINE,
            title=told.title,
            text=told.text,
            slot=slot,
        )
        for number, group in enumerate(groups)
    )


def _grouped(broken: Iterable[AlarmRule]) -> list[list[AlarmRule]]:
    groups: list[list[AlarmRule]] = []
    for rule in broken:
        fitting = (
            group for group in groups if group[0].period == rule.period and len(_series([*group, rule])) <= MOST_SERIES
        )
        found = next(fitting, None)
        if found is None:
            groups.append([rule])
        else:
            found.append(rule)
    return groups


def _series(group: Sequence[AlarmRule]) -> tuple[Series, ...]:
    return tuple({series.id: series for rule in group for series in rule.watch.series}.values())


def _watches(metric: str, slots: Sequence[str], sized: Sized) -> list[tuple[str | None, Watch]]:
    of_service = SERVICE_WATCHES.get(metric)
    if of_service is not None:
        return [(None, of_service(sized))]
    return [(slot, SLOT_WATCHES[metric](slot, sized)) for slot in slots]


@dataclass(frozen=True, kw_only=True)
class _Place:
    service: str
    slot: str | None
    watch: Watch


def _rule(limits: Limits, limit: Limit, bound: Bound, value: Fraction, place: _Place) -> AlarmRule:
    metric, slot = limit.metric, place.slot
    whose = place.service if slot is None else f"{place.service} {slot}"
    side = "above" if METRICS[metric].upper else "below"
    title = f"{whose}: {metric} {side} {show(metric, value)}"
    named = f"{metric.replace('_', '-')}-{bound.value}"
    return AlarmRule(
        key=named if slot is None else f"{slot}-{named}",
        watch=place.watch,
        comparison=_comparison(metric, bound),
        threshold=float(value),
        period=PERIOD_OF.get(metric, period(limits.interval)),
        readings=limit.readings if bound is Bound.ROLLBACK and metric not in AT_ONCE else 1,
        missing=Missing.FINE,
        title=title,
        text=f"{title} (limit of the plan: {METRICS[metric].meaning}). {WHAT_TO_DO[bound]}",
        slot=slot,
        metric=metric,
        bound=bound,
    )


def period(interval: int) -> int:
    """Seconds between two readings as CloudWatch can count them: whole minutes."""
    return max(LEAST_PERIOD, -(-interval // LEAST_PERIOD) * LEAST_PERIOD)


def _comparison(metric: str, bound: Bound) -> Comparison:
    """As the limits are meant: hold when the bound is reached, go back beyond it, counts when they are reached."""
    reached = bound is Bound.HOLD or metric in AT_ONCE
    if METRICS[metric].upper:
        return Comparison.AT_LEAST if reached else Comparison.ABOVE
    return Comparison.AT_MOST if reached else Comparison.BELOW


_GO_BACK = (
    "During a rollout: pulumi config set step idle && pulumi up; no rule, gate or window stops it. "
    "After a promotion: swap live and standby in the stack file, then pulumi up."
)
WHAT_TO_DO: Mapping[Bound, str] = MappingProxyType(
    {
        Bound.HOLD: (
            "The rollout does not advance while this holds. headgate status shows step, split and what is missing; "
            "the dashboard shows whether it is the candidate alone. If it is and does not pass within half an hour, "
            f"go back. {_GO_BACK}"
        ),
        Bound.ROLLBACK: (
            f"If this slot is the candidate, it must lose its traffic now. {_GO_BACK} headgate status says when the "
            "live version has 100 %. Keep the evidence: logs of the slot, the dashboard of the last hour, the stack "
            "file. If it is the live version that hurts and there is no standby, this is an outage: call the leads."
        ),
    }
)
DOWN_TEXT = (
    "No task of either slot is healthy behind the balancer, or nothing is heard of them. Look at headgate status and "
    f"at the events of the ECS services. If a rollout is under way, go back. {_GO_BACK} If the live version alone is "
    "affected, this is an outage: call the leads."
)
