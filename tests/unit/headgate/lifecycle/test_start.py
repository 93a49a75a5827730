"""A candidate is written, and the first step taken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.lifecycle.outcome import Ended, File
from headgate.lifecycle.start import Wanted, start
from tests.support.fake_stack import FakeStack, failed

At = Callable[[str], FakeStack]
IMAGE = f"registry.example/greenflow-api@sha256:{'c' * 64}"
WANTED = Wanted(IMAGE, "2026.03.01")


def test_the_candidate_that_the_file_names(stack: FakeStack) -> None:
    outcome = start(stack.edges())
    assert outcome.ended is Ended.DONE, outcome
    assert (stack.state.step, stack.state.rollout_id) == ("green-up", "2026.02.11")


def test_a_candidate_takes_the_free_slot(stack: FakeStack) -> None:
    outcome = start(stack.edges(), WANTED)
    assert outcome.ended is Ended.DONE, outcome
    assert stack.values["headgate:release"]["candidate"] == {"version": "2026.03.01", "slot": "green", "image": IMAGE}
    assert (stack.state.step, stack.state.rollout_id) == ("green-up", "2026.03.01")


def test_the_next_rollout_takes_the_slot_of_the_version_before_last(at: At) -> None:
    stack = at("promoted")
    stack.clock.time += 73 * 3600
    release = {"live": stack.values["headgate:release"]["live"]}
    stack.operator.set_values(stack.stack, {"headgate:release": release})
    stack.up()
    assert start(stack.edges(), WANTED).ended is Ended.DONE
    assert stack.values["headgate:release"]["candidate"]["slot"] == "blue"


def test_where_every_version_has_its_own_slot_none_is_written(tmp_path: Path) -> None:
    stack = FakeStack(tmp_path, "ion-staging")
    stack.clock.time += 60
    assert start(stack.edges(), WANTED).ended is Ended.DONE
    assert stack.values["headgate:release"]["candidate"] == {"version": "2026.03.01", "image": IMAGE}
    assert stack.state.candidate is not None
    assert stack.state.candidate.slot == "ion-staging-cccccccccccc"


@pytest.mark.parametrize(
    ("taken_back", "expected"), [("2026.02.11", "2026.02.11-2"), ("2026.02.11-2", "2026.02.11-3"), ("other", None)]
)
def test_what_was_taken_back_gets_another_id(stack: FakeStack, taken_back: str, expected: str | None) -> None:
    for step, rollout in (("green-up", taken_back), ("idle", taken_back)):
        stack.operator.set_values(stack.stack, {"headgate:step": step, "headgate:release.rollout": rollout})
        assert stack.up().code == 0
        stack.clock.time += 3600
    stack.operator.set_values(stack.stack, {}, ["headgate:release.rollout"])
    outcome = start(stack.edges())
    assert outcome.ended is Ended.DONE, outcome
    assert stack.values["headgate:release"].get("rollout") == expected
    assert stack.state.rollout_id == (expected or "2026.02.11")


def test_an_id_of_ones_own(stack: FakeStack) -> None:
    assert start(stack.edges(), replace(WANTED, rollout="spring")).ended is Ended.DONE
    assert stack.state.rollout_id == "spring"


def test_an_id_of_an_earlier_rollout_goes(stack: FakeStack) -> None:
    stack.operator.set_values(stack.stack, {"headgate:release.rollout": "autumn"})
    assert start(stack.edges(), WANTED).ended is Ended.DONE
    assert "rollout" not in stack.values["headgate:release"]


def test_only_the_file(stack: FakeStack) -> None:
    outcome = start(stack.edges(), WANTED, only_write=True)
    assert (outcome.ended, outcome.then) == (Ended.DONE, "headgate start")
    assert outcome.said == "the stack file names 2026.03.01 in green as candidate; nothing is applied"
    assert stack.values["headgate:step"] == "idle"
    assert stack.operator.calls == ["set_values"]
    assert start(stack.edges()).ended is Ended.DONE
    assert stack.state.rollout_id == "2026.03.01"


class TestLikelyMistakes:
    def test_a_tag(self, stack: FakeStack) -> None:
        outcome = start(stack.edges(), Wanted("registry.example/api:latest", "3"))
        assert outcome.ended is Ended.FAILED
        assert outcome.said.startswith("the image is 'registry.example/api:latest', and a candidate is pinned by its")
        assert stack.operator.calls == []

    def test_the_image_that_is_live(self, stack: FakeStack) -> None:
        live = stack.settings().release.live
        outcome = start(stack.edges(), Wanted(live.image, "3"))
        assert outcome.said == "that image is live already, as 2026.01.28; nothing was changed"

    def test_a_second_rollout(self, at: At) -> None:
        stack = at("green-10")
        text = stack.text
        outcome = start(stack.edges(), WANTED)
        assert (outcome.ended, outcome.then) == (Ended.HELD, "headgate advance")
        assert outcome.said.startswith("rollout 2026.02.11 is under way at green-10; one at a time (R-11)")
        assert stack.text == text

    def test_no_slot_is_free(self, at: At) -> None:
        outcome = start(at("promoted").edges(), WANTED)
        assert (outcome.ended, outcome.then) == (Ended.HELD, "headgate retire")
        assert outcome.said.startswith("every slot is taken: 2026.01.28 is kept as standby")

    def test_no_candidate_at_all(self, stack: FakeStack) -> None:
        stack.operator.set_values(stack.stack, {}, ["headgate:release.candidate"])
        outcome = start(stack.edges())
        assert outcome.ended is Ended.FAILED
        assert outcome.then == "headgate start --image NAME@sha256:... --version LABEL"

    def test_a_slot_that_is_not_there(self, stack: FakeStack) -> None:
        text = stack.text
        for only_write in (False, True):
            outcome = start(stack.edges(), replace(WANTED, slot="red"), only_write=only_write)
            assert outcome.ended is Ended.FAILED
            assert any("headgate:release.candidate.slot" in reason for reason in outcome.reasons)
        assert stack.text == text


def test_a_start_that_changed_nothing_puts_the_former_candidate_back(stack: FakeStack) -> None:
    text, stack.operator.ups = stack.text, [failed("no such plugin")]
    outcome = start(stack.edges(), WANTED)
    assert (outcome.ended, outcome.file) == (Ended.FAILED, File.PUT_BACK)
    assert stack.text == text
