"""What a Cloud Run service declares, judged against the transition. Inputs are as the provider gets them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gcp.canary_service import BY_REVISION
from components.gcp.declared import service
from headgate import state as states
from headgate.plan import IDLE
from headgate.report import Report
from headgate.state import Asked, Recorded, Release, Unreadable, Version
from headgate.transition import Transition
from tests.support.rollouts import HOUR, PLAN, START, image

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
OLD = Version("2.6.0", "ion-production-aaaaaaaaaaaa", image("a"))
NEW = Version("2.7.0", "ion-production-bbbbbbbbbbbb", image("b"))
DURING, AFTER = Release(OLD, NEW), Release(NEW, standby=OLD)
UP, TEN, FIFTY, ALL = PLAN.step_names


def walk() -> dict[str, Transition]:
    """The transition that makes each state of a rollout."""
    found: dict[str, Transition] = {}
    previous: Recorded | None = None
    asked = [(IDLE, DURING), *((step, DURING) for step in PLAN.step_names), (IDLE, AFTER)]
    for hours, (step, release) in enumerate(asked):
        wanted = Asked("ion", "production", release, step, tasks=2, minimum_tasks=2)
        wanted = replace(wanted, settings=wanted.newest.version * 8)
        proposed = states.propose(previous.state if previous else None, wanted, PLAN, START + hours * HOUR)
        found["promoted" if release is AFTER else step] = Transition(previous, proposed, PLAN, Report())
        previous = Recorded(proposed, PLAN)
    return found


AT = walk()


def back(step: str) -> Transition:
    """From `step` to idle."""
    recorded = AT[step].recorded
    wanted = Asked("ion", "production", DURING, IDLE, tasks=2, minimum_tasks=2, settings="other")
    return Transition(recorded, states.propose(recorded.state, wanted, PLAN, START + 99 * HOUR), PLAN, Report())


def entry(version: Version, percent: object, tag: str = "live") -> dict[str, Any]:
    return {"type": BY_REVISION, "revision": version.slot, "percent": percent, "tag": tag}


def inputs(*traffics: object, template: Version | None = NEW) -> dict[str, Any]:
    named = {} if template is None else {"revision": template.slot}
    return {"name": "ion-production", "template": {**named, "containers": [{}]}, "traffics": list(traffics)}


def split(live: object, candidate: object, template: Version | None = NEW) -> dict[str, Any]:
    return inputs(entry(OLD, live), entry(NEW, candidate, "candidate"), template=template)


def rules(given: Mapping[str, Any], change: Transition) -> list[str]:
    return [violation.rule[:4] for violation in service(given, change)]


@pytest.mark.parametrize(
    ("given", "change"),
    [
        (inputs(entry(OLD, 100), template=OLD), AT[IDLE]),
        (split(100, 0), AT[UP]),
        (split(90, 10), AT[TEN]),
        (split(90.0, 10.0), AT[TEN]),
        (split(50, 50), AT[FIFTY]),
        (split(0, 100), AT[ALL]),
        (inputs(entry(NEW, 100), entry(OLD, 0, "standby")), AT["promoted"]),
        (inputs(entry(OLD, 100)), back(TEN)),
        (inputs(entry(OLD, 100)), back(ALL)),
    ],
    ids=["first", "up", "10", "10 as floats", "50", "100", "promoted", "back from 10", "back from 100"],
)  # fmt: skip
def test_what_the_program_declares_passes(given: Mapping[str, Any], change: Transition) -> None:
    """Going back, the template stays the candidate's."""
    assert rules(given, change) == []


@pytest.mark.parametrize(
    ("given", "change", "expected"),
    [
        (split(50, 50), AT[TEN], ["R-05"]),
        (split(95, 10), AT[TEN], ["R-02", "R-05"]),
        (inputs(entry(OLD, 100)), AT[TEN], ["R-05"]),
        (split(90, 10, None), AT[TEN], ["R-25"]),
        (inputs({"type": LATEST, "percent": 100}, template=OLD), AT[IDLE], ["R-25", "R-05"]),
        (inputs(entry(OLD, 90), {"type": LATEST, "percent": 10}), AT[TEN], ["R-25", "R-05"]),
        (inputs(entry(OLD, 90), {**entry(NEW, 10), "type": LATEST}), AT[TEN], ["R-25"]),
        (inputs({"revision": OLD.slot, "percent": 100}, template=OLD), AT[IDLE], ["R-25"]),
        (inputs(entry(OLD, 100), template=replace(NEW, slot="ion-production-cccccccccccc")), AT[IDLE], ["R-05"]),
        (inputs("LATEST", template=OLD), AT[IDLE], ["R-02", "R-25", "R-05"]),
        (inputs(None, template=OLD), AT[IDLE], ["R-02", "R-25", "R-05", "R-05"]),
    ],
)  # fmt: skip
def test_what_it_does_not(given: Mapping[str, Any], change: Transition, expected: list[str]) -> None:
    assert rules(given, change) == expected


def test_traffic_for_a_revision_that_this_update_makes() -> None:
    """The state before knows only the live one: some other program than ours went straight to 10 per cent."""
    skipped = replace(AT[TEN], previous=AT[IDLE].recorded)
    assert rules(split(90, 10), skipped) == ["R-18"]


@pytest.mark.parametrize("previous", [None, Unreadable("it has no 'plan'")])
def test_without_a_record_every_revision_may_be_new(previous: Unreadable | None) -> None:
    """What then may be asked for at all is judged by R-29, with the transition."""
    assert rules(inputs(entry(OLD, 100), template=OLD), replace(AT[IDLE], previous=previous)) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"traffics": None, "template": {"revision": OLD.slot}},
        {"traffics": [], "template": {"revision": OLD.slot}},
        {"traffics": "LATEST", "template": {"revision": OLD.slot}},
        {"traffics": 7, "template": {"revision": OLD.slot}},
        {"traffics": {"percent": 100}, "template": {"revision": OLD.slot}},
    ],
)
def test_no_traffic_means_everything_to_the_newest_and_is_refused(given: Mapping[str, Any]) -> None:
    (violation,) = service(given, AT[IDLE])
    assert violation.rule.startswith("R-29")
    assert "declares no traffic, so its newest revision would get everything" in violation.found


@pytest.mark.parametrize("template", [None, "x", [], {}, {"revision": None}, {"revision": ""}, {"revision": 7}])
def test_a_template_that_names_no_revision_is_refused(template: object) -> None:
    given = {**inputs(entry(OLD, 100)), "template": template}
    assert "R-25" in rules(given, AT[IDLE])


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([OLD.slot, NEW.slot, BY_REVISION, LATEST]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["revision", "percent", "type", "tag", "containers"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(anything, anything, st.sampled_from(sorted(AT)))
def test_total(traffics: object, template: object, at: str) -> None:
    found = service({"traffics": traffics, "template": template}, AT[at])
    if not found:
        assert isinstance(traffics, list)
        assert isinstance(template, dict)
