"""The main job on Cloud Run: every step forward, and back from every one. One test, for it is one history."""

import pytest

from tests.engine.ion.conftest import CANDIDATE, LIVE, PRODUCTION, STEPS, Google, MakeIon, walk

pytestmark = pytest.mark.engine


def test_forward_through_every_step_and_back_from_each(make_ion: MakeIon, google: Google) -> None:
    project = make_ion(PRODUCTION)
    project.up("--skip-preview")
    for position, (last, _, _) in enumerate(STEPS):
        project.set("headgate:release.rollout", f"walk-{position}")
        walk(project, google, last)
        assert google.revisions(PRODUCTION) == {LIVE, CANDIDATE}
        # Back inside the bake and outside every window.
        before = google.last_call()
        project.step("idle")
        project.up("--skip-preview")
        assert project.recorded_step() == "idle", f"back from {last}"
        assert google.split(PRODUCTION) == {LIVE: 100}
        (write,) = google.writes(before)
        assert write["body"]["template"]["revision"] == f"{PRODUCTION}-{CANDIDATE}", (
            "a rollback must leave the template"
        )
        assert google.revisions(PRODUCTION) == {LIVE, CANDIDATE}
