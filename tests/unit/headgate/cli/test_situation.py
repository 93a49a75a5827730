"""Everything that status tells, gathered from four sources of which each may fail."""

from collections.abc import Mapping
from pathlib import Path

from headgate.cli import project
from headgate.cli.situation import Situation, gather
from headgate.engine import Update
from headgate.settings import Settings
from headgate.traffic import TrafficPort
from headgate.transition import Transition
from tests.support.fake_engine import FakeEngine
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import MINUTE, live
from tests.support.situations import STACK, output, raw, walk, write_project

WALK = walk()
UPDATE = Update("update", "succeeded", "green-10", 1_767_230_000, 1_767_230_020)


def look(
    folder: Path,
    last: Transition | None = WALK["green-10"],
    traffic: FakeTraffic | None = None,
    engine: FakeEngine | None = None,
    after: int = 2 * MINUTE,
    **values: object,
) -> Situation:
    write_project(folder, {**raw(step=last.proposed.step if last else "idle"), **values})
    fake = traffic or FakeTraffic(live(last.proposed) if last else FakeTraffic().live)
    asked: list[Mapping[str, object]] = []

    def port_for(settings: Settings, configuration: Mapping[str, object]) -> TrafficPort:
        asked.append(configuration)
        return fake

    outputs = {"rollout": output(last)} if last else {}
    engine = engine or FakeEngine({STACK: outputs}, {STACK: UPDATE})
    now = (last.proposed.entered_at if last else 1_767_225_600) + after
    found = gather(project.find(folder), STACK, engine, port_for, now)
    assert asked in ([], [{"aws:region": "us-east-1"}])
    return found


def test_during_a_rollout(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert found.problems == ()
    assert found.state == WALK["green-10"].proposed
    assert found.as_asked is True
    assert found.bake == (5 * MINUTE, 2 * MINUTE)
    assert found.update == UPDATE
    assert found.next is not None
    assert found.next.proposed.step == "green-50"


def test_somebody_moved_the_split(tmp_path: Path) -> None:
    moved = live(WALK["before"].proposed)
    assert look(tmp_path, traffic=FakeTraffic(moved)).as_asked is False


def test_the_longer_bake_of_record_and_file_counts(tmp_path: Path) -> None:
    plan = raw()["plan"]
    plan["steps"][1]["bake"] = "20m"
    assert look(tmp_path, plan=plan).bake == (20 * MINUTE, 2 * MINUTE)


def test_before_the_first_deployment(tmp_path: Path) -> None:
    found = look(tmp_path, None)
    assert (found.known, found.state, found.as_asked, found.bake, found.empty) == (True, None, None, None, False)


def test_the_cloud_is_away(tmp_path: Path) -> None:
    found = look(tmp_path, traffic=FakeTraffic(unreachable="timed out"))
    assert (found.live, found.cloud_error, found.as_asked) == (None, "timed out", None)
    assert found.next is not None
    assert not found.next.may_go
    assert not found.empty


def test_the_record_is_away(tmp_path: Path) -> None:
    found = look(tmp_path, engine=FakeEngine(broken="no backend"))
    assert (found.known, found.state, found.next, found.update) == (False, None, None, None)
    assert found.problems == ("the recorded state cannot be read: no backend",)
    assert found.settings is not None
    assert not found.empty


def test_the_record_cannot_be_understood(tmp_path: Path) -> None:
    found = look(tmp_path, engine=FakeEngine({STACK: {"rollout": {"proposed": 1}}}))
    assert found.state is None
    assert any("cannot be understood" in problem for problem in found.problems)
    assert found.next is not None
    assert not found.next.may_go


def test_the_file_has_problems(tmp_path: Path) -> None:
    found = look(tmp_path, step="green-11", owner="")
    assert found.settings is None
    assert found.state == WALK["green-10"].proposed
    (problem,) = found.problems
    assert "headgate:step" in problem
    assert "headgate:owner" in problem
    assert found.live is None
    assert found.next is None


def test_nothing_at_all(tmp_path: Path) -> None:
    write_project(tmp_path, {}, stack="other")
    found = gather(project.find(tmp_path), STACK, FakeEngine(broken="no"), lambda *_: FakeTraffic(), 0)
    assert found.empty
    assert len(found.problems) == 2
