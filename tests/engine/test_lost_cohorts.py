"""Rules for cohorts that are not written, or are taken out: what is recorded is what users meet."""

from collections.abc import Iterator

import pytest

from headgate.traffic.alb import AlbTraffic
from tests.engine.conftest import PRODUCTION, SLOTS, Cloud, MakeProject
from tests.support.engine import Project
from tests.support.refusals import refused_twice

pytestmark = pytest.mark.engine

LIVE, TEN = {"blue": 100, "green": 0}, {"blue": 90, "green": 10}


@pytest.fixture(scope="module")
def bootstrapped(make_project: MakeProject) -> Project:
    made = make_project(PRODUCTION)
    made.up("--skip-preview")
    return made


@pytest.fixture
def project(bootstrapped: Project, cloud: Cloud) -> Iterator[Project]:
    """At the first step of a rollout of its own, its bake over; users are split by cohort."""
    cloud.clear()
    bootstrapped.restore_configuration()
    bootstrapped.another_rollout("green-up")
    yield bootstrapped
    cloud.clear()


def users() -> dict[str, int]:
    """The split with the rules for cohorts, as the program reads it; a rule that routes otherwise shows by its name."""
    return AlbTraffic(PRODUCTION, SLOTS, region="us-east-1", cohorts=True).read_split()


def without_cohorts(project: Project) -> None:
    project.pulumi("config", "rm", "headgate:cohorts", check=True)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("ignore", "asked blue 90, green 10, observed blue 90, cohorts -> blue 100, green 10"),
        ("refuse", "OperationNotPermitted"),
    ],
)
def test_a_rule_that_is_not_written_fails_the_update_and_the_next_repairs_it(
    project: Project, cloud: Cloud, mode: str, said: str
) -> None:
    cloud.plant(service="elbv2", operation="ModifyRule", mode=mode)
    project.step("green-10")
    failed = project.up("--skip-preview", check=False)
    assert failed.code == 1, str(failed)
    assert said in failed.output, str(failed)
    assert "Traceback" not in failed.output, str(failed)
    assert project.recorded_step() == "green-up"
    assert users() != TEN

    project.up("--skip-preview")
    assert project.recorded_step() == "green-10"
    assert users() == TEN
    assert cloud.weights(PRODUCTION) == TEN


def test_taking_cohorts_out_during_a_rollout_is_refused_and_going_back_without_them_is_not(
    project: Project, cloud: Cloud
) -> None:
    project.step("green-10")
    project.up("--skip-preview")
    without_cohorts(project)
    for run in refused_twice(project, "no cohorts", "R-15", "headgate:cohorts stays as it is"):
        assert "Put headgate:cohorts back as it was, or set headgate:step to idle" in run.output, str(run)
        assert "Traceback" not in run.output, str(run)
    assert users() == TEN

    project.step("idle")
    project.up()
    assert project.recorded_step() == "idle"
    assert cloud.weights(PRODUCTION) == LIVE
    assert users() == {**LIVE}
    assert not any("-cohorts-" in urn for urn in project.urns()), "the rules are gone with the key"


def test_another_key_of_the_users_during_a_rollout_is_refused(project: Project) -> None:
    project.step("green-10")
    project.up("--skip-preview")
    project.set("headgate:cohorts.header", "x-account-id")
    refused_twice(project, "another header", "R-15", "headgate:cohorts stays as it is")
    assert users() == TEN
