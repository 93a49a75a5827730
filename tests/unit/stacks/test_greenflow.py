"""GreenFlow as a whole, from the first update through a rollout, a promotion and two ways back."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi
import pytest

from components.rollout import TYPE as ROLLOUT_TYPE
from headgate import cohorts, state, transition
from headgate.plan import IDLE
from headgate.report import Live
from headgate.settings import Settings
from stacks import ledger
from stacks.greenflow_settings import GreenflowSettings
from tests.support import stack_files
from tests.support.fake_traffic import FakeTraffic
from tests.support.mocks import ACCOUNT, Recorded, Registered
from tests.support.played_clouds import Amazon
from tests.support.stack_program import Outcome, RefusedRollout, Stack, component, not_plain

PRODUCTION, STAGING = "greenflow-production", "greenflow-staging"
DATA = {
    "aws:rds/instance:Instance",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
}
KEPT = ["cache-primary", "database-primary", "key-key"]
GUARDED = [*KEPT, "backups-plan", "edge-firewall-acl", "firewall-acl"]
SNAPSHOT = "aws:rds/snapshot:Snapshot"
PROVIDER = "pulumi:providers:aws"
FRONT = {"aws", "HostedZone", "PublicName", "Firewall", "Edge", "CohortFunction", "SiteBucket", "SiteAccess"}
DASHBOARD = ("Dashboard", "dashboard-rollout")
# What a step may change, by class and logical name.
OF_A_STEP = {
    ("Rollout", "rollout"),
    ("Listener", "balancer-traffic"),
    ("Service", "service-blue"),
    ("Service", "service-green"),
    ("Target", "service-blue"),
    ("Target", "service-green"),
}


@dataclass(frozen=True)
class Visit:
    """A point of the walk: its settings, what one update there did, and the cloud after it."""

    settings: Settings
    outcome: Outcome
    live: Live

    @property
    def recorded(self) -> Recorded:
        return self.outcome.recorded

    @property
    def desired(self) -> state.Desired:
        return state.desired(self.settings.asked, self.settings.plan)


Walk = Mapping[str, Visit]


@pytest.fixture(autouse=True)
def _reads_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.ledger.BETWEEN_READINGS", 0.0)


@pytest.fixture(scope="module", params=[PRODUCTION, STAGING])
def walk(request: pytest.FixtureRequest) -> Walk:
    stack, visits = Stack(), {}
    for point in stack_files.walk(request.param):
        stack.clock.time += point.after
        outcome = stack.up(point.settings)
        visits[point.name] = Visit(point.settings, outcome, stack.cloud.live)
    return visits


def listener(recorded: Recorded, role: str) -> Registered:
    return recorded.one("Listener", f"balancer-{role}")


def weights(registered: Registered) -> dict[str, int]:
    """Slot -> weight of the forward action of a listener."""
    groups = registered.inputs["defaultActions"][0]["forward"]["targetGroups"]
    return {group["arn"].rpartition("-")[2]: int(group["weight"]) for group in groups}


class TestEveryPoint:
    def test_the_traffic_listener_declares_the_split_that_the_state_asks_for(self, walk: Walk) -> None:
        for name, visit in walk.items():
            forward = listener(visit.recorded, "traffic").inputs["defaultActions"][0]["forward"]
            assert weights(listener(visit.recorded, "traffic")) == {"blue": 0, "green": 0} | visit.desired.split, name
            stickiness = visit.desired.stickiness
            assert forward["stickiness"] == {"enabled": stickiness > 0, "duration": max(stickiness, 1)}, name
            assert visit.live.split == {"blue": 0, "green": 0} | visit.desired.split, name

    def test_the_split_is_the_one_of_the_runbook(self, walk: Walk) -> None:
        candidate = {name: weights(listener(visit.recorded, "traffic"))["green"] for name, visit in walk.items()}
        assert candidate == {
            "bootstrap": 0,
            "green-up": 0,
            "green-10": 10,
            "green-50": 50,
            "green-100": 100,
            "promoted": 100,
            "rolled-back": 0,
            "again-green-up": 0,
            "again-green-10": 10,
            "again-idle": 0,
        }

    def test_services_get_the_tasks_that_the_state_asks_for(self, walk: Walk) -> None:
        for name, visit in walk.items():
            tasks = {each.inputs["tags"]["slot"]: each.inputs["desiredCount"] for each in services(visit)}
            assert tasks == {"blue": 0, "green": 0} | visit.desired.tasks, name

    def test_capacity_goes_one_step_before_traffic(self, walk: Walk) -> None:
        """The tasks that a step needs were asked for by the step before it."""
        names = ["bootstrap", *walk["bootstrap"].settings.plan.step_names, "promoted"]
        for before, after in itertools.pairwise(names):
            ran, split = walk[before].live.desired, walk[after].desired.split
            full = walk[after].settings.capacity.tasks
            for slot, share in split.items():
                assert ran[slot] >= state.tasks_for(full, share) or share == 0, (before, after, slot)

    def test_images_are_those_of_the_versions_in_the_slots(self, walk: Walk) -> None:
        for name, visit in walk.items():
            release = visit.settings.release
            images = {each.slot: each.image for each in (release.live, release.candidate, release.standby) if each}
            assert visit.live.images == images, name

    def test_the_test_listener_reaches_the_candidate_or_else_the_standby(self, walk: Walk) -> None:
        slots = {name: weights(listener(visit.recorded, "test")) for name, visit in walk.items()}
        standby_slot = {"promoted": {"blue": 100}}
        assert slots == {name: standby_slot.get(name, {"green": 100}) for name in walk}

    def test_the_set_of_resources_never_changes(self, walk: Walk) -> None:
        """But for the snapshot that a rollout starts with, under the rollout's id."""
        first = {(each.type, each.name, each.parent) for each in lasting(walk["bootstrap"].recorded).resources}
        for name, visit in walk.items():
            assert {(each.type, each.name, each.parent) for each in lasting(visit.recorded).resources} == first, name
            rollout = "again" if name.startswith("again") else "2026-02-11"
            taken = [] if visit.settings.step == IDLE else [f"rollout-snapshot-before-{rollout}"]
            assert [each.name for each in visit.recorded.of_type("Snapshot")] == taken, name

    def test_both_slots_are_always_declared(self, walk: Walk) -> None:
        for name, visit in walk.items():
            for kind in ("TargetGroup", "TaskDefinition", "Service"):
                slots = sorted(each.inputs["tags"]["slot"] for each in visit.recorded.of_type(kind))
                assert slots == ["blue", "green"], (name, kind)

    def test_exactly_one_listener_carries_the_traffic(self, walk: Walk) -> None:
        for name, visit in walk.items():
            roles = [each.inputs["tags"].get("headgate-role") for each in visit.recorded.of_type("Listener")]
            assert sorted(roles, key=str) == [None, "test", "traffic"], name

    def test_the_record_is_the_transition_that_was_judged(self, walk: Walk) -> None:
        for name, visit in walk.items():
            record = transition.from_dict(visit.outcome.outputs["rollout"])
            inputs = transition.read(visit.recorded.one(ROLLOUT_TYPE).inputs)
            assert record == inputs, name
            assert record.proposed.split == visit.desired.split, name

    def test_each_record_follows_the_one_before(self, walk: Walk) -> None:
        records = [transition.from_dict(visit.outcome.outputs["rollout"]) for visit in walk.values()]
        assert records[0].previous is None
        for before, after in itertools.pairwise(records):
            assert after.previous == before.recorded
            assert after.proposed.sequence == before.proposed.sequence + 1

    def test_phases(self, walk: Walk) -> None:
        phases = {name: visit.outcome.outputs["rollout"]["proposed"]["phase"] for name, visit in walk.items()}
        assert phases == {
            "bootstrap": "idle",
            "green-up": "rolling-out",
            "green-10": "rolling-out",
            "green-50": "rolling-out",
            "green-100": "rolling-out",
            "promoted": "promoted",
            "rolled-back": "rolled-back",
            "again-green-up": "rolling-out",
            "again-green-10": "rolling-out",
            "again-idle": "rolled-back",
        }

    def test_guards_were_asked_before_each_change(self, walk: Walk) -> None:
        moved = {"green-10", "green-50", "green-100", "rolled-back", "again-green-10", "again-idle"}
        before: Recorded | None = None
        for name, visit in walk.items():
            expected = {("rollout-guard", "rollout")}
            rules = {each.name for each in visit.recorded.of_type("ListenerRule")}
            if before is None:
                expected |= {("traffic-carrier-create", "balancer-traffic")}
                if visit.settings.production:
                    expected |= {("stack-data-create", each) for each in GUARDED}
                    expected |= {("cohort-function-unchanged", "cohorts-function")}
            else:
                rules &= {each for _, each in changed(before, visit.recorded)}
            if name in moved:
                expected |= {("traffic-carrier-update", "balancer-traffic")}
            expected |= {("cohorts-beside", rule) for rule in rules}
            assert sorted(visit.outcome.hooks_called) == sorted(expected), name
            before = visit.recorded

    def test_cohorts_are_served_as_the_split_says(self, walk: Walk) -> None:
        for name, visit in walk.items():
            if visit.settings.production:
                found = list(served(visit.recorded).values())
                assert {slot: found.count(slot) for slot in ("blue", "green")} == visit.live.split, name

    def test_only_the_edge_reaches_the_balancer_where_there_is_one(self, walk: Walk) -> None:
        visit = walk["bootstrap"]
        sources = {
            int(rule.inputs["fromPort"]): rule.inputs.get("cidrIpv4") or rule.inputs["prefixListId"]
            for rule in visit.recorded.of_type("SecurityGroupIngressRule")
            if rule.inputs["securityGroupId"] == "balancer-balancer-id"
        }
        tests = {8443: "10.20.0.0/16" if visit.settings.production else "10.30.0.0/16"}
        edge = {443: "pl-com.amazonaws.global.cloudfront.origin-facing"}
        world = {443: "0.0.0.0/0", 80: "0.0.0.0/0"}
        assert sources == {**(edge if visit.settings.production else world), **tests}

    def test_names_and_addresses_are_exported(self, walk: Walk) -> None:
        visit = walk["bootstrap"]
        name = visit.settings.name
        site = f"{name}-site-{ACCOUNT}"
        fronted = {"edge": "edge-distribution.cloudfront.net", "site": site} if visit.settings.production else {}
        assert visit.outcome.outputs == {
            "rollout": visit.outcome.outputs["rollout"],
            "balancer": "balancer-balancer.elb.amazonaws.com",
            "url": f"https://{visit.settings.domain}/api/v2/health",
            "cluster": name,
            "kept": visit.outcome.outputs["kept"],
            **fronted,
        }
        assert sorted(visit.outcome.outputs["kept"]) == (KEPT if visit.settings.production else [])

    def test_resources_carry_the_standard_tags(self, walk: Walk) -> None:
        recorded, settings = walk["bootstrap"].recorded, walk["bootstrap"].settings
        standard = {
            "service": "greenflow",
            "environment": settings.environment,
            "owner": settings.owner,
            "managed-by": "headgate",
        }
        tagged = [each for each in recorded.custom() if "tags" in each.inputs]
        assert len(tagged) > 50
        assert [each.name for each in tagged if not standard.items() <= each.inputs["tags"].items()] == []


