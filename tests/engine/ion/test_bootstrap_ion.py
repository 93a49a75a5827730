"""ION as it is first made, and before its first rollout. No test here leaves anything behind."""

import pytest

from tests.engine.ion.conftest import LIVE, PRODUCTION, Google, MakeIon, until_window
from tests.support.engine import Project
from tests.support.refusals import refused_twice, restored

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def project(make_ion: MakeIon) -> Project:
    bootstrapped = make_ion(PRODUCTION)
    bootstrapped.up()
    return bootstrapped


def test_a_bootstrap_serves_the_live_version_by_name_and_makes_nothing_else(project: Project, google: Google) -> None:
    service = google.service(PRODUCTION)
    assert service["traffic"] == [
        {
            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
            "revision": f"{PRODUCTION}-{LIVE}",
            "percent": 100,
            "tag": "live",
        }
    ]
    assert google.revisions(PRODUCTION) == {LIVE}
    again = project.up()
    assert " updated" not in again.output, str(again)
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)


def test_a_rollout_starts_in_its_window_only(project: Project) -> None:
    with restored(project, "idle"):
        project.step("canary-up")
        project.ahead = until_window(project.ahead) + 3 * 3600
        for run in refused_twice(project, "a start outside its window", "R-28", "14:00 UTC for 2h"):
            assert "Traceback" not in run.output, str(run)
