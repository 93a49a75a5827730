"""One table of transitions, and both systems held to it: their clouds differ, the rollout does not.

Each row goes a way that must be open, then asks for one thing more. Steps are named by their place in the plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.plan import IDLE
from headgate.settings import Settings
from headgate.state import Version
from headgate.windows import DAY, Calendar, Freeze, Window
from tests.support import stack_files
from tests.support.journeys import Journey, following, promoted, retired

HOUR, MINUTE = 3600, 60
WEEKS = 5 * 7 * DAY  # longer than any plan
Turn = Callable[[Settings], Settings]


def idle(start: Settings) -> Settings:
    return start


def step(position: int) -> Turn:
    return lambda start: replace(start, step=start.plan.step_names[position])


UP, FIRST, HALF, ALL = map(step, range(4))


def next_rollout(position: int | None = None) -> Turn:
    return lambda start: following(start, IDLE if position is None else start.plan.step_names[position])


def also(turn: Turn, change: Turn) -> Turn:
    """`turn` with a further change of the settings."""
    return lambda start: change(turn(start))


def plan(**fields: object) -> Turn:
    return lambda settings: replace(settings, plan=replace(settings.plan, **fields))  # type: ignore[arg-type]


def bakes(change: Callable[[int], int]) -> Turn:
    def changed(settings: Settings) -> Settings:
        steps = tuple(replace(each, bake=change(each.bake)) for each in settings.plan.steps)
        return replace(settings, plan=replace(settings.plan, steps=steps))

    return changed


def rollout(name: str) -> Turn:
    return lambda settings: replace(settings, release=replace(settings.release, rollout=name))


def candidate(**fields: str) -> Turn:
    """Fields of the candidate replaced, in the slot it has."""
    return lambda settings: replace(settings, release=replace(settings.release, candidate=_of(settings, fields)))


def no_candidate(settings: Settings) -> Settings:
    return replace(settings, release=replace(settings.release, candidate=None))


def _of(settings: Settings, fields: dict[str, str]) -> Version:
    assert settings.release.candidate is not None
    return replace(settings.release.candidate, **fields)


def live(**fields: str) -> Turn:
    return lambda settings: replace(
        settings, release=replace(settings.release, live=replace(settings.release.live, **fields))
    )


def frozen_from(seconds: int, length: int = WEEKS) -> Turn:
    """A freeze that begins so long after the first deployment."""
    since = stack_files.START + seconds
    return plan(calendar=Calendar(freezes=(Freeze(since, since + length, "end of quarter"),)))


IMAGE = f"registry.example/api@sha256:{'d' * 64}"
STEPS = (idle, UP, FIRST, HALF, ALL)
AFTERNOONS = plan(calendar=Calendar(start=(Window((0, 1, 2, 3), 14 * HOUR, 2 * HOUR),)))  # Monday to Thursday
ADVANCES = plan(calendar=Calendar(advance=(Window(tuple(range(7)), 9 * HOUR, HOUR),)))
ALWAYS = plan(calendar=Calendar())


@dataclass(frozen=True)
class Row:
    """`way`: accepted one after the other, each as soon as it may be. Then `turn` is asked for, `wait` seconds after
    the last change (None: as soon as it may be), and `breaks` are the rules that refuse it.

    `share`: what the candidate then has of the users, where it is let through.
    """

    name: str
    way: tuple[Turn, ...]
    turn: Turn
    breaks: str = ""
    wait: int | None = None
    share: int | None = None
    unreachable: bool = False
    base: Turn = ALWAYS
    """Changes the stack file that the whole row starts from: without windows, so that the rows are about one thing."""


def until(position: int) -> tuple[Turn, ...]:
    """From the first deployment to the step at `position`."""
    return STEPS[: position + 2]


FINISHED = (*STEPS, promoted)
BEGUN = until(0)

TABLE = (
    # The way forward.
    Row("the first deployment", (), idle, share=0),
    Row("the first deployment is no rollout", (), UP, "R-29"),
    Row("the first deployment sends nobody to a candidate", (), FIRST, "R-29"),
    Row("the candidate is deployed", (idle,), UP, share=0),
    Row("the first users", until(0), FIRST),
    Row("half of the users", until(1), HALF, share=50),
    Row("all users", until(2), ALL, share=100),
    Row("promotion", until(3), promoted),
    Row("the standby goes when its time is over", FINISHED, retired, wait=WEEKS),
    Row("the next version is named", (*FINISHED, retired), next_rollout(), share=0),
    Row("the next rollout begins", (*FINISHED, retired), next_rollout(0), share=0),
    Row("the next rollout goes on", (*FINISHED, retired, next_rollout(0)), next_rollout(1)),
    # Steps that are skipped, too early, or not proved.
    Row("a rollout begins with users", (idle,), FIRST, "R-03 R-18"),
    Row("a rollout begins with all users", (idle,), ALL, "R-03 R-04 R-18"),
    Row("a step is skipped before the first users", until(0), HALF, "R-03"),
    Row("a step is skipped", until(1), ALL, "R-03 R-04"),
    Row("a step that the plan does not have", until(0), lambda start: replace(start, step="at-75"), "R-03 R-17"),
    Row("promotion before the last step", until(2), promoted, "R-03"),
    Row("a second too early", until(1), HALF, "R-06", wait=-1),
    Row("promotion a second too early", until(3), promoted, "R-06", wait=-1),
    Row("an advance while the cloud cannot be read", until(1), HALF, "R-07 R-18", unreachable=True),
    Row("the first users while the cloud cannot be read", until(0), FIRST, "R-07 R-18", unreachable=True),
    Row("a promotion while the cloud cannot be read", until(3), promoted, "R-07 R-18", unreachable=True),
    Row("a clock that runs backwards", until(1), also(FIRST, plan(retention=WEEKS)), "R-14", wait=-WEEKS),
    # The way back.
    *(Row(f"back to idle from step {at}", until(at), idle, share=0, wait=1) for at in range(4)),
    *(Row(f"back from step {at} without a reading", until(at), idle, wait=1, unreachable=True) for at in range(4)),
    Row("one step back", until(2), FIRST, wait=1),
    Row("back to the step without users", until(3), UP, share=0, wait=1),
    Row("back with a clock that runs backwards", until(2), idle, wait=-WEEKS, share=0),
    Row("back without the candidate", until(2), also(idle, no_candidate), share=0, wait=1),
    Row("back together with another plan", until(2), also(idle, bakes(lambda bake: bake // 2)), wait=1),
    Row("from promotion back to the standby", FINISHED, idle, wait=1, share=0),
    Row("from promotion back, the cloud out of reach", FINISHED, idle, wait=1, unreachable=True),
    Row("a step forward again bakes anew", (*until(2), FIRST), HALF, "R-06", wait=1),
    # What was taken back stays back.
    Row("resumed", (*until(1), idle), UP, "R-13"),
    Row("resumed with users", (*until(1), idle), FIRST, "R-03 R-13 R-18"),
    Row("resumed after a promotion was taken back", (*FINISHED, idle), UP, "R-13"),
    Row("again, under another id", (*until(1), idle), also(UP, rollout("again")), share=0),
    Row("again, and to the first users", (*until(1), idle, also(UP, rollout("again"))), also(FIRST, rollout("again"))),
    # What may not change on the way.
    Row("another image of the candidate", until(1), also(FIRST, candidate(image=IMAGE)), "R-09"),
    Row("another image of the candidate on the next step", until(1), also(HALF, candidate(image=IMAGE)), "R-09"),
    Row("another image of the live version", until(1), also(FIRST, live(image=IMAGE)), "R-08"),
    Row("another image of the live version on the way back", until(1), also(idle, live(image=IMAGE)), "R-08", wait=1),
    Row("a second rollout at the same time", until(1), also(FIRST, rollout("second")), "R-11"),
    Row("a candidate by tag", (idle,), also(UP, candidate(image="registry.example/api:2")), "R-10"),
    Row("a shorter bake", until(1), also(FIRST, bakes(lambda bake: bake - 1)), "R-15"),
    Row("a longer bake", until(1), also(FIRST, bakes(lambda bake: bake + 1))),
    Row("a shorter bake with the step", until(1), also(HALF, bakes(lambda bake: bake - 1)), "R-15", wait=WEEKS),
    Row("the standby goes too early", FINISHED, retired, "R-16", wait=HOUR),
    Row("the standby's place is taken too early", FINISHED, next_rollout(0), "R-16", wait=HOUR),
    Row("nothing changes", until(1), FIRST, wait=1),
    # Windows and freezes.
    Row("a start in its window", (idle,), UP, base=AFTERNOONS, wait=14 * HOUR),
    Row("a start before its window", (idle,), UP, "R-28", base=AFTERNOONS, wait=14 * HOUR - 1),
    Row("a start when its window closes", (idle,), UP, "R-28", base=AFTERNOONS, wait=16 * HOUR),
    Row("a start on a day without a window", (idle,), UP, "R-28", base=AFTERNOONS, wait=DAY + 14 * HOUR),
    Row("an advance knows no window of starts", until(0), FIRST, base=AFTERNOONS),
    Row("an advance outside its window", until(1), HALF, "R-28", base=ADVANCES, wait=11 * HOUR + WEEKS),
    Row("an advance in its window", until(1), HALF, base=ADVANCES),
    Row("back outside every window", until(2), idle, base=also(AFTERNOONS, ADVANCES), wait=11 * HOUR),
    Row("a start in a freeze", (idle,), UP, "R-28", base=frozen_from(60), wait=120),
    Row("an advance in a freeze", BEGUN, also(FIRST, frozen_from(0)), "R-28"),
    Row("promotion in a freeze", until(3), also(promoted, frozen_from(0)), "R-28"),
    Row("nothing changes in a freeze", (idle,), idle, base=frozen_from(60), wait=120),
    Row("back in a freeze", until(2), also(idle, frozen_from(0)), wait=1),
    Row("one step back in a freeze", until(2), also(FIRST, frozen_from(0)), wait=1),
    Row("from promotion back in a freeze", FINISHED, also(idle, frozen_from(0)), wait=1),
    Row("a freeze is announced on the way", until(1), also(FIRST, frozen_from(10 * WEEKS))),
    Row("a freeze is lifted on the way", until(1), also(FIRST, ALWAYS), "R-15", base=frozen_from(10 * WEEKS)),
)  # fmt: skip


def arrive(stack: str, row: Row) -> tuple[Journey, Settings]:
    """The journey at the end of the row's way, and what is asked for then."""
    journey = Journey(stack)
    start = row.base(journey.start)
    journey.walk(*(turn(start) for turn in row.way))
    return journey, row.turn(start)


