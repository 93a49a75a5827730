"""Which slot gets everybody, and which configuration is written again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import settings, transition
from headgate.moves import Move, classify
from headgate.plan import IDLE
from headgate.report import Report
from headgate.return_path import Choice, Doubt, NoChoice, Target, derived, differing, live_of, previous_good, target
from headgate.state import Phase, Recorded, Release, Version, propose
from tests.support import situations
from tests.support.rollouts import AFTER, BEFORE, DURING, RETIRED
from tests.support.rollouts import NEW as GREEN
from tests.support.rollouts import OLD as BLUE

WALK = situations.walk()


@dataclass(frozen=True)
class Past:
    number: int
    config: Mapping[str, object]
    kind: str = "update"
    result: str = "succeeded"


def full(release: Release = DURING, step: str = IDLE, **more: Any) -> dict[str, Any]:
    """A stack file by full key."""
    values = {f"headgate:{key}": value for key, value in situations.raw(release, step).items()}
    return {**values, **{f"headgate:{key}": value for key, value in more.items()}}


FORWARD = [
    Past(6, full(step="green-50")),
    Past(5, full(step="green-10")),
    Past(4, full(step="green-up"), result="failed"),
    Past(3, full(step="green-up")),
    Past(2, full()),
    Past(1, full(BEFORE)),
]


class TestTarget:
    @pytest.mark.parametrize("place", ["before", "green-up", "green-10", "green-50", "green-100", "back"])
    @pytest.mark.parametrize("asked", [None, (DURING, "green-50"), (AFTER, IDLE), (RETIRED, IDLE)], ids=str)
    def test_live_until_it_is_promoted_whatever_the_file_says(self, place: str, asked: Any) -> None:
        found = target(WALK[place].proposed, *(asked or (None,)))
        assert isinstance(found, Target)
        assert found.version == BLUE

    @pytest.mark.parametrize("asked", [None, (AFTER, IDLE), (DURING, "green-100"), (DURING, IDLE)], ids=str)
    def test_the_standby_after_a_promotion(self, asked: Any) -> None:
        found = target(WALK["promoted"].proposed, *(asked or (None,)))
        assert isinstance(found, Target)
        assert found.version == BLUE

    def test_a_standby_that_may_be_gone_is_not_guessed(self) -> None:
        found = target(WALK["promoted"].proposed, RETIRED, IDLE)
        assert isinstance(found, Doubt)
        assert [each.version for each in found.answers] == [BLUE, GREEN]

    @pytest.mark.parametrize(
        ("release", "step", "version"),
        [(DURING, "green-50", BLUE), (DURING, IDLE, BLUE), (AFTER, IDLE, BLUE), (RETIRED, IDLE, GREEN)],
    )
    def test_without_a_record_by_the_file(self, release: Release, step: str, version: Version) -> None:
        found = target(None, release, step)
        assert isinstance(found, Target)
        assert found.version == version
        assert "not read" in found.why

    def test_without_either(self) -> None:
        assert target(None, None) is None

    def test_nobody_ever_goes_to_a_candidate(self) -> None:
        for made in WALK.values():
            state = made.proposed
            found = target(state, DURING, state.step)
            answers = (found,) if isinstance(found, Target) else found.answers if found else ()
            assert all(state.candidate is None or each.version != state.candidate for each in answers)


class TestPreviousGood:
    def test_during_a_rollout_only_the_step(self) -> None:
        choice = previous_good(FORWARD, full(step="green-50"), BLUE)
        assert choice == Choice(2, {"headgate:step": IDLE})

    def test_a_candidate_that_came_with_the_first_step_goes_again(self) -> None:
        history = [past for past in FORWARD if past.number != 2]
        choice = previous_good(history, full(step="green-50"), BLUE)
        assert isinstance(choice, Choice)
        assert choice.update == 1
        assert choice.values == {"headgate:release": full(BEFORE)["headgate:release"], "headgate:step": IDLE}

    def test_after_a_promotion_the_configuration_before_it(self) -> None:
        history = [Past(8, full(AFTER)), Past(7, full(step="green-100")), *FORWARD]
        choice = previous_good(history, full(AFTER), BLUE)
        assert choice == Choice(2, {"headgate:release": full()["headgate:release"]})

    def test_what_else_has_changed_stays_and_is_named(self) -> None:
        capacity = {"tasks": 9, "minimum_tasks": 2, "maximum_tasks": 24}
        now = full(step="green-50", capacity=capacity, database={"instance_class": "x"})
        choice = previous_good(FORWARD, now, BLUE)
        assert choice == Choice(2, {"headgate:step": IDLE}, kept=("headgate:capacity", "headgate:database"))

    def test_a_version_that_keeps_what_it_was_made_with_goes_back_with_it(self) -> None:
        image = "r/ion@sha256:" + "1" * 64
        live, candidate = {"version": "1", "image": image}, {"version": "2", "image": image.replace("1", "2")}
        base = {"headgate:system": "ion", "headgate:environment": "staging", "headgate:service": {"cpu": 1}}
        before = {**base, "headgate:release": {"live": live}, "headgate:front_door": {"public": True}}
        now = {
            **base,
            "headgate:release": {"live": live, "candidate": candidate},
            "headgate:step": "canary-5",
            "headgate:service": {"cpu": 2},
            "headgate:variables": {"A": "b"},
            "headgate:front_door": {"public": False},
        }
        version = Version("1", "ion-staging-111111111111", image)
        choice = previous_good([Past(1, before)], now, version)
        assert isinstance(choice, Choice)
        assert set(choice.values) == {"headgate:release", "headgate:service", "headgate:step"}
        assert (choice.remove, choice.kept) == (("headgate:variables",), ("headgate:front_door",))

    def test_an_update_by_number_takes_everything_back(self) -> None:
        now = full(step="green-50", capacity={"tasks": 9}, alarms={"more": True})
        choice = previous_good(FORWARD, now, BLUE, to=2)
        assert isinstance(choice, Choice)
        assert set(choice.values) == {"headgate:capacity", "headgate:step"}
        assert (choice.update, choice.remove, choice.kept) == (2, ("headgate:alarms",), ())

    @pytest.mark.parametrize(
        ("to", "why"),
        [
            (9, "there is no update 9 among the last 6"),
            (4, "update 4 failed"),
            (5, "update 5 was at step green-10"),
        ],
    )
    def test_an_update_that_cannot_be_used(self, to: int, why: str) -> None:
        found = previous_good(FORWARD, full(step="green-50"), BLUE, to=to)
        assert isinstance(found, NoChoice)
        assert found.why.startswith(why)
        assert found.usable == (2, 1)

    def test_an_update_with_another_version(self) -> None:
        found = previous_good([Past(3, full(RETIRED)), *FORWARD], full(RETIRED), BLUE, to=3)
        assert isinstance(found, NoChoice)
        assert "everybody was on" in found.why

    @pytest.mark.parametrize("kind", ["refresh", "destroy", "import"])
    def test_only_updates_count(self, kind: str) -> None:
        found = previous_good([Past(9, full(), kind)], full(step="green-50"), BLUE)
        assert isinstance(found, Choice)
        assert found.update is None

    def test_a_secret_stays_as_the_file_has_it(self) -> None:
        history = [Past(2, {**full(), "headgate:token": object()})]
        now = {**full(step="green-50"), "headgate:token": {"secure": "v1:abc"}}
        for to in (None, 2):
            choice = previous_good(history, now, BLUE, to=to)
            assert isinstance(choice, Choice)
            assert choice.values == {"headgate:step": IDLE}
            assert choice.remove == choice.kept == ()

    def test_scalars_that_the_history_tells_as_text_are_the_same(self) -> None:
        assert differing({"a:on": True, "a:n": 3, "a:s": "x"}, {"a:on": "true", "a:n": "3", "a:s": "x"}) == ()
        assert differing({}, {"headgate:step": IDLE}) == ()


class TestDerived:
    @pytest.mark.parametrize("step", ["green-up", "green-50", "green-100", IDLE])
    def test_during_a_rollout(self, step: str) -> None:
        choice = derived(full(step=step), BLUE)
        assert choice == Choice(None, {} if step == IDLE else {"headgate:step": IDLE})

    def test_a_promotion_backwards(self) -> None:
        assert derived(full(AFTER), BLUE) == Choice(None, {"headgate:release": full(DURING)["headgate:release"]})

    def test_a_file_that_names_it_nowhere(self) -> None:
        choice = derived(full(RETIRED), BLUE)
        assert live_of({**full(RETIRED), **choice.values}) == BLUE


PLACES = [name for name in WALK if name != "before"]


@given(
    place=st.sampled_from(PLACES),
    later=st.integers(0, 10**7),
    past=st.lists(st.sampled_from([*FORWARD, Past(8, full(AFTER)), Past(9, full(RETIRED))]), max_size=6),
    known=st.booleans(),
)
def test_every_way_back_is_a_way_back_that_the_rules_let_pass(
    place: str, later: int, past: list[Past], known: bool
) -> None:
    """Whatever the history holds, whenever it is, and without any reading."""
    made = WALK[place]
    state = made.proposed
    asked = AFTER if place == "promoted" else DURING
    now = full(asked, state.step)
    to = target(state if known else None, asked, state.step)
    assert isinstance(to, Target)
    choice = previous_good(past, now, to.version)
    assert isinstance(choice, Choice)
    values = {key: value for key, value in {**now, **choice.values}.items() if key not in choice.remove}
    own = {key.removeprefix("headgate:"): value for key, value in values.items()}
    found = settings.parse(own, "x", situations.READINESS_AND_DRIFT)
    assert (found.step, found.release.live) == (IDLE, BLUE)
    at = state.changed_at + later
    proposed = propose(state, found.asked, found.plan, at)
    assert proposed.split.get("blue") == 100
    assert proposed.phase is Phase.ROLLED_BACK or (state.phase is Phase.ROLLED_BACK and proposed.phase is Phase.IDLE)
    if state.phase is not Phase.ROLLED_BACK:
        assert classify(state, proposed) is Move.BACK
        assert transition.check(Recorded(state, made.plan), proposed, found.plan, at, Report()) == ()
