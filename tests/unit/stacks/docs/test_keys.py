"""What the reference says of a change during a rollout is what the rollout rules make of it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from headgate import transition, windows
from headgate.gates import registry
from headgate.settings import KEYS, OPTIONAL, Settings, SettingsError
from headgate.systems import SYSTEMS
from stacks import configuration, ion, ledger
from stacks.configuration import Configuration
from stacks.docs.entry import DURING, During
from stacks.docs.keys import COMMON, of
from stacks.ion_settings import IonSettings
from tests.support import stack_files
from tests.support.fake_traffic import FakeTraffic
from tests.support.stack_program import FixedClock, Stack

STACK, ION_STACK = "greenflow-production", "ion-production"
DAY = 86_400  # seconds
IMAGE = f"registry.example/greenflow-api@sha256:{'c' * 64}"
ION_IMAGE = f"registry.example/ion-api@sha256:{'c' * 64}"
AFTERNOONS = (
    windows.Window((0, 1), 14 * 3600, 3600),
)  # inside the windows of ION's file, also where a test moves them
DOOR = {"public": True, "candidate_domain": "next.ion.example", "test_client_cidrs": ["203.0.113.0/24"]}


@dataclass(frozen=True)
class Change:
    """`value` at `path` of a production file during a step with users; `rule` that refuses it, or none."""

    path: str
    value: object
    rule: str = ""
    at: str = ""  # the path as written in the file, where it differs

    @property
    def place(self) -> str:
        return self.at or self.path


METRIC = "plan.limits.<metric>."

FREEZE = {"from": "2030-12-19", "until": "2031-01-04", "reason": "year end"}
WINDOW = {"days": ["mon", "tue", "wed", "thu"], "from": "14:00", "for": "2h"}

GREENFLOW_CHANGES = [
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
    Change("plan.windows.start[].from", {"start": [{"from": "14:00", "for": "2h"}]}, "", "plan.windows"),
    Change("plan.freezes[].from", [FREEZE], "", "plan.freezes"),
    Change("capacity.tasks", 5, "R-17"),
    Change("capacity.tasks", 7),
    Change("capacity.minimum_tasks", 1),
    Change("capacity.minimum_tasks", 3),
    Change("capacity.maximum_tasks", 12),
    Change("migration.schema", {"schema": 9, "reads": {}}, "", "migration"),
    Change("migration.reads", {"schema": 8, "reads": {"2026.01.28": "7-8"}}, "", "migration"),
    Change("evidence.url", {"url": "elsewhere"}, "", "evidence"),
    Change("evidence.max_age", {"max_age": "2h"}, "", "evidence"),
    Change("evidence.signed", {"signed": True}, "", "evidence"),
    *(
        Change(f"notify.{tier}", {tier: ["HEADGATE_NOTIFY"]}, "", "notify")
        for tier in ("team", "on-call", "leads", "management")
    ),
    Change("smoke.address", {"address": "https://x.example.com:8443"}, "", "smoke"),
    Change("smoke.timeout", {"timeout": "9s"}, "", "smoke"),
    Change("smoke.version_header", {"version_header": ""}, "", "smoke"),
    Change("smoke.checks[].name", {"checks": [{"name": "x", "path": "/"}]}, "", "smoke"),
    Change("smoke.checks[].path", {"checks": [{"name": "x", "path": "/x"}]}, "", "smoke"),
    Change("smoke.checks[].status", {"checks": [{"name": "x", "path": "/", "status": 204}]}, "", "smoke"),
    Change("smoke.checks[].json", {"checks": [{"name": "x", "path": "/", "json": {"a.b": 1}}]}, "", "smoke"),
    Change("security.address", {"address": "https://x.example.com"}, "", "security"),
    Change("security.plain", {"plain": "http://x.example.com:81"}, "", "security"),
    Change("security.path", {"path": "/x"}, "", "security"),
    Change("security.timeout", {"timeout": "9s"}, "", "security"),
    Change("security.headers", {"headers": {}}, "", "security"),
    Change("security.cors_origins", {"cors_origins": ["https://x.example.com"]}, "", "security"),
    Change("commands.<name>.run", {"x": {"run": ["true"]}}, "", "commands"),
    Change("commands.<name>.timeout", {"x": {"run": ["true"], "timeout": "1m"}}, "", "commands"),
    Change("network.cidr", "10.99.0.0/16"),
    Change("network.availability_zones", ["us-east-1d", "us-east-1e", "us-east-1f"]),
    Change("network.nat_per_zone", False),
    Change("database.instance_class", "db.m7g.xlarge"),
    Change("database.allocated_storage", 300),
    Change("database.multi_az", False),
    Change("database.backup_retention_days", 1),
    Change("cache.node_type", "cache.r7g.xlarge"),
    Change("cache.nodes", 2),
    Change("edge.zone", "example.com"),
    Change("edge.zone_id", {"zone_id": "Z0123456789ABC"}, "", "edge"),
    Change("edge.cors_origins", []),
    Change("cohorts", None, "R-15"),
    Change("cohorts.salt", "another", "R-15"),
    Change("cohorts.header", "x-account-id", "R-15"),
    Change("cohorts.header", None, "R-15"),
    Change("cohorts.cookie", "account", "R-15"),
    Change("notifications.<name>.kind", {"kind": "sms", "address": "+14155550123"}, "", "notifications.leads-mail"),
    Change("notifications.<name>.tier", "management", "", "notifications.leads-mail.tier"),
    Change("notifications.<name>.address", "a@b.example", "", "notifications.leads-mail.address"),
    Change("notifications.<name>.secret", {"kind": "https", "secret": "x"}, "", "notifications.leads-mail"),
]


# Of ION's file with a window for advances and a freeze besides, at canary-5.
ION_CHANGES = [
    Change("release.live.image", ION_IMAGE, "R-08"),
    Change("release.live.slot", "ion-production-other", "R-08"),
    Change("release.candidate.image", ION_IMAGE, "R-09"),
    Change("release.candidate.slot", "ion-production-other", "R-09"),
    Change("release.rollout", "another", "R-11"),
    Change("step", "ab-50"),
    Change("step", "idle"),
    Change("step", "full-100", "R-03"),
    Change("plan.windows.start[].days", ["mon", "fri"], "R-15", "plan.windows.start.0.days"),
    Change("plan.windows.start[].days", ["mon"], "", "plan.windows.start.0.days"),
    Change("plan.windows.start[].from", "13:00", "R-15", "plan.windows.start.0.from"),
    Change("plan.windows.start[].for", "3h", "R-15", "plan.windows.start.0.for"),
    Change("plan.windows.start[].for", "1h", "", "plan.windows.start.0.for"),
    Change("plan.windows.advance[].days", ["mon", "fri"], "R-15", "plan.windows.advance.0.days"),
    Change("plan.windows.advance[].days", ["tue"], "", "plan.windows.advance.0.days"),
    Change("plan.windows.advance[].from", "15:00", "R-15", "plan.windows.advance.0.from"),
    Change("plan.windows.advance[].for", "121m", "R-15", "plan.windows.advance.0.for"),
    Change("plan.windows.advance[].for", "119m", "", "plan.windows.advance.0.for"),
    Change("plan.freezes[].from", "2030-12-20", "R-15", "plan.freezes.0.from"),
    Change("plan.freezes[].from", "2030-12-18", "", "plan.freezes.0.from"),
    Change("plan.freezes[].until", "2031-01-03", "R-15", "plan.freezes.0.until"),
    Change("plan.freezes[].until", "2031-01-05", "", "plan.freezes.0.until"),
    Change("plan.freezes[].reason", "another", "", "plan.freezes.0.reason"),
    Change("capacity.minimum_tasks", 3, "R-09"),
    Change("capacity.minimum_tasks", 1, "R-09"),
    Change("capacity.maximum_tasks", 41, "R-09"),
    Change("service.cpu", 4, "R-09"),
    Change("service.memory", "4Gi", "R-09"),
    Change("service.port", 8081, "R-09"),
    Change("service.concurrency", 81, "R-09"),
    Change("service.timeout", "61s", "R-09"),
    Change("service.health_path", "/health", "R-09"),
    Change("variables.<NAME>", {"LOG_LEVEL": "debug"}, "R-09", "variables"),
    Change("secrets.<NAME>.version", 1, "R-09", "secrets.PARTNER_API_KEY.version"),
    Change("notifications.<name>.kind", {"kind": "sms", "address": "+14155550123"}, "", "notifications.leads-mail"),
    Change("notifications.<name>.tier", "management", "", "notifications.leads-mail.tier"),
    Change("notifications.<name>.address", "a@b.example", "", "notifications.leads-mail.address"),
    Change("notifications.<name>.secret", {"kind": "pagerduty", "secret": "x"}, "", "notifications.leads-mail"),
    Change("front_door.public", False),
    Change("front_door.requests_per_minute", 700),
    Change("front_door.candidate_domain", {**DOOR, "requests_per_minute": 10}, "", "front_door"),
    Change("front_door.test_client_cidrs", DOOR, "", "front_door"),
]

CHANGES = {"greenflow": GREENFLOW_CHANGES, "ion": ION_CHANGES}


def values(**top: Any) -> dict[str, Any]:
    """GreenFlow's production file without prefixes, with top-level keys replaced."""
    return copy.deepcopy(stack_files.ours(STACK)) | top


