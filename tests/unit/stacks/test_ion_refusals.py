"""What ION's program refuses on its own, without a policy pack, and what it does when the cloud does not obey."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from headgate import state
from headgate.plan import IDLE
from headgate.settings import Settings
from headgate.state import Release
from stacks.ion_settings import IonSettings
from tests.support import stack_files
from tests.support.played_clouds import Google
from tests.support.stack_program import Stack

PRODUCTION = "ion-production"
SERVICE = "gcp:cloudrunv2/service:Service"
FILE = stack_files.load(PRODUCTION)
OLD, NEW = FILE.release.live, FILE.release.candidate
assert NEW is not None
DAY = 86_400  # seconds


@pytest.fixture(autouse=True)
def _reads_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.ledger.BETWEEN_READINGS", 0.0)


def google(stack: Stack) -> Google:
    assert isinstance(stack.played, Google)
    return stack.played


@pytest.fixture(scope="module")
def walked_to_canary_5() -> Stack:
    stack = Stack.of(PRODUCTION)
    for point in stack_files.walk(PRODUCTION):
        stack.clock.time += point.after
        stack.up(point.settings)
        if point.name == "canary-5":
            break
    return stack


def at(step: str) -> Settings:
    return replace(FILE, step=step)


def details(**service: Any) -> IonSettings:
    """The file's own settings with other ones of its instances."""
    found = stack_files.configured(PRODUCTION).details
    assert isinstance(found, IonSettings)
    return replace(found, service=replace(found.service, **service))


SPLIT_5, SPLIT_50 = {OLD.slot: 95, NEW.slot: 5}, {OLD.slot: 50, NEW.slot: 50}


