"""The plan: ordered steps, each with a weight, a bake and the gates that must pass to leave it."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate import duration, limits, windows
from headgate.limits import Limits
from headgate.problems import Problem
from headgate.windows import Calendar
from headgate.wire import show, whole

IDLE = "idle"

DEFAULT_MAX_FIRST_WEIGHT = 10  # per cent; both runbooks expose at most this share first (R-A5: 10, R-B1: 5)
DEFAULT_MAX_INCREMENT = 50  # per cent; the largest jump of the runbooks is 50 -> 100 (R-A5)
DEFAULT_MIN_BAKE = 60  # seconds; one health check interval (R-B6)
DEFAULT_RETENTION = 72 * 3600  # seconds; R-A9
DEFAULT_STICKINESS = 0  # seconds; off


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `weight` in per cent of users on the candidate, `bake` in seconds, `gates` by name."""

    name: str
    weight: int
    bake: int
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole rollout plan.

    `retention`: seconds the former live version is kept after promotion. `max_first_weight`: most the first step with
    traffic may send to the candidate. `max_increment`: most a single step may add. `min_bake`: least bake, seconds,
    of every step that is followed by another. `stickiness`: seconds a user is held to a version by the balancer's
    cookie while both get traffic; 0 is off. `calendar`: when the rollout may move forward.
    """

    steps: tuple[Step, ...]
    retention: int = DEFAULT_RETENTION
    max_first_weight: int = DEFAULT_MAX_FIRST_WEIGHT
    max_increment: int = DEFAULT_MAX_INCREMENT
    min_bake: int = DEFAULT_MIN_BAKE
    stickiness: int = DEFAULT_STICKINESS
    limits: Limits = field(default_factory=Limits)
    calendar: Calendar = field(default_factory=Calendar)

    @property
    def step_names(self) -> tuple[str, ...]:
        return tuple(step.name for step in self.steps)

    def index(self, name: str) -> int | None:
        """Position of the step `name`, or None when the plan has no such step (`idle` is never one)."""
        return next((position for position, step in enumerate(self.steps) if step.name == name), None)

    def step(self, name: str) -> Step | None:
        """The step `name`, or None when the plan has no such step."""
        position = self.index(name)
        return None if position is None else self.steps[position]

    def stickiness_of(self, step: Step | None) -> int:
        """Seconds of cookie stickiness at `step`: never longer than its bake, off when one side gets everything.

        At weights 0 and 100 it must be off: with group stickiness enabled a balancer may keep honouring the cookie of
        a group whose weight is 0, and a rollback has to move those users too.
        """
        if step is None or step.weight <= 0 or step.weight >= 100:
            return 0
        return min(self.stickiness, step.bake)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form; the same for the same plan on every machine."""
        return digest_of(to_dict(self))