def moment(journey: Journey, asked: Settings, row: Row) -> int:
    """When the row asks: a negative `wait` is so long before it may be."""
    if row.wait is None:
        return journey.soonest(asked)
    if row.wait < 0:
        return journey.soonest(asked) + row.wait
    return journey.now + row.wait


@pytest.mark.parametrize("stack", stack_files.PRODUCTION)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_same_table_holds_for_both(stack: str, row: Row) -> None:
    journey, asked = arrive(stack, row)
    before, split = journey.record, dict(journey.cloud.live.split)
    journey.now = moment(journey, asked, row)
    journey.cloud.unreachable = "timed out" if row.unreachable else ""

    assert journey.go(asked) == frozenset(row.breaks.split())

    if row.breaks:
        assert journey.record is before
        assert journey.cloud.live.split == split
    else:
        assert journey.cloud.live.split == journey.state.split
        assert sum(journey.state.split.values()) == 100
        assert row.share in (None, journey.state.weight)


def test_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)


def test_the_table_meets_every_rule_that_a_stack_file_can_break() -> None:
    """R-01, R-02, R-05, R-12 and R-27 hold for every file that can be read; R-17 and R-25 are about one system each."""
    refused = {number for row in TABLE for number in row.breaks.split()}
    assert refused >= {f"R-{number:02}" for number in (3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 18, 28, 29)}


