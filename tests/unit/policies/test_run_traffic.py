"""ION's stack as a whole: the split of the Cloud Run service is the one that the Rollout was judged for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from headgate import state as states
from headgate.plan import IDLE, Plan, Step
from headgate.state import Asked, Recorded, Release, State, Version
from headgate.transition import Transition, to_dict
from policies.rollout import ROLLOUT
from tests.support.google_cases import CANDIDATE, LATEST, LIVE, RUN, SERVICE, entry
from tests.support.policy_cases import GONE, changed
from tests.support.rollouts import HOUR, START, good, image
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, FixedSession, Pack, of

AGREES = "rollout-carrier-agrees"
DAY = 24 * HOUR
OLD, NEW = Version("1.4.0", LIVE, image("a")), Version("1.5.0", CANDIDATE, image("b"))
DURING, AFTER = Release(OLD, NEW), Release(NEW, standby=OLD)
PLAN = Plan(
    steps=(
        Step("canary-up", 0, DAY, ("readiness",)),
        Step("canary-5", 5, 7 * DAY, ("slo",)),
        Step("ab-50", 50, 14 * DAY, ("slo",)),
        Step("full-100", 100, DAY, ("slo",)),
    ),
    stickiness=0,
)


def walk(*asked: tuple[str, Release]) -> list[Recorded]:
    """The states of ION on its way from the first deployment through what is asked."""
    found: list[Recorded] = []
    for days, (step, release) in enumerate([(IDLE, Release(OLD)), *asked]):
        settings = "s" * 64 if step == IDLE else "t" * 64
        wanted = Asked("ion", "production", release, step, tasks=4, minimum_tasks=2, settings=settings)
        previous = found[-1].state if found else None
        found.append(Recorded(states.propose(previous, wanted, PLAN, START + days * DAY), PLAN))
    return found


FIRST, UP, FIVE, FIFTY, FULL, PROMOTED = walk(
    *((step.name, DURING) for step in PLAN.steps),
    (IDLE, AFTER),
)
BACK = walk(("canary-up", DURING), ("canary-5", DURING), (IDLE, DURING))[-1]
CLEARED = walk(("canary-up", DURING), ("canary-5", DURING), (IDLE, DURING), (IDLE, Release(OLD)))[-1]
STATES = {
    "first": FIRST, "up": UP, "5": FIVE, "50": FIFTY, "100": FULL, "promoted": PROMOTED, "back": BACK,
    "cleared": CLEARED,
}  # fmt: skip


def carried(previous: Recorded | None, proposed: State) -> Declared:
    report = good(previous.state if previous else proposed, PLAN)
    given = to_dict(Transition(previous, proposed, PLAN, report))
    return Declared(ROLLOUT, "rollout", {key: value for key, value in given.items() if value is not None}, outputs={})


def service(state: State, template: str | None = None) -> Declared:
    """The service as the component declares it at `state`."""
    rolling = state.candidate is not None and state.step != IDLE
    traffics = [entry(state.live.slot, 100 - state.weight, "live")]
    traffics += [entry(state.candidate.slot, state.weight, "candidate")] if rolling and state.candidate else []
    traffics += [entry(state.standby.slot, 0, "standby")] if state.standby else []
    named = template or (state.candidate.slot if rolling and state.candidate else state.live.slot)
    changes = {
        "traffics": traffics,
        "template.revision": named,
        "template.scaling.minInstanceCount": state.tasks.get(named, 0),
    }
    return Declared(RUN, "service", changed(SERVICE, changes))


def stack(at: Recorded, changes: dict[str, Any] | None = None, **fields: Any) -> list[Declared]:
    """ION in an update that changes nothing, with the service changed."""
    plain = service(at.state)
    return [carried(at, at.state), replace(plain, inputs=changed(plain.inputs, changes or {}), **fields)]


def judged(resources: Sequence[Declared]) -> list[Diagnostic]:
    """Through the whole run, as the Rollout's inputs reach a stack policy only so."""
    pack = Pack("production", session=FixedSession(moment=START))
    return of(pack.run(resources), AGREES)


def rules(found: Sequence[Diagnostic]) -> set[str]:
    return {each.message.partition("\n")[2].split()[0] for each in found}


@pytest.mark.parametrize("at", STATES.values(), ids=STATES)
def test_what_the_component_declares_agrees(at: Recorded) -> None:
    assert judged(stack(at)) == []


@pytest.mark.parametrize(
    ("previous", "proposed"),
    [(None, FIRST), (FIRST, UP), (UP, FIVE), (FIVE, FIFTY), (FIFTY, FULL), (FULL, PROMOTED)],
    ids=["bootstrap", "up", "5", "50", "100", "promotion"],
)
def test_every_step_of_a_rollout_passes(previous: Recorded | None, proposed: Recorded) -> None:
    assert judged([carried(previous, proposed.state), service(proposed.state)]) == []


