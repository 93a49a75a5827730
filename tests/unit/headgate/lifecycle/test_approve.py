"""Approvals: who, which step, for how long; and every mistake in one line."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from headgate.cli import project
from headgate.cli.situation import Situation, gather
from headgate.evidence import FsspecStore
from headgate.evidence.reading import looker
from headgate.lifecycle.approve import Approved, Refused, Wanted, approve
from headgate.report import Verdict
from tests.support.fake_engine import FakeEngine
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import HOUR, MINUTE, live
from tests.support.situations import PLAN, STACK, output, raw, walk, write_project


@dataclass
class Known:
    who: frozenset[str] = frozenset({"anna@example.com"})

    def authors(self, file: str) -> frozenset[str]:
        return self.who

    def recorder(self) -> str:
        raise AssertionError("an approval is in the name of whoever approves")


@dataclass
class Desk:
    folder: Path
    at: str = "green-10"
    after: int = 6 * MINUTE
    gates: tuple[str, ...] = ("drift", "approval")
    identity: Known = field(default_factory=Known)

    def situation(self) -> Situation:
        up, ten, half, all_of_them = PLAN.steps
        asking = replace(ten, gates=self.gates), half, replace(all_of_them, gates=("approval",))
        plan = replace(PLAN, steps=(up, *asking))
        last = walk(plan)[self.at]
        write_project(self.folder, raw(step=last.proposed.step, plan=plan))
        engine = FakeEngine({STACK: {"rollout": output(last)}})
        now = last.proposed.entered_at + self.after
        look = looker(self.folder, {}, identity=self.identity)
        return gather(
            project.find(self.folder), STACK, engine, lambda *_: FakeTraffic(live(last.proposed)), now, look=look
        )

    def approve(self, step: str = "green-10", by: str = "bert@example.com", seconds: int = HOUR) -> Approved:
        store = FsspecStore(".headgate/evidence", STACK, self.folder)
        return approve(self.situation(), Wanted(step, by, seconds), self.identity, store=store, key=None)

    def refused(self, **wanted: Any) -> tuple[str, ...]:
        with pytest.raises(Refused) as error:
            self.approve(**wanted)
        assert not (self.folder / ".headgate").exists()
        return error.value.problems

    def held(self) -> list[str]:
        following = self.situation().next
        assert following is not None
        return [each.found for each in following.blocked_by]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_approval_lets_the_step_be_left_until_it_expires(desk: Desk) -> None:
    assert "there is no evidence for step green-10" in desk.held()[0]
    done = desk.approve()
    assert (done.following, done.evidence.by, done.evidence.verdict) == ("green-50", "bert@example.com", Verdict.PASSED)
    assert Path(done.place).is_file()
    assert desk.held() == []
    desk.after += HOUR - 1
    assert desk.held() == []
    desk.after += 1
    assert "it expired" in desk.held()[0]


def test_the_last_step_is_approved_for_the_promotion(desk: Desk) -> None:
    desk.at, desk.after = "green-100", HOUR
    assert desk.approve("green-100").following == "idle"
    assert desk.held() == []


def test_whoever_asked_later_takes_their_own_approval_back(desk: Desk) -> None:
    desk.approve()
    desk.identity.who = frozenset({"bert@example.com"})
    assert "bert@example.com asked for this change" in desk.held()[0]


@pytest.mark.parametrize("by", ["anna@example.com", " Anna@Example.com "])
def test_nobody_approves_what_they_asked_for(desk: Desk, by: str) -> None:
    assert desk.refused(by=by) == (f"{by.strip()} asked for this change; in production somebody else must approve it",)


def test_nor_when_nobody_can_tell_who_asked(desk: Desk) -> None:
    desk.identity.who = frozenset()
    (problem,) = desk.refused()
    assert "set HEADGATE_ACTOR to who asked" in problem


def test_another_step(desk: Desk) -> None:
    problem = "the rollout is at step green-10, not 'green-50': approve green-10, which lets it go on to green-50"
    assert desk.refused(step="green-50") == (problem,)


def test_a_step_that_asks_for_none(desk: Desk) -> None:
    desk.gates = ("drift",)
    assert desk.refused() == (
        "step green-10 asks for no approval: name the gate approval in headgate:plan, or go on without",
    )


def test_no_rollout(desk: Desk) -> None:
    desk.at = "before"
    assert desk.refused()[0] == "there is no step to leave: no rollout is under way"


def test_all_that_is_wrong_is_said_at_once(desk: Desk) -> None:
    problems = desk.refused(by=" \n", seconds=8 * 86400, step="green-11")
    assert problems[0] == "--by: found ' \\n'; expected a name or an e-mail address"
    assert problems[1] == "--for: found 8d; expected 1s to 7d"
    assert problems[2].startswith("the rollout is at step green-10, not 'green-11'")
