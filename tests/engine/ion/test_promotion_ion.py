"""Promotion on Cloud Run, the way back, and the next rollout. One test, for it is one history."""

import pytest

from tests.engine.ion.conftest import CANDIDATE, LIVE, PRODUCTION, Google, MakeIon, release, versions, walk

pytestmark = pytest.mark.engine

THIRD = "c" * 12
IMAGE = f"us-central1-docker.pkg.dev/{PRODUCTION}/{PRODUCTION}/ion-api"


def test_promotion_the_way_back_and_the_next_rollout(make_ion: MakeIon, google: Google) -> None:
    project = make_ion(PRODUCTION)
    project.up("--skip-preview")
    project.set("headgate:release.rollout", "promoted")
    walk(project, google, "full-100")
    named = versions(project)
    project.ahead += 2 * 3600
    release(project, live=named["candidate"], standby=named["live"])
    project.up("--skip-preview")
    assert project.outputs()["rollout"]["proposed"]["phase"] == "promoted"
    assert google.split(PRODUCTION) == {CANDIDATE: 100}
    assert google.served(PRODUCTION) == {"live": 100, "standby": 0}

    release(project, live=named["live"], candidate=named["candidate"], rollout="promoted")
    project.up("--skip-preview")
    assert project.outputs()["rollout"]["proposed"]["phase"] == "rolled-back"
    assert google.split(PRODUCTION) == {LIVE: 100}

    # Promoted once more, kept for the retention, and then the next version.
    release(project, live=named["live"], candidate=named["candidate"], rollout="second")
    walk(project, google, "full-100")
    project.ahead += 2 * 3600
    release(project, live=named["candidate"], standby=named["live"])
    project.up("--skip-preview")
    project.ahead += 72 * 3600 + 60
    third = {"version": "2.8.0", "image": f"{IMAGE}@sha256:{'c' * 64}"}
    release(project, live=named["candidate"], candidate=third)
    project.up("--skip-preview")
    assert google.revisions(PRODUCTION) == {LIVE, CANDIDATE}, "a candidate that is only named must not be made"
    walk(project, google, "canary-5")
    assert google.split(PRODUCTION) == {CANDIDATE: 95, THIRD: 5}
    project.step("idle")
    project.up("--skip-preview")
    assert google.split(PRODUCTION) == {CANDIDATE: 100}