def digest_of(value: object) -> str:
    """SHA-256, in hex, of `value` as JSON with sorted keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def to_dict(plan: Plan) -> dict[str, Any]:
    """`plan` as plain JSON values; durations in seconds. `from_dict` reads it back unchanged."""
    # Left out when empty: a digest that was recorded before the field existed stays the same.
    calendar = windows.to_dict(plan.calendar)
    return {
        "steps": [
            {"name": step.name, "weight": step.weight, "bake": step.bake, "gates": list(step.gates)}
            for step in plan.steps
        ],
        "retention": plan.retention,
        "maxFirstWeight": plan.max_first_weight,
        "maxIncrement": plan.max_increment,
        "minBake": plan.min_bake,
        "stickiness": plan.stickiness,
        "limits": limits.to_dict(plan.limits),
        **({"calendar": calendar} if calendar else {}),
    }


def from_dict(raw: Mapping[str, Any]) -> Plan:
    """A plan from `to_dict`'s form. Numbers may be floats (Pulumi sends all numbers so).

    Raises KeyError, TypeError or ValueError on any other shape; callers that read outside data catch these.
    """
    return Plan(
        steps=tuple(
            Step(
                name=str(step["name"]),
                weight=whole(step["weight"]),
                bake=whole(step["bake"]),
                gates=tuple(str(gate) for gate in step["gates"] or ()),
            )
            for step in raw["steps"]
        ),
        retention=whole(raw["retention"]),
        max_first_weight=whole(raw["maxFirstWeight"]),
        max_increment=whole(raw["maxIncrement"]),
        min_bake=whole(raw["minBake"]),
        stickiness=whole(raw["stickiness"]),
        limits=limits.from_dict(raw["limits"]),
        calendar=windows.from_dict(raw.get("calendar")),
    )


_PLAN_KEYS = {
    "steps", "retention", "limits", "stickiness", "max_first_weight", "max_increment", "min_bake", "windows", "freezes",
}  # fmt: skip
_STEP_KEYS = {"name", "weight", "bake", "gates"}


def parse(raw: object, where: str, known_gates: Collection[str]) -> tuple[Plan | None, tuple[Problem, ...]]:
    """Reads a plan as written in a stack file; `where` is its path, e.g. `headgate:plan`.

    Returns the plan and no problem, or None and every problem found. Only the shape is judged here; whether the steps
    make a safe plan is rule R-01 in `transition`, which also names its rule.
    """
    problems: list[Problem] = []
    if not isinstance(raw, Mapping):
        problems.append(Problem(where, show(raw), "a mapping with steps, retention and limits", "Write the plan out."))
        return None, tuple(problems)
    _refuse_unknown_keys(raw, _PLAN_KEYS, where, problems)
    steps = _parse_steps(raw.get("steps"), f"{where}.steps", known_gates, problems)
    seconds = {
        key: _parse_duration(raw, key, default, where, problems)
        for key, default in (
            ("retention", DEFAULT_RETENTION),
            ("min_bake", DEFAULT_MIN_BAKE),
            ("stickiness", DEFAULT_STICKINESS),
        )
    }
    shares = {
        key: _parse_percent(raw.get(key, default), f"{where}.{key}", problems)
        for key, default in (
            ("max_first_weight", DEFAULT_MAX_FIRST_WEIGHT),
            ("max_increment", DEFAULT_MAX_INCREMENT),
        )
    }
    parsed_limits, limit_problems = limits.parse(raw.get("limits"), f"{where}.limits")
    problems.extend(limit_problems)
    calendar, calendar_problems = windows.parse(raw.get("windows"), raw.get("freezes"), where)
    problems.extend(calendar_problems)
    if problems or parsed_limits is None:
        return None, tuple(problems)
    return Plan(steps=steps, limits=parsed_limits, calendar=calendar, **seconds, **shares), ()


def _parse_steps(raw: object, where: str, known_gates: Collection[str], problems: list[Problem]) -> tuple[Step, ...]:
    if not isinstance(raw, list) or not raw:
        problems.append(
            Problem(
                where,
                show(raw),
                "a list with at least one step",
                "List the steps in order, the last with weight 100.",
            )
        )
        return ()
    steps = [_parse_step(step, f"{where}[{position}]", known_gates, problems) for position, step in enumerate(raw)]
    names = [step.name for step in steps if step.name]
    for position, step in enumerate(steps):
        if step.name and names.index(step.name) != position and names.count(step.name) > 1:
            problems.append(
                Problem(
                    f"{where}[{position}].name",
                    repr(step.name),
                    "a name no other step has",
                    "Rename one of the steps.",
                )
            )
    return tuple(steps)


def _parse_step(raw: object, where: str, known_gates: Collection[str], problems: list[Problem]) -> Step:
    if not isinstance(raw, Mapping):
        problems.append(Problem(where, show(raw), "a mapping with name, weight, bake and gates", "Write the step out."))
        return Step("", 0, 0)
    _refuse_unknown_keys(raw, _STEP_KEYS, where, problems)
    name = raw.get("name")
    if not isinstance(name, str) or not name.strip():
        problems.append(Problem(f"{where}.name", show(name), "a non-empty text", "Give the step a name."))
        name = ""
    elif name == IDLE:
        problems.append(
            Problem(
                f"{where}.name",
                repr(name),
                f"any name but {IDLE!r}, which means no rollout",
                "Rename the step.",
            )
        )
    weight = _parse_percent(raw.get("weight"), f"{where}.weight", problems)
    bake = duration.parse(raw.get("bake"))
    if bake is None:
        problems.append(
            Problem(f"{where}.bake", show(raw.get("bake")), duration.EXPECTED, "Say how long the step must stay.")
        )
    return Step(name, weight, bake or 0, _parse_gates(raw.get("gates"), f"{where}.gates", known_gates, problems))


def _parse_gates(raw: object, where: str, known_gates: Collection[str], problems: list[Problem]) -> tuple[str, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        problems.append(Problem(where, show(raw), "a list of gate names", "Write the gates as a list."))
        return ()
    known = ", ".join(sorted(known_gates))
    for position, gate in enumerate(raw):
        if not isinstance(gate, str) or gate not in known_gates:
            problems.append(
                Problem(
                    f"{where}[{position}]",
                    show(gate),
                    f"one of the known gates: {known}",
                    "Use a known gate or remove it.",
                )
            )
    return tuple(str(gate) for gate in raw)


def _parse_percent(raw: object, where: str, problems: list[Problem]) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= 100:
        return raw
    problems.append(Problem(where, show(raw), "a whole number from 0 to 100 (per cent)", "Correct the number."))
    return 0


def _parse_duration(raw: Mapping[Any, Any], key: str, default: int, where: str, problems: list[Problem]) -> int:
    if key not in raw:
        return default
    seconds = duration.parse(raw[key])
    if seconds is None:
        problems.append(Problem(f"{where}.{key}", show(raw[key]), duration.EXPECTED, "Correct the duration."))
    return seconds or 0


def _refuse_unknown_keys(raw: Mapping[Any, Any], known: set[str], where: str, problems: list[Problem]) -> None:
    expected = f"one of: {', '.join(sorted(known))}"
    problems.extend(
        Problem(f"{where}.{key}", "an unknown key", expected, "Correct or remove it.")
        for key in raw
        if key not in known
    )