@pytest.mark.parametrize(("previous", "proposed"), [(FIVE, BACK), (BACK, BACK), (BACK, CLEARED)])
def test_going_back_leaves_the_template_to_the_candidate(previous: Recorded, proposed: Recorded) -> None:
    """The template still names the candidate, which has 0 % and is perhaps no longer part of the release."""
    kept = replace(service(proposed.state, template=CANDIDATE), ignore_changes=("template",))
    assert judged([carried(previous, proposed.state), kept]) == []


@pytest.mark.parametrize(
    ("changes", "rule", "said"),
    [
        ({"traffics.0.percent": 90, "traffics.1.percent": 10}, "R-05", f"{LIVE} 90, {CANDIDATE} 10"),
        ({"traffics": [entry(LIVE, 100)]}, "R-05", f"{LIVE} 100"),
        ({"traffics": []}, "R-05", "nothing"),
        ({"traffics.1.revision": "ion-production-cccccccccccc"}, "R-05", "traffics[1].revision 5"),
        ({"traffics.2": entry("ion-production-cccccccccccc", 0)}, "R-05", "traffics[2].revision"),
        ({"template.revision": "ion-production-cccccccccccc"}, "R-05", "template.revision"),
        ({"template.scaling.minInstanceCount": 1}, "R-17", "minInstanceCount 1"),
        ({"template.scaling": GONE}, "R-17", "minInstanceCount 0"),
        ({"template.scaling": GONE, "scaling": {"minInstanceCount": 4}}, "R-17", "minInstanceCount 0"),
        ({"traffics.0.percent": UNKNOWN}, "R-29", "traffics[0].percent"),
        ({"traffics.0.revision": UNKNOWN}, "R-29", "traffics[0].revision"),
        ({"traffics": UNKNOWN}, "R-29", "traffics"),
        ({"template.revision": UNKNOWN}, "R-29", "template.revision"),
        ({"template": UNKNOWN}, "R-29", "template"),
        ({"template.scaling.minInstanceCount": UNKNOWN}, "R-29", "minInstanceCount"),
        ({"labels": {"service": "ion"}}, "R-29", "without the label headgate-role=traffic"),
    ],
)
def test_a_service_that_declares_something_else(changes: dict[str, Any], rule: str, said: str) -> None:
    resources = stack(FIVE)
    if "traffics.2" in changes:
        added = changes.pop("traffics.2")
        changes = {"traffics": [*resources[1].inputs["traffics"], added]}
    found = judged(stack(FIVE, changes))

    assert rules(found) == {rule}
    assert {each.level for each in found} == {"mandatory"}
    assert {each.urn.rpartition("::")[2] for each in found} == {"service"}
    assert any(said in each.message for each in found)
    assert all("cccccccccccc" not in each.message for each in found)


def test_a_new_revision_with_traffic_at_once_is_r_18() -> None:
    wanted = Asked("ion", "production", DURING, "canary-5", tasks=4, minimum_tasks=2, settings="t" * 64)
    at_once = states.propose(FIRST.state, wanted, PLAN, START + DAY)
    found = judged([carried(FIRST, at_once), service(at_once)])

    assert rules(found) == {"R-18"}
    assert "5 % for the new revision" in found[0].message


def test_least_instances_of_the_service_count_by_share() -> None:
    half = {"template.scaling": GONE, "scaling": {"minInstanceCount": 2 * FIFTY.state.candidate_tasks}}
    assert judged(stack(FIFTY, half)) == []


def test_what_the_rules_on_the_service_say_is_not_said_twice() -> None:
    """R-02 and R-25 need no Rollout; they refuse the service before it is changed."""
    latest = {"traffics": [entry(LIVE, 95), {"percent": 5, "type": LATEST}]}
    pack = Pack("production", session=FixedSession(moment=START))
    found = pack.run(stack(FIVE, latest))

    assert {each.level for each in of(found, "one-owner-of-traffic")} == {"mandatory"}
    assert rules(of(found, AGREES)) == {"R-05"}


def test_more_instances_are_fine() -> None:
    assert judged(stack(FIVE, {"template.scaling.minInstanceCount": 40})) == []


def test_an_entry_without_share_gets_nothing() -> None:
    """The provider leaves out a share of 0."""
    assert judged(stack(UP, {"traffics.1": entry(CANDIDATE, None, "candidate")})) == []


def test_a_traffic_service_needs_exactly_one_rollout() -> None:
    alone = stack(FIVE)
    second = replace(alone[0], name="another")

    assert rules(judged(alone[1:])) == {"R-29"}
    assert rules(judged([*alone, second])) == {"R-29"}


def test_a_service_without_part_in_the_rollout_is_left_alone() -> None:
    other = Declared(RUN, "worker", {"traffics": [{"percent": 100, "type": LATEST}]})
    assert judged([*stack(FIVE), other]) == []
    assert judged([other]) == []
