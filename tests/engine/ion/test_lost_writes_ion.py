"""Writes that Cloud Run refuses, ignores or loses: what is recorded is what is served."""

from collections.abc import Iterator

import pytest

from tests.engine.ion.conftest import PRODUCTION, STAGING, Google, MakeIon
from tests.support.engine import Project

pytestmark = pytest.mark.engine

CANDIDATE = f"{STAGING}-7b1c9d4e2f60"
BEFORE, AFTER = {"live": 100, "candidate": 0}, {"live": 95, "candidate": 5}


@pytest.fixture(scope="module")
def bootstrapped(make_ion: MakeIon) -> Project:
    project = make_ion(STAGING)
    project.up("--skip-preview")
    return project


@pytest.fixture(autouse=True)
def _nothing_stays_planted(google: Google) -> Iterator[None]:
    yield
    google.clear()


@pytest.fixture
def project(bootstrapped: Project, google: Google) -> Project:
    """At the first step of a rollout of its own, its bake over."""
    bootstrapped.another_rollout("canary-up")
    assert google.served(STAGING) == BEFORE
    return bootstrapped


def test_after_a_refused_change_the_next_update_writes_nothing_and_must_not_say_done(
    project: Project, google: Google
) -> None:
    """The provider's hazard: a failed PATCH leaves the new inputs in the state, and the next update only reads."""
    google.plant(service="run", operation="services.patch", mode="refuse", status=403, message="planted")
    project.step("canary-5")
    failed = project.up("--skip-preview", check=False)
    assert failed.code != 0
    assert "planted" in failed.output, str(failed)
    assert google.served(STAGING) == BEFORE
    assert project.recorded_step() == "canary-up"

    since = google.last_call()
    second = project.up("--skip-preview", check=False)
    assert google.writes(since) == [], "the provider is expected to write nothing here"
    assert second.code != 0, f"a split that is not there was reported as done: {second}"
    assert "the split was not applied" in second.output, str(second)
    assert "Traceback" not in second.output, str(second)
    assert google.served(STAGING) == BEFORE
    assert project.recorded_step() == "canary-up"

    project.up("--skip-preview")
    assert google.served(STAGING) == AFTER
    assert project.recorded_step() == "canary-5"
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)


def test_with_a_refresh_the_first_retry_repairs_it(project: Project, google: Google) -> None:
    google.plant(service="run", operation="services.patch", mode="refuse", status=403, message="planted")
    project.step("canary-5")
    assert project.up("--skip-preview", check=False).code != 0
    project.up("--skip-preview", "--refresh")
    assert google.served(STAGING) == AFTER
    assert project.recorded_step() == "canary-5"


def test_a_change_that_is_ignored_fails_the_update_and_the_next_repairs_it(project: Project, google: Google) -> None:
    google.plant(service="run", operation="services.patch", mode="ignore")
    project.step("canary-5")
    failed = project.up("--skip-preview", check=False)
    assert failed.code != 0, str(failed)
    assert "the split was not applied" in failed.output, str(failed)
    assert project.recorded_step() == "canary-up"
    project.up("--skip-preview")
    assert google.served(STAGING) == AFTER
    assert project.recorded_step() == "canary-5"


def test_a_foreign_change_is_shown_by_a_refresh_and_healed_by_the_next_update(project: Project, google: Google) -> None:
    project.step("canary-5")
    project.up("--skip-preview")
    google.move_by_hand(STAGING, live=70, candidate=30)
    seen = project.preview("--refresh", "--diff")
    assert "70 => 95" in seen.output or "95 => 70" in seen.output, str(seen)
    healed = project.up("--skip-preview")
    assert "writing the declared split again" in healed.output, str(healed)
    assert google.served(STAGING) == AFTER


def test_a_candidate_that_never_becomes_ready_gets_nothing(project: Project, google: Google) -> None:
    google.ready(CANDIDATE, False)
    project.step("canary-5")
    held = project.up("--skip-preview", check=False)
    google.clear()
    assert held.code != 0
    assert "R-18" in held.output, str(held)
    assert google.served(STAGING) == BEFORE


def test_back_from_a_candidate_that_broke_moves_traffic_at_once_and_is_recorded_by_the_next(
    project: Project, google: Google
) -> None:
    """Cloud Run moves the traffic, yet calls the operation failed as long as the newest revision is not ready."""
    project.step("canary-5")
    project.up("--skip-preview")
    google.ready(CANDIDATE, False)
    project.step("idle")
    said = project.up("--skip-preview", check=False)
    assert google.served(STAGING) == {"live": 100}
    assert said.code != 0
    assert "is not ready" in said.output, str(said)
    project.up("--skip-preview")
    assert project.recorded_step() == "idle"
    assert google.served(STAGING) == {"live": 100}


def test_a_candidate_that_never_starts_leaves_everything_with_live(make_ion: MakeIon, google: Google) -> None:
    project = make_ion(PRODUCTION)
    project.up("--skip-preview")
    revision = f"{PRODUCTION}-{CANDIDATE.removeprefix(f'{STAGING}-')}"
    google.ready(revision, False)
    project.step("canary-up")
    failed = project.up("--skip-preview", check=False)
    assert failed.code != 0
    assert "is not ready" in failed.output, str(failed)
    assert google.served(PRODUCTION) == {"live": 100}
    assert project.recorded_step() == "idle"
    project.step("idle")
    project.up("--skip-preview", "--refresh")
    assert google.served(PRODUCTION) == {"live": 100}
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)