TURNS: dict[str, Turn] = {
    "idle": idle, "up": UP, "first": FIRST, "half": HALF, "all": ALL, "promoted": promoted, "retired": retired,
    "again, up": also(UP, rollout("again")), "again, first": also(FIRST, rollout("again")),
    "frozen": also(HALF, frozen_from(0)), "back, frozen": also(idle, frozen_from(0)), "tag": candidate(image="api:2"),
}  # fmt: skip


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(sorted(TURNS)), st.sampled_from([-1, 0, 1, WEEKS])), max_size=12))
def test_whatever_is_asked_both_systems_answer_the_same(asked: list[tuple[str, int]]) -> None:
    """`-1`: a second before it may be; the others: so long after."""
    answers: dict[str, list[object]] = {}
    for stack in stack_files.PRODUCTION:
        journey, answers[stack] = Journey(stack), []
        start = ALWAYS(journey.start)
        journey.walk(start)
        for name, offset in asked:
            wanted = TURNS[name](start)
            journey.now = max(journey.now, journey.soonest(wanted) + offset)
            breaks = journey.go(wanted)
            step = journey.state.step
            at = start.plan.index(step)
            answers[stack].append((name, sorted(breaks), at, journey.state.phase, journey.state.sequence))
    greenflow, ion = answers.values()
    assert greenflow == ion
