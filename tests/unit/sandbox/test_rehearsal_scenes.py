"""What the scenes do, in order, with a stage that does nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from headgate.plan import Plan, Step
from headgate.state import Version
from sandbox.rehearsal.demo import DEMO
from sandbox.rehearsal.ion import ION, NEXT_VERSION
from sandbox.rehearsal.measure import Measurement, Observed
from sandbox.rehearsal.scene import Scene
from sandbox.rehearsal.summary import Outcome, Row

PLAN = Plan(
    steps=(Step("up", 0, 300, ()), Step("five", 5, 300, ()), Step("half", 50, 300, ()), Step("all", 100, 60, ()))
)
LIVE = Version("1", "ion-production-a", "r/api@sha256:aa")
CANDIDATE = Version("2", "ion-production-b", "r/api@sha256:bb")


class Recorder:
    """A stage that writes down what it is asked for."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.plan = PLAN
        self.project = SimpleNamespace(stack="ion-production")
        self.live, self.candidate = LIVE, CANDIDATE

    def __getattr__(self, name: str) -> Any:
        def did(*given: Any) -> None:
            shown = [each.name if isinstance(each, Step) else getattr(each, "version", each) for each in given]
            self.did.append(" ".join([name, *map(str, shown)]))

        return did

    @contextmanager
    def users_who_keep_asking(self) -> Iterator[None]:
        self.did.append("users come")
        yield
        self.did.append("users go")


def played(scene: Scene) -> list[str]:
    recorder = Recorder()
    scene.script(recorder)  # type: ignore[arg-type]
    return recorder.did


def test_greenflow_takes_every_step_and_goes_back() -> None:
    assert played(DEMO) == [
        "bootstrap", "again", "users come", "step up", "bake up", "step five", "refused all A jump from five to all",
        "bake five", "step half", "bake half", "step all", "back", "users go",
    ]  # fmt: skip


@pytest.mark.parametrize("scene", [DEMO, ION], ids=lambda scene: scene.name)
def test_a_second_update_follows_the_bootstrap_at_once(scene: Scene) -> None:
    assert played(scene)[:2] == ["bootstrap", "again"]


def test_ion_goes_back_from_every_step() -> None:
    did = played(ION)
    steps_before_back = [did[at - 1] for at, each in enumerate(did) if each.startswith("back")]
    assert steps_before_back == [f"step {step.name} --skip-preview" for step in PLAN.steps]


def test_ion_waits_for_a_window_before_every_start() -> None:
    did = played(ION)
    assert [did[at - 1] for at, each in enumerate(did) if each.startswith("step up")] == ["window"] * 6
    assert did.index("outside_window") < did.index("refused up A start outside its window") < did.index("window")


def test_ion_bakes_before_every_further_step_and_before_promotion() -> None:
    did = played(ION)
    names = [step.name for step in PLAN.steps]
    for at, each in enumerate(did):
        verb, _, rest = each.partition(" ")
        if verb == "step" and (position := names.index(rest.split()[0])):
            assert did[at - 1] == f"bake {names[position - 1]}"
    assert did[did.index("promote") - 1] == "bake all"


def test_ion_ends_in_the_next_rollout() -> None:
    did = played(ION)
    after = did[did.index("promote") + 1 :]
    assert after == [f"prepare_next {NEXT_VERSION}", "window", "step up", "bake up", "step five", "users go"]


def test_a_rollout_that_was_taken_back_gets_another_name() -> None:
    named = [each for each in played(ION) if each.startswith("as_rollout")]
    assert len(named) == len(set(named)) == len(PLAN.steps)


USERS = Observed(observed_share=5.1, low=3.8, high=6.3, requests=1000, errors=0, lost=0, tries=1)


def row(served: float = 5, status: int = 5, **users: Any) -> Row:
    return Row("step", "five", 5, Measurement(served, status, replace(USERS, **users)), "2 updated", 1.0)


class TestOutcome:
    def test_everything_agrees(self) -> None:
        outcome = Outcome("ion-production", "clock", rows=[row()], refused="idle -> up", refused_rules=("R-28",))
        assert outcome.ok
        assert outcome.as_json()["steps"][0]["status"] == 5

    @pytest.mark.parametrize(
        "changes",
        [{"served": 4.0}, {"status": 0}, {"observed_share": 7.0}, {"lost": 1}],
        ids=lambda changes: next(iter(changes)),
    )
    def test_one_that_disagrees_is_enough(self, changes: dict[str, Any]) -> None:
        assert not row(**changes).as_asked
        assert not Outcome("s", "c", rows=[row(), row(**changes)], refused_rules=("R-28",)).ok

    def test_nothing_refused_or_something_lost(self) -> None:
        assert not Outcome("s", "c", rows=[row()]).ok
        assert not Outcome("s", "c", rows=[row()], refused_rules=("R-28",), background_lost=1).ok
        assert not Outcome("s", "c", rows=[row()], refused_rules=("R-28",), background_missing_writes=1).ok
        assert not Outcome("s", "c", refused_rules=("R-28",)).ok
