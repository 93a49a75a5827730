"""The JSON of status: plain values, and the keys that scripts rely on."""

import json
from pathlib import Path
from typing import Any

from headgate.cli.situation import Situation
from headgate.cli.status_json import to_json
from headgate.clock import Clock, RehearsalClock, SystemClock
from tests.support.fake_engine import FakeEngine
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import live
from tests.support.situations import walk
from tests.unit.headgate.cli.test_situation import look

WALK = walk()


def stack(found: Situation, clock: Clock | None = None) -> dict[str, Any]:
    content = json.loads(json.dumps(to_json([found], clock or SystemClock())))
    assert content["schema"] == 1
    (only,) = content["stacks"]
    return dict(only)


KEYS = {
    "stack", "system", "environment", "phase", "rollout", "recorded", "now", "step", "asked_step", "pending",
    "versions", "traffic", "bake", "retain_until", "next", "last_update", "cloud", "problems",
}  # fmt: skip


def test_during_a_rollout(tmp_path: Path) -> None:
    found = stack(look(tmp_path))
    assert found.keys() == KEYS
    assert found["phase"] == "rolling-out"
    entered = WALK["green-10"].proposed.entered_at
    assert found["step"] == {"name": "green-10", "number": 2, "of": 4, "weight": 10, "entered_at": entered}
    assert found["traffic"] == {
        "asked": {"blue": 90, "green": 10},
        "observed": {"blue": 90, "green": 10},
        "weight_asked": 10,
        "weight_observed": 10,
        "as_asked": True,
    }
    assert found["bake"] == {"seconds": 300, "elapsed": 120, "left": 180}
    assert (found["versions"]["candidate"]["desired"], found["versions"]["candidate"]["healthy"]) == (3, 3)
    assert found["versions"]["standby"] is None
    assert (found["next"]["kind"], found["next"]["step"], found["next"]["may_go"]) == ("step", "green-50", False)
    assert [gate["verdict"] for gate in found["next"]["gates"]] == ["passed", "passed"]
    (blocked,) = found["next"]["blocked_by"]
    assert blocked.keys() == {"rule", "must", "found", "fix"}
    assert blocked["rule"] == "R-06 rollout-bake-elapsed"
    assert (found["pending"], found["cloud"]["reachable"], found["problems"]) == (False, True, [])


def test_asked_is_not_observed(tmp_path: Path) -> None:
    traffic = stack(look(tmp_path, traffic=FakeTraffic(live(WALK["before"].proposed))))["traffic"]
    assert (traffic["weight_asked"], traffic["weight_observed"], traffic["as_asked"]) == (10, 0, False)


def test_nothing_recorded_and_nothing_readable_have_the_same_keys(tmp_path: Path) -> None:
    first = stack(look(tmp_path / "first", None))
    away = stack(
        look(tmp_path / "away", traffic=FakeTraffic(unreachable="timed out"), engine=FakeEngine(broken="no backend"))
    )
    broken = stack(look(tmp_path / "broken", step=1))
    assert first.keys() == away.keys() == broken.keys() == KEYS
    assert (first["phase"], first["recorded"], first["pending"], first["next"]["kind"]) == (None, True, True, "deploy")
    assert (away["recorded"], away["traffic"]["observed"], away["cloud"]["error"]) == (False, None, "timed out")
    assert broken["asked_step"] is None


def test_the_rehearsal_clock_is_told(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert to_json([found], RehearsalClock(60, 1))["rehearsal_scale"] == 60
    assert to_json([found], SystemClock())["rehearsal_scale"] is None
