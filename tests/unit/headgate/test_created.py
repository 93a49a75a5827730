"""Slots that keep for ever what they were created with: what is recorded of them, and what may not change."""

import json
from dataclasses import replace

import pytest

from headgate import state as states
from headgate import transition
from headgate.plan import IDLE
from headgate.problems import RuleId
from headgate.report import Report
from headgate.state import MOST_CREATED, Asked, Created, Phase, Recorded, Release, State, Version
from tests.support.rollouts import HOUR, NOTHING_DEPLOYED, PLAN, START, Change, good, image
from tests.support.rule_table import AT

OLD, NEW, NEXT = (
    Version(label, f"ion-production-{letter * 12}", image(letter))
    for label, letter in (("2.6.0", "a"), ("2.7.0", "b"), ("2.8.0", "c"))
)
BEFORE, DURING, AFTER = Release(OLD), Release(OLD, NEW), Release(NEW, standby=OLD)
RETIRED, FOLLOWING = Release(NEW), Release(NEW, NEXT)
UP, TEN, FIFTY, ALL = PLAN.step_names
OLD_SETTINGS, NEW_SETTINGS, OTHER = "a" * 64, "b" * 64, "d" * 64


def asked(step: str, release: Release, settings: str | None = None, tasks: int = 2) -> Asked:
    """What ION asks for; `settings` are those of the newest version unless they are given."""
    wanted = Asked("ion", "production", release, step, tasks, minimum_tasks=2)
    usual = {OLD: OLD_SETTINGS, NEW: NEW_SETTINGS, NEXT: "c" * 64}
    return replace(wanted, settings=settings or usual[wanted.newest])


def change(previous: Recorded, step: str, release: Release, settings: str | None = None, wait: int = HOUR) -> Change:
    now = previous.state.changed_at + wait
    proposed = states.propose(previous.state, asked(step, release, settings), PLAN, now)
    return Change(previous, proposed, PLAN, now, good(previous.state))


def first(settings: str | None = None) -> Change:
    return Change(None, states.propose(None, asked(IDLE, DURING, settings), PLAN, START), PLAN, START, NOTHING_DEPLOYED)


def walk() -> dict[str, Recorded]:
    recorded = first().accepted()
    found = {IDLE: recorded}
    for step in PLAN.step_names:
        recorded = change(recorded, step, DURING).accepted()
        found[step] = recorded
    found["promoted"] = recorded = change(recorded, IDLE, AFTER).accepted()
    found["retired"] = change(recorded, IDLE, RETIRED, wait=PLAN.retention).accepted()
    return found


ION = walk()
OLD_ONE, NEW_ONE = Created(OLD.slot, OLD_SETTINGS), Created(NEW.slot, NEW_SETTINGS)
BACK = change(ION[FIFTY], IDLE, DURING, wait=1).accepted()


def created(recorded: Recorded) -> tuple[Created, ...]:
    return recorded.state.created


class TestNewest:
    @pytest.mark.parametrize(
        ("step", "release", "newest"),
        [(IDLE, BEFORE, OLD), (IDLE, DURING, OLD), (UP, DURING, NEW), (ALL, DURING, NEW), (IDLE, AFTER, NEW),
         (UP, BEFORE, OLD)],
    )  # fmt: skip
    def test_it_is_the_candidate_once_its_rollout_has_begun(self, step: str, release: Release, newest: Version) -> None:
        assert asked(step, release).newest == newest


