"""The way back from every place, and every thing that may fail on it: who has the users, what is left, how to go on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from headgate.carrier import routed
from headgate.engine import EngineError, Run
from headgate.lifecycle import way_back
from headgate.lifecycle.outcome import Ended, File
from headgate.lifecycle.rollback import Wanted, Way
from headgate.lifecycle.rollback import rollback as run
from headgate.lifecycle.rolled_back import Rollback, to_json
from headgate.state import Phase
from headgate.traffic.port import GivenBack
from tests.support.fake_stack import NO, FakeStack, failed

At = Callable[[str], FakeStack]
LOCKED = Run(255, "", "error: the stack is currently locked by 1 lock(s).\n")
CUT_OFF = "failed to load checkpoint: EOF"


@dataclass
class Trial:
    """A rollback of a fake stack. `agrees`: to end the update that holds the stack."""

    stack: FakeStack
    agrees: bool = False
    asked: int = 0
    kept: list[Rollback] = field(default_factory=list)
    seconds: float = 0.0

    def __call__(self, wanted: Wanted | None = None, **other: Any) -> Rollback:
        edges = replace(self.stack.edges(), **other)
        return run(Way(edges, lambda *_: self.stack.traffic, self.may_cancel, self.after, self.monotonic), wanted)

    def may_cancel(self) -> bool:
        self.asked += 1
        return self.agrees

    def after(self, result: Rollback) -> tuple[str, ...]:
        self.kept.append(result)
        return ("incident recorded",)

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds


def users(stack: FakeStack) -> dict[str, int]:
    return dict(routed(stack.traffic.live.split))


def whole(stack: FakeStack, result: Rollback) -> None:
    """Users, record and file agree."""
    assert (result.ended, result.reasons) == (Ended.DONE, ()), result
    assert users(stack) == {"blue": 100}
    assert (stack.state.phase, stack.state.step, stack.state.live.slot) == (Phase.ROLLED_BACK, "idle", "blue")
    assert (stack.values["headgate:step"], stack.values["headgate:release"]["live"]["slot"]) == ("idle", "blue")
    assert stack.engine.history(stack.stack)[0].config == stack.values


@pytest.mark.parametrize("place", ["green-up", "green-10", "green-50", "green-100", "promoted"])
def test_from_every_place(at: At, place: str) -> None:
    stack = at(place)
    trial = Trial(stack)
    result = trial(Wanted("error rate"))
    whole(stack, result)
    assert result.file is File.CHANGED
    assert result.choice is not None
    assert result.choice.update == 1
    assert stack.operator.calls == ["set_values", "up"]
    assert stack.operator.messages == ["rollback: error rate"]
    assert stack.traffic.back == ["blue"]
    assert "everybody " in result.traffic
    assert [each.said for each in trial.kept] == [result.said]
    assert stack.sent[0].verb == "rollback"
    assert result.told == ("incident recorded",)
    assert "error rate" in result.commit
    assert stack.traffic.writes[-1:] == ([] if place == "green-up" else [({"blue": 100}, 0)])


@pytest.mark.parametrize("place", ["green-10", "promoted"])
def test_once_more_there_is_nothing_left(at: At, place: str) -> None:
    stack = at(place)
    whole(stack, Trial(stack)())
    stack.operator.calls.clear()
    trial = Trial(stack)
    again = trial()
    assert again.said.startswith("rolled back already")
    assert (again.ended, again.idle, again.file, again.updated) == (Ended.DONE, False, File.UNTOUCHED, False)
    assert stack.operator.calls == trial.kept == []


def test_without_a_rollout(stack: FakeStack) -> None:
    result = Trial(stack)()
    assert (result.ended, result.idle) == (Ended.DONE, True)
    assert stack.operator.calls == stack.traffic.writes == []


class TestBeforeAnythingIsDone:
    def unchanged(self, stack: FakeStack, text: str, result: Rollback) -> None:
        assert stack.text == text
        assert stack.operator.calls == stack.traffic.back == stack.sent == []
        assert "nothing was changed" in result.said

    def test_one_question_that_says_who_and_why(self, at: At) -> None:
        stack = at("green-50")
        Trial(stack)()
        (proposal,) = stack.proposals
        assert proposal.lines[0] == "users: everybody to 2026.01.28 in blue (recorded as live, step green-50)"

    def test_nobody_agrees(self, at: At) -> None:
        stack = at("green-50")
        text, stack.answer = stack.text, NO
        result = Trial(stack)()
        assert result.ended is Ended.DECLINED
        self.unchanged(stack, text, result)

    def test_ctrl_c_at_the_question(self, at: At) -> None:
        stack = at("green-50")
        text, stack.answer = stack.text, KeyboardInterrupt()
        result = Trial(stack)()
        assert result.ended is Ended.INTERRUPTED
        self.unchanged(stack, text, result)

    def test_a_retirement_that_is_not_recorded_is_not_guessed(self, at: At) -> None:
        stack = at("promoted")
        stack.operator.set_values(stack.stack, {}, ["headgate:release.standby"])
        stack.operator.calls.clear()
        text = stack.text
        result = Trial(stack)()
        assert result.usage
        assert "--to-slot blue" in result.said
        assert "--to-slot green" in result.said
        self.unchanged(stack, text, result)
        assert Trial(stack)(Wanted(to_slot="blue")).ended is Ended.DONE
        assert users(stack) == {"blue": 100}

    def test_a_slot_that_nobody_goes_back_to(self, at: At) -> None:
        stack = at("green-50")
        text = stack.text
        result = Trial(stack)(Wanted(to_slot="green"))
        assert result.usage
        assert "nobody goes back to slot 'green'" in result.said
        self.unchanged(stack, text, result)

    def test_neither_file_nor_backend(self, at: At) -> None:
        stack = at("green-50")
        stack.path.write_text("a: [")
        stack.engine.broken = "no answer"
        result = Trial(stack)()
        assert result.ended is Ended.FAILED
        self.unchanged(stack, "a: [", result)


class TestTheRecordIsNotThere:
    @pytest.mark.parametrize("place", ["green-10", "green-100", "promoted"])
    def test_only_traffic_with_the_backend_gone_and_the_next_update_sends_nobody_away(self, at: At, place: str) -> None:
        stack = at(place)
        stack.engine.broken = stack.operator.broken = "the backend does not answer"
        result = Trial(stack)(Wanted(traffic_only=True))
        assert (result.ended, result.file, result.updated) == (Ended.DONE, File.CHANGED, False)
        assert users(stack) == {"blue": 100}
        assert stack.operator.calls == []
        assert "headgate rollback --stack" in result.then

        stack.engine.broken = stack.operator.broken = ""
        assert stack.up().code == 0
        assert users(stack) == {"blue": 100}
        assert stack.state.phase is Phase.ROLLED_BACK
        whole(stack, Trial(stack)())

    def test_without_changing_the_file_it_would(self, at: At) -> None:
        """The trap that the file is changed for."""
        stack = at("green-10")
        text = stack.text
        Trial(stack)(Wanted(traffic_only=True))
        stack.path.write_text(text)
        made, refused = stack.decide()
        assert (refused, made["proposed"]["weight"]) == ([], 10)

    def test_everything_asked_for_and_the_backend_gone(self, at: At) -> None:
        stack = at("green-50")
        stack.engine.broken = stack.operator.broken = "the backend does not answer"
        result = Trial(stack)()
        assert result.ended is Ended.FAILED
        assert result.said.startswith("pulumi does not answer")
        assert users(stack) == {"blue": 100}
        assert stack.values["headgate:step"] == "idle"
        assert "up" not in stack.operator.calls

    def test_a_backend_that_never_answers_is_not_waited_for(self, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
        stack = at("green-50")
        monkeypatch.setattr(way_back, "PATIENCE", 0.01)
        block = __import__("threading").Event()

        class Silent:
            def __getattr__(self, name: str) -> Any:
                return lambda *_: block.wait(20)

        result = Trial(stack)(Wanted(traffic_only=True), engine=Silent())
        block.set()
        assert result.ended is Ended.DONE
        assert any("no answer within" in note for note in result.notes)
        assert users(stack) == {"blue": 100}

    def test_a_record_that_cannot_be_understood(self, at: At) -> None:
        stack = at("green-50")
        stack.engine.outputs_of[stack.stack] = {"rollout": {"what": "ever"}}
        result = Trial(stack)(Wanted(traffic_only=True))
        assert users(stack) == {"blue": 100}
        assert any("cannot be understood" in note for note in result.notes)

    def test_a_stack_file_with_mistakes_in_it(self, at: At) -> None:
        stack = at("green-50")
        stack.operator.set_values(stack.stack, {"headgate:owner": "", "headgate:capacity": 3})
        result = Trial(stack)(Wanted(traffic_only=True))
        assert (result.ended, users(stack)) == (Ended.DONE, {"blue": 100})
        assert any("used as far as it goes" in note for note in result.notes)

    def test_a_stack_file_that_is_no_yaml(self, at: At) -> None:
        stack = at("green-50")
        stack.path.write_text(f"{stack.text}\n a: [")
        result = Trial(stack)()
        assert users(stack) == {"blue": 100}
        assert result.ended is Ended.FAILED
        assert "the stack file could not be changed" in result.said
        assert "Do not run `pulumi up` before" in result.reasons[0]
        assert "up" not in stack.operator.calls


class TestTraffic:
    def test_the_cloud_does_not_answer_and_the_rest_is_done_all_the_same(self, at: At) -> None:
        stack = at("green-50")
        stack.traffic.unreachable = "no answer"

        def up() -> Run:
            stack.traffic.unreachable = ""
            return stack.up()

        stack.operator.ups = [up]
        result = Trial(stack)()
        whole(stack, result)
        assert "NOT given back" in result.traffic

    def test_and_stays_away(self, at: At) -> None:
        stack = at("green-50")
        stack.traffic.unreachable = "no answer"
        stack.operator.ups = [failed("no answer")]
        result = Trial(stack)()
        assert result.ended is Ended.FAILED
        assert "NOT given back to 2026.01.28 in blue: no answer" in result.traffic
        assert stack.values["headgate:step"] == "idle"
        assert len(stack.sent) == 1

    def test_only_traffic_and_it_is_not_seen_to_be_back(self, at: At) -> None:
        stack = at("green-50")
        stack.traffic.lost = True
        result = Trial(stack)(Wanted(traffic_only=True))
        assert result.ended is Ended.FAILED
        assert "NOT confirmed" in result.traffic

    def test_ctrl_c_while_traffic_is_given_back(self, at: At) -> None:
        stack = at("green-50")

        class Cut:
            def __getattr__(self, name: str) -> Any:
                return getattr(stack.traffic, name)

            def give_back(self, to: str) -> GivenBack:
                stack.traffic.give_back(to)
                raise KeyboardInterrupt

        trial = Trial(stack)
        way = Way(stack.edges(), lambda *_: Cut(), trial.may_cancel, trial.after, trial.monotonic)
        result = run(way)
        assert result.ended is Ended.INTERRUPTED
        assert "now blue 100, green 0" in result.traffic
        assert result.then == f"headgate rollback --stack {stack.stack}"
        assert stack.sent
        whole(stack, Trial(stack)())

    def test_somebody_moved_users_before(self, at: At) -> None:
        stack = at("green-10")
        stack.traffic.live = replace(stack.traffic.live, split={"blue": 30, "green": 70})
        whole(stack, Trial(stack)())
        assert stack.operator.calls == ["set_values", "up --refresh"]


class TestTheFile:
    def test_pulumi_does_not_write_it(self, at: At) -> None:
        stack = at("green-50")

        class Refuses:
            def __getattr__(self, name: str) -> Any:
                return getattr(stack.operator, name)

            def set_values(self, *_: object) -> None:
                raise EngineError("config set-all failed")

        whole(stack, Trial(stack)(operator=Refuses()))

    def test_an_update_by_number(self, at: At) -> None:
        stack = at("green-50")
        whole(stack, Trial(stack)(Wanted(to=1)))

    def test_an_update_that_cannot_be_used(self, at: At) -> None:
        stack = at("green-50")
        result = Trial(stack)(Wanted(to=3))
        assert result.ended is Ended.FAILED
        assert result.said.startswith("update 3 was at step green-10")
        assert result.reasons == ("updates that can: 1",)
        assert (users(stack), stack.values["headgate:step"]) == ({"blue": 100}, "idle")
        assert result.then == f"headgate rollback --stack {stack.stack}"

    def test_what_stays_is_said(self, at: At) -> None:
        stack = at("green-50")
        stack.operator.set_values(stack.stack, {"headgate:capacity.tasks": 4})
        result = Trial(stack)()
        whole(stack, result)
        assert result.choice is not None
        assert result.choice.kept == ("headgate:capacity",)
        assert stack.values["headgate:capacity"]["tasks"] == 4

    @pytest.mark.parametrize("where", ["history", "file"])
    def test_ctrl_c(self, at: At, where: str) -> None:
        stack = at("green-50")
        broken = _Interrupting(stack.operator if where == "file" else stack.engine)
        result = Trial(stack)(**{"operator" if where == "file" else "engine": broken})
        assert result.ended is Ended.INTERRUPTED
        assert "while the stack file was written" in result.said
        assert "Do not run `pulumi up` before" in result.reasons[0]
        assert users(stack) == {"blue": 100}
        whole(stack, Trial(stack)())


class _Interrupting:
    """Ctrl-C at the first call that changes something or takes its time."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        if name in ("history", "set_values"):
            raise KeyboardInterrupt
        return getattr(self._real, name)


