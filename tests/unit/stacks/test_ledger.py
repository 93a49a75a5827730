"""The record: what is read before a transition, and the proof of it afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pytest

from headgate import transition
from headgate.plan import IDLE
from headgate.report import Live, Verdict
from headgate.settings import Settings
from headgate.state import Phase, Release
from headgate.traffic.port import Reading, TrafficError
from headgate.transition import Transition
from stacks import ledger
from tests.support import stack_files
from tests.support.drive import drive, run
from tests.support.fake_traffic import FakeTraffic
from tests.support.hooks import secret
from tests.support.stack_program import StackRecorder

START = 1_767_225_600  # 2026-01-01 00:00:00 UTC
SETTINGS = stack_files.load("greenflow-production")
DAY = 86_400  # seconds; longer than every bake
SPLIT_50 = {"blue": 50, "green": 50}


def at(step: str, release: Release | None = None) -> Settings:
    return replace(SETTINGS, step=step, release=release or SETTINGS.release)


def promoted() -> Settings:
    assert SETTINGS.release.candidate is not None
    return at(IDLE, Release(live=SETTINGS.release.candidate, standby=SETTINGS.release.live))


def cloud(change: Mapping[str, Any]) -> FakeTraffic:
    """The cloud as `change` left it, everything healthy."""
    state = transition.from_dict(change).proposed
    versions = [version for version in (state.live, state.candidate, state.standby) if version]
    images = {version.slot: version.image for version in versions}
    return FakeTraffic(Reading(True, dict(state.split), dict(state.tasks), dict(state.tasks), images))


def walk(*steps: str) -> tuple[dict[str, Any], int]:
    """The record after these steps, and when it was made."""
    record = ledger.decide(None, at(IDLE), FakeTraffic(), START)
    now = START
    for step in steps:
        now += DAY
        record = ledger.decide(record, at(step), cloud(record), now)
    return record, now


def judged(record: Mapping[str, Any], now: int) -> list[str]:
    """Ids of the rules that the recorded transition breaks."""
    read = transition.from_dict(record)
    return [each.rule for each in transition.check(read.previous, read.proposed, read.plan, now, read.report)]


class TestRecorded:
    def asked(
        self, outputs: Mapping[str, Any], errors: Sequence[str] = ()
    ) -> tuple[list[object], list[float], list[str]]:
        """What is read, the waits in between, and the names of the stacks that were asked for."""
        recorder = StackRecorder(preview=True, last_outputs=outputs, backend_errors=errors)
        found, waits = list[object](), list[float]()
        run(lambda: found.append(ledger.outputs(waits.append).get(ledger.OUTPUT)), recorder)
        return found, waits, recorder.asked_for

    def test_nothing_is_recorded_before_the_first_deployment(self) -> None:
        assert self.asked({})[0] == [None]

    def test_other_outputs_are_no_record(self) -> None:
        assert self.asked({"url": "https://api.example.com"})[0] == [None]

    def test_it_is_the_output_of_this_very_stack(self) -> None:
        record, _ = walk("green-up")
        found, waits, names = self.asked({"rollout": record, "url": "x"})
        assert transition.read(found[0]) == transition.from_dict(record)
        assert waits == []
        assert [name.rpartition("/")[0].rpartition("/")[2] for name in names] == ["headgate"]
        assert [name.rpartition("/")[2] for name in names] == ["unit"]

    def test_a_backend_that_is_being_written_is_read_again(self) -> None:
        record, _ = walk()
        found, waits, names = self.asked({"rollout": record}, ["unexpected end of JSON input"] * (ledger.READINGS - 1))
        assert transition.read(found[0]) == transition.from_dict(record)
        assert waits == [ledger.BETWEEN_READINGS] * (ledger.READINGS - 1)
        assert len(names) == ledger.READINGS

    def test_a_backend_that_cannot_be_read_is_no_first_deployment(self) -> None:
        with pytest.raises(
            pulumi.RunError, match=r"recorded state of stack .*/headgate/unit cannot be read: .* denied"
        ):
            self.asked({"rollout": walk()[0]}, ["access denied"] * ledger.READINGS)

    def test_a_secret_among_the_outputs_does_not_hide_the_record(self) -> None:
        record, _ = walk()
        found, _, _ = self.asked({"rollout": record, "token": secret("x")})
        assert transition.read(found[0]) == transition.from_dict(record)


class TestDecide:
    def test_bootstrap_has_no_previous_and_says_that_nothing_was_there(self) -> None:
        port = FakeTraffic()
        record = ledger.decide(None, at(IDLE), port, START)
        assert record["previous"] is None
        assert record["unreadable"] is None
        assert record["proposed"]["phase"] == Phase.IDLE
        assert record["proposed"]["changedAt"] == START
        assert record["report"]["live"]["exists"] is False
        assert record["report"]["results"] == []
        assert port.readings == 1
        assert judged(record, START) == []

    def test_nothing_is_read_when_nothing_changes_and_the_record_is_passed_on_as_it_was(self) -> None:
        record, now = walk("green-up", "green-10")
        port = cloud(record)
        assert ledger.decide(record, at("green-10"), port, now + DAY) == record
        assert port.readings == 0

    @pytest.mark.parametrize("step", ["green-up", "green-10", "green-50", "green-100"])
    def test_nothing_is_read_when_traffic_is_given_back(self, step: str) -> None:
        record, now = walk(*steps_until(step))
        port = FakeTraffic(unreachable="the cloud is down")
        back = ledger.decide(record, at(IDLE), port, now + 1)
        assert port.readings == 0
        assert back["proposed"]["phase"] == Phase.ROLLED_BACK
        assert back["report"] == {"live": None, "results": [], "error": ""}
        assert judged(back, now + 1) == []

    def test_nothing_is_read_when_a_promotion_is_taken_back(self) -> None:
        record, now = walk(*SETTINGS.plan.step_names)
        record = ledger.decide(record, promoted(), cloud(record), now + DAY)
        port = FakeTraffic(unreachable="the cloud is down")
        back = ledger.decide(record, at(IDLE), port, now + DAY + 60)
        assert port.readings == 0
        assert back["proposed"]["live"]["slot"] == "blue"
        assert judged(back, now + DAY + 60) == []

    @pytest.mark.parametrize(("before", "step"), [("green-up", "green-10"), ("green-10", "green-50")])
    def test_an_advance_carries_the_reading_and_a_result_of_every_gate(self, before: str, step: str) -> None:
        record, now = walk(*steps_until(before))
        port = cloud(record)
        advance = ledger.decide(record, at(step), port, now + DAY)
        assert port.readings == 1
        assert advance["report"]["live"]["split"] == port.live.split
        assert {each["gate"]: each["verdict"] for each in advance["report"]["results"]} == {
            "readiness": Verdict.PASSED,
            "drift": Verdict.PASSED,
        }
        assert {(each["step"], each["at"]) for each in advance["report"]["results"]} == {(before, now + DAY)}
        assert judged(advance, now + DAY) == []

    def test_a_promotion_runs_the_gates_of_the_last_step(self) -> None:
        record, now = walk(*SETTINGS.plan.step_names)
        promotion = ledger.decide(record, promoted(), cloud(record), now + DAY)
        assert promotion["proposed"]["phase"] == Phase.PROMOTED
        assert [each["gate"] for each in promotion["report"]["results"]] == ["readiness", "drift"]
        assert judged(promotion, now + DAY) == []

    def test_a_start_reads_the_split_and_runs_no_gate(self) -> None:
        record, now = walk()
        port = cloud(record)
        start = ledger.decide(record, at("green-up"), port, now + 1)
        assert port.readings == 1
        assert start["report"]["live"]["exists"] is True
        assert start["report"]["results"] == []
        assert judged(start, now + 1) == []

    def test_a_gate_that_fails_is_in_the_record_and_blocks(self) -> None:
        record, now = walk("green-up", "green-10")
        port = cloud(record)
        port.live = replace(port.live, split={"blue": 70, "green": 30})
        advance = ledger.decide(record, at("green-50"), port, now + DAY)
        verdicts = {each["gate"]: (each["verdict"], each["reasons"]) for each in advance["report"]["results"]}
        assert verdicts["drift"][0] == Verdict.FAILED
        assert "green 30" in verdicts["drift"][1][0]
        assert [rule[:4] for rule in judged(advance, now + DAY)] == ["R-07"]

    def test_an_unreachable_cloud_is_said_and_makes_every_gate_inconclusive(self) -> None:
        record, now = walk("green-up", "green-10")
        advance = ledger.decide(record, at("green-50"), FakeTraffic(unreachable="timed out after 5 s"), now + DAY)
        assert advance["report"]["live"] is None
        assert advance["report"]["error"] == "timed out after 5 s"
        assert {each["verdict"] for each in advance["report"]["results"]} == {Verdict.INCONCLUSIVE}
        assert all("timed out after 5 s" in each["reasons"][0] for each in advance["report"]["results"])
        assert judged(advance, now + DAY)

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            ("a text", "a str, not a mapping"),
            ({}, "'proposed'"),
            ({"proposed": {"schema": 2}, "plan": {}, "report": None}, "schema 2 is not 1"),
        ],
    )
    def test_an_unreadable_record_is_passed_on_with_its_reason_and_a_reading(self, raw: object, reason: str) -> None:
        record, _ = walk()
        port = cloud(record)
        decided = ledger.decide(raw, at(IDLE), port, START + DAY)
        assert reason in decided["unreadable"]
        assert decided["previous"] is None
        assert port.readings == 1
        assert judged(decided, START + DAY) == []  # back to idle, where the live version has everything

    def test_an_unreadable_record_lets_nothing_but_idle_through(self) -> None:
        record, now = walk("green-up")
        decided = ledger.decide("damaged", at("green-10"), cloud(record), now + DAY)
        assert {rule[:4] for rule in judged(decided, now + DAY)} == {"R-29"}

    def test_a_record_survives_pulumi_which_makes_floats_of_all_numbers(self) -> None:
        record, now = walk("green-up", "green-10")
        assert ledger.decide(floats(record), at("green-10"), FakeTraffic(), now + DAY) == record


class TestGivesBack:
    """Then nothing new may be created: by the transition itself, and as long as its outcome stands."""

    def record(self, *path: Settings) -> dict[str, Any]:
        found: dict[str, Any] = ledger.decide(None, at(IDLE), FakeTraffic(), START)
        for days, settings in enumerate(path, start=1):
            found = ledger.decide(found, settings, cloud(found), START + days * DAY)
        return found

    @pytest.mark.parametrize("steps", [["green-up"], ["green-up", "green-10"], ["green-up", "green-10", "green-50"]])
    def test_on_the_way_back_and_after_it(self, steps: list[str]) -> None:
        way = [at(step) for step in steps]
        assert ledger.gives_back(self.record(*way, at(IDLE)))
        assert ledger.gives_back(self.record(*way, at(IDLE), at(IDLE)))

    def test_one_step_back(self) -> None:
        assert ledger.gives_back(self.record(at("green-up"), at("green-10"), at("green-50"), at("green-10")))

    def test_from_promotion(self) -> None:
        way = [at(step) for step in SETTINGS.plan.step_names]
        assert not ledger.gives_back(self.record(*way, promoted()))
        assert ledger.gives_back(self.record(*way, promoted(), at(IDLE)))

    @pytest.mark.parametrize(
        "steps", [[], ["green-up"], ["green-up", "green-10"], ["green-up", "green-10", "green-10"]]
    )
    def test_not_on_the_way_forward(self, steps: list[str]) -> None:
        assert not ledger.gives_back(self.record(*map(at, steps)))

    def test_not_when_the_next_rollout_begins(self) -> None:
        again = replace(SETTINGS.release, rollout="again")
        assert not ledger.gives_back(self.record(at("green-up"), at(IDLE), at("green-up", again)))

    def test_not_when_another_candidate_is_named(self) -> None:
        alone = replace(SETTINGS.release, candidate=None)
        assert not ledger.gives_back(self.record(at("green-up"), at(IDLE), at(IDLE, alone)))

    def test_not_without_a_record_that_can_be_read(self) -> None:
        """Nobody can tell then; the rules let only idle through."""
        assert not ledger.gives_back(ledger.decide("damaged", at(IDLE), FakeTraffic(), START))


def steps_until(last: str) -> list[str]:
    names = list(SETTINGS.plan.step_names)
    return names[: names.index(last) + 1]


def floats(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [floats(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.fixture(scope="module")
def change() -> dict[str, Any]:
    return walk("green-up", "green-10", "green-50")[0]


@dataclass
class Failing(FakeTraffic):
    """Reads fail from the `reads_fail_from`-th on; every write fails with `write_error`."""

    reads_fail_from: int = 10**6
    write_error: str = ""

    def read_live(self) -> Live:
        found = super().read_live()
        if self.readings >= self.reads_fail_from:
            raise TrafficError("timed out")
        return found

    def write_split(self, split: Mapping[str, int], stickiness: int, candidate: str | None = None) -> None:
        if self.write_error:
            raise TrafficError(self.write_error)
        super().write_split(split, stickiness, candidate)


def routing(split: Mapping[str, int], **more: Any) -> Failing:
    return Failing(Reading(True, dict(split)), **more)


def no_wait(seconds: float) -> None:
    pytest.fail(f"waited {seconds} s")


class TestConfirm:
    """At green-50: 50 on both."""

    @pytest.mark.parametrize("written", [True, False])
    def test_an_equal_split_passes_after_one_reading(self, change: dict[str, Any], written: bool) -> None:
        port, waits = routing(SPLIT_50), list[float]()
        assert ledger.confirm(change, port, written, waits.append) is change
        assert (port.readings, port.writes, waits) == (1, [], [])

    @pytest.mark.parametrize("written", [True, False])
    def test_a_slot_with_0_may_be_left_out_on_either_side(self, written: bool) -> None:
        idle, _ = walk()
        up, _ = walk("green-up")
        for change in (idle, up):
            for split in ({"blue": 100}, {"blue": 100, "green": 0}):
                port = routing(split)
                assert ledger.confirm(change, port, written, no_wait) is change
                assert port.writes == []

    def test_written_and_different_fails_and_says_asked_and_observed(self, change: dict[str, Any]) -> None:
        port, waits = routing({"blue": 90, "green": 10}), list[float]()
        with pytest.raises(pulumi.RunError) as error:
            ledger.confirm(change, port, True, waits.append)
        assert str(error.value) == (
            "the split was not applied: asked blue 50, green 50, observed blue 90, green 10. The recorded state stays "
            "as it was. Run pulumi up again to repair it."
        )
        assert port.readings == ledger.READINGS
        assert waits == [ledger.BETWEEN_READINGS] * (ledger.READINGS - 1)
        assert port.writes == []  # a success message that was no success is said, not papered over

    @pytest.mark.parametrize("stale", range(1, ledger.READINGS))
    def test_a_control_plane_that_is_behind_is_waited_for(self, change: dict[str, Any], stale: int) -> None:
        port, waits = routing({"blue": 90, "green": 10}, stale=stale), list[float]()
        port.write_split(SPLIT_50, 0)
        assert ledger.confirm(change, port, True, waits.append) is change
        assert (port.readings, len(waits)) == (stale + 1, stale)

    def test_not_written_and_different_is_written_again_with_a_warning(
        self, change: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        port = routing({"blue": 100})
        drive(lambda: ledger.confirm(change, port, False, lambda _: None))
        assert port.writes == [(SPLIT_50, SETTINGS.plan.stickiness)]
        assert port.live.split == SPLIT_50
        assert port.readings == ledger.READINGS + 1
        assert "the balancer routes blue 100, not blue 50, green 50 as declared" in caplog.text
        assert port.candidates == ["green"]

    def test_rules_for_cohorts_that_route_otherwise_are_written_again(self, change: dict[str, Any]) -> None:
        port = routing({**SPLIT_50, "cohorts -> green": 100})
        drive(lambda: ledger.confirm(change, port, False, lambda _: None))
        assert port.writes == [(SPLIT_50, SETTINGS.plan.stickiness)]

    def test_or_fail_the_update_that_wrote_them(self, change: dict[str, Any]) -> None:
        port = routing({**SPLIT_50, "cohorts -> green": 100})
        with pytest.raises(pulumi.RunError, match="observed blue 50, cohorts -> green 100, green 50"):
            ledger.confirm(change, port, True, lambda _: None)

    def test_what_is_given_back_is_written_again_also_by_the_update_that_wrote_it(self) -> None:
        """Rules for cohorts that the program no longer declares stand until it has ended."""
        record, now = walk("green-up", "green-10", "green-50")
        back = ledger.decide(record, at(IDLE), cloud(record), now + 1)
        port = routing({"blue": 100, "green": 0, "cohorts -> green": 50})
        drive(lambda: ledger.confirm(back, port, True, lambda _: None))
        assert [split for split, _ in port.writes] == [{"blue": 100, "green": 0}]

    def test_a_rule_that_catches_users_before_the_split_is_a_difference(self, change: dict[str, Any]) -> None:
        port = routing({"blue": 50, "green": 40, "rule 10 -> green": 10})
        with pytest.raises(pulumi.RunError, match="rule 10 -> green 10"):
            ledger.confirm(change, port, True, lambda _: None)

    def test_a_second_write_that_is_lost_too_fails(self, change: dict[str, Any]) -> None:
        port = routing({"blue": 100}, lost=True)
        with pytest.raises(pulumi.RunError, match="asked blue 50, green 50, observed blue 100"):
            drive(lambda: ledger.confirm(change, port, False, lambda _: None))
        assert len(port.writes) == 1
        assert port.readings == 2 * ledger.READINGS

    def test_a_second_write_that_is_refused_fails_with_the_reason(self, change: dict[str, Any]) -> None:
        port = routing({"blue": 100}, write_error="AccessDenied")
        with pytest.raises(pulumi.RunError, match=r"could not be written again: AccessDenied"):
            drive(lambda: ledger.confirm(change, port, False, lambda _: None))

    @pytest.mark.parametrize("written", [True, False])
    def test_a_split_that_cannot_be_read_fails_and_nothing_is_written(
        self, change: dict[str, Any], written: bool
    ) -> None:
        port = routing(SPLIT_50, reads_fail_from=1)
        with pytest.raises(pulumi.RunError, match=r"could not be read back: timed out\. The recorded state stays"):
            ledger.confirm(change, port, written, no_wait)
        assert port.writes == []

    def test_a_split_that_cannot_be_read_after_the_second_write_fails(self, change: dict[str, Any]) -> None:
        port = routing({"blue": 100}, reads_fail_from=ledger.READINGS + 1)
        with pytest.raises(pulumi.RunError, match="could not be read back"):
            drive(lambda: ledger.confirm(change, port, False, lambda _: None))
        assert len(port.writes) == 1


class TestConfirmed:
    """The same as an output of the program, in a preview and in an update."""

    def shown(
        self, change: Mapping[str, Any], port: FakeTraffic, *, preview: bool, actions: Any = (), written: bool = True
    ) -> list[Any]:
        """What the output resolves to; nothing when it does not resolve."""
        values: list[Any] = []

        def program() -> None:
            output = ledger.confirmed(change, pulumi.Output.from_input(actions), port, lambda: written)
            pulumi.Output.from_input(output).apply(values.append)

        drive(program, preview=preview)
        return values

    def test_a_preview_shows_the_proposed_record_and_reads_nothing(self, change: dict[str, Any]) -> None:
        port = FakeTraffic(unreachable="no")
        assert self.shown(change, port, preview=True) == [change]
        assert port.readings == 0

    def test_a_preview_waits_for_no_output_of_the_carrier(self, change: dict[str, Any]) -> None:
        """On the first deployment the carrier's outputs are unknown, and the record is known all the same."""
        assert self.shown(change, FakeTraffic(), preview=True, actions=pulumi.UNKNOWN) == [change]

    def test_an_update_reads_back(self, change: dict[str, Any]) -> None:
        port = routing(SPLIT_50)
        assert self.shown(change, port, preview=False) == [change]
        assert port.readings == 1

    def test_an_update_fails_when_the_split_was_not_applied(
        self, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ledger, "BETWEEN_READINGS", 0.0)
        with pytest.raises(pulumi.RunError, match="asked blue 50, green 50, observed blue 90, green 10"):
            self.shown(change, routing({"blue": 90, "green": 10}), preview=False)

    def test_written_is_asked_only_after_the_carrier_was_registered(self, change: dict[str, Any]) -> None:
        order: list[str] = []

        def seen(what: str) -> bool:
            order.append(what)
            return True

        def program() -> None:
            carrier = pulumi.Output.from_input(()).apply(lambda _: seen("carrier"))
            ledger.confirmed(change, carrier, routing(SPLIT_50), lambda: seen("written"))

        drive(program)
        assert order == ["carrier", "written"]

    def test_a_carrier_that_is_refused_leaves_nothing_to_record(self, change: dict[str, Any]) -> None:
        port = routing(SPLIT_50)

        def refused(_: object) -> None:
            raise RuntimeError("the listener is refused")

        def program() -> None:
            carrier = pulumi.Output.from_input(()).apply(refused)
            ledger.confirmed(change, carrier, port, lambda: True)

        with pytest.raises(RuntimeError, match="the listener is refused"):
            drive(program)
        assert port.readings == 0


def test_a_transition_read_back_is_the_one_that_was_recorded() -> None:
    record, _ = walk("green-up")
    assert isinstance(transition.read(floats(record)), Transition)
    assert transition.to_dict(transition.from_dict(floats(record))) == record