def lasting(recorded: Recorded) -> Recorded:
    """Everything but the snapshot of a rollout."""
    return replace(recorded, resources=[each for each in recorded.resources if each.type != SNAPSHOT])


def changed(before: Recorded, after: Recorded) -> set[tuple[str, str]]:
    """Class and name of what changed in place."""
    return lasting(before).changed(lasting(after))


def served(recorded: Recorded) -> dict[int, str]:
    """Cohort -> slot that the first fitting rule sends it to."""
    rules = sorted(recorded.of_type("ListenerRule"), key=lambda each: float(each.inputs["priority"]))
    found: dict[int, str] = {}
    for rule in rules:
        (condition,) = rule.inputs["conditions"]
        groups = rule.inputs["actions"][0]["forward"]["targetGroups"]
        (slot,) = [group["arn"].rpartition("-")[2] for group in groups if group["weight"] == 100]
        for cohort in range(100):
            if any(cohorts.matches(value, f"{cohort:02d}") for value in condition["httpHeader"]["values"]):
                found.setdefault(cohort, slot)
    return found


def services(visit: Visit) -> list[Registered]:
    return visit.recorded.of_type("aws:ecs/service:Service")


class TestChanges:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("bootstrap", "green-up"),
            ("green-up", "green-10"),
            ("green-10", "green-50"),
            ("green-50", "green-100"),
            ("again-green-10", "again-idle"),
        ],
    )
    def test_a_step_changes_traffic_and_capacity_and_nothing_else(self, walk: Walk, before: str, after: str) -> None:
        if before == "bootstrap":  # the candidate was named before; its step only starts its tasks
            assert ("Listener", "balancer-traffic") not in changed(walk[before].recorded, walk[after].recorded)
        rules = {("ListenerRule", each.name) for each in walk[before].recorded.of_type("ListenerRule")}
        shown = {DASHBOARD} if IDLE in (walk[before].settings.step, walk[after].settings.step) else set()
        assert changed(walk[before].recorded, walk[after].recorded) <= OF_A_STEP | rules | shown

    def test_an_advance_changes_the_weights_of_one_listener_and_no_other_input_of_it(self, walk: Walk) -> None:
        before, after = (listener(walk[name].recorded, "traffic").inputs for name in ("green-10", "green-50"))
        assert {key for key in before if before[key] != after[key]} == {"defaultActions"}
        forward = [each["defaultActions"][0]["forward"] for each in (before, after)]
        arns = [[group["arn"] for group in each["targetGroups"]] for each in forward]
        assert arns[0] == arns[1]

    def test_a_promotion_moves_no_traffic(self, walk: Walk) -> None:
        before, after = walk["green-100"].recorded, walk["promoted"].recorded
        rules = {("ListenerRule", each.name) for each in before.of_type("ListenerRule")}
        assert changed(before, after) - rules == {("Rollout", "rollout"), ("Listener", "balancer-test"), DASHBOARD}
        assert served(before) == served(after)  # what was the candidate's is now live

    def test_going_back_to_a_configuration_is_exact(self, walk: Walk) -> None:
        """After the rollback everything but the record is declared as it was at the bootstrap."""
        assert walk["bootstrap"].recorded.changed(walk["rolled-back"].recorded) == {("Rollout", "rollout")}
        assert walk["rolled-back"].recorded.changed(walk["again-idle"].recorded) == {("Rollout", "rollout")}


