"""What holds on every way through a rollout, whatever is asked for, however long one waits and whatever is reported."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from headgate import transition
from headgate.limits import Limit, Limits
from headgate.moves import Move, classify
from headgate.plan import IDLE, Plan
from headgate.problems import RuleId
from headgate.report import Live, Report, Verdict
from headgate.state import Asked, Phase, Recorded, Release, State, Version, propose
from headgate.transition import Transition
from tests.support.rollouts import (
    AFTER,
    BEFORE,
    DURING,
    HOUR,
    NEW,
    NOTHING_DEPLOYED,
    OLD,
    PLAN,
    START,
    good,
    image,
    live,
    replan,
    results,
)

LAST = PLAN.step_names[-1]
PLANS = (
    PLAN,
    replan(bakes=[400, 400, 700, 2000]),
    replan(bakes=[60, 60, 60, 60]),
    replan(weights=[0, 5, 50, 100]),
    replan(weights=[0, 10, 60, 100]),
    replan(max_increment=100),
    replan(max_increment=60, stickiness=0),
    replan(gates=[(), (), ("slo",), ()]),
    replan(retention=0),
)
VERSIONS = (
    OLD,
    NEW,
    Version("2026.02.12", "green", image("c")),
    Version("2026.02.13", "blue", image("d")),
    Version("2026.02.14", "purple", image("e")),
    replace(NEW, image=image("f")),
    replace(OLD, version="2026.01.29", image=image("0")),
)
versions = st.sampled_from(VERSIONS)


def share(state: State, version: Version | None) -> int:
    """Per cent of users on exactly `version`."""
    found = 0
    for role, weight in ((state.live, 100 - state.weight), (state.candidate, state.weight)):
        found += weight if role is not None and role == version else 0
    return found


def worst(state: State, verdict: Verdict, split: dict[str, int] | None) -> Report:
    """Every gate answers `verdict` with figures far beyond any limit; the cloud is as bad as can be, or silent."""
    found = tuple(
        replace(result, figures=(("error_rate", 1.0), ("p95_ms", 9e9)), at=0)
        for result in results(state, verdict=verdict)
    )
    return Report(None if split is None else Live(True, split), found, "" if split is not None else "no answer")


def ways_back(recorded: Recorded) -> list[Release]:
    """What may stand in headgate:release when traffic is given back from `recorded`."""
    state = recorded.state
    if state.phase is Phase.ROLLING_OUT:
        return [Release(state.live, state.candidate, state.standby), Release(state.live)]
    if state.phase is Phase.PROMOTED and state.standby is not None:
        return [Release(state.standby, state.live), Release(state.standby)]
    return []


class Rollouts(RuleBasedStateMachine):
    """A stack: asks for things at random, keeps what is accepted, and checks what must be true all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.deploy(BEFORE)
        self.now = START
        self.tasks = 6
        self.taken: list[str] = []  # steps of the rollout under way, in the order in which they were reached

    def deploy(self, release: Release) -> None:
        """A first deployment; with a standby in it, one after the record was lost."""
        first = propose(None, Asked("greenflow", "production", release, IDLE, 6, 2), PLAN, START)
        self.last = Transition(None, first, PLAN, NOTHING_DEPLOYED)

    @property
    def recorded(self) -> Recorded:
        return self.last.recorded

    @property
    def state(self) -> State:
        return self.last.proposed

    def ask(self, step: str, release: Release, plan: Plan, report: Report | None = None) -> bool:
        """Asks for a change as the program does; true when it was accepted (or nothing changes)."""
        asked = Asked("greenflow", "production", release, step, self.tasks, 2)
        made = transition.resolve(self.last, asked, plan, self.now)
        if made is not self.last:
            made = replace(made, report=good(self.state, self.last.plan) if report is None else report)
        if transition.check(made.previous, made.proposed, made.plan, self.now, made.report):
            # (f) what made the recorded state is accepted whenever it is asked for again.
            assert made is not self.last
            return False
        if made is not self.last:
            self._hold_what_must_hold(self.recorded, made)
            self.last = made
        return True

    def _hold_what_must_hold(self, before: Recorded, made: Transition) -> None:
        previous, proposed = before.state, made.proposed
        candidate = proposed.candidate
        # (c) nobody gets more of the candidate at once than either plan allows.
        if candidate is not None:
            raised = share(proposed, candidate) - share(previous, candidate)
            assert raised <= min(before.plan.max_increment, made.plan.max_increment)
        # (b) the candidate has everybody only after every step before.
        move = classify(previous, proposed)
        if move is Move.START:
            self.taken = [proposed.step]
        elif move is Move.ADVANCE and proposed.step != previous.step:
            self.taken.append(proposed.step)
        elif move is Move.BACK and proposed.phase is Phase.ROLLING_OUT:
            self.taken = list(made.plan.step_names[: (made.plan.index(proposed.step) or 0) + 1])
        if proposed.phase is Phase.ROLLING_OUT and proposed.weight == 100:
            assert tuple(self.taken) == made.plan.step_names
        # Traffic of a version nobody has tried as a candidate never grows by going anywhere but to live or standby.
        if move is Move.PROMOTE:
            assert proposed.live == previous.candidate
            assert share(previous, proposed.live) == 100

    @initialize(first=st.sampled_from([BEFORE, DURING, AFTER]), depth=st.integers(0, 1 + len(PLAN.steps)))
    def go_ahead(self, first: Release, depth: int) -> None:
        """Somewhere on the straight way, or random requests would hardly ever see its end."""
        self.deploy(first)
        if first is AFTER:
            return
        straight = [self.begin, *[self.advance_patiently] * (len(PLAN.steps) - 1), self.promote]
        for go in straight[:depth]:
            go()

    @rule(seconds=st.sampled_from([0, 1, 59, 299, 300, 600, 1800, HOUR, 72 * HOUR]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(tasks=st.integers(1, 12))
    def scale(self, tasks: int) -> None:
        before, self.tasks = self.tasks, tasks
        release = Release(self.state.live, self.state.candidate, self.state.standby)
        if not self.ask(self.state.step, release, self.last.plan):
            self.tasks = before

    @rule(plan=st.sampled_from(PLANS))
    def replan(self, plan: Plan) -> None:
        self.ask(self.state.step, Release(self.state.live, self.state.candidate, self.state.standby), plan)

    @rule()
    def begin(self) -> None:
        state = self.state
        others = [version for version in VERSIONS if version.slot != state.live.slot]
        fresh = next(one for one in (*others, *others) if one.version != state.rolled_back_id)
        self.ask(PLAN.step_names[0], Release(state.live, fresh, None), self.last.plan)

    @precondition(lambda self: self.state.phase is Phase.ROLLING_OUT)
    @rule()
    def advance_at_once(self) -> None:
        self._advance()

    @precondition(lambda self: self.state.phase is Phase.ROLLING_OUT)
    @rule()
    def advance_patiently(self) -> None:
        self.now += HOUR
        assert self._advance()

    def _advance(self) -> bool:
        state, plan = self.state, self.last.plan
        following = plan.step_names[(plan.index(state.step) or 0) + 1 :]
        release = Release(state.live, state.candidate, state.standby)
        return not following or self.ask(following[0], release, plan)

    @precondition(lambda self: self.state.step == LAST and self.state.standby is None)
    @rule()
    def promote(self) -> None:
        self.now += HOUR
        assert self.state.candidate is not None
        assert self.ask(IDLE, Release(self.state.candidate, None, self.state.live), self.last.plan)

    @precondition(lambda self: self.state.phase is Phase.PROMOTED)
    @rule()
    def retire(self) -> None:
        kept = self.state.retain_until
        assert kept is not None
        accepted = self.ask(IDLE, Release(self.state.live), self.last.plan)
        assert accepted == (self.now >= kept)

    @precondition(lambda self: self.state.phase is Phase.PROMOTED)
    @rule(step=st.sampled_from([IDLE, *PLAN.step_names]))
    def undo_promotion(self, step: str) -> None:
        assert self.state.standby is not None
        assert self.ask(step, Release(self.state.standby, self.state.live), self.last.plan)

    @rule(step=st.sampled_from([IDLE, *PLAN.step_names]), answered=st.booleans())
    def go(self, step: str, answered: bool) -> None:
        release = Release(self.state.live, self.state.candidate, self.state.standby)
        self.ask(step, release, self.last.plan, None if answered else Report())

    @rule(
        step=st.sampled_from([IDLE, *PLAN.step_names, "unknown"]),
        live_one=versions,
        candidate=st.none() | versions,
        standby=st.none() | versions,
        plan=st.sampled_from(PLANS),
        verdict=st.sampled_from(Verdict),
        observed=st.none() | st.integers(0, 100),
        wait=st.sampled_from([0, 300, HOUR, 99 * HOUR]),
    )
    def ask_for_anything(
        self,
        *,
        step: str,
        live_one: Version,
        candidate: Version | None,
        standby: Version | None,
        plan: Plan,
        verdict: Verdict,
        observed: int | None,
        wait: int,
    ) -> None:
        self.now += wait
        split = None if observed is None else {"blue": 100 - observed, "green": observed}
        report = worst(self.state, verdict, split)
        self.ask(step, Release(live_one, candidate, standby), plan, report)

    @invariant()
    def going_back_is_accepted(self) -> None:
        """(a) At once, with every gate failed or silent, every limit passed, and another plan beside it."""
        for release in ways_back(self.recorded):
            for plan in (self.last.plan, replace(PLANS[2], limits=Limits((Limit("error_rate", readings=99),)))):
                asked = Asked("greenflow", "production", release, IDLE, 1, 1)
                made = transition.resolve(self.last, asked, plan, self.state.changed_at)
                assert transition.needs(made) == ()
                for report in (
                    Report(),
                    worst(self.state, Verdict.FAILED, {"purple": 100}),
                    worst(self.state, Verdict.INCONCLUSIVE, None),
                ):
                    for now in (self.now, START - HOUR):  # a clock that is wrong does not stop it either
                        assert transition.check(made.previous, made.proposed, plan, now, report) == ()
                assert made.proposed.weight == 0
                assert made.proposed.split[made.proposed.live.slot] == 100

    @invariant()
    def of_two_writers_one_is_refused(self) -> None:
        """(d) What was made from the same record does not follow on what the other has recorded."""
        release = Release(self.state.live, self.state.candidate, self.state.standby)
        both = [
            transition.resolve(
                self.last,
                Asked("greenflow", "production", release, step, tasks, 2),
                self.last.plan,
                self.now + HOUR,
            )
            for step, tasks in ((self.state.step, self.tasks + 1), (IDLE, self.tasks), (LAST, self.tasks))
        ]
        writers = [made for made in both if made is not self.last]
        for winner in writers:
            for loser in writers:
                found = transition.check(
                    winner.recorded, loser.proposed, loser.plan, self.now + HOUR, good(winner.proposed)
                )
                assert RuleId.COMPARE_AND_SWAP in {violation.rule for violation in found}

    @invariant()
    def the_recorded_transition_is_accepted_again(self) -> None:
        """(f) At once and a year later."""
        made = self.last
        for now in (self.state.changed_at, self.now, self.now + 365 * 24 * HOUR):
            assert transition.check(made.previous, made.proposed, made.plan, now, made.report) == ()

    @invariant()
    def the_record_is_read_back_unchanged(self) -> None:
        assert transition.read(transition.to_dict(self.last)) == self.last

    @invariant()
    def everybody_is_somewhere(self) -> None:
        assert sum(self.state.split.values()) == 100
        assert live(self.state).split[self.state.live.slot] == 100 - self.state.weight


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_the_machine_can_reach_the_end() -> None:
    """Otherwise the properties above could hold because nothing ever happens."""
    machine = Rollouts()
    machine.begin()
    for _ in PLAN.steps[1:]:
        machine.advance_patiently()
    machine.promote()
    assert machine.state.phase is Phase.PROMOTED
    machine.undo_promotion(IDLE)
    assert machine.state.phase is Phase.ROLLED_BACK
    assert machine.state.live == OLD
