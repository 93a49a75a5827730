"""Stacks to change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.engine import Run
from tests.support.fake_stack import FakeStack

GREENFLOW, ION = "greenflow-staging", "ion-staging"


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    """GreenFlow, deployed, with a candidate named."""
    made = FakeStack(tmp_path, GREENFLOW)
    made.clock.time += 60
    return made


@pytest.fixture
def at(stack: FakeStack) -> Callable[[str], FakeStack]:
    """The stack, moved on until a step has baked, `promoted`, or `back` from green-10."""

    def move(place: str) -> FakeStack:
        names = stack.settings().plan.step_names
        last = names[-1] if place == "promoted" else "green-10" if place == "back" else place
        for name in names[: names.index(last) + 1]:
            _apply(stack, {"headgate:step": name})
        if place == "back":
            _apply(stack, {"headgate:step": "idle"})
        if place == "promoted":
            release = stack.values["headgate:release"]
            _apply(
                stack,
                {
                    "headgate:step": "idle",
                    "headgate:release": {"live": release["candidate"], "standby": release["live"]},
                },
            )
        stack.operator.calls.clear()
        return stack

    return move


def _apply(stack: FakeStack, values: dict[str, object]) -> None:
    stack.operator.set_values(stack.stack, values)
    done = stack.up()
    assert done == Run(0, "updated\n", ""), done
    stack.clock.time += 3600