class TestRecord:
    def test_a_slot_is_recorded_when_it_is_created_and_then_once(self) -> None:
        assert {name: created(recorded) for name, recorded in ION.items()} == {
            IDLE: (OLD_ONE,),  # the candidate is named and not created yet
            **dict.fromkeys((*PLAN.step_names, "promoted", "retired"), (OLD_ONE, NEW_ONE)),
        }

    def test_known_slots(self) -> None:
        assert ION[IDLE].state.known_slots == {OLD.slot}
        assert ION[TEN].state.known_slots == {OLD.slot, NEW.slot}
        assert AT["green-10"].state.known_slots == frozenset()

    @pytest.mark.parametrize("step", [UP, TEN, FIFTY, ALL])
    @pytest.mark.parametrize("settings", [OLD_SETTINGS, OTHER])
    def test_going_back_to_idle_creates_nothing_whatever_the_settings(self, step: str, settings: str) -> None:
        """The program leaves the template alone then, so a digest of what it would make says nothing."""
        back = change(ION[step], IDLE, DURING, settings, wait=1).accepted()
        assert back.state.phase is Phase.ROLLED_BACK
        assert created(back) == created(ION[step])

    def test_going_one_step_back_neither(self) -> None:
        assert created(change(ION[FIFTY], TEN, DURING, OTHER, wait=1).accepted()) == created(ION[FIFTY])

    def test_taking_a_promotion_back_neither(self) -> None:
        assert created(change(ION["promoted"], IDLE, DURING, OTHER, wait=1).accepted()) == (OLD_ONE, NEW_ONE)

    def test_the_rolled_back_state_keeps_them(self) -> None:
        """Also under later updates, and when something else changes."""
        assert created(BACK) == (OLD_ONE, NEW_ONE)
        assert states.propose(BACK.state, asked(IDLE, DURING, OTHER), PLAN, START + 99 * HOUR) is BACK.state
        more = states.propose(BACK.state, asked(IDLE, DURING, OTHER, tasks=5), PLAN, START + 99 * HOUR)
        assert (more.live_tasks, more.created) == (5, created(BACK))

    def test_after_a_rollback_a_rollout_starts_again_in_the_slot_that_is_there(self) -> None:
        again = replace(DURING, rollout="again")
        assert created(change(BACK, UP, again).accepted()) == (OLD_ONE, NEW_ONE)

    def test_the_candidate_taken_out_after_a_rollback(self) -> None:
        cleared = change(BACK, IDLE, BEFORE).accepted()
        assert cleared.state.phase is Phase.IDLE
        assert created(cleared) == (OLD_ONE, NEW_ONE)

    def test_the_next_rollout_adds_its_own(self) -> None:
        begun = change(ION["retired"], UP, FOLLOWING).accepted()
        assert created(begun) == (OLD_ONE, NEW_ONE, Created(NEXT.slot, "c" * 64))

    def test_the_oldest_are_forgotten(self) -> None:
        many = tuple(Created(f"ion-production-{number:012}", OTHER) for number in range(MOST_CREATED))
        full = replace(ION["retired"].state, created=many)
        found = states.propose(full, asked(UP, FOLLOWING), PLAN, START + 99 * HOUR).created
        assert found == (*many[1:], Created(NEXT.slot, "c" * 64))

    def test_slots_that_are_changed_in_place_are_not_remembered(self) -> None:
        assert all(recorded.state.created == () for recorded in AT.values())


class TestFrozen:
    """R-08 and R-09: a slot that exists keeps its settings."""

    @pytest.mark.parametrize("at", [IDLE, "retired"])
    def test_the_live_slot_at_rest(self, at: str) -> None:
        release = Release(ION[at].state.live, ION[at].state.candidate)
        assert change(ION[at], IDLE, release, OTHER).check() == {RuleId.LIVE_FROZEN}

    def test_the_live_slot_after_promotion(self) -> None:
        assert change(ION["promoted"], IDLE, AFTER, OTHER).check() == {RuleId.LIVE_FROZEN}

    @pytest.mark.parametrize(("at", "to"), [(UP, UP), (TEN, TEN), (UP, TEN), (TEN, FIFTY), (FIFTY, ALL)])
    def test_the_candidate_slot_at_a_step_and_on_the_way_to_the_next(self, at: str, to: str) -> None:
        assert change(ION[at], to, DURING, OTHER).check() == {RuleId.CANDIDATE_FROZEN}

    def test_the_candidate_slot_on_its_promotion(self) -> None:
        """By then it is the live one."""
        assert change(ION[ALL], IDLE, AFTER, OTHER).check() == {RuleId.LIVE_FROZEN}

    def test_a_slot_of_an_earlier_rollout(self) -> None:
        again = replace(DURING, rollout="again")
        assert change(BACK, UP, again, OTHER).check() == {RuleId.CANDIDATE_FROZEN}

    def test_back_to_the_live_slot_after_a_rollback(self) -> None:
        assert change(BACK, IDLE, BEFORE, OTHER).check() == {RuleId.LIVE_FROZEN}

    def test_it_says_which_slot_and_both_digests(self) -> None:
        made = change(ION[TEN], TEN, DURING, OTHER)
        (violation,) = transition.check(made.previous, made.proposed, made.plan, made.now, made.report)
        assert violation.must == f"What runs in slot {NEW.slot!r} keeps the settings that it was created with."
        assert OTHER[:12] in violation.found
        assert NEW_SETTINGS[:12] in violation.found
        assert OTHER[:13] not in violation.found

    @pytest.mark.parametrize("at", [UP, TEN, FIFTY, ALL])
    def test_other_settings_never_hold_a_rollback(self, at: str) -> None:
        assert change(ION[at], IDLE, DURING, OTHER, wait=1).check() == frozenset()
        assert change(ION["promoted"], IDLE, DURING, OTHER, wait=1).check() == frozenset()

    def test_a_forged_record_of_the_live_slot_is_refused_on_the_way_back_too(self) -> None:
        """R-08 binds going back: the program changes no slot then, so a change can only be somebody else's."""
        made = change(ION[FIFTY], IDLE, DURING, wait=1)
        forged = replace(made.proposed, created=(Created(OLD.slot, OTHER), NEW_ONE))
        assert replace(made, proposed=forged, report=Report()).check() == {RuleId.LIVE_FROZEN}


