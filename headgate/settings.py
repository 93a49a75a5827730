"""The stack configuration as one frozen value, or every problem in it with its place. Pure: others read the values."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from headgate import plan as plans
from headgate.plan import IDLE, Plan
from headgate.problems import Problem
from headgate.state import Asked, Release, Version
from headgate.wire import show

PROJECT = "headgate"
PRODUCTION = "production"
ENVIRONMENTS = ("staging", PRODUCTION)
SYSTEMS = {"greenflow": ("blue", "green")}  # system -> its fixed slots
MOST_TASKS = 5000  # tasks of one ECS service (AWS service quota)


class SettingsError(Exception):
    """The configuration cannot be used. `problems` holds everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{count} in the stack configuration:\n{lines}")


@dataclass(frozen=True, slots=True)
class Capacity:
    """Tasks: `tasks` of a version with all traffic, `minimum_tasks` least of one with some, `maximum_tasks` a slot."""

    tasks: int
    minimum_tasks: int
    maximum_tasks: int


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Address range and availability zones; `nat_per_zone` False shares one NAT gateway."""

    cidr: str
    availability_zones: tuple[str, ...]
    nat_per_zone: bool


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """PostgreSQL: instance class, storage in GiB, and whether a standby in another zone is kept."""

    instance_class: str
    allocated_storage: int
    multi_az: bool
    backup_retention_days: int


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Redis: node type and number of nodes (a primary and its replicas)."""

    node_type: str
    nodes: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a stack file says. `file` is its path, for messages."""

    file: str
    system: str
    environment: str
    owner: str
    domain: str
    certificate_arn: str | None
    release: Release
    step: str
    plan: Plan
    capacity: Capacity
    network: NetworkSettings
    database: DatabaseSettings
    cache: CacheSettings

    @property
    def production(self) -> bool:
        return self.environment == PRODUCTION

    @property
    def name(self) -> str:
        """`greenflow-production`: the stack and the name of its balancer and cluster."""
        return f"{self.system}-{self.environment}"

    @property
    def slots(self) -> tuple[str, ...]:
        return SYSTEMS[self.system]

    @property
    def asked(self) -> Asked:
        return Asked(
            self.system,
            self.environment,
            self.release,
            self.step,
            self.capacity.tasks,
            self.capacity.minimum_tasks,
        )


KEYS = (
    "system", "environment", "owner", "domain", "certificate_arn", "release", "step", "plan", "capacity", "network",
    "database", "cache",
)  # fmt: skip


def parse(raw: Mapping[str, object], file: str, known_gates: Collection[str]) -> Settings:
    """Settings from `raw`: the values of the `headgate:` keys, without that prefix, as plain YAML values.

    Raises SettingsError with every problem found; each names `file`, the key's path, what was found and what to do.
    """
    reader = _Reader(file)
    reader.refuse_unknown(raw, KEYS, "headgate")
    system = reader.choice(raw.get("system"), "headgate:system", tuple(SYSTEMS))
    environment = reader.choice(raw.get("environment"), "headgate:environment", ENVIRONMENTS)
    plan, plan_problems = plans.parse(raw.get("plan"), "headgate:plan", known_gates)
    reader.extend(plan_problems)
    settings = Settings(
        file=file,
        system=system,
        environment=environment,
        owner=reader.text(raw.get("owner"), "headgate:owner"),
        domain=reader.matching(raw.get("domain"), "headgate:domain", _DOMAIN, "a host name such as api.example.com"),
        certificate_arn=_certificate(reader, raw.get("certificate_arn")),
        release=_release(reader, raw.get("release"), SYSTEMS.get(system, ())),
        step=_step(reader, raw.get("step", IDLE), plan),
        plan=plan or Plan(steps=()),
        capacity=_capacity(reader, raw.get("capacity")),
        network=_network(reader, raw.get("network")),
        database=_database(reader, raw.get("database")),
        cache=_cache(reader, raw.get("cache")),
    )
    if settings.step != IDLE and settings.release.candidate is None and not reader.problems:
        reader.add("headgate:release.candidate", None, f"a candidate, since step is {settings.step!r}",
                   "Name the candidate, or set headgate:step to idle.")  # fmt: skip
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return settings


_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_ARN = re.compile(r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+")


def _certificate(reader: "_Reader", raw: object) -> str | None:
    if raw is None:
        return None
    return reader.matching(raw, "headgate:certificate_arn", _ARN, "the ARN of a certificate")


def _release(reader: "_Reader", raw: object, slots: tuple[str, ...]) -> Release:
    where = "headgate:release"
    mapping = reader.mapping(raw, where, ("live", "candidate", "standby", "rollout"))
    live = _version(reader, mapping.get("live"), f"{where}.live", slots)
    candidate, standby = (
        _version(reader, mapping[role], f"{where}.{role}", slots) if mapping.get(role) is not None else None
        for role in ("candidate", "standby")
    )
    taken: dict[str, str] = {}
    for role, version in (("live", live), ("candidate", candidate), ("standby", standby)):
        if version is None or not version.slot:
            continue
        if version.slot in taken:
            reader.add(f"{where}.{role}.slot", version.slot, f"a slot that {taken[version.slot]} does not use",
                       "Give each version its own slot.")  # fmt: skip
        taken.setdefault(version.slot, role)
    rollout = mapping.get("rollout")
    return Release(live, candidate, standby, None if rollout is None else reader.text(rollout, f"{where}.rollout"))


def _version(reader: "_Reader", raw: object, where: str, slots: tuple[str, ...]) -> Version:
    mapping = reader.mapping(raw, where, ("version", "slot", "image"))
    slot = reader.choice(mapping.get("slot"), f"{where}.slot", slots) if slots else str(mapping.get("slot"))
    return Version(
        reader.text(mapping.get("version"), f"{where}.version"),
        slot,
        reader.text(mapping.get("image"), f"{where}.image"),
    )


def _step(reader: "_Reader", raw: object, plan: Plan | None) -> str:
    if plan is None:
        return IDLE
    return reader.choice(raw, "headgate:step", (IDLE, *plan.step_names))


def _capacity(reader: "_Reader", raw: object) -> Capacity:
    where = "headgate:capacity"
    mapping = reader.mapping(raw, where, ("tasks", "minimum_tasks", "maximum_tasks"))
    tasks = reader.whole(mapping.get("tasks"), f"{where}.tasks", 1, MOST_TASKS)
    return Capacity(
        tasks=tasks,
        minimum_tasks=reader.whole(mapping.get("minimum_tasks"), f"{where}.minimum_tasks", 1, max(tasks, 1)),
        maximum_tasks=reader.whole(mapping.get("maximum_tasks"), f"{where}.maximum_tasks", max(tasks, 1), MOST_TASKS),
    )


def _network(reader: "_Reader", raw: object) -> NetworkSettings:
    where = "headgate:network"
    mapping = reader.mapping(raw, where, ("cidr", "availability_zones", "nat_per_zone"))
    zones = mapping.get("availability_zones")
    if not isinstance(zones, list) or len(zones) != 3 or len(set(map(str, zones))) != 3:
        reader.add(f"{where}.availability_zones", zones, "a list of three different zones", "Name three zones.")
        zones = []
    return NetworkSettings(
        cidr=_cidr(reader, mapping.get("cidr"), f"{where}.cidr"),
        availability_zones=tuple(str(zone) for zone in zones),
        nat_per_zone=reader.flag(mapping.get("nat_per_zone", True), f"{where}.nat_per_zone"),
    )


def _cidr(reader: "_Reader", raw: object, where: str) -> str:
    try:
        network = IPv4Network(raw if isinstance(raw, str) else "")
    except ValueError:
        network = None
    if network is None or not 16 <= network.prefixlen <= 20 or not network.is_private:
        reader.add(where, raw, "a private IPv4 range from /16 to /20 such as 10.20.0.0/16", "Correct the range.")
    return str(raw)


def _database(reader: "_Reader", raw: object) -> DatabaseSettings:
    where = "headgate:database"
    keys = ("instance_class", "allocated_storage", "multi_az", "backup_retention_days")
    mapping = reader.mapping(raw, where, keys)
    return DatabaseSettings(
        instance_class=reader.matching(
            mapping.get("instance_class"), f"{where}.instance_class", re.compile(r"db\.[a-z0-9]+\.[a-z0-9]+"),
            "an instance class such as db.m7g.large",
        ),
        allocated_storage=reader.whole(mapping.get("allocated_storage"), f"{where}.allocated_storage", 20, 65536),
        multi_az=reader.flag(mapping.get("multi_az", True), f"{where}.multi_az"),
        backup_retention_days=reader.whole(
            mapping.get("backup_retention_days", 14), f"{where}.backup_retention_days", 0, 35
        ),
    )  # fmt: skip


def _cache(reader: "_Reader", raw: object) -> CacheSettings:
    where = "headgate:cache"
    mapping = reader.mapping(raw, where, ("node_type", "nodes"))
    return CacheSettings(
        node_type=reader.matching(
            mapping.get("node_type"), f"{where}.node_type", re.compile(r"cache\.[a-z0-9]+\.[a-z0-9]+"),
            "a node type such as cache.r7g.large",
        ),
        nodes=reader.whole(mapping.get("nodes", 2), f"{where}.nodes", 2, 6),
    )  # fmt: skip


class _Reader:
    """Reads single values, collects a problem for each that is wrong, and returns a harmless stand-in for it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, where: str, found: object, expected: str, fix: str) -> None:
        self.problems.append(Problem(f"{self.file}: {where}", show(found), expected, fix))

    def extend(self, problems: tuple[Problem, ...]) -> None:
        for problem in problems:
            where = f"{self.file}: {problem.where}"
            self.problems.append(Problem(where, problem.found, problem.expected, problem.fix))

    def refuse_unknown(self, raw: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
        separator = ":" if where == PROJECT else "."
        for key in raw:
            if key not in known:
                expected = f"one of: {', '.join(known)}"
                self.problems.append(
                    Problem(
                        f"{self.file}: {where}{separator}{key}",
                        "an unknown key",
                        expected,
                        "Correct or remove it.",
                    )
                )

    def mapping(self, raw: object, where: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(raw, Mapping):
            self.add(where, raw, f"a mapping with {', '.join(keys)}", "Write it out.")
            return {}
        self.refuse_unknown(raw, keys, where)
        return raw

    def text(self, raw: object, where: str) -> str:
        if isinstance(raw, str) and raw.strip() and len(raw) <= 512:
            return raw
        self.add(where, raw, "a non-empty text (write it in quotes)", "Fill it in.")
        return ""

    def matching(self, raw: object, where: str, pattern: re.Pattern[str], expected: str) -> str:
        if isinstance(raw, str) and pattern.fullmatch(raw):
            return raw
        self.add(where, raw, expected, "Correct it.")
        return ""

    def choice(self, raw: object, where: str, choices: tuple[str, ...]) -> str:
        if isinstance(raw, str) and raw in choices:
            return raw
        self.add(where, raw, f"one of: {', '.join(choices)}", "Use one of these.")
        return ""

    def whole(self, raw: object, where: str, least: int, most: int) -> int:
        if isinstance(raw, int) and not isinstance(raw, bool) and least <= raw <= most:
            return raw
        self.add(where, raw, f"a whole number from {least} to {most}", "Correct the number.")
        return least

    def flag(self, raw: object, where: str) -> bool:
        if isinstance(raw, bool):
            return raw
        self.add(where, raw, "true or false", "Correct it.")
        return False
