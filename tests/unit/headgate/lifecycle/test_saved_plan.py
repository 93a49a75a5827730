"""The saved plan, with what is no change of a resource left open."""

import json
from typing import Any

import pytest

from headgate.changes import ROLLOUT
from headgate.lifecycle.saved_plan import STACK, UNKNOWN, opened

RECORD = {"adds": {"previous": {}}, "updates": {"proposed": {"step": "x"}}}
PLANS: dict[str, Any] = {
    "record": {"goal": {"type": ROLLOUT, "custom": False, "inputDiff": RECORD, "outputDiff": {}}, "state": {}},
    "stack": {
        "goal": {"type": STACK, "custom": False, "inputDiff": {}, "outputDiff": {"updates": {"rollout": {}}}},
        "state": {"rollout": {}, "url": "u"},
    },
    "component": {
        "goal": {"type": "headgate:index:Service", "custom": False, "inputDiff": {"updates": {"image": "b"}}},
        "state": {"statuses": []},
    },
    "listener": {
        "goal": {"type": "aws:lb/listener:Listener", "custom": True, "inputDiff": {"updates": {"defaultActions": [1]}}},
        "state": {"arn": "a"},
    },
    "gone": {"goal": None, "steps": ["delete"]},
}


@pytest.fixture
def plans() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(opened(json.dumps({"config": {}, "resourcePlans": PLANS})))["resourcePlans"]
    return found


def test_the_record_is_left_open(plans: dict[str, Any]) -> None:
    assert plans["record"]["goal"]["inputDiff"] == {"adds": {"previous": UNKNOWN}, "updates": {"proposed": UNKNOWN}}


def test_outputs_of_components_and_of_the_stack_are_left_open(plans: dict[str, Any]) -> None:
    assert plans["stack"]["goal"]["outputDiff"] == {"adds": {"rollout": UNKNOWN, "url": UNKNOWN}, "updates": {}}
    assert plans["component"]["goal"]["outputDiff"] == {"adds": {"statuses": UNKNOWN}, "updates": {}}


def test_everything_else_is_held(plans: dict[str, Any]) -> None:
    assert plans["listener"] == PLANS["listener"]
    assert plans["gone"] == PLANS["gone"]
    assert plans["component"]["goal"]["inputDiff"] == {"updates": {"image": "b"}}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"resourcePlans": []}', '{"resourcePlans": {"r": 1}}'])
def test_another_shape_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"saved plan|Expecting value"):
        opened(text)
