"""The state: what a configuration leads to, and its recorded form."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import moves
from headgate import state as states
from headgate.moves import Move
from headgate.plan import IDLE
from headgate.state import Phase, Recorded, Release, State, Version
from tests.support.rollouts import (
    AFTER,
    BEFORE,
    DURING,
    HOUR,
    NEW,
    OLD,
    PLAN,
    RETIRED,
    START,
    asked,
    change,
    image,
    replan,
)
from tests.support.rule_table import AT, TAKEN_BACK

LATER = START + 1000 * HOUR


class TestPropose:
    """The straight way; `AT` has a state per step, each proposed from the one before."""

    @pytest.mark.parametrize(
        ("at", "phase", "split", "tasks", "stickiness"),
        [
            ("before", Phase.IDLE, {"blue": 100}, {"blue": 6}, 0),
            ("green-up", Phase.ROLLING_OUT, {"blue": 100, "green": 0}, {"blue": 6, "green": 2}, 0),
            ("green-10", Phase.ROLLING_OUT, {"blue": 90, "green": 10}, {"blue": 6, "green": 3}, 300),
            ("green-50", Phase.ROLLING_OUT, {"blue": 50, "green": 50}, {"blue": 6, "green": 6}, 300),
            ("green-100", Phase.ROLLING_OUT, {"blue": 0, "green": 100}, {"blue": 6, "green": 6}, 0),
            ("promoted", Phase.PROMOTED, {"green": 100, "blue": 0}, {"green": 6, "blue": 6}, 0),
            ("retired", Phase.IDLE, {"green": 100}, {"green": 6}, 0),
        ],
    )
    def test_each_step(
        self, at: str, phase: Phase, split: dict[str, int], tasks: dict[str, int], stickiness: int
    ) -> None:
        state = AT[at].state
        assert state.phase is phase
        assert state.split == split
        assert state.tasks == tasks
        assert state.stickiness == stickiness

    def test_each_change_follows_on_the_last(self) -> None:
        way = [recorded.state for recorded in AT.values()]
        assert [state.sequence for state in way] == [1, 2, 3, 4, 5, 6, 7]
        assert [state.previous_digest for state in way] == ["", *[state.digest for state in way[:-1]]]
        assert all(state.entered_at == state.changed_at for state in way)

    def test_promotion_does_not_move_traffic(self) -> None:
        assert AT["green-100"].state.split == AT["promoted"].state.split

    def test_standby_is_kept_for_the_retention(self) -> None:
        promoted = AT["promoted"].state
        assert promoted.standby == OLD
        assert promoted.retain_until == promoted.changed_at + 72 * HOUR
        assert AT["retired"].state.retain_until is None

    def test_rollout_id_is_the_label_of_the_candidate_unless_given(self) -> None:
        assert AT["before"].state.rollout_id == ""
        assert AT["green-10"].state.rollout_id == NEW.version
        assert AT["promoted"].state.rollout_id == NEW.version
        named = states.propose(
            AT["before"].state, asked("green-up", Release(OLD, NEW, rollout="second try")), PLAN, LATER
        )
        assert named.rollout_id == "second try"

    @pytest.mark.parametrize("at", list(AT))
    def test_nothing_asked_for_is_the_same_object(self, at: str) -> None:
        state = AT[at].state
        release = Release(state.live, state.candidate, state.standby)
        assert states.propose(state, asked(state.step, release), PLAN, LATER) is state

    def test_other_changes_keep_the_time_of_entry(self) -> None:
        state = AT["green-10"].state
        for made in (
            states.propose(state, asked("green-10", tasks=8), PLAN, LATER),
            states.propose(state, asked("green-10"), replan(retention=99 * HOUR), LATER),
        ):
            assert (made.entered_at, made.changed_at) == (state.entered_at, LATER)
            assert (made.sequence, made.previous_digest) == (state.sequence + 1, state.digest)

    def test_more_tasks_do_not_lengthen_the_retention(self) -> None:
        promoted = AT["promoted"].state
        made = states.propose(promoted, asked(IDLE, AFTER, tasks=8), PLAN, LATER)
        assert made.retain_until == promoted.retain_until

    @pytest.mark.parametrize(
        ("previous", "step", "release", "phase"),
        [
            (None, IDLE, BEFORE, Phase.IDLE),
            (None, IDLE, AFTER, Phase.PROMOTED),
            (None, "green-10", DURING, Phase.ROLLING_OUT),
            (AT["before"], IDLE, DURING, Phase.IDLE),
            (AT["green-50"], IDLE, DURING, Phase.ROLLED_BACK),
            (AT["green-50"], IDLE, BEFORE, Phase.ROLLED_BACK),
            (AT["green-50"], "green-10", DURING, Phase.ROLLING_OUT),
            (AT["green-50"], IDLE, AFTER, Phase.PROMOTED),
            (AT["green-100"], IDLE, RETIRED, Phase.PROMOTED),
            (AT["promoted"], IDLE, AFTER, Phase.PROMOTED),
            (AT["promoted"], IDLE, DURING, Phase.ROLLED_BACK),
            (AT["promoted"], IDLE, BEFORE, Phase.ROLLED_BACK),
            (AT["promoted"], "green-10", DURING, Phase.ROLLING_OUT),
            (AT["promoted"], IDLE, RETIRED, Phase.IDLE),
            (TAKEN_BACK, IDLE, DURING, Phase.ROLLED_BACK),
            (TAKEN_BACK, IDLE, BEFORE, Phase.IDLE),
            (TAKEN_BACK, "green-up", DURING, Phase.ROLLING_OUT),
        ],
    )
    def test_phase(self, previous: Recorded | None, step: str, release: Release, phase: Phase) -> None:
        made = states.propose(previous.state if previous else None, asked(step, release), PLAN, LATER)
        assert made.phase is phase

    def test_a_rollout_that_was_taken_back_is_remembered(self) -> None:
        assert TAKEN_BACK.state.rolled_back_id == NEW.version
        cleared = change(TAKEN_BACK, IDLE, BEFORE).accepted()
        assert cleared.state.rolled_back_id == NEW.version

    def test_a_step_back_counts_its_bake_anew(self) -> None:
        made = states.propose(AT["green-50"].state, asked("green-10"), PLAN, LATER)
        assert made.entered_at == LATER


@pytest.mark.parametrize(
    ("previous", "step", "release", "move"),
    [
        (None, IDLE, BEFORE, Move.BOOTSTRAP),
        (AT["before"], IDLE, BEFORE, Move.STAY),
        (AT["before"], IDLE, DURING, Move.EDIT),
        (AT["before"], "green-up", DURING, Move.START),
        (AT["green-up"], "green-10", DURING, Move.ADVANCE),
        (AT["green-10"], "green-10", DURING, Move.STAY),
        (AT["green-50"], "green-10", DURING, Move.BACK),
        (AT["green-50"], IDLE, DURING, Move.BACK),
        (AT["green-50"], IDLE, BEFORE, Move.BACK),
        (AT["green-up"], IDLE, DURING, Move.BACK),
        (AT["green-50"], "green-10", Release(OLD, replace(NEW, image=image("c"))), Move.ADVANCE),
        (AT["green-100"], IDLE, AFTER, Move.PROMOTE),
        (AT["green-10"], IDLE, AFTER, Move.PROMOTE),
        (AT["promoted"], IDLE, AFTER, Move.STAY),
        (AT["promoted"], IDLE, RETIRED, Move.RETIRE),
        (AT["promoted"], IDLE, Release(replace(NEW, image=image("c"))), Move.EDIT),
        (AT["promoted"], IDLE, DURING, Move.BACK),
        (AT["promoted"], "green-10", DURING, Move.BACK),
        (AT["retired"], IDLE, BEFORE, Move.EDIT),
        (TAKEN_BACK, "green-up", DURING, Move.START),
    ],
)
def test_moves(previous: Recorded | None, step: str, release: Release, move: Move) -> None:
    recorded = previous.state if previous else None
    assert moves.classify(recorded, states.propose(recorded, asked(step, release), PLAN, LATER)) is move


class TestDesired:
    """What is declared follows from the configuration alone and agrees with the state."""

    @pytest.mark.parametrize("at", list(AT))
    def test_agrees_with_the_state(self, at: str) -> None:
        state = AT[at].state
        declared = states.desired(asked(state.step, Release(state.live, state.candidate, state.standby)), PLAN)
        assert (declared.split, declared.tasks, declared.stickiness) == (state.split, state.tasks, state.stickiness)

    def test_a_step_without_a_candidate_moves_nobody(self) -> None:
        declared = states.desired(asked("green-50", BEFORE), PLAN)
        assert (declared.split, declared.tasks, declared.stickiness) == ({"blue": 100}, {"blue": 6}, 0)

    def test_an_unknown_step_moves_nobody(self) -> None:
        assert states.desired(asked("green-75"), PLAN).split == {"blue": 100, "green": 0}


class TestTasks:
    @pytest.mark.parametrize(
        ("tasks", "weight", "least"),
        [(6, 0, 1), (6, 1, 1), (6, 10, 1), (6, 17, 2), (6, 50, 3), (6, 51, 4), (6, 100, 6), (1, 100, 1), (0, 100, 1)],
    )
    def test_least(self, tasks: int, weight: int, least: int) -> None:
        assert states.tasks_for(tasks, weight) == least

    @given(st.integers(1, 1000), st.integers(0, 100))
    def test_carries_its_share(self, tasks: int, weight: int) -> None:
        least = states.tasks_for(tasks, weight)
        assert least * 100 >= tasks * weight
        assert least == 1 or (least - 1) * 100 < tasks * weight

    def test_capacity_goes_one_step_ahead_and_never_below_the_minimum(self) -> None:
        found = [states.propose(None, asked(step, tasks=20), PLAN, START).candidate_tasks for step in PLAN.step_names]
        assert found == [2, 10, 20, 20]


class TestDicts:
    @pytest.mark.parametrize("at", list(AT))
    def test_roundtrip(self, at: str) -> None:
        recorded = AT[at]
        raw = json.loads(json.dumps(states.to_dict(recorded.state)))
        assert states.from_dict(raw) == recorded.state
        as_sent = {key: float(value) if isinstance(value, int) else value for key, value in raw.items()}
        assert states.from_dict(as_sent) == recorded.state
        assert states.from_dict(as_sent).digest == recorded.state.digest

    def test_keys(self) -> None:
        assert set(states.to_dict(AT["green-10"].state)) == {
            "schema", "system", "environment", "phase", "rolloutId", "step", "weight", "live", "candidate", "standby",
            "liveTasks", "candidateTasks", "standbyTasks", "stickiness", "enteredAt", "changedAt", "retainUntil",
            "planDigest", "sequence", "previousDigest", "rolledBackId",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "missing", sorted(set(states.to_dict(AT["green-10"].state)) - {"candidate", "standby", "retainUntil"})
    )
    def test_missing_field(self, missing: str) -> None:
        raw = states.to_dict(AT["green-10"].state)
        del raw[missing]
        with pytest.raises(KeyError, match=missing):
            states.from_dict(raw)

    @pytest.mark.parametrize("absent", ["candidate", "standby", "retainUntil"])
    def test_what_may_be_absent(self, absent: str) -> None:
        raw = states.to_dict(AT["before"].state)
        assert raw[absent] is None
        del raw[absent]
        assert states.from_dict(raw) == AT["before"].state

    @pytest.mark.parametrize(
        ("field", "value", "error"),
        [
            ("schema", 2, ValueError),
            ("schema", "1", TypeError),
            ("phase", "baking", ValueError),
            ("weight", "10", TypeError),
            ("weight", 10.5, ValueError),
            ("weight", True, TypeError),
            ("enteredAt", float("inf"), ValueError),
            ("live", None, TypeError),
            ("live", {"version": "1", "slot": "blue"}, KeyError),
            ("candidate", "green", TypeError),
            ("standby", [], TypeError),
        ],
    )
    def test_other_shapes(self, field: str, value: object, error: type[Exception]) -> None:
        with pytest.raises(error):
            states.from_dict({**states.to_dict(AT["green-10"].state), field: value})

    @given(
        field=st.sampled_from(sorted(states.to_dict(AT["green-10"].state))),
        value=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["version", "slot", "image", "x"]), inner, max_size=3)
            ),
        ),
    )
    def test_raises_only_what_it_says(self, field: str, value: Any) -> None:
        for raw in (value, {**states.to_dict(AT["green-10"].state), field: value}):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                assert isinstance(states.from_dict(raw), State)

    @pytest.mark.parametrize("field", ["weight", "live_tasks", "entered_at", "sequence", "stickiness"])
    def test_every_number_is_in_the_digest(self, field: str) -> None:
        state = AT["green-10"].state
        assert replace(state, **{field: getattr(state, field) + 1}).digest != state.digest

    def test_versions_are_in_the_digest(self) -> None:
        state = AT["green-10"].state
        assert replace(state, candidate=Version("2026.02.11", "green", image("f"))).digest != state.digest
