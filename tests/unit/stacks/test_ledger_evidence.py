"""An update of a plan whose gates ran beforehand: it reads their evidence, and nothing when traffic is given back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headgate import transition
from headgate.evidence import Evidence, EvidenceStore, FsspecStore
from headgate.evidence.reading import looker
from headgate.evidence.record import about, sealed
from headgate.plan import IDLE
from headgate.report import Verdict
from headgate.settings import Settings
from headgate.state import Phase, State
from headgate.traffic.port import Reading
from stacks import configuration, ledger
from tests.support import stack_files
from tests.support.fake_traffic import FakeTraffic

START = stack_files.START
HOUR = 3600
RAW = stack_files.ours("greenflow-staging")
GATES = {"green-up": ["readiness", "smoke"], "green-10": ["drift", "approval"]}


def settings(step: str, **more: Any) -> Settings:
    plan = RAW["plan"]
    steps = [{**each, "gates": GATES.get(each["name"], each["gates"])} for each in plan["steps"]]
    raw = {**RAW, "plan": {**plan, "steps": steps}, "step": step, **more}
    return configuration.parse(raw, "stacks/Pulumi.greenflow-staging.yaml", stack_files.registry.KNOWN).settings


@dataclass
class Rollout:
    """A rollout on a healthy cloud, with evidence in a real folder; one hour goes by between two updates."""

    folder: Path
    now: int = START
    record: dict[str, Any] | None = None
    traffic: FakeTraffic = field(default_factory=FakeTraffic)
    readings: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    def store_of(self, settings: Settings, folder: Path) -> EvidenceStore:
        self.readings += 1
        return FsspecStore(settings.evidence.url, settings.name, folder)

    def to(self, step: str) -> list[str]:
        """Violations; when there are none it is recorded, and the cloud is as it asks for."""
        asked = settings(step, **self.more)
        look = looker(self.folder, {}, store_for=self.store_of)
        made = ledger.decide(self.record, asked, self.traffic, self.now, look)
        read = transition.from_dict(made)
        found = transition.check(read.previous, read.proposed, read.plan, self.now, read.report)
        if not found:
            state = read.proposed
            versions = [each for each in (state.live, state.candidate, state.standby) if each]
            images = {each.slot: each.image for each in versions}
            self.record = made
            self.traffic.live = Reading(True, dict(state.split), dict(state.tasks), dict(state.tasks), images)
            self.now += HOUR
        return [f"{each.rule[:4]} {each.found}" for each in found]

    @property
    def state(self) -> State:
        assert self.record is not None
        return transition.from_dict(self.record).proposed

    def put(self, gate: str, **fields: Any) -> Evidence:
        asked = settings(IDLE, **self.more)
        from headgate import gate_settings

        digests = gate_settings.asked(asked.smoke, asked.security, asked.commands)
        details = {"asked": digests.get(gate, ""), "expires": str(self.now + HOUR)}
        default = {"verdict": Verdict.PASSED, "at": self.now - 10, "by": "bert@example.com", "details": details}
        kept = sealed(Evidence(**{**about(self.state), "gate": gate, **default, **fields}), None)
        FsspecStore(asked.evidence.url, asked.name, self.folder).put(kept)
        return kept

    def files(self) -> list[Path]:
        return list(self.folder.rglob("*.json"))


@pytest.fixture
def rollout(tmp_path: Path) -> Rollout:
    made = Rollout(tmp_path)
    assert made.to(IDLE) == []
    assert made.to("green-up") == []
    assert made.readings == 0  # nothing has to pass to start
    return made


def test_without_evidence_the_step_is_held_and_says_what_to_run(rollout: Rollout) -> None:
    (found,) = rollout.to("green-10")
    assert found.startswith("R-07 inconclusive: there is no evidence for step green-up")
    assert "headgate gate --record --stack greenflow-staging" in found


def test_with_it_the_step_is_taken_and_the_result_is_in_the_record(rollout: Rollout) -> None:
    kept = rollout.put("smoke", figures={"checks": 2})
    before = rollout.now
    assert rollout.to("green-10") == []
    assert rollout.record is not None
    results = {each["gate"]: each for each in rollout.record["report"]["results"]}
    assert results["smoke"]["at"] == kept.at < before
    assert results["smoke"]["figures"] == {"checks": 2}
    assert results["readiness"]["at"] == before


def test_an_update_that_changes_nothing_reads_nothing(rollout: Rollout) -> None:
    rollout.put("smoke")
    assert rollout.to("green-10") == []
    readings = rollout.readings
    for file in rollout.files():
        file.unlink()
    assert rollout.to("green-10") == []
    assert rollout.readings == readings


def test_the_newest_failure_holds(rollout: Rollout) -> None:
    rollout.put("smoke")
    rollout.put("smoke", at=rollout.now - 1, verdict=Verdict.FAILED, reasons=("api: answered 500 (needs 200)",))
    assert rollout.to("green-10") == ["R-07 failed: api: answered 500 (needs 200)."]


def test_an_edited_record_is_refused_and_the_message_names_it(rollout: Rollout) -> None:
    rollout.put("smoke", verdict=Verdict.FAILED)
    (file,) = rollout.files()
    file.write_text(file.read_text().replace('"failed"', '"passed"'))
    (found,) = rollout.to("green-10")
    assert "R-07 inconclusive: the record of 2026-01-01 01:59:50 UTC by bert@example.com is refused: " in found
    assert "edited or damaged" in found


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"step": "green-10"}, "no evidence"),  # lies in the folder of another step
        ({"rollout_id": "another"}, "no evidence"),
        ({"candidate_image": "x"}, "about candidate image 'x'"),
        ({"stack": "greenflow-production"}, "about stack 'greenflow-production'"),
        ({"at": START + 3 * HOUR}, "from the future"),
        ({"at": START}, "from before the step was entered"),
        ({"details": {}}, "settings of the gate have changed"),
    ],
)
def test_a_foreign_or_stale_one_is_refused(rollout: Rollout, fields: dict[str, Any], why: str) -> None:
    rollout.put("smoke", **fields)
    (found,) = rollout.to("green-10")
    assert found.startswith("R-07 inconclusive")
    assert why in found


def test_an_old_one_is_refused(rollout: Rollout) -> None:
    rollout.put("smoke")
    rollout.now += HOUR
    (found,) = rollout.to("green-10")
    assert "it is 1h10s old (at most 1h)" in found
    rollout.more = {"evidence": {"max_age": "2h"}}
    assert rollout.to("green-10") == []


def test_without_a_signature_where_one_is_needed(rollout: Rollout) -> None:
    rollout.put("smoke")
    rollout.more = {"evidence": {"signed": True}}
    (found,) = rollout.to("green-10")
    assert "HEADGATE_EVIDENCE_KEY is not set" in found


def test_an_approval_holds_and_lets_through(rollout: Rollout) -> None:
    rollout.put("smoke")
    assert rollout.to("green-10") == []
    (found,) = rollout.to("green-50")
    assert "headgate approve green-10 --stack greenflow-staging" in found
    rollout.put("approval")
    assert rollout.to("green-50") == []


@pytest.mark.parametrize("step", [IDLE, "green-up"])
def test_nothing_is_read_when_traffic_is_given_back(rollout: Rollout, step: str) -> None:
    rollout.put("smoke")
    assert rollout.to("green-10") == []
    rollout.readings, rollout.traffic.readings = 0, 0
    assert rollout.to(step) == []
    assert (rollout.readings, rollout.traffic.readings) == (0, 0)
    assert rollout.state.phase is (Phase.ROLLED_BACK if step == IDLE else Phase.ROLLING_OUT)


def test_evidence_of_the_first_time_in_a_step_does_not_count_for_the_second(rollout: Rollout) -> None:
    rollout.more = {"evidence": {"max_age": "7d"}}
    rollout.put("smoke")
    assert rollout.to("green-10") == []
    assert rollout.to("green-up") == []
    (found,) = rollout.to("green-10")
    assert "from before the step was entered" in found
