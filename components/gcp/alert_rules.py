"""From the limits of a plan to alerts: what is asked, when it fires, and what people are told to do. No Pulumi here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from components.gcp.queries import QUANTILES, Queries
from headgate.limits import METRICS, Limit, Limits, show

LEAST_WINDOW = 120  # seconds: two points of the series that Cloud Run writes once a minute


class Bound(StrEnum):
    """Which of a limit's two bounds an alert watches."""

    HOLD = "hold"
    ROLLBACK = "rollback"


QUERY_OF: Mapping[str, Callable[[Queries], str]] = MappingProxyType(
    {
        "error_rate": lambda queries: queries.error_rate(),
        "p50_ms": lambda queries: queries.latency(QUANTILES["p50_ms"]),
        "p95_ms": lambda queries: queries.latency(QUANTILES["p95_ms"]),
        "p99_ms": lambda queries: queries.latency(QUANTILES["p99_ms"]),
        "turn_p95_ms": lambda queries: queries.turn_latency(QUANTILES["p95_ms"]),
        "throughput_rps": lambda queries: queries.throughput(),
        "memory": lambda queries: queries.memory(),
        "memory_bytes": lambda queries: queries.memory_in_bytes(),
        "memory_growth_per_hour": lambda queries: queries.memory_growth_per_hour(),
        "cpu": lambda queries: queries.cpu(),
        "consecutive_failures": lambda queries: queries.failures_in_a_row(),
    }
)
BY_UPTIME = "availability"  # seen from outside, by the uptime check
UNSEEN: Mapping[str, str] = MappingProxyType({"database_connections": "Cloud Run knows of no database"})

# Readings of these say nothing with too few requests behind them (R-B6).
NEEDS_REQUESTS = frozenset({"error_rate", "p50_ms", "p95_ms", "p99_ms"})
# Counts that end a rollout when they are reached, and at once (R-B8).
AT_ONCE = frozenset({"consecutive_failures"})


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One bound of one limit. `condition`: PromQL that is true while it is broken, none for what uptime checks see.

    `duration`: seconds it has to stay true.
    """

    metric: str
    bound: Bound
    value: Fraction
    condition: str | None
    duration: int
    title: str
    text: str

    @property
    def key(self) -> str:
        """`error-rate-rollback`: the last part of its logical name."""
        return f"{self.metric.replace('_', '-')}-{self.bound.value}"


def rules(limits: Limits, service: str, memory_bytes: int) -> tuple[AlertRule, ...]:
    """An alert for every bound of `limits`, in their order. Those of `UNSEEN` are left out; see `unseen`."""
    queries = Queries(service, max(2 * limits.interval, LEAST_WINDOW), memory_bytes)
    return tuple(
        _rule(limits, queries, limit, bound, value)
        for limit in limits.bounds
        if limit.metric not in UNSEEN
        for bound, value in ((Bound.HOLD, limit.hold), (Bound.ROLLBACK, limit.rollback))
        if value is not None
    )


def unseen(limits: Limits) -> tuple[str, ...]:
    """Metrics of `limits` that no alert can watch here."""
    return tuple(limit.metric for limit in limits.bounds if limit.metric in UNSEEN)


def _rule(limits: Limits, queries: Queries, limit: Limit, bound: Bound, value: Fraction) -> AlertRule:
    metric = limit.metric
    readings = limit.readings if bound is Bound.ROLLBACK else 1
    condition = None
    if metric != BY_UPTIME:
        condition = f"({QUERY_OF[metric](queries)}) {_comparison(metric, bound)} {float(value)!r}"
        if metric in NEEDS_REQUESTS:
            condition += f" and {queries.enough_requests(limits.min_requests)}"
    side = "above" if METRICS[metric].upper else "below"
    return AlertRule(
        metric=metric,
        bound=bound,
        value=value,
        condition=condition,
        duration=0 if metric in AT_ONCE else readings * limits.interval,
        title=f"{queries.service}: {metric} {side} {show(metric, value)}",
        text=_text(metric, bound, value),
    )


def _comparison(metric: str, bound: Bound) -> str:
    """As the limits are meant: hold when the bound is reached, go back beyond it, counts when they are reached."""
    reached = bound is Bound.HOLD or metric in AT_ONCE
    if METRICS[metric].upper:
        return ">=" if reached else ">"
    return "<=" if reached else "<"


_GO_BACK = (
    "During a rollout: `pulumi config set step idle && pulumi up`. It changes the split and nothing else, and no rule, "
    "gate or window stops it. After a promotion: swap live and standby in the stack file, then `pulumi up`."
)
WHAT_TO_DO = {
    Bound.HOLD: (
        "The rollout does not advance while this holds.\n\n"
        "1. `headgate status` shows the step, the split and what is missing.\n"
        "2. Look at the dashboard: is it the candidate alone, or the live version as well?\n"
        f"3. If it is the candidate and it does not pass within half an hour, go back. {_GO_BACK}"
    ),
    Bound.ROLLBACK: (
        "This version must lose its traffic now.\n\n"
        f"1. Go back. {_GO_BACK}\n"
        "2. `headgate status` says when the live version has 100 %; error rate and latency fall within two minutes.\n"
        "3. Keep the evidence: logs of the revision, the dashboard of the last hour, the stack file.\n"
        "4. If it is the live version that hurts and there is no standby, this is an outage: call the leads."
    ),
}
DOWN_TEXT = (
    "Several places on the internet get no good answer from the front door.\n\n"
    "1. Open the health path in a browser, then look at the load balancer's logs and at `headgate status`.\n"
    f"2. If a rollout is under way, go back. {_GO_BACK}\n"
    "3. If the live version alone is affected, this is an outage: call the leads."
)


def _text(metric: str, bound: Bound, value: Fraction) -> str:
    return (
        f"Limit of the plan: {metric} ({METRICS[metric].meaning}), {bound.value} {show(metric, value)}.\n\n"
        + (WHAT_TO_DO[bound])
    )
