"""The saved plan, with the record left open."""

import json

import pytest

from headgate.changes import ROLLOUT
from headgate.lifecycle.saved_plan import STACK, UNKNOWN, opened

PLAN = {
    "config": {"a:b": "c"},
    "resourcePlans": {
        "r": {
            "goal": {"type": ROLLOUT, "inputDiff": {"adds": {"previous": {}}, "updates": {"proposed": {"step": "x"}}}}
        },
        "s": {"goal": {"type": STACK, "inputDiff": {}, "outputDiff": {"updates": {"rollout": {}, "url": "u"}}}},
        "t": {"goal": {"type": "aws:lb/listener:Listener", "inputDiff": {"updates": {"defaultActions": [1]}}}},
        "gone": {"goal": None, "steps": ["delete"]},
    },
}


def test_only_the_record_is_left_open() -> None:
    plans = json.loads(opened(json.dumps(PLAN)))["resourcePlans"]
    assert plans["r"]["goal"]["inputDiff"] == {"adds": {"previous": UNKNOWN}, "updates": {"proposed": UNKNOWN}}
    assert plans["s"]["goal"]["outputDiff"] == {"updates": {"rollout": UNKNOWN, "url": "u"}}
    assert plans["t"] == PLAN["resourcePlans"]["t"]  # type: ignore[index]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"resourcePlans": []}', '{"resourcePlans": {"r": 1}}'])
def test_another_shape_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"saved plan|Expecting value"):
        opened(text)
