"""Alarms that no limit of a plan speaks of: database, cache, tasks, and silence. No Pulumi here."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from components.aws import metrics
from components.aws.alarm_rules import DOWN_TEXT, LEAST_PERIOD, SIGN, AlarmRule, Comparison, Missing, Told, Watch
from components.aws.metrics import Series

GIB = 2**30
DOWN_AFTER = 3  # minutes: tasks that start are unhealthy for a while
BUSY_FOR = 15  # minutes: long enough that it is no backup and no import
BUSY = 90  # per cent of a processor; Redis has one thread, so of one core
FULL = 90  # per cent of the cache's memory
LEAST_FREE_MEMORY = 0.05  # share of the instance's memory, below which PostgreSQL begins to swap
LEAST_FREE_STORAGE = 0.10  # share; storage grows by itself, so less means that it does not any more
MOST_CONNECTIONS = 0.80  # share of those PostgreSQL accepts
CONNECTION_BYTES = 9_531_392  # RDS user guide, "Quotas and constraints", max_connections of PostgreSQL
ALL_CONNECTIONS = 5000  # the same place: never more than that by default

# GiB of a `large` instance by the family's letter (Amazon RDS, "DB instance classes"); each size doubles it.
_LARGE = {"m": 8, "r": 16, "x": 32, "t": 8}
_SMALLER = {"micro": 1, "small": 2, "medium": 4}  # GiB; only of the family t
_CLASS = re.compile(r"db\.([mrtx])[0-9a-z]*\.(micro|small|medium|large|([0-9]*)xlarge)")


@dataclass(frozen=True, kw_only=True)
class Supplies:
    """What the service relies on, as far as alarms need to know it. `nodes`: ids of the cache's nodes."""

    memory_gib: int
    storage_gib: int
    nodes: Sequence[str]


def memory_gib(instance_class: str) -> int | None:
    """Memory of a database instance; None for a class that is not known here."""
    found = _CLASS.fullmatch(instance_class)
    if found is None:
        return None
    family, size, times = found.groups()
    if size in _SMALLER:
        return _SMALLER[size] if family == "t" else None
    return _LARGE[family] * (1 if size == "large" else 2 * int(times or 1))