class TestOrder:
    """Nothing is registered before the recorded state was read (the recorder sees to that); tasks follow traffic."""

    @pytest.mark.parametrize("preview", [True, False])
    def test_nothing_is_registered_when_the_backend_cannot_be_read(self, preview: bool) -> None:
        errors = ["the stack is being updated"] * ledger.READINGS
        failure = Stack().attempt(stack_files.load(PRODUCTION), preview=preview, backend_errors=errors)
        assert issubclass(failure.kind, pulumi.RunError)
        assert "cannot be read: invoke of pulumi:pulumi:readStackOutputs failed" in failure.message
        assert failure.recorded.resources == []

    def test_no_resource_stands_outside_a_component(self, walk: Walk) -> None:
        recorded = walk["green-10"].recorded
        top = [each for each in recorded.resources if "::pulumi:pulumi:Stack::" in each.parent]
        assert {each.type.rpartition(":")[2] for each in top} == {
            "Rollout", "Network", "EncryptionKey", "Certificate", "ServiceSecurityGroup", "LoadBalancer", "Database",
            "Cache", "AppSecrets", "BlueGreenService", "LogBucket", "AlarmTopics", "Alarms", "Backups",
            "ImageRepository", "LogMetrics", "RolloutSnapshot", "ServiceDashboard",
        } | (FRONT if walk["green-10"].settings.production else set())  # fmt: skip
        assert {each.type for each in top if each.custom} <= {PROVIDER}

    def test_everything_waits_for_the_rollout(self) -> None:
        """Also for a rollout that somebody else refuses, as the policy pack does."""
        stack = Stack()
        refused = RefusedRollout(stack.played)
        with pytest.raises(Exception, match="rollout is refused"):
            stack.run(stack_files.load(PRODUCTION), refused)
        assert refused.recorded.resources == []

    def test_waiting_for_the_rollout_is_in_no_state(self, walk: Walk) -> None:
        recorded = walk["green-10"].recorded
        rollout = recorded.one(ROLLOUT_TYPE).urn
        assert not any(rollout in each.dependencies for each in recorded.resources)

    def test_tasks_follow_traffic(self, walk: Walk) -> None:
        """So that a rollback moves traffic before it stops tasks; see docs/adr/0007."""
        recorded = walk["green-10"].recorded
        for service in services(walk["green-10"]):
            assert listener(recorded, "traffic").urn in service.dependencies