class TestTheUpdate:
    def test_it_fails_once(self, at: At) -> None:
        """As when a platform calls an update failed that moved the traffic."""
        stack = at("green-50")
        stack.operator.ups = [failed("the revision is not ready"), stack.up]
        whole(stack, Trial(stack)())
        assert stack.operator.calls == ["set_values", "up", "up"]

    def test_it_goes_on_failing(self, at: At) -> None:
        stack = at("green-50")
        stack.operator.ups = [failed("no such thing")]
        result = Trial(stack)()
        assert (result.ended, result.reasons) == (Ended.FAILED, ("no such thing",))
        assert users(stack) == {"blue": 100}
        assert "recorded: step green-50" in result.said
        assert result.then == f"headgate rollback --stack {stack.stack}"
        assert result.commit
        stack.operator.ups = [stack.up]
        whole(stack, Trial(stack)())

    def test_the_pack_holds_it(self, at: At) -> None:
        stack = at("green-50")
        stack.operator.ups = [Run(1, "Policies:\n  - [mandatory]  s3-encrypted  (bucket)\n", "")]
        result = Trial(stack)()
        assert result.then == f"env -u PULUMI_OPTION_POLICY_PACK headgate rollback --stack {stack.stack}"
        assert stack.operator.calls == ["set_values", "up"]

    def test_another_one_holds_the_stack(self, at: At) -> None:
        stack = at("green-50")
        stack.operator.ups = [LOCKED, stack.up]
        trial = Trial(stack)
        result = trial()
        assert result.ended is Ended.FAILED
        assert result.then == f"headgate rollback --stack {stack.stack} --cancel"
        assert (users(stack), stack.values["headgate:step"], trial.asked) == ({"blue": 100}, "idle", 1)
        assert stack.operator.calls == ["set_values", "up"]
        whole(stack, Trial(stack)())

    @pytest.mark.parametrize("how", ["asked", "option"])
    def test_and_is_cancelled(self, at: At, how: str) -> None:
        stack = at("green-50")
        stack.operator.ups = [LOCKED, stack.up]
        trial = Trial(stack, agrees=how == "asked")
        whole(stack, trial(Wanted(cancel=how == "option")))
        assert stack.operator.calls == ["set_values", "up", "cancel", "up"]
        assert trial.asked == (how == "asked")

    def test_and_cannot_be(self, at: At) -> None:
        stack = at("green-50")
        stack.operator.ups, stack.operator.cancels = [LOCKED], [Run(1, "", "error: no permission\n")]
        result = Trial(stack)(Wanted(cancel=True))
        assert (result.ended, result.then, result.reasons) == (Ended.FAILED, "headgate doctor", ("no permission",))

    def test_ctrl_c_reaches_the_engine(self, at: At) -> None:
        stack = at("green-50")
        stack.operator.ups = [failed("update canceled", interrupted=True)]
        result = Trial(stack)()
        assert result.ended is Ended.INTERRUPTED
        assert "the update was interrupted; the stack file asks for idle" in result.said
        assert stack.operator.calls == ["set_values", "up"]
        assert users(stack) == {"blue": 100}

    def test_ctrl_c_while_reading_back(self, at: At) -> None:
        stack = at("green-50")

        def look(*_: object) -> None:
            raise KeyboardInterrupt

        result = Trial(stack)(look=look)
        assert result.ended is Ended.INTERRUPTED
        assert "while reading back" in result.said

    def test_a_checkpoint_that_is_cut_off(self, at: At) -> None:
        stack = at("green-50")

        def up() -> Run:
            stack.engine.broken = CUT_OFF
            return Run(255, "", f"error: {CUT_OFF}\n")

        stack.operator.ups = [up]
        result = Trial(stack)()
        assert (result.ended, result.then) == (Ended.FAILED, "headgate doctor")
        assert result.reasons[0] == CUT_OFF

    def test_it_ends_well_and_users_are_elsewhere(self, at: At) -> None:
        stack = at("green-50")

        def up() -> Run:
            done = stack.up()
            stack.traffic.live = replace(stack.traffic.live, split={"blue": 0, "green": 100})
            return done

        stack.operator.ups = [up]
        result = Trial(stack)()
        assert result.ended is Ended.FAILED
        assert "users are elsewhere: blue 0, green 100" in result.said

    def test_somebody_changed_the_file_meanwhile(self, at: At) -> None:
        stack = at("green-50")

        def up() -> Run:
            done = stack.up()
            stack.operator.set_values(stack.stack, {"headgate:owner": "others"})
            return done

        stack.operator.ups = [up]
        result = Trial(stack)()
        assert result.ended is Ended.FAILED
        assert "the stack file is another than the update ran with: headgate:owner" in result.said

    def test_from_an_update_that_failed_halfway(self, at: At) -> None:
        """Traffic moved, the record did not."""
        stack = at("green-10")
        stack.operator.set_values(stack.stack, {"headgate:step": "green-50"})
        stack.remember("failed")
        stack.traffic.live = replace(stack.traffic.live, split={"blue": 50, "green": 50})
        stack.operator.calls.clear()
        whole(stack, Trial(stack)())
        assert stack.operator.calls == ["set_values", "up --refresh"]


def test_as_json(at: At) -> None:
    stack = at("green-50")
    said = to_json(Trial(stack)(Wanted("why")))
    assert (said["verb"], said["ended"], said["configuration"], said["reason"]) == (
        "rollback",
        "done",
        "changed",
        "why",
    )
    assert said["target"] == {"version": "2026.01.28", "slot": "blue", "why": "recorded as live, step green-50"}
    assert said["traffic"]["done"] is True
    assert said["traffic"]["after"] == {"blue": 100, "green": 0}
    assert said["changed_keys"] == ["headgate:step"]
    assert said["commit_message"].startswith("rollback: greenflow-staging to 2026.01.28")
