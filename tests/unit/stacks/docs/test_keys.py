"""What the reference says of a change during a rollout is what the rollout rules make of it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from headgate import settings, transition
from headgate.gates import registry
from headgate.settings import KEYS, SYSTEMS, Settings, SettingsError
from stacks import ledger
from stacks.docs.keys import DURING, ENTRIES, During
from tests.support import stack_files
from tests.support.fake_traffic import FakeTraffic
from tests.support.stack_program import FixedClock

STACK = "greenflow-production"
DAY = 86_400  # seconds
IMAGE = f"registry.example/greenflow-api@sha256:{'c' * 64}"


@dataclass(frozen=True)
class Change:
    """`value` at `path` of the production file during the step green-10; `rule` that refuses it, or none."""

    path: str
    value: object
    rule: str = ""
    at: str = ""  # the path as written in the file, where it differs

    @property
    def place(self) -> str:
        return self.at or self.path


METRIC = "plan.limits.<metric>."

CHANGES = [
    Change("environment", "staging", "R-14"),
    Change("owner", "another-team"),
    Change("domain", "api.example.com"),
    Change("certificate_arn", "arn:aws:acm:us-east-1:123456789012:certificate/1"),
    Change("release.live.version", "2026.01.29", "R-08"),
    Change("release.live.image", IMAGE, "R-08"),
    Change("release.candidate.version", "2026.02.12", "R-11"),
    Change("release.candidate.image", IMAGE, "R-09"),
    Change("release.rollout", "another", "R-11"),
    Change("step", "green-50"),
    Change("step", "green-up"),
    Change("step", "idle"),
    Change("step", "green-100", "R-03"),
    Change("plan.steps[].name", "half", "R-15", "plan.steps.2.name"),
    Change("plan.steps[].weight", 40, "R-15", "plan.steps.2.weight"),
    Change("plan.steps[].bake", "9m", "R-15", "plan.steps.2.bake"),
    Change("plan.steps[].bake", "11m", "", "plan.steps.2.bake"),
    Change("plan.steps[].gates", ["drift"], "R-15", "plan.steps.2.gates"),
    Change("plan.retention", "71h", "R-15"),
    Change("plan.retention", "73h"),
    Change("plan.max_first_weight", 11, "R-15"),
    Change("plan.max_increment", 51, "R-15"),
    Change("plan.min_bake", "30s", "R-15"),
    Change("plan.min_bake", "2m"),
    Change("plan.stickiness", "6m", "R-15"),
    Change("plan.stickiness", "4m"),
    Change("plan.limits.preset", "flags", "R-15"),
    Change("plan.limits.min_requests", 9, "R-15"),
    Change("plan.limits.min_requests", 11),
    Change("plan.limits.interval", "2m", "R-15"),
    Change("plan.limits.interval", "30s"),
    Change(f"{METRIC}hold", {"hold": "0.6%"}, "R-15", "plan.limits.error_rate"),
    Change(f"{METRIC}hold", {"hold": "0.4%"}, "", "plan.limits.error_rate"),
    Change(f"{METRIC}rollback", {"rollback": "2%"}, "R-15", "plan.limits.error_rate"),
    Change(f"{METRIC}rollback", {"rollback": "0.9%"}, "", "plan.limits.error_rate"),
    Change(f"{METRIC}readings", {"readings": 2}, "R-15", "plan.limits.error_rate"),
    Change("capacity.tasks", 5, "R-17"),
    Change("capacity.tasks", 7),
    Change("capacity.minimum_tasks", 1),
    Change("capacity.minimum_tasks", 3),
    Change("capacity.maximum_tasks", 12),
    Change("network.cidr", "10.99.0.0/16"),
    Change("network.availability_zones", ["us-east-1d", "us-east-1e", "us-east-1f"]),
    Change("network.nat_per_zone", False),
    Change("database.instance_class", "db.m7g.xlarge"),
    Change("database.allocated_storage", 300),
    Change("database.multi_az", False),
    Change("database.backup_retention_days", 1),
    Change("cache.node_type", "cache.r7g.xlarge"),
    Change("cache.nodes", 2),
]


def values(**top: Any) -> dict[str, Any]:
    """The production file without prefixes, with top-level keys replaced."""
    found = {key.removeprefix("headgate:"): value for key, value in stack_files.values(STACK).items()}
    del found["aws:region"]
    return copy.deepcopy(found) | top


def put(raw: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *parents, last = path.split(".")
    place: Any = raw
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[last] = value
    return raw


def read(raw: Mapping[str, Any]) -> Settings:
    return settings.parse(raw, "file", registry.KNOWN)


class Rollout:
    """A recorded rollout that goes on under other settings."""

    def __init__(self) -> None:
        self.record: dict[str, Any] | None = None
        self.cloud = FakeTraffic()
        self.clock = FixedClock(1_767_225_600)

    def to(self, raw: Mapping[str, Any]) -> set[str]:
        """Rules that refuse it; when there is none, it is recorded and the cloud is as it asks for."""
        self.clock.time += DAY
        record = ledger.decide(self.record, read(raw), self.cloud, self.clock.time)
        made = transition.from_dict(record)
        found = transition.check(made.previous, made.proposed, made.plan, self.clock.time, made.report)
        if not found:
            state = made.proposed
            images = {each.slot: each.image for each in (state.live, state.candidate, state.standby) if each}
            self.record = record
            self.cloud.live = stack_files.healthy(state.split, state.tasks, images)
        return {violation.rule[:4] for violation in found}


@pytest.fixture
def at_green_10() -> Rollout:
    rollout = Rollout()
    for step in ("idle", "green-up", "green-10"):
        assert rollout.to(values(step=step)) == set()
    return rollout


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.path}={change.value}")
def test_a_change_at_green_10(change: Change, at_green_10: Rollout) -> None:
    refused = at_green_10.to(put(values(step="green-10"), change.place, change.value))
    assert (change.rule in refused) if change.rule else (refused == set())


def test_the_table_says_the_same() -> None:
    by_path = {entry.path: entry for entry in ENTRIES}
    for change in CHANGES:
        entry = by_path[change.path]
        if change.rule:
            assert entry.rule == change.rule, change
            assert entry.during is not During.FREE, change
        else:
            assert entry.during is not During.FIXED, change


def test_every_key_of_the_table_is_tried_out() -> None:
    tried = {change.path for change in CHANGES}
    leaves = {each.path for each in ENTRIES if not any(other.path.startswith(f"{each.path}.") for other in ENTRIES)}
    elsewhere = {path for path in leaves if path.startswith("release.standby.") or path.endswith(".slot")}
    assert leaves - tried - elsewhere == {"system"}
    assert len(SYSTEMS) == 1  # with a second system, its change has to be tried out here too


def test_the_table_has_every_top_level_key_once() -> None:
    paths = [entry.path for entry in ENTRIES]
    assert [path for path in paths if "." not in path] == list(KEYS)
    assert len(set(paths)) == len(paths)
    assert set(DURING) == set(During)


def test_slots_cannot_be_exchanged(at_green_10: Rollout) -> None:
    raw = values(step="green-10")
    put(raw, "release.live.slot", "green")
    put(raw, "release.candidate.slot", "blue")
    assert {"R-08", "R-09"} <= at_green_10.to(raw)


def test_no_slot_is_left_for_a_standby_during_a_rollout() -> None:
    for slot in ("blue", "green"):
        raw = put(values(step="green-10"), "release.standby", {"version": "1", "slot": slot, "image": IMAGE})
        with pytest.raises(SettingsError, match=r"release\.standby\.slot"):
            read(raw)


def test_candidate_and_plan_may_change_together_with_going_back(at_green_10: Rollout) -> None:
    raw = values(step="idle")
    put(raw, "release.candidate.image", IMAGE)
    put(raw, "plan.steps.2.bake", "2m")
    assert at_green_10.to(raw) == set()


def test_the_live_version_may_not(at_green_10: Rollout) -> None:
    assert at_green_10.to(put(values(step="idle"), "release.live.image", IMAGE)) == {"R-08"}


def promoted(standby: Mapping[str, str] | None = None) -> dict[str, Any]:
    raw = values()
    release = raw["release"]
    return raw | {"release": {"live": release["candidate"], "standby": {**release["live"], **(standby or {})}}}


@pytest.mark.parametrize("key", ["version", "slot", "image"])
def test_a_standby_is_kept_until_the_retention_is_over(key: str, at_green_10: Rollout) -> None:
    for step in ("green-50", "green-100"):
        assert at_green_10.to(values(step=step)) == set()
    assert at_green_10.to(promoted()) == set()
    without = promoted()
    del without["release"]["standby"]
    changed = {"version": "x", "image": IMAGE}.get(key)
    assert at_green_10.to(promoted({key: changed}) if changed else without) == {"R-16"}
    at_green_10.clock.time += 3 * DAY
    assert at_green_10.to(without) == set()


def test_a_rollout_that_was_taken_back_needs_a_new_id(at_green_10: Rollout) -> None:
    assert at_green_10.to(values(step="idle")) == set()
    assert at_green_10.to(values(step="green-up")) == {"R-13"}
    assert at_green_10.to(put(values(step="green-up"), "release.rollout", "second")) == set()