@pytest.fixture(scope="module")
def walked_to_green_10() -> Stack:
    stack = Stack()
    for point in stack_files.walk(PRODUCTION):
        stack.clock.time += point.after
        stack.up(point.settings)
        if point.name == "green-10":
            break
    return stack


class TestRefusals:
    """Run without a policy pack: the guards alone."""

    @pytest.fixture
    def at_green_10(self, walked_to_green_10: Stack) -> Stack:
        return walked_to_green_10.copy()

    def settings(self, step: str) -> Settings:
        return replace(stack_files.load(PRODUCTION), step=step)

    @pytest.mark.parametrize("preview", [True, False])
    @pytest.mark.parametrize(
        ("step", "wait", "rule"), [("green-100", 3600, "R-03"), ("green-50", 60, "R-06"), ("green-50", -60, "R-14")]
    )
    def test_a_refused_step_registers_no_listener_and_no_service(
        self, at_green_10: Stack, step: str, wait: int, rule: str, preview: bool
    ) -> None:
        stack, outputs = at_green_10, at_green_10.outputs
        stack.clock.time += wait
        failure = stack.attempt(self.settings(step), preview=preview)
        assert issubclass(failure.kind, pulumi.RunError)
        assert rule in failure.message
        assert [each.name for each in failure.recorded.resources if each.name == "balancer-traffic"] == []
        assert failure.recorded.of_type("aws:ecs/service:Service") == []
        assert stack.outputs is outputs
        assert stack.cloud.live.split == {"blue": 90, "green": 10}

    def test_a_second_update_without_a_change_reads_and_changes_nothing(self, at_green_10: Stack) -> None:
        stack, before = at_green_10, at_green_10.recorded
        assert before is not None
        stack.clock.time += 60
        stack.cloud.readings = 0
        outcome = stack.up(self.settings("green-10"))
        assert before.changed(outcome.recorded) == set()
        assert outcome.hooks_called == []
        assert stack.cloud.readings == 1  # the proof after the update, on every update

    def test_a_lost_write_fails_the_update_and_the_next_one_repairs_it(self, at_green_10: Stack) -> None:
        stack = at_green_10
        stack.clock.time += 600
        stack.cloud.lost = True
        with pytest.raises(pulumi.RunError, match="asked blue 50, green 50, observed blue 90, green 10"):
            stack.up(self.settings("green-50"))
        assert stack.outputs["rollout"]["proposed"]["step"] == "green-10"
        stack.cloud.lost = False
        stack.clock.time += 60
        stack.up(self.settings("green-50"))
        assert stack.outputs["rollout"]["proposed"]["step"] == "green-50"
        assert stack.cloud.live.split == {"blue": 50, "green": 50}

    def test_drift_is_written_back_by_an_update_without_a_change(self, at_green_10: Stack) -> None:
        stack = at_green_10
        stack.cloud.live = replace(stack.cloud.live, split={"blue": 30, "green": 70})
        stack.up(self.settings("green-10"))
        assert stack.cloud.live.split == {"blue": 90, "green": 10}
        assert stack.cloud.writes == [({"blue": 90, "green": 10}, 300)]

    def test_traffic_comes_back_while_the_cloud_cannot_be_read(self, at_green_10: Stack) -> None:
        """The decision needs no reading; only the proof does, and by then the listener is written."""
        stack = at_green_10
        stack.clock.time += 1
        stack.cloud.unreachable = "timed out"
        with pytest.raises(pulumi.RunError, match="could not be read back"):
            stack.up(self.settings(IDLE))
        assert stack.cloud.live.split == {"blue": 100, "green": 0}

    def test_an_unreachable_cloud_blocks_an_advance(self, at_green_10: Stack) -> None:
        stack = at_green_10
        stack.clock.time += 600
        stack.cloud.unreachable = "timed out"
        with pytest.raises(pulumi.RunError, match="timed out"):
            stack.up(self.settings("green-50"))
        assert stack.cloud.live.split == {"blue": 90, "green": 10}

    def test_a_replaced_carrier_is_refused(self, at_green_10: Stack) -> None:
        stack = at_green_10
        assert stack.recorded is not None
        stack.recorded.resources.remove(listener(stack.recorded, "traffic"))  # so that a create arrives
        with pytest.raises(pulumi.RunError, match="never replaced"):
            stack.up(self.settings("green-10"))

    def test_a_damaged_record_lets_only_idle_through(self, at_green_10: Stack) -> None:
        stack = at_green_10
        stack.clock.time += 600
        stack.outputs = {"rollout": {"proposed": "damaged"}}
        with pytest.raises(pulumi.RunError, match="R-29"):
            stack.up(self.settings("green-50"))
        stack.up(self.settings(IDLE))
        assert stack.outputs["rollout"]["proposed"]["step"] == IDLE
        assert stack.cloud.live.split == {"blue": 100, "green": 0}


