"""ION as a whole, from the first update through a rollout, a promotion and two ways back; its cloud is played."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pytest

from components.rollout import TYPE as ROLLOUT_TYPE
from headgate import state, transition
from headgate.report import Live
from headgate.settings import Settings
from stacks import ledger
from stacks.ion_settings import Channel, IonSettings
from tests.support import stack_files
from tests.support.mocks import Recorded, Registered
from tests.support.played_clouds import BY_REVISION, Google
from tests.support.stack_program import Outcome, RefusedRollout, Stack, component, not_plain

PRODUCTION, STAGING = "ion-production", "ion-staging"
SERVICE = "gcp:cloudrunv2/service:Service"
FILE = stack_files.load(PRODUCTION)
OLD, NEW = FILE.release.live, FILE.release.candidate
assert NEW is not None
# What a step may change, by class and logical name.
OF_A_STEP = {("Rollout", "rollout"), ("Service", "service-service"), ("Dashboard", "dashboard-rollout")}


@dataclass(frozen=True)
class Visit:
    """A point of the walk: its settings, what one update there did, and the cloud after it."""

    settings: Settings
    outcome: Outcome
    live: Live
    revisions: frozenset[str]

    @property
    def recorded(self) -> Recorded:
        return self.outcome.recorded

    @property
    def service(self) -> Registered:
        return self.recorded.one(SERVICE)

    @property
    def entries(self) -> list[tuple[str, int, str]]:
        """Traffic as declared: version, per cent, tag."""
        labels = {each.slot: label for each, label in ((self.old, "old"), (self.new, "new"))}
        return [
            (labels[each["revision"]], int(each["percent"]), each["tag"]) for each in self.service.inputs["traffics"]
        ]

    @property
    def template(self) -> str:
        """The version that the template names."""
        return {self.old.slot: "old", self.new.slot: "new"}[self.service.inputs["template"]["revision"]]

    @property
    def old(self) -> state.Version:
        return stack_files.load(self.settings.name).release.live

    @property
    def new(self) -> state.Version:
        found = stack_files.load(self.settings.name).release.candidate
        assert found is not None
        return found


Walk = Mapping[str, Visit]


@pytest.fixture(autouse=True)
def _reads_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.ledger.BETWEEN_READINGS", 0.0)


def google(stack: Stack) -> Google:
    assert isinstance(stack.played, Google)
    return stack.played


@pytest.fixture(scope="module", params=[PRODUCTION, STAGING])
def walk(request: pytest.FixtureRequest) -> Walk:
    stack, visits = Stack.of(request.param), {}
    for point in stack_files.walk(request.param):
        stack.clock.time += point.after
        outcome = stack.up(point.settings)
        visits[point.name] = Visit(point.settings, outcome, stack.cloud.live, frozenset(google(stack).revisions))
    return visits


class TestEveryPoint:
    def test_traffic_is_declared_by_named_revision_with_tags(self, walk: Walk) -> None:
        """A candidate is named only once its rollout has begun: before, its revision does not exist."""
        assert {name: visit.entries for name, visit in walk.items()} == {
            "bootstrap": [("old", 100, "live")],
            "canary-up": [("old", 100, "live"), ("new", 0, "candidate")],
            "canary-5": [("old", 95, "live"), ("new", 5, "candidate")],
            "ab-50": [("old", 50, "live"), ("new", 50, "candidate")],
            "full-100": [("old", 0, "live"), ("new", 100, "candidate")],
            "promoted": [("new", 100, "live"), ("old", 0, "standby")],
            "rolled-back": [("old", 100, "live")],
            "again-canary-up": [("old", 100, "live"), ("new", 0, "candidate")],
            "again-canary-5": [("old", 95, "live"), ("new", 5, "candidate")],
            "again-idle": [("old", 100, "live")],
        }

    def test_nothing_ever_follows_the_latest_revision(self, walk: Walk) -> None:
        for name, visit in walk.items():
            assert {each["type"] for each in visit.service.inputs["traffics"]} == {BY_REVISION}, name
            assert visit.service.inputs["template"]["revision"], name

    def test_the_template_is_the_newest_version_and_stays_while_traffic_is_given_back(self, walk: Walk) -> None:
        assert {name: (visit.template, visit.service.ignore_changes) for name, visit in walk.items()} == {
            "bootstrap": ("old", ()),
            "canary-up": ("new", ()),
            "canary-5": ("new", ()),
            "ab-50": ("new", ()),
            "full-100": ("new", ()),
            "promoted": ("new", ()),
            "rolled-back": ("new", ("template",)),
            "again-canary-up": ("new", ()),
            "again-canary-5": ("new", ()),
            "again-idle": ("new", ("template",)),
        }

    def test_a_revision_is_made_at_0_per_cent_and_gets_traffic_in_a_later_update(self, walk: Walk) -> None:
        there: frozenset[str] = frozenset()
        for name, visit in walk.items():
            made = visit.revisions - there
            shares = {visit.live.split.get(revision) for revision in made}
            assert shares <= ({100} if name == "bootstrap" else {0}), name
            there = visit.revisions
        assert len(there) == 2

    def test_the_split_that_users_get_is_the_one_that_the_state_asks_for(self, walk: Walk) -> None:
        for name, visit in walk.items():
            desired = state.desired(visit.settings.asked, visit.settings.plan)
            asked = {slot: share for slot, share in desired.split.items() if share}
            assert {slot: share for slot, share in visit.live.split.items() if share} == asked, name

    def test_a_template_is_the_same_as_often_as_it_is_declared(self, walk: Walk) -> None:
        seen: dict[str, Any] = {}
        for name, visit in walk.items():
            template = visit.service.inputs["template"]
            assert seen.setdefault(template["revision"], template) == template, name
        assert len(seen) == 2

    def test_revisions_are_named_after_the_digest_of_their_image(self, walk: Walk) -> None:
        for name, visit in walk.items():
            template = visit.service.inputs["template"]
            image = template["containers"][0]["image"]
            assert template["revision"] == f"{visit.settings.name}-{image.rpartition(':')[2][:12]}", name

    def test_a_template_says_what_the_stack_file_says(self, walk: Walk) -> None:
        visit = walk["canary-up"]
        template = visit.service.inputs["template"]
        (container,) = template["containers"]
        least = visit.settings.capacity
        assert container["image"] == visit.new.image
        assert (container["resources"]["limits"], container["ports"]["containerPort"]) == (
            {"cpu": "2", "memory": "2Gi"},
            8080,
        )
        assert (template["timeout"], template["maxInstanceRequestConcurrency"]) == ("60s", 80)
        assert template["scaling"] == {
            "minInstanceCount": least.minimum_tasks, "maxInstanceCount": least.maximum_tasks,
        }  # fmt: skip
        assert template["sessionAffinity"] is True
        variables = {each["name"]: each.get("value") for each in container["envs"]}
        assert variables == {
            "HEADGATE_SYSTEM": "ion",
            "HEADGATE_ENVIRONMENT": visit.settings.environment,
            "HEADGATE_VERSION": visit.new.version,
        }

    def test_the_set_of_resources_never_changes(self, walk: Walk) -> None:
        first = {(each.type, each.name, each.parent) for each in walk["bootstrap"].recorded.resources}
        for name, visit in walk.items():
            assert {(each.type, each.name, each.parent) for each in visit.recorded.resources} == first, name

    def test_exactly_one_resource_carries_the_traffic(self, walk: Walk) -> None:
        for name, visit in walk.items():
            roles = [each.name for each in visit.recorded.resources
                     if (each.inputs.get("labels") or {}).get("headgate-role") == "traffic"]  # fmt: skip
            assert roles == ["service-service"], name

    def test_the_record_is_the_transition_that_was_judged(self, walk: Walk) -> None:
        for name, visit in walk.items():
            record = transition.from_dict(visit.outcome.outputs["rollout"])
            assert record == transition.read(visit.recorded.one(ROLLOUT_TYPE).inputs), name

    def test_each_record_follows_the_one_before(self, walk: Walk) -> None:
        records = [transition.from_dict(visit.outcome.outputs["rollout"]) for visit in walk.values()]
        assert records[0].previous is None
        for before, after in itertools.pairwise(records):
            assert after.previous == before.recorded
            assert after.proposed.sequence == before.proposed.sequence + 1

    def test_what_was_created_is_in_the_record_and_stays_there(self, walk: Walk) -> None:
        created = {
            name: [each["slot"] for each in visit.outcome.outputs["rollout"]["proposed"]["created"]]
            for name, visit in walk.items()
        }
        slots = [walk["bootstrap"].old.slot, walk["bootstrap"].new.slot]
        assert created == {name: slots[:1] if name == "bootstrap" else slots for name in walk}

    def test_guards_were_asked_before_each_change(self, walk: Walk) -> None:
        guards = {name: [hook for hook, _ in visit.outcome.hooks_called] for name, visit in walk.items()}
        write = {name: "traffic-carrier-create" if name == "bootstrap" else "traffic-carrier-update" for name in walk}
        assert guards == {name: ["rollout-guard", write[name]] for name in walk}

    def test_names_and_addresses_are_exported(self, walk: Walk) -> None:
        visit = walk["bootstrap"]
        assert visit.outcome.outputs == {
            "rollout": visit.outcome.outputs["rollout"],
            "address": "203.0.113.9",
            "url": f"https://{visit.settings.domain}/api/v2/phase4/health",
            "registry": f"us-central1-docker.pkg.dev/unit-project/{visit.settings.name}",
            "service": visit.settings.name,
        }


class TestChanges:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("bootstrap", "canary-up"),
            ("canary-up", "canary-5"),
            ("canary-5", "ab-50"),
            ("ab-50", "full-100"),
            ("full-100", "promoted"),
            ("promoted", "rolled-back"),
            ("again-canary-5", "again-idle"),
        ],
    )
    def test_a_step_changes_the_service_and_what_is_shown_and_nothing_else(
        self, walk: Walk, before: str, after: str
    ) -> None:
        assert walk[before].recorded.changed(walk[after].recorded) <= OF_A_STEP

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("canary-up", "canary-5"),
            ("canary-5", "ab-50"),
            ("ab-50", "full-100"),
            ("full-100", "promoted"),
            ("promoted", "rolled-back"),
            ("again-canary-5", "again-idle"),
        ],
    )
    def test_users_are_moved_by_the_traffic_alone(self, walk: Walk, before: str, after: str) -> None:
        """Forward, at a promotion and on every way back: no revision is made where traffic moves."""
        old, new = (walk[name].service.inputs for name in (before, after))
        assert {key for key in old if old[key] != new[key]} == {"traffics"}

    def test_the_start_of_a_rollout_makes_the_revision_without_moving_anybody(self, walk: Walk) -> None:
        old, new = (walk[name].service.inputs for name in ("bootstrap", "canary-up"))
        assert {key for key in old if old[key] != new[key]} == {"template", "traffics"}
        assert walk["canary-up"].live.split == {walk["canary-up"].old.slot: 100, walk["canary-up"].new.slot: 0}


class TestOrder:
    @pytest.mark.parametrize("preview", [True, False])
    def test_nothing_is_registered_when_the_backend_cannot_be_read(self, preview: bool) -> None:
        errors = ["the stack is being updated"] * ledger.READINGS
        failure = Stack.of(PRODUCTION).attempt(FILE, preview=preview, backend_errors=errors)
        assert issubclass(failure.kind, pulumi.RunError)
        assert "cannot be read: invoke of pulumi:pulumi:readStackOutputs failed" in failure.message
        assert failure.recorded.resources == []

    def test_no_resource_stands_outside_a_component(self, walk: Walk) -> None:
        recorded = walk["canary-5"].recorded
        top = [each for each in recorded.resources if "::pulumi:pulumi:Stack::" in each.parent]
        assert {each.type.rpartition(":")[2] for each in top} == {
            "Rollout", "EncryptionKeyRing", "ImageRegistry", "SecretEntries", "CanaryService", "FrontDoor",
            "ServiceLogs", "NotificationChannels", "UptimeCheck", "Alerting", "RolloutDashboard",
        }  # fmt: skip
        assert not any(each.custom for each in top)

    def test_everything_waits_for_the_rollout(self) -> None:
        """Also for a rollout that somebody else refuses, as the policy pack does."""
        stack = Stack.of(PRODUCTION)
        refused = RefusedRollout(stack.played)
        with pytest.raises(Exception, match="rollout is refused"):
            stack.run(FILE, refused)
        assert refused.recorded.resources == []


def details() -> IonSettings:
    found = stack_files.configured(PRODUCTION).details
    assert isinstance(found, IonSettings)
    return found


class TestProtection:
    def test_in_production_everything_is_protected_that_a_release_does_not_make_anew(self) -> None:
        recorded = Stack.of(PRODUCTION).up(FILE).recorded
        open_to_change = {each.parent for each in recorded.custom() if not each.protect}
        components = {each.urn: each.name for each in recorded.resources if not each.custom}
        assert {components[urn] for urn in open_to_change} <= {
            "service", "channels", "uptime", "alerts", "dashboard",
        }  # fmt: skip
        assert recorded.one(SERVICE).protect
        assert recorded.one(SERVICE).inputs["deletionProtection"] is True

    def test_in_staging_nothing_is_protected(self) -> None:
        recorded = Stack.of(STAGING).up(stack_files.load(STAGING)).recorded
        assert [each.name for each in recorded.resources if each.protect] == []
        assert recorded.one(SERVICE).inputs["deletionProtection"] is False


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return Stack.of(PRODUCTION).preview(FILE)


class TestFirstPreview:
    """Before anything exists, everything that a rule or a reviewer needs is known."""

    def test_the_transition_is_known_and_plain(self, outcome: Outcome) -> None:
        inputs = outcome.recorded.one(ROLLOUT_TYPE).inputs
        assert set(inputs) == {"proposed", "plan", "report"}
        assert not list(not_plain(inputs))
        assert inputs["proposed"]["created"][0]["slot"] == OLD.slot

    def test_traffic_and_template_are_known(self, outcome: Outcome) -> None:
        inputs = outcome.recorded.one(SERVICE).inputs
        assert not list(not_plain(inputs["traffics"]))
        assert not list(not_plain(inputs["template"]))
        assert inputs["template"]["revision"] == OLD.slot

    def test_guards_are_asked_in_a_preview_too(self, outcome: Outcome) -> None:
        assert [hook for hook, _ in outcome.hooks_called] == ["rollout-guard", "traffic-carrier-create"]

    def test_it_reads_once_and_writes_nothing(self) -> None:
        stack = Stack.of(PRODUCTION)
        stack.preview(FILE)
        assert (stack.cloud.readings, stack.cloud.writes, google(stack).revisions) == (1, [], {})

    def test_a_candidate_that_is_not_rolled_out_is_nowhere_to_be_seen(self, outcome: Outcome) -> None:
        for each in outcome.recorded.custom():
            if not each.type.startswith("gcp:artifactregistry/"):  # which keeps its image
                assert NEW.slot not in str(each.inputs), each.name

    def test_channels_get_their_tiers_and_secrets_stay_secret(self) -> None:
        found = details()
        pager = Channel("pagerduty", "management", None, "sk-live-4242")
        stack = Stack.of(PRODUCTION)
        stack.details = replace(found, notifications={**found.notifications, "pager": pager})
        recorded = stack.preview(FILE).recorded
        channels = recorded.of_type("gcp:monitoring/notificationChannel:NotificationChannel")
        assert sorted(each.inputs["type"] for each in channels) == ["email", "email", "pagerduty", "sms"]
        (made,) = [each for each in channels if each.inputs["type"] == "pagerduty"]
        assert list(not_plain(made.inputs["sensitiveLabels"]))  # a secret
        assert "sk-live-4242" not in str({key: each for key, each in made.inputs.items() if key != "sensitiveLabels"})

    def test_the_candidates_own_domain_is_for_test_clients_alone(self, outcome: Outcome) -> None:
        assert component(outcome.recorded, "front-door")
        found = details()
        door = replace(found.front_door, candidate_domain="next.ion.example", test_client_cidrs=("203.0.113.0/24",))
        stack = Stack.of(PRODUCTION)
        stack.details = replace(found, front_door=door)
        recorded = stack.preview(FILE).recorded
        names = [{each.name for each in one.custom()} for one in (outcome.recorded, recorded)]
        assert names[1] > names[0]
        assert "203.0.113.0/24" in str([each.inputs for each in recorded.of_type("SecurityPolicy")])
