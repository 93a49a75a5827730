"""What a plan takes in time and capacity."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import schedule
from headgate.plan import Plan, Step
from headgate.schedule import PROMOTED
from headgate.state import Release
from tests.support.rollouts import BEFORE, DURING, HOUR, PLAN, asked

FOUND = schedule.of(asked(), PLAN)


def test_a_stretch_for_every_step_and_one_for_the_standby() -> None:
    assert [each.name for each in FOUND.stretches] == [*PLAN.step_names, PROMOTED]
    assert [each.weight for each in FOUND.stretches] == [0, 10, 50, 100, 100]
    assert [each.lasts for each in FOUND.stretches] == [300, 300, 600, 1800, 72 * HOUR]


def test_capacity_goes_one_step_ahead_of_traffic() -> None:
    assert [(each.live, each.candidate, each.standby, each.extra) for each in FOUND.stretches] == [
        (6, 2, 0, 2),
        (6, 3, 0, 3),
        (6, 6, 0, 6),
        (6, 6, 0, 6),
        (6, 0, 6, 6),
    ]


def test_hours_are_tasks_times_the_least_time() -> None:
    assert [each.extra_hours for each in FOUND.rollout] == pytest.approx([2 / 12, 3 / 12, 1, 3])
    assert FOUND.extra_hours == pytest.approx(2 / 12 + 3 / 12 + 1 + 3 + 6 * 72)
    assert (FOUND.tasks, FOUND.peak, FOUND.least) == (6, 12, 3000)


@pytest.mark.parametrize("step", ["idle", "green-50"])
def test_where_the_rollout_is_does_not_matter(step: str) -> None:
    assert schedule.of(asked(step), PLAN) == FOUND


@pytest.mark.parametrize("release", [BEFORE, Release(live=DURING.live, standby=DURING.candidate)])
def test_without_a_candidate_one_is_assumed(release: Release) -> None:
    assert schedule.of(asked(release=release), PLAN) == FOUND


@given(
    st.lists(st.integers(1, 99), unique=True, max_size=6),
    st.integers(1, 200),
    st.integers(0, 30 * 24 * HOUR),
)
def test_nobody_loses_capacity_and_nothing_is_for_free(weights: list[int], tasks: int, bake: int) -> None:
    path = [0, *sorted(weights), 100]
    plan = Plan(steps=tuple(Step(f"step-{weight}", weight, bake) for weight in path))
    found = schedule.of(replace(asked(tasks=tasks), minimum_tasks=1), plan)
    assert found.tasks == tasks
    for each in found.stretches:
        assert each.live == tasks
        assert each.extra == each.candidate + each.standby
        assert each.candidate * 100 >= tasks * each.weight or each.name == PROMOTED
    extras = [each.extra for each in found.rollout]
    assert extras == sorted(extras)