class TestProtection:
    @pytest.mark.parametrize(("name", "protected"), [(PRODUCTION, True), (STAGING, False)])
    def test_data_and_the_way_of_the_traffic_are_protected_in_production_only(self, name: str, protected: bool) -> None:
        recorded = Stack().up(stack_files.load(name)).recorded
        data = [each for each in recorded.resources if each.type in DATA]
        assert {each.type for each in data} == DATA
        way = [listener(recorded, "traffic"), recorded.one("aws:lb/loadBalancer:LoadBalancer")]
        way += recorded.of_type("TargetGroup")
        assert {each.name: bool(each.protect) for each in [*data, *way]} == {
            each.name: protected for each in [*data, *way]
        }
        database = recorded.one("aws:rds/instance:Instance").inputs
        assert (database["deletionProtection"], database["multiAz"]) == (protected, protected)
        assert recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs["enableDeletionProtection"] is protected

    def test_in_production_everything_is_protected_that_a_release_does_not_make_anew(self) -> None:
        recorded = Stack().up(stack_files.load(PRODUCTION)).recorded
        made_anew = {component(recorded, name) for name in ("service", "log-metrics", "alarms", "dashboard", "cohorts")}
        of_the_service = {each.urn for each in recorded.resources if each.parent in made_anew}
        open_to_change = {each.urn for each in recorded.custom() if not each.protect}
        assert open_to_change - of_the_service == {
            each.urn
            for each in recorded.resources
            if each.type == PROVIDER
            or each in recorded.of_type("SecretVersion")
            or each in recorded.of_type("ListenerRule")
        }
        assert [each.name for each in recorded.resources if each.urn in of_the_service and each.protect] == []

    def test_in_staging_nothing_is_protected(self) -> None:
        assert [each.name for each in Stack().up(stack_files.load(STAGING)).recorded.resources if each.protect] == []

    def test_staging_shares_one_nat_gateway(self) -> None:
        gateways = {
            name: len(Stack().up(stack_files.load(name)).recorded.of_type("NatGateway"))
            for name in (PRODUCTION, STAGING)
        }
        assert gateways == {PRODUCTION: 3, STAGING: 1}


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return Stack().preview(stack_files.load(PRODUCTION))


