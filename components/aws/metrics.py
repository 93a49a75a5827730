"""Series of CloudWatch by the ids that expressions use. No Pulumi here.

Names, units and dimensions are those of the services' own pages "CloudWatch metrics" (Application Load Balancer, ECS,
RDS, ElastiCache). The balancer reports only while there are requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

BALANCER = "AWS/ApplicationELB"
SERVICE = "AWS/ECS"
DATABASE = "AWS/RDS"
CACHE = "AWS/ElastiCache"


class Subject(StrEnum):
    """What a series is about, from which its dimensions follow."""

    BALANCER = "balancer"
    TARGETS = "targets"
    """A slot behind the balancer."""
    TASKS = "tasks"
    """A slot's ECS service."""
    DATABASE = "database"
    CACHE = "cache"
    """One node."""
    LOGS = "logs"
    """Read off a slot's log; it has no dimensions."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one subject, by the `id` that expressions use. `of`: the slot or the node it is about."""

    id: str
    namespace: str
    name: str
    stat: str
    subject: Subject
    of: str = ""


PERCENTILES: Mapping[str, str] = MappingProxyType({"p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99"})
_DATABASE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "connections": ("DatabaseConnections", "Maximum"),
        "cpu": ("CPUUtilization", "Average"),
        "memory": ("FreeableMemory", "Minimum"),
        "storage": ("FreeStorageSpace", "Minimum"),
        "reports": ("CPUUtilization", "SampleCount"),
    }
)
_CACHE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "cpu": ("EngineCPUUtilization", "Average"),
        "memory": ("DatabaseMemoryUsagePercentage", "Maximum"),
        "reports": ("CPUUtilization", "SampleCount"),
    }
)


def requests(slot: str) -> Series:
    """Requests that the balancer gave to the slot."""
    return _targets("requests", "RequestCount", "Sum", slot)


def answers(slot: str) -> tuple[Series, Series, Series]:
    """`requests`, `errors` answered with 5xx, and `refused`: no connection to the task came about."""
    return (
        requests(slot),
        _targets("errors", "HTTPCode_Target_5XX_Count", "Sum", slot),
        _targets("refused", "TargetConnectionErrorCount", "Sum", slot),
    )


def latency(slot: str, metric: str) -> Series:
    """Seconds that a share of the answers stay under, as CloudWatch takes it from all of them."""
    return _targets(PERCENTILES[metric], "TargetResponseTime", PERCENTILES[metric], slot)


def healthy(slot: str, identity: str = "healthy") -> Series:
    """Healthy tasks behind the balancer. There is no value while none is registered."""
    return _targets(identity, "HealthyHostCount", "Maximum", slot)


def unanswered() -> tuple[Series, Series]:
    """`handled` by some task, and `unanswered`: what the balancer itself had to answer with 5xx."""
    return (
        Series("handled", BALANCER, "RequestCount", "Sum", Subject.BALANCER),
        Series("unanswered", BALANCER, "HTTPCode_ELB_5XX_Count", "Sum", Subject.BALANCER),
    )


def memory(slot: str) -> Series:
    """Per cent of its memory that the fullest task uses: each runs out of it alone."""
    return Series("memory", SERVICE, "MemoryUtilization", "Maximum", Subject.TASKS, slot)


def memory_mean(slot: str) -> Series:
    """The mean of all tasks, for its slope: restarts of single tasks weigh little."""
    return Series("memory_mean", SERVICE, "MemoryUtilization", "Average", Subject.TASKS, slot)


def cpu(slot: str) -> Series:
    """Per cent of their processors that the tasks use together: one busy task for a minute is no want of capacity."""
    return Series("cpu", SERVICE, "CPUUtilization", "Average", Subject.TASKS, slot)


def tasks(slot: str, identity: str) -> Series:
    """How often the tasks were heard of."""
    return Series(identity, SERVICE, "CPUUtilization", "SampleCount", Subject.TASKS, slot)


def database(what: str) -> Series:
    """Of the database: connections, cpu, memory (free bytes), storage (free bytes), reports."""
    name, stat = _DATABASE[what]
    return Series(what, DATABASE, name, stat, Subject.DATABASE)


def cache(what: str, node: str, identity: str) -> Series:
    """Of one node of the cache: cpu, memory (per cent used), reports."""
    name, stat = _CACHE[what]
    return Series(identity, CACHE, name, stat, Subject.CACHE, node)


def turn_latency(slot: str) -> Series:
    """Milliseconds that 95 % of the conversation turns stay under; the application logs them."""
    return Series("turn", "", turn_metric(slot), "p95", Subject.LOGS, slot)


def turn_metric(slot: str) -> str:
    """Name of the metric of the milliseconds that conversation turns take."""
    return f"{slot}-turn-latency"


def error_metric(slot: str) -> str:
    """Name of the metric that counts the errors a slot logs."""
    return f"{slot}-logged-errors"


def log_namespace(physical_name: str) -> str:
    """Namespace of what is read off the logs."""
    return f"headgate/{physical_name}"


def balancer_dimension(listener_arn: str) -> str:
    """`app/<name>/<id>` from the ARN of one of the balancer's listeners."""
    return listener_arn.partition(":listener/")[2].rpartition("/")[0]


def targets_dimension(target_group_arn: str) -> str:
    """`targetgroup/<name>/<id>` from an ARN."""
    return target_group_arn.rpartition(":")[2]


def cache_nodes(replication_group_id: str, nodes: int) -> tuple[str, ...]:
    """Ids of the nodes, as ElastiCache numbers them (its user guide, "Finding replication group endpoints")."""
    return tuple(f"{replication_group_id}-{number:03d}" for number in range(1, nodes + 1))


def _targets(identity: str, name: str, stat: str, slot: str) -> Series:
    return Series(identity, BALANCER, name, stat, Subject.TARGETS, slot)
