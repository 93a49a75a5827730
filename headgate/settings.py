"""The stack configuration as one frozen value, or every problem in it with its place. Pure: others read the values."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from headgate import cohorts, gate_settings, notify_settings
from headgate import migration as migrations
from headgate import plan as plans
from headgate.gate_settings import Command, EvidenceSettings, SecuritySettings, SmokeSettings
from headgate.migration import Migration
from headgate.notify_settings import NotifySettings
from headgate.plan import IDLE, Plan
from headgate.problems import Problem, RuleId
from headgate.reader import HOST_NAME, PROJECT, Reader
from headgate.state import Asked, Release, Version
from headgate.systems import SYSTEMS, System, slot_of

__all__ = [
    "ENVIRONMENTS", "KEYS", "MOST_TASKS", "OPTIONAL", "PRODUCTION", "PROJECT", "Capacity", "Settings", "SettingsError",
    "parse", "read",
]  # fmt: skip

PRODUCTION = "production"
ENVIRONMENTS = ("staging", PRODUCTION)
MOST_TASKS = 5000  # of one slot; the largest platform quota among the systems (docs/configuration.md)


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
class Settings:
    """What every stack file says. `file` is its path, for messages.

    `details`: the keys that only this kind of system has, as plain values, secrets among them; the module of the system
    reads them.
    `template`: digest of what the newest version is created with, where a slot keeps that (`state.Asked.settings`).
    """

    file: str
    system: str
    environment: str
    owner: str
    domain: str
    release: Release
    step: str
    plan: Plan
    capacity: Capacity
    details: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    template: str = ""
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    smoke: SmokeSettings = field(default_factory=SmokeSettings)
    security: SecuritySettings = field(default_factory=SecuritySettings)
    commands: Mapping[str, Command] = field(default_factory=lambda: MappingProxyType({}))
    migration: Migration | None = None
    notify: NotifySettings = field(default_factory=NotifySettings)

    @property
    def production(self) -> bool:
        return self.environment == PRODUCTION

    @property
    def name(self) -> str:
        """`greenflow-production`: the stack, and the name of what carries its traffic."""
        return f"{self.system}-{self.environment}"

    @property
    def slots(self) -> tuple[str, ...]:
        """Where versions run: the fixed slots, or those of the versions that are named."""
        fixed = SYSTEMS[self.system].slots
        return fixed or tuple(version.slot for version in self.release.versions)

    @property
    def asked(self) -> Asked:
        return Asked(
            self.system,
            self.environment,
            self.release,
            self.step,
            self.capacity.tasks,
            self.capacity.minimum_tasks,
            self.template,
            cohorts.drawn_by(self.details.get("cohorts")),
        )

    def with_template(self, digest: str) -> "Settings":
        """These settings, with the digest of what the newest version is created with."""
        return replace(self, template=digest)


KEYS = ("system", "environment", "owner", "domain", "release", "step", "plan", "capacity")
OPTIONAL = (*gate_settings.KEYS, migrations.KEY, notify_settings.KEY)


def parse(raw: Mapping[str, object], file: str, known_gates: Collection[str]) -> Settings:
    """Settings from `raw`: the values of the `headgate:` keys, without that prefix, as plain YAML values.

    Keys beyond `KEYS` and `OPTIONAL` are kept in `details` and not judged here. Raises SettingsError with every problem
    found; each names `file`, the key's path, what was found and what to do.
    """
    reader = Reader(file)
    settings = read(raw, reader, known_gates)
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return settings


def read(raw: Mapping[str, object], reader: Reader, known_gates: Collection[str]) -> Settings:
    """As `parse`, but problems are left with the reader; the settings are usable only when there are none."""
    system = reader.choice(raw.get("system"), "headgate:system", tuple(SYSTEMS))
    environment = reader.choice(raw.get("environment"), "headgate:environment", ENVIRONMENTS)
    known = SYSTEMS.get(system, System(system))
    commands = gate_settings.read_commands(raw.get("commands"), reader)
    gates = (*known_gates, *(f"{gate_settings.COMMAND}{name}" for name in commands))
    plan, plan_problems = plans.parse(raw.get("plan"), "headgate:plan", gates)
    reader.extend(plan_problems)
    migration, migration_problems = migrations.parse(raw.get(migrations.KEY), f"{PROJECT}:{migrations.KEY}")
    reader.extend(migration_problems)
    settings = Settings(
        file=reader.file,
        system=system,
        environment=environment,
        owner=reader.text(raw.get("owner"), "headgate:owner"),
        domain=reader.matching(raw.get("domain"), "headgate:domain", HOST_NAME, "a host name such as api.example.com"),
        release=_release(reader, raw.get("release"), known, f"{system}-{environment}"),
        step=_step(reader, raw.get("step", IDLE), plan),
        plan=plan or Plan(steps=()),
        capacity=_capacity(reader, raw.get("capacity"), known),
        details=MappingProxyType({key: value for key, value in raw.items() if key not in (*KEYS, *OPTIONAL)}),
        evidence=gate_settings.read_evidence(raw.get("evidence"), reader),
        smoke=gate_settings.read_smoke(raw.get("smoke"), reader, _inside(raw, "service", "health_path")),
        security=gate_settings.read_security(
            raw.get("security"), reader, _inside(raw, "service", "health_path"), _inside(raw, "edge", "cors_origins")
        ),
        commands=commands,
        migration=migration,
        notify=notify_settings.read_notify(raw.get(notify_settings.KEY), reader),
    )
    if settings.step != IDLE and settings.release.candidate is None and not reader.problems:
        reader.add("headgate:release.candidate", None, f"a candidate, since step is {settings.step!r}",
                   "Name the candidate, or set headgate:step to idle.")  # fmt: skip
    if not known.fixed and settings.plan.stickiness:
        reader.add("headgate:plan.stickiness", settings.plan.stickiness, f"nothing: system {system!r} holds users by "
                   "a setting of each version, which the plan cannot bound", "Remove it.")  # fmt: skip
    return settings


def _inside(raw: Mapping[str, object], key: str, name: str) -> object:
    """A value of the system's own keys that is a default here; the system's module judges it."""
    value = raw.get(key)
    return value.get(name) if isinstance(value, Mapping) else None


def _release(reader: Reader, raw: object, system: System, stack: str) -> Release:
    where = "headgate:release"
    mapping = reader.mapping(raw, where, ("live", "candidate", "standby", "rollout"))
    live = _version(reader, mapping.get("live"), f"{where}.live", system, stack)
    candidate, standby = (
        _version(reader, mapping[role], f"{where}.{role}", system, stack) if mapping.get(role) is not None else None
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


def _version(reader: Reader, raw: object, where: str, system: System, stack: str) -> Version:
    mapping = reader.mapping(raw, where, ("version", "slot", "image"))
    version = reader.text(mapping.get("version"), f"{where}.version")
    image = reader.text(mapping.get("image"), f"{where}.image")
    slot = mapping.get("slot")
    if system.fixed:
        return Version(version, reader.choice(slot, f"{where}.slot", system.slots), image)
    derived = slot_of(stack, image)
    if image and not derived:  # said here, for without a digest there is no slot that a rule could judge
        expected = f"an image by digest, name@sha256:... ({RuleId.IMAGES_BY_DIGEST})"
        reader.add(f"{where}.image", image, expected, "Pin the image by the digest the registry shows for it.")
    if slot is None:
        return Version(version, derived, image)
    pattern = re.compile(rf"(?=.{{1,63}}$){re.escape(stack)}-[a-z0-9]([a-z0-9-]*[a-z0-9])?")
    expected = f"nothing, or a name of at most 63 characters that begins with {stack}-"
    return Version(version, reader.matching(slot, f"{where}.slot", pattern, expected), image)


def _step(reader: Reader, raw: object, plan: Plan | None) -> str:
    if plan is None:
        return IDLE
    return reader.choice(raw, "headgate:step", (IDLE, *plan.step_names))


def _capacity(reader: Reader, raw: object, system: System) -> Capacity:
    where = "headgate:capacity"
    sized = ("tasks",) if system.fixed else ()  # else a version always keeps its minimum, whatever its share
    mapping = reader.mapping(raw, where, (*sized, "minimum_tasks", "maximum_tasks"))
    tasks = reader.whole(mapping.get("tasks"), f"{where}.tasks", 1, MOST_TASKS) if sized else MOST_TASKS
    minimum = reader.whole(mapping.get("minimum_tasks"), f"{where}.minimum_tasks", 1, max(tasks, 1))
    tasks = tasks if sized else minimum
    maximum = reader.whole(mapping.get("maximum_tasks"), f"{where}.maximum_tasks", max(tasks, 1), MOST_TASKS)
    return Capacity(tasks=tasks, minimum_tasks=minimum, maximum_tasks=maximum)