class TestFirstPreview:
    """Before anything exists, everything that a rule or a reviewer needs is known."""

    def test_the_transition_is_known_and_plain(self, outcome: Outcome) -> None:
        inputs = outcome.recorded.one(ROLLOUT_TYPE).inputs
        assert set(inputs) == {"proposed", "plan", "report"}
        assert not list(not_plain(inputs))
        assert outcome.outputs["rollout"]["proposed"]["phase"] == "idle"

    def test_the_weights_are_known(self, outcome: Outcome) -> None:
        groups = listener(outcome.recorded, "traffic").inputs["defaultActions"][0]["forward"]["targetGroups"]
        assert [group["weight"] for group in groups] == [100, 0]

    def test_guards_are_asked_in_a_preview_too(self, outcome: Outcome) -> None:
        rules = {("cohorts-beside", each.name) for each in outcome.recorded.of_type("ListenerRule")}
        assert sorted(outcome.hooks_called) == sorted(
            {
                ("rollout-guard", "rollout"),
                ("traffic-carrier-create", "balancer-traffic"),
                ("cohort-function-unchanged", "cohorts-function"),
                *(("stack-data-create", each) for each in GUARDED),
                *rules,
            }
        )

    def test_it_reads_once_and_writes_nothing(self) -> None:
        cloud = FakeTraffic()
        Stack(Amazon(cloud)).preview(stack_files.load(PRODUCTION))
        assert (cloud.readings, cloud.writes) == (1, [])

    def test_a_certificate_of_ones_own_is_used(self) -> None:
        arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
        own = stack_files.configured(PRODUCTION)
        assert isinstance(own.details, GreenflowSettings)
        fronted = Stack(details=replace(own.details, certificate_arn=arn)).preview(own.settings).recorded
        alone = replace(own.details, certificate_arn=arn, edge=None, cohorts=None)
        recorded = Stack(details=alone).preview(own.settings).recorded
        assert recorded.of_type("aws:acm/certificate:Certificate") == []
        assert [listener(each, "traffic").inputs["certificateArn"] for each in (recorded, fronted)] == [arn, arn]

    def test_without_a_candidate_the_idle_slot_has_the_live_image_and_no_tasks(self) -> None:
        settings = stack_files.load(PRODUCTION)
        alone = replace(settings, release=replace(settings.release, candidate=None))
        stack = Stack()
        recorded = stack.up(alone).recorded
        assert stack.cloud.live.images == dict.fromkeys(("blue", "green"), settings.release.live.image)
        assert stack.cloud.live.desired == {"blue": 6, "green": 0}
        assert weights(listener(recorded, "test")) == {"green": 100}
