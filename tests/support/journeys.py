"""A rollout of either system through what the program decides and what the rules say of it, without any engine.

Each accepted change is recorded, and the cloud then is as the record asks for; a refused one leaves both as they were.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from headgate import transition, windows
from headgate.plan import IDLE
from headgate.problems import Violation
from headgate.settings import Settings
from headgate.state import Release, State, Version
from headgate.systems import SYSTEMS, slot_of
from stacks import ledger
from tests.support import stack_files
from tests.support.fake_traffic import FakeTraffic


@dataclass
class Journey:
    """One stack on its way. `now`: epoch seconds, moved by whoever drives it."""

    stack: str
    now: int = stack_files.START
    record: object = None
    cloud: FakeTraffic = field(default_factory=FakeTraffic)

    @property
    def start(self) -> Settings:
        """The committed stack file: at rest, with a candidate named."""
        return stack_files.load(self.stack)

    @property
    def state(self) -> State:
        """The recorded state."""
        read = transition.read(self.record)
        assert isinstance(read, transition.Transition)
        return read.proposed

    def decide(self, settings: Settings) -> tuple[dict[str, Any], tuple[Violation, ...]]:
        """The record that `settings` would make now, and what refuses it."""
        record = ledger.decide(self.record, stack_files.created(settings), self.cloud, self.now)
        made = transition.from_dict(record)
        found = transition.check(made.previous, made.proposed, made.plan, self.now, made.report)
        return record, found

    def go(self, settings: Settings, wait: int = 0) -> frozenset[str]:
        """Asks for `settings` after `wait` seconds. Returns the rules that refuse them; without any, they are in force,
        and the live split has been read back."""
        self.now += wait
        record, found = self.decide(settings)
        if not found:
            asked = transition.from_dict(record).proposed
            self._serve(asked)
            unreachable, self.cloud.unreachable = self.cloud.unreachable, ""
            assert ledger.confirm(record, self.cloud, True, lambda _: None) is record
            self.cloud.unreachable = unreachable
            self.record = record
        return frozenset(violation.rule.split()[0] for violation in found)

    def walk(self, *settings: Settings) -> None:
        """Goes through all of these, each as soon as bakes and windows let it."""
        for each in settings:
            self.now = self.soonest(each)
            assert self.go(each) == frozenset(), each.step

    def soonest(self, settings: Settings) -> int:
        """The first second at which the step that is left has baked, a standby that goes was kept long enough, and a
        window is open."""
        if self.record is None:
            return self.now
        state, plan = self.state, settings.plan
        left = plan.step(state.step)
        kept = 0 if settings.release.standby else state.retain_until or 0
        back = settings.release.live == state.standby
        baked = max(self.now + 1, state.entered_at + (left.bake if left else 0), 0 if back else kept)
        first = settings.step == plan.step_names[0]
        listed = plan.calendar.start if first else plan.calendar.advance if settings.step != IDLE else ()
        return windows.next_opening(listed, baked)

    def _serve(self, state: State) -> None:
        versions = [version for version in (state.live, state.candidate, state.standby) if version]
        images = {**self.cloud.live.images, **{version.slot: version.image for version in versions}}
        self.cloud.live = stack_files.healthy(state.split, state.tasks, images)


def promoted(settings: Settings) -> Settings:
    """The candidate is live, the former live version on standby."""
    release = settings.release
    assert release.candidate is not None
    return replace(settings, step=IDLE, release=Release(release.candidate, standby=release.live))


def retired(settings: Settings) -> Settings:
    """After the promotion, without the standby."""
    live = promoted(settings).release.live
    return replace(settings, step=IDLE, release=Release(live))


def following(settings: Settings, step: str = IDLE) -> Settings:
    """The rollout after this one: of a third version, in the slot that is free by then or in one of its own."""
    release = retired(settings).release
    image = f"{settings.release.live.image.partition('@')[0]}@sha256:{'c' * 64}"
    fixed = SYSTEMS[settings.system].fixed
    slot = settings.release.live.slot if fixed else slot_of(settings.name, image)
    return replace(settings, step=step, release=replace(release, candidate=Version("third", slot, image)))