def ion_values(**top: Any) -> dict[str, Any]:
    """The same of ION, with a window for advances and a freeze."""
    raw = copy.deepcopy(stack_files.ours(ION_STACK)) | top
    raw["plan"]["windows"]["advance"] = [copy.deepcopy(WINDOW)]
    raw["plan"]["freezes"] = [dict(FREEZE)]
    return raw


def put(raw: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *parents, last = path.split(".")
    place: Any = raw
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[last] = value
    return raw


def read(raw: Mapping[str, Any]) -> Configuration:
    return configuration.parse(raw, "file", registry.KNOWN)


class Rollout:
    """A recorded rollout that goes on under other settings. Between two of them `pace` (seconds) goes by, and for ION
    the time until a window is open."""

    def __init__(self) -> None:
        self.pace = DAY  # longer than any bake of GreenFlow's
        self.record: dict[str, Any] | None = None
        self.cloud = FakeTraffic()
        self.clock = FixedClock(stack_files.START)

    def to(self, raw: Mapping[str, Any]) -> set[str]:
        """Rules that refuse it; when there is none, it is recorded and the cloud is as it asks for."""
        settings = asked(read(raw))
        self.clock.time += self.pace
        if settings.system == "ion":
            self.clock.time = windows.next_opening(AFTERNOONS, self.clock.time)
        record = ledger.decide(self.record, settings, self.cloud, self.clock.time)
        made = transition.from_dict(record)
        found = transition.check(made.previous, made.proposed, made.plan, self.clock.time, made.report)
        if not found:
            state = made.proposed
            images = {each.slot: each.image for each in (state.live, state.candidate, state.standby) if each}
            self.record = record
            self.cloud.live = stack_files.healthy(state.split, state.tasks, images)
        return {violation.rule[:4] for violation in found}


def asked(configured: Configuration) -> Settings:
    """The settings as the program of the system completes them."""
    settings, details = configured.settings, configured.details
    if not isinstance(details, IonSettings):
        return settings
    entries = {name: ion._entry(version) for name, version in details.secrets.items()}
    return settings.with_template(ion._digest(settings, "unit-project", ion._revision(settings, details, entries)))


@pytest.fixture
def at_green_10() -> Rollout:
    rollout = Rollout()
    for step in ("idle", "green-up", "green-10"):
        assert rollout.to(values(step=step)) == set()
    return rollout


@pytest.fixture
def at_canary_5() -> Rollout:
    rollout = Rollout()
    rollout.pace = 14 * DAY
    for step in ("idle", "canary-up", "canary-5"):
        assert rollout.to(ion_values(step=step)) == set()
    return rollout


@pytest.mark.parametrize("change", GREENFLOW_CHANGES, ids=lambda change: f"{change.path}={change.value}")
def test_a_change_at_green_10(change: Change, at_green_10: Rollout) -> None:
    refused = at_green_10.to(put(values(step="green-10"), change.place, change.value))
    assert (change.rule in refused) if change.rule else (refused == set())


@pytest.mark.parametrize("change", ION_CHANGES, ids=lambda change: f"{change.path}={change.value}")
def test_a_change_at_canary_5(change: Change, at_canary_5: Rollout) -> None:
    refused = at_canary_5.to(put(ion_values(step="canary-5"), change.place, change.value))
    assert (change.rule in refused) if change.rule else (refused == set())


@pytest.mark.parametrize(
    "change", [change for change in ION_CHANGES if change.rule == "R-09" and not change.path.startswith("release")],
    ids=lambda change: f"{change.path}={change.value}",
)  # fmt: skip
def test_what_a_version_is_created_with(change: Change) -> None:
    """Refused at rest, let through with the start of a rollout, and never in the way of a rollback."""
    rollout = Rollout()
    assert rollout.to(ion_values(step="idle")) == set()
    assert "R-08" in rollout.to(put(ion_values(step="idle"), change.place, change.value))
    for step in ("canary-up", "canary-5"):
        assert rollout.to(put(ion_values(step=step), change.place, change.value)) == set()
    assert rollout.to(ion_values(step="idle")) == set()


@pytest.mark.parametrize("system", sorted(CHANGES))
def test_the_table_says_the_same(system: str) -> None:
    by_path = {entry.path: entry for entry in of(system)}
    for change in CHANGES[system]:
        entry = by_path[change.path]
        if change.rule:
            assert entry.rule == change.rule, change
            assert entry.during is not During.FREE, change
        else:
            assert entry.during not in (During.FIXED, During.CREATED), change


def test_every_key_of_the_table_is_tried_out() -> None:
    """What every system has is tried out on one of them at least, and what only one has on that."""
    tried = {system: {change.path for change in changes} for system, changes in CHANGES.items()}
    for system in SYSTEMS:
        entries = of(system)
        leaves = {each.path for each in entries if not any(one.path.startswith(f"{each.path}.") for one in entries)}
        shared = {each.path for each in COMMON if not each.system}
        elsewhere = {path for path in leaves if path.startswith("release.standby.") or path == "system"}
        assert leaves - tried[system] - elsewhere <= shared
        assert leaves & shared <= {path for each in tried.values() for path in each} | elsewhere


def test_another_system_is_another_rollout(at_green_10: Rollout, at_canary_5: Rollout) -> None:
    assert "R-14" in at_green_10.to(ion_values(step="canary-5"))
    assert "R-14" in at_canary_5.to(values(step="green-10"))


def test_the_table_has_every_top_level_key_once() -> None:
    for system, kind in configuration.KINDS.items():
        paths = [entry.path for entry in of(system)]
        assert [path for path in paths if "." not in path] == [*KEYS, *OPTIONAL, *kind.keys]
        assert len(set(paths)) == len(paths)
    assert set(DURING) == set(During)
    assert {entry.during for system in SYSTEMS for entry in of(system)} == set(During)


def test_numbers_of_instances_that_only_the_component_refuses() -> None:
    """The table says what can be deployed, not only what can be read."""
    entries = {entry.path: entry for entry in of("ion")}
    most = int(entries["capacity.maximum_tasks"].form.rpartition(" ")[2])
    settings = stack_files.load(ION_STACK)
    assert Stack.of(ION_STACK).preview(with_most(settings, most))
    assert str(most) in Stack.of(ION_STACK).attempt(with_most(settings, most + 1), preview=True).message


def with_most(settings: Settings, instances: int) -> Settings:
    return replace(settings, capacity=replace(settings.capacity, maximum_tasks=instances))


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


@pytest.mark.parametrize("after", [None, {"salt": "another", "header": "x-account-id"}])
def test_so_may_the_cohorts(after: object, at_green_10: Rollout) -> None:
    assert at_green_10.to(values(step="green-50")) == set()
    assert at_green_10.to(values(step="green-10", cohorts=after)) == {"R-15"}, "a step back goes on with the same users"
    assert at_green_10.to(values(step="idle", cohorts=after)) == set()


def test_cohorts_may_not_begin_during_a_rollout() -> None:
    rollout = Rollout()
    for step in ("idle", "green-up", "green-10"):
        assert rollout.to(values(step=step, cohorts=None)) == set()
    assert rollout.to(values(step="green-10")) == {"R-15"}
    assert rollout.to(values(step="idle")) == set()


def test_the_case_of_a_header_is_no_change(at_green_10: Rollout) -> None:
    assert at_green_10.to(put(values(step="green-10"), "cohorts.header", "X-User-Id")) == set()


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


@pytest.mark.parametrize("key", ["version", "slot", "image"])
def test_so_it_is_where_every_version_has_a_slot_of_its_own(key: str, at_canary_5: Rollout) -> None:
    for step in ("ab-50", "full-100"):
        assert at_canary_5.to(ion_values(step=step)) == set()
    live, candidate = (ion_values()["release"][role] for role in ("live", "candidate"))
    done = ion_values() | {"release": {"live": candidate, "standby": live}}
    assert at_canary_5.to(done) == set()
    at_canary_5.pace = 1
    changed = {"version": "x", "image": ION_IMAGE, "slot": "ion-production-other"}[key]
    other = ion_values() | {"release": {"live": candidate, "standby": {**live, key: changed}}}
    assert at_canary_5.to(other) == {"R-16"}
    at_canary_5.pace = 3 * DAY
    assert at_canary_5.to(ion_values() | {"release": {"live": candidate}}) == set()


def test_a_rollout_that_was_taken_back_needs_a_new_id(at_green_10: Rollout) -> None:
    assert at_green_10.to(values(step="idle")) == set()
    assert at_green_10.to(values(step="green-up")) == {"R-13"}
    assert at_green_10.to(put(values(step="green-up"), "release.rollout", "second")) == set()