def connections(memory: int) -> int:
    """Connections that PostgreSQL on RDS accepts by default with `memory` GiB."""
    return min(memory * GIB // CONNECTION_BYTES, ALL_CONNECTIONS)


def down(service: str, slots: Sequence[str]) -> AlarmRule:
    """No task answers, or nobody knows: both are an outage until somebody has looked."""
    series = tuple(metrics.healthy(slot, f"healthy_{slot}") for slot in slots)
    title = f"{service}: no healthy task"
    return AlarmRule(
        key="down",
        watch=Watch(expression=" + ".join(each.id for each in series), series=series),
        comparison=Comparison.BELOW,
        threshold=1.0,
        period=LEAST_PERIOD,
        readings=DOWN_AFTER,
        missing=Missing.BROKEN,
        title=title,
        text=f"{title}. {DOWN_TEXT}",
    )


def slot_down(service: str, slot: str) -> AlarmRule:
    """A slot that has tasks, none of them healthy. An empty slot has no value, and is fine."""
    title = f"{service} {slot}: none of its tasks is healthy"
    return AlarmRule(
        key=f"{slot}-down",
        watch=_alone(metrics.healthy(slot)),
        comparison=Comparison.BELOW,
        threshold=1.0,
        period=LEAST_PERIOD,
        readings=DOWN_AFTER,
        missing=Missing.FINE,
        title=title,
        text=f"{title}. {DOWN_TEXT}",
        slot=slot,
    )


def outlasting(told: Told, rule: AlarmRule, seconds: int) -> AlarmRule:
    """The same rule, broken for `seconds`."""
    return replace(rule, key=told.key, title=told.title, text=told.text, readings=seconds // rule.period)


def unseen(service: str, slots: Sequence[str], supplies: Supplies) -> tuple[AlarmRule, ...]:
    """Silence of what always reports. Other alarms are blind then, and say that all is well."""
    nodes = supplies.nodes
    return (
        _silence(service, "tasks", [metrics.tasks(slot, f"heard_{slot}") for slot in slots]),
        _silence(service, "database", [metrics.database("reports")]),
        _silence(service, "cache", [metrics.cache("reports", node, f"n{at}") for at, node in enumerate(nodes)]),
    )


def supplies_rules(service: str, supplies: Supplies, *, connections_limited: bool) -> tuple[AlarmRule, ...]:
    """Database and cache near what they can take. `connections_limited`: the plan has a limit of its own on those."""
    most = int(MOST_CONNECTIONS * connections(supplies.memory_gib))
    memory = int(LEAST_FREE_MEMORY * supplies.memory_gib * GIB)
    storage = int(LEAST_FREE_STORAGE * supplies.storage_gib * GIB)
    database = metrics.database
    found = [
        _from(service, "database-cpu", _alone(database("cpu")), BUSY, f"CPU at {BUSY}%"),
        _below(service, "database-memory", _alone(database("memory")), memory, "memory runs out"),
        _below(service, "database-storage", _alone(database("storage")), storage, "storage runs out"),
    ]
    if not connections_limited:
        told = f"{most} connections, {MOST_CONNECTIONS:.0%} of what it accepts"
        found.append(_from(service, "database-connections", _alone(database("connections")), most, told))
    nodes = supplies.nodes
    return (
        *found,
        _from(service, "cache-cpu", _fullest("cpu", nodes), BUSY, f"a node's CPU at {BUSY}%"),
        _from(service, "cache-memory", _fullest("memory", nodes), FULL, f"a node's memory {FULL}% full"),
    )


def _fullest(what: str, nodes: Sequence[str]) -> Watch:
    # MAX of several series is one series, value by value; of one alone it would be a single number.
    series = tuple(metrics.cache(what, node, f"n{at}") for at, node in enumerate(nodes))
    ids = ", ".join(each.id for each in series)
    return Watch(expression=f"MAX([{ids}])" if len(series) > 1 else ids, series=series)


def _from(service: str, key: str, watch: Watch, least: float, told: str) -> AlarmRule:
    return _rule(service, key, watch, told, (Comparison.AT_LEAST, float(least)))


def _below(service: str, key: str, watch: Watch, most: float, told: str) -> AlarmRule:
    return _rule(service, key, watch, told, (Comparison.BELOW, float(most)))


def _rule(service: str, key: str, watch: Watch, told: str, beyond: tuple[Comparison, float]) -> AlarmRule:
    comparison, threshold = beyond
    whose, _, what = key.partition("-")
    title = f"{service} {whose}: {told}"
    return AlarmRule(
        key=key,
        watch=watch,
        comparison=comparison,
        threshold=threshold,
        period=LEAST_PERIOD,
        readings=BUSY_FOR if what == "cpu" else DOWN_AFTER,
        missing=Missing.FINE,
        title=title,
        text=(
            f"{title}: {what} {SIGN[comparison]} {threshold:g}. Both versions share the {whose}. See on the dashboard "
            "whether it began with a step of the rollout: if so go back (pulumi config set step idle && pulumi up), "
            f"else look for what uses the {whose} so much before it is made larger."
        ),
    )


def _silence(service: str, what: str, series: Iterable[Series]) -> AlarmRule:
    listed = tuple(series)
    title = f"{service}: nothing is heard of the {what}"
    return AlarmRule(
        key=f"no-data-{what}",
        watch=Watch(expression=" + ".join(each.id for each in listed), series=listed),
        comparison=Comparison.BELOW,
        threshold=1.0,
        period=LEAST_PERIOD,
        readings=5,  # minutes: CloudWatch may be late
        missing=Missing.BROKEN,
        title=title,
        text=(
            f"{title}: CloudWatch has had no figure for five minutes, so its other alarms see nothing. Do not advance "
            f"a rollout. Check that the {what} run at all, then the AWS Health Dashboard for CloudWatch."
        ),
    )


def _alone(series: Series) -> Watch:
    return Watch(expression=series.id, series=(series,))