class TestRefusals:
    """Run without a policy pack: the guards alone."""

    @pytest.fixture
    def stack(self, walked_to_canary_5: Stack) -> Stack:
        return walked_to_canary_5.copy()

    def refused(self, stack: Stack, settings: Settings, *, preview: bool = False) -> str:
        """Why an update is refused; fails when the service was registered, or anything changed."""
        outputs, split = stack.outputs, dict(stack.cloud.live.split)
        failure = stack.attempt(settings, preview=preview)
        assert issubclass(failure.kind, pulumi.RunError)
        assert failure.recorded.of_type(SERVICE) == []
        assert (stack.outputs, stack.cloud.live.split) == (outputs, split)
        return failure.message

    @pytest.mark.parametrize("preview", [True, False])
    @pytest.mark.parametrize(
        ("step", "wait", "rule"),
        [("full-100", 7 * DAY, "R-03"), ("ab-50", 7 * DAY - 1, "R-06"), ("ab-50", -60, "R-14")],
    )
    def test_a_refused_step_registers_no_service(
        self, stack: Stack, step: str, wait: int, rule: str, preview: bool
    ) -> None:
        stack.clock.time += wait
        assert rule in self.refused(stack, at(step), preview=preview)

    @pytest.mark.parametrize("preview", [True, False])
    @pytest.mark.parametrize("change", [{"memory": "4Gi"}, {"cpu": "4"}, {"timeout": 30}, {"concurrency": 1}])
    def test_other_settings_under_the_name_of_the_revision_are_refused(
        self, stack: Stack, change: dict[str, Any], preview: bool
    ) -> None:
        stack.details = details(**change)
        assert "R-09" in self.refused(stack, at("canary-5"), preview=preview)
        stack.clock.time += 7 * DAY
        assert "R-09" in self.refused(stack, at("ab-50"), preview=preview)

    def test_another_variable_and_another_version_of_a_secret_are_refused_too(self, stack: Stack) -> None:
        for changes in ({"variables": {"LOG_LEVEL": "debug"}}, {"secrets": {"PARTNER_API_KEY": 1}}):
            stack.details = replace(details(), **changes)  # type: ignore[arg-type]
            assert "R-09" in self.refused(stack, at("canary-5"))

    def test_and_other_numbers_of_instances(self, stack: Stack) -> None:
        more = replace(FILE.capacity, maximum_tasks=FILE.capacity.maximum_tasks + 1)
        assert "R-09" in self.refused(stack, replace(at("canary-5"), capacity=more))

    @pytest.mark.parametrize("wait", [1, 30 * DAY])
    def test_none_of_which_holds_a_rollback(self, stack: Stack, wait: int) -> None:
        template = google(stack).revisions[NEW.slot]
        stack.details = details(memory="4Gi")
        stack.clock.time += wait
        outcome = stack.up(at(IDLE))
        assert stack.cloud.live.split == {OLD.slot: 100}
        assert outcome.recorded.one(SERVICE).inputs["template"] == template
        assert set(google(stack).revisions) == {OLD.slot, NEW.slot}

    def test_after_a_rollback_other_settings_wait_for_a_new_revision(self, stack: Stack) -> None:
        """The rolled-back stack can be updated again and again; the revisions that are there stay as they are."""
        stack.up(at(IDLE))
        stack.details = details(memory="4Gi")
        stack.clock.time += 60
        stack.up(at(IDLE))
        again = replace(FILE.release, rollout="again")
        stack.clock.time = 1_767_621_600  # Monday the 5th of January, 14:00
        assert "R-09" in self.refused(stack, replace(at("canary-up"), release=again))
        image = f"{OLD.image.partition('@')[0]}@sha256:{'e' * 64}"
        other = state.Version("2.7.1", f"{PRODUCTION}-{'e' * 12}", image)
        stack.up(replace(at("canary-up"), release=Release(OLD, other)))
        memory = {
            revision: template["containers"][0]["resources"]["limits"]["memory"]
            for revision, template in google(stack).revisions.items()
        }
        assert memory == {OLD.slot: "2Gi", NEW.slot: "2Gi", other.slot: "4Gi"}
        assert stack.cloud.live.split == {OLD.slot: 100, other.slot: 0}

    def test_the_candidate_can_be_taken_out_together_with_going_back(self, stack: Stack) -> None:
        stack.up(replace(FILE, release=Release(OLD)))
        assert stack.cloud.live.split == {OLD.slot: 100}
        assert stack.recorded is not None
        assert stack.recorded.one(SERVICE).inputs["template"]["revision"] == NEW.slot
        stack.clock.time += 60
        assert stack.up(replace(FILE, release=Release(OLD))).hooks_called == []

    def test_a_second_update_without_a_change_reads_and_changes_nothing(self, stack: Stack) -> None:
        before = stack.recorded
        assert before is not None
        stack.clock.time += 60
        stack.cloud.readings = 0
        outcome = stack.up(at("canary-5"))
        assert before.changed(outcome.recorded) == set()
        assert outcome.hooks_called == []
        assert stack.cloud.readings == 1  # the proof after the update, on every update

    def test_a_write_that_the_api_refuses_leaves_the_record(self, stack: Stack) -> None:
        stack.clock.time += 7 * DAY
        google(stack).refuses = "Error 403: Permission 'run.services.update' denied"
        with pytest.raises(Exception, match=r"run\.services\.update"):
            stack.up(at("ab-50"))
        assert stack.cloud.live.split == SPLIT_5
        assert stack.outputs["rollout"]["proposed"]["step"] == "canary-5"
        google(stack).refuses = ""
        stack.up(at("ab-50"))
        assert stack.cloud.live.split == SPLIT_50

    def test_an_update_that_claims_a_write_and_made_none_fails_and_the_next_one_repairs_it(self, stack: Stack) -> None:
        """As the provider does after a write that failed: nothing is sent, and success is reported."""
        stack.clock.time += 7 * DAY
        stack.cloud.lost = True
        with pytest.raises(pulumi.RunError, match=f"asked {OLD.slot} 50, {NEW.slot} 50, observed {OLD.slot} 95"):
            stack.up(at("ab-50"))
        assert stack.outputs["rollout"]["proposed"]["step"] == "canary-5"
        stack.cloud.lost = False
        stack.clock.time += 60
        stack.up(at("ab-50"))
        assert stack.cloud.live.split == SPLIT_50

    def test_drift_is_written_back_by_an_update_without_a_change(self, stack: Stack) -> None:
        stack.cloud.live = replace(stack.cloud.live, split={OLD.slot: 30, NEW.slot: 70})
        stack.up(at("canary-5"))
        assert stack.cloud.live.split == SPLIT_5
        assert stack.cloud.writes == [(SPLIT_5, 0)]

    def test_traffic_comes_back_while_the_cloud_cannot_be_read(self, stack: Stack) -> None:
        stack.clock.time += 1
        stack.cloud.unreachable = "timed out"
        with pytest.raises(pulumi.RunError, match="could not be read back"):
            stack.up(at(IDLE))
        assert stack.cloud.live.split == {OLD.slot: 100}

    def test_an_unreachable_cloud_blocks_an_advance(self, stack: Stack) -> None:
        stack.clock.time += 7 * DAY
        stack.cloud.unreachable = "timed out"
        assert "timed out" in self.refused(stack, at("ab-50"))

    def test_a_replaced_service_is_refused(self, stack: Stack) -> None:
        assert stack.recorded is not None
        stack.recorded.resources.remove(stack.recorded.one(SERVICE))  # so that a create arrives
        with pytest.raises(pulumi.RunError, match="never replaced"):
            stack.up(at("canary-5"))

    def test_a_damaged_record_lets_only_idle_through(self, stack: Stack) -> None:
        stack.clock.time += 7 * DAY
        stack.outputs = {"rollout": {"proposed": "damaged"}}
        assert "R-29" in self.refused(stack, at("ab-50"))
        stack.up(at(IDLE))
        assert stack.outputs["rollout"]["proposed"]["step"] == IDLE
        assert stack.cloud.live.split == {OLD.slot: 100}

    def test_an_image_without_a_digest_is_said_with_file_and_without_a_traceback(self) -> None:
        tagged = replace(FILE.release, live=replace(OLD, image="registry.example/api:2"))
        failure = Stack.of(PRODUCTION).attempt(replace(FILE, release=tagged), preview=True)
        assert issubclass(failure.kind, pulumi.RunError)
        assert "registry.example/api:2" in failure.message
