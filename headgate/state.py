"""The state of a rollout, and the one that a configuration asks for next. Pure: the time is an argument."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from headgate.plan import IDLE, Plan, Step, digest_of
from headgate.wire import known_schema, whole

MOST_CREATED = 20  # slots remembered; own choice: live, candidate, standby and plenty of retries
SCHEMA = 1  # raised when the recorded form changes so that an older reader would misread it


class Phase(StrEnum):
    """Where a rollout is. IDLE: none is under way. ROLLED_BACK and PROMOTED: how the last one ended."""

    IDLE = "idle"
    ROLLING_OUT = "rolling-out"
    ROLLED_BACK = "rolled-back"
    PROMOTED = "promoted"


@dataclass(frozen=True, slots=True)
class Version:
    """An image with a label, in the slot where it runs: a fixed one such as blue or green, or one of its own."""

    version: str
    slot: str
    image: str


@dataclass(frozen=True, slots=True)
class Release:
    """The versions a configuration names. `rollout` overrides the rollout id, which is else the candidate's label."""

    live: Version
    candidate: Version | None = None
    standby: Version | None = None
    rollout: str | None = None

    @property
    def versions(self) -> tuple[Version, ...]:
        """Those that are named: live, candidate, standby."""
        return tuple(each for each in (self.live, self.candidate, self.standby) if each is not None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stack configuration asks for. `tasks`: tasks of a version that carries all traffic; `minimum_tasks`: least
    tasks of a version that carries some. `settings`: digest of all that the newest version is created with, where a
    slot keeps for ever what it was created with; empty where slots are changed in place. `assignment`: digest of what
    says which users are in the candidate's share; empty where chance does."""

    system: str
    environment: str
    release: Release
    step: str
    tasks: int
    minimum_tasks: int
    settings: str = ""
    assignment: str = ""

    @property
    def newest(self) -> Version:
        """The version to be created last: the candidate once its rollout has begun, else the live one."""
        candidate = self.release.candidate
        return candidate if candidate is not None and self.step != IDLE else self.release.live


@dataclass(frozen=True, slots=True)
class Created:
    """A slot that keeps what it was created with; `settings` is the digest of that."""

    slot: str
    settings: str


@dataclass(frozen=True, slots=True)
class State:
    """The state of one system in one environment.

    `weight`: per cent of users on the candidate. Times are epoch seconds, UTC: `entered_at` when the step was entered,
    `changed_at` when anything in the state last changed, `retain_until` until when the standby is kept.
    `sequence` grows by one with each change and `previous_digest` is the digest of the state before (compare and swap).
    `rolled_back_id` is the rollout that was last taken back; it may not be resumed under the same id.
    `created`: the slots that keep what they were created with, oldest first; empty where slots are changed in place.
    `assignment`: digest of what says which users are in the candidate's share; empty where chance does.
    """

    system: str
    environment: str
    phase: Phase
    rollout_id: str
    step: str
    weight: int
    live: Version
    candidate: Version | None
    standby: Version | None
    live_tasks: int
    candidate_tasks: int
    standby_tasks: int
    stickiness: int
    entered_at: int
    changed_at: int
    retain_until: int | None
    plan_digest: str
    sequence: int
    previous_digest: str
    rolled_back_id: str = ""
    created: tuple[Created, ...] = ()
    assignment: str = ""

    @property
    def known_slots(self) -> frozenset[str]:
        """Slots that exist by now and keep what they were created with."""
        return frozenset(each.slot for each in self.created)

    @property
    def split(self) -> dict[str, int]:
        """Slot -> per cent of users. The live version has what the candidate has not; a standby has nothing."""
        shares = {self.live.slot: 100 - self.weight}
        if self.standby is not None:
            shares[self.standby.slot] = 0
        if self.candidate is not None:
            shares[self.candidate.slot] = self.weight
        return shares

    @property
    def tasks(self) -> dict[str, int]:
        """Slot -> tasks that must run."""
        counts = {self.live.slot: self.live_tasks}
        if self.standby is not None:
            counts[self.standby.slot] = self.standby_tasks
        if self.candidate is not None:
            counts[self.candidate.slot] = self.candidate_tasks
        return counts

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return digest_of(to_dict(self))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A state together with the plan that was in force when it was recorded."""

    state: State
    plan: Plan


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A recorded state exists but cannot be understood; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Desired:
    """What must be declared in the cloud: slot -> per cent of users, slot -> tasks, seconds of cookie stickiness."""

    split: dict[str, int]
    tasks: dict[str, int]
    stickiness: int


def desired(asked: Asked, plan: Plan) -> Desired:
    """What `asked` declares. It follows from the configuration alone, so every way back to a configuration is exact."""
    release = asked.release
    step = plan.step(asked.step) if release.candidate else None
    weight = step.weight if step else 0
    split = {release.live.slot: 100 - weight}
    tasks = {release.live.slot: asked.tasks}
    if release.standby is not None:
        split[release.standby.slot] = 0
        tasks[release.standby.slot] = asked.tasks
    if release.candidate is not None:
        split[release.candidate.slot] = weight
        tasks[release.candidate.slot] = _candidate_tasks(asked, plan, step)
    return Desired(split, tasks, plan.stickiness_of(step))


def propose(previous: State | None, asked: Asked, plan: Plan, now: int) -> State:
    """The state that `asked` leads to from `previous`, at `now` (epoch seconds). Total; judges nothing.

    Returns `previous` itself when nothing changes. Whether the change is allowed is `transition.check`.
    """
    release = asked.release
    step = plan.step(asked.step)
    phase = _phase(previous, asked)
    declared = desired(asked, plan)
    draft = State(
        system=asked.system,
        environment=asked.environment,
        phase=phase,
        rollout_id=_rollout_id(previous, release, phase),
        step=asked.step,
        weight=step.weight if step else 0,
        live=release.live,
        candidate=release.candidate,
        standby=release.standby,
        live_tasks=asked.tasks,
        candidate_tasks=_candidate_tasks(asked, plan, step),
        standby_tasks=asked.tasks if release.standby else 0,
        stickiness=declared.stickiness,
        entered_at=now,
        changed_at=now,
        retain_until=now + plan.retention if phase is Phase.PROMOTED else None,
        plan_digest=plan.digest,
        sequence=1,
        previous_digest="",
        created=_created(previous, asked, phase, step.weight if step else 0),
        assignment=asked.assignment,
    )
    if previous is None:
        return draft
    return _succeed(previous, draft)


def _created(previous: State | None, asked: Asked, phase: Phase, weight: int) -> tuple[Created, ...]:
    """Going back, and staying there, creates nothing and changes nothing."""
    known = previous.created if previous else ()
    back = previous is not None and previous.phase is phase is Phase.ROLLING_OUT and weight < previous.weight
    if not asked.settings or phase is Phase.ROLLED_BACK or back:
        return known
    newest = Created(asked.newest.slot, asked.settings)
    if any(each.slot == newest.slot for each in known):
        return tuple(newest if each.slot == newest.slot else each for each in known)
    return (*known, newest)[-MOST_CREATED:]


def _succeed(previous: State, draft: State) -> State:
    same_place = (draft.phase, draft.rollout_id, draft.step) == (
        previous.phase,
        previous.rollout_id,
        previous.step,
    )
    rolled_back = draft.rollout_id if draft.phase is Phase.ROLLED_BACK else previous.rolled_back_id
    successor = replace(
        draft,
        entered_at=previous.entered_at if same_place else draft.entered_at,
        retain_until=previous.retain_until if same_place else draft.retain_until,
        changed_at=previous.changed_at,
        sequence=previous.sequence,
        previous_digest=previous.previous_digest,
        rolled_back_id=rolled_back,
    )
    if successor == previous:
        return previous
    return replace(
        successor,
        changed_at=draft.changed_at,
        sequence=previous.sequence + 1,
        previous_digest=previous.digest,
    )


def _phase(previous: State | None, asked: Asked) -> Phase:
    release = asked.release
    if asked.step != IDLE:
        return Phase.ROLLING_OUT
    if previous is None:
        # A record lost after a promotion must not cost the way back to the standby.
        return Phase.PROMOTED if release.standby is not None else Phase.IDLE
    if previous.phase is Phase.ROLLING_OUT:
        took_over = previous.candidate is not None and release.live.slot == previous.candidate.slot
        return Phase.PROMOTED if took_over else Phase.ROLLED_BACK
    if previous.phase is Phase.PROMOTED:
        if previous.standby is not None and release.live.slot == previous.standby.slot:
            return Phase.ROLLED_BACK
        return Phase.PROMOTED if release.standby is not None else Phase.IDLE
    same_versions = (release.live, release.candidate) == (previous.live, previous.candidate)
    return Phase.ROLLED_BACK if previous.phase is Phase.ROLLED_BACK and same_versions else Phase.IDLE


def _rollout_id(previous: State | None, release: Release, phase: Phase) -> str:
    if phase in (Phase.ROLLED_BACK, Phase.PROMOTED) and previous is not None:
        return previous.rollout_id
    if release.candidate is None:
        return ""
    return release.rollout or release.candidate.version


def _candidate_tasks(asked: Asked, plan: Plan, step: Step | None) -> int:
    """Capacity goes one step ahead of traffic, so that the update that moves traffic finds it already running."""
    if step is None or asked.release.candidate is None:
        return 0
    position = plan.steps.index(step)
    following = plan.steps[position + 1 : position + 2]
    weight = max([step.weight, *(after.weight for after in following)])
    return max(asked.minimum_tasks, tasks_for(asked.tasks, weight))


def tasks_for(tasks: int, weight: int) -> int:
    """Least tasks that carry `weight` per cent of what `tasks` carry; at least 1."""
    return max(1, -(-tasks * weight // 100))


def to_dict(state: State) -> dict[str, Any]:
    """`state` as plain JSON values with camelCase keys; `from_dict` reads it back unchanged."""
    plain = {_camel(key): value for key, value in asdict(state).items()}
    # Left out when empty: a digest that was recorded before the field existed stays the same.
    later = {"created": [dict(each) for each in plain.pop("created")], "assignment": plain.pop("assignment")}
    return {"schema": SCHEMA, **plain, **{key: value for key, value in later.items() if value}}


def from_dict(raw: Mapping[str, Any]) -> State:
    """A state from `to_dict`'s form. Numbers may be floats (Pulumi sends all numbers so).

    Raises KeyError, TypeError or ValueError on any other shape or schema.
    """
    known_schema(raw["schema"], SCHEMA)
    retain_until = raw.get("retainUntil")
    return State(
        system=str(raw["system"]),
        environment=str(raw["environment"]),
        phase=Phase(raw["phase"]),
        rollout_id=str(raw["rolloutId"]),
        step=str(raw["step"]),
        weight=whole(raw["weight"]),
        live=version_from_dict(raw["live"]),
        candidate=_optional_version(raw.get("candidate")),
        standby=_optional_version(raw.get("standby")),
        live_tasks=whole(raw["liveTasks"]),
        candidate_tasks=whole(raw["candidateTasks"]),
        standby_tasks=whole(raw["standbyTasks"]),
        stickiness=whole(raw["stickiness"]),
        entered_at=whole(raw["enteredAt"]),
        changed_at=whole(raw["changedAt"]),
        retain_until=None if retain_until is None else whole(retain_until),
        plan_digest=str(raw["planDigest"]),
        sequence=whole(raw["sequence"]),
        previous_digest=str(raw["previousDigest"]),
        rolled_back_id=str(raw["rolledBackId"]),
        created=tuple(Created(str(each["slot"]), str(each["settings"])) for each in raw.get("created") or ()),
        assignment=str(raw.get("assignment") or ""),
    )


def version_from_dict(raw: Mapping[str, Any]) -> Version:
    """A version from `{version, slot, image}`. Raises KeyError or TypeError on another shape."""
    return Version(str(raw["version"]), str(raw["slot"]), str(raw["image"]))


def _optional_version(raw: Mapping[str, Any] | None) -> Version | None:
    return None if raw is None else version_from_dict(raw)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