class TestTasks:
    """R-17: fewer tasks may be asked for with a new version, for the live one keeps what it was created with."""

    def fewer(self, at: Recorded, step: str, release: Release) -> Change:
        now = at.state.changed_at + HOUR
        wanted = replace(asked(step, release), tasks=1, minimum_tasks=1)
        return Change(at, states.propose(at.state, wanted, PLAN, now), PLAN, now, good(at.state))

    def test_with_the_start_of_a_rollout(self) -> None:
        begun = self.fewer(ION[IDLE], UP, DURING).accepted()
        assert (begun.state.live_tasks, begun.state.candidate_tasks) == (1, 1)

    def test_not_where_tasks_are_changed_in_place(self) -> None:
        before = replace(ION[IDLE].state, created=())
        made = self.fewer(Recorded(before, PLAN), UP, DURING)
        forgotten = replace(made.proposed, created=(), previous_digest=before.digest)
        assert replace(made, proposed=forgotten).check() == {RuleId.CAPACITY_FLOOR}


class TestDicts:
    @pytest.mark.parametrize("at", list(ION))
    def test_roundtrip(self, at: str) -> None:
        raw = json.loads(json.dumps(states.to_dict(ION[at].state)))
        assert states.from_dict(raw) == ION[at].state
        assert states.from_dict(raw).digest == ION[at].state.digest

    def test_what_was_created_is_in_the_digest(self) -> None:
        assert replace(ION[TEN].state, created=(OLD_ONE,)).digest != ION[TEN].state.digest

    def test_states_without_any_have_the_form_and_the_digest_that_they_had_before_there_was_such_a_field(self) -> None:
        assert "created" not in states.to_dict(AT["green-10"].state)
        # Made by the version before: a recorded state must go on being the one that the next names.
        assert {name: recorded.state.digest[:16] for name, recorded in AT.items()} == {
            "before": "7adace5f8b2a8b4f",
            "green-up": "108ae7a74d9be140",
            "green-10": "c78cfeaa7efe1267",
            "green-50": "64dce1e59fd7b984",
            "green-100": "64fa6172ab8625f7",
            "promoted": "3d2130f654294f50",
            "retired": "d6416bff160af459",
        }
        assert {recorded.plan.digest[:16] for recorded in AT.values()} == {"2391b09753608bf4"}

    @pytest.mark.parametrize(
        "value",
        [[{"slot": "x"}], [{"settings": "x"}], ["x"], 7, [None]],
        ids=["no settings", "no slot", "a text", "7", "none"],
    )
    def test_other_shapes(self, value: object) -> None:
        with pytest.raises((KeyError, TypeError)):
            states.from_dict({**states.to_dict(ION[TEN].state), "created": value})

    @pytest.mark.parametrize("value", [None, []])
    def test_none_is_none(self, value: object) -> None:
        found: State = states.from_dict({**states.to_dict(ION[TEN].state), "created": value})
        assert found.created == ()
