"""ION's rollout by `headgate` alone: the first step, then on by itself with a fast clock, and the promotion."""

import pytest

from headgate.windows import DAY
from tests.engine.ion.conftest import STAGING, Google, MakeIon
from tests.support.headgate_cli import faster, headgate

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

FAST = 60  # an hour of bake in a minute, of which half is over when the update has been read back


def test_a_rollout_that_goes_on_by_itself(make_ion: MakeIon, google: Google) -> None:
    project = make_ion(STAGING)
    project.up("--skip-preview")
    environ = faster(project, FAST)

    begun = headgate(project, "start", "--yes", environ=environ)
    assert begun.code == 0, str(begun)
    assert project.recorded_step() == "canary-up"

    went = headgate(project, "advance", "--auto", "--yes", "--json", environ=environ)
    assert went.code == 0, str(went)
    assert went.json["taken"] == ["canary-5", "ab-50", "full-100"]
    assert went.json["next"] == "headgate promote"
    assert "bakes: " in went.err
    assert set(google.split(STAGING).values()) == {100}
    assert project.recorded_step() == "full-100"

    promoted = headgate(project, "promote", "--yes", environ=faster(project, FAST, 2 * DAY))
    assert promoted.code == 0, str(promoted)
    assert project.outputs()["rollout"]["proposed"]["phase"] == "promoted"
